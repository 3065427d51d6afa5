"""``affetto train``: a recipe in, a model file out."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.errors import AffettoError, RecipeError

if TYPE_CHECKING:
    from affetto.learning.recipe import Recipe

__all__ = ["load", "register", "run_folder"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("train")(_train)


def load(recipe: Path, data: Path | None) -> "Recipe":
    """The recipe, its data folder replaced if one is given.

    Raises:
        AffettoError: If the ``train`` extra is not installed.
        RecipeError: If the recipe is wrong.
    """
    try:
        import pytorch_lightning as _  # noqa: F401
    except ImportError as error:
        raise AffettoError("training needs an extra: pip install 'affetto[train]'") from error
    from affetto.learning.recipe import load_recipe

    loaded = load_recipe(recipe)
    return loaded if data is None else loaded.model_copy(update={"data": loaded.data.model_copy(update={"root": data})})


def run_folder(recipe: "Recipe") -> Path:
    """Where checkpoints of this very recipe lie: a changed recipe starts afresh."""
    key = hashlib.sha256(recipe.model_dump_json(exclude={"data": {"root"}}).encode()).hexdigest()[:8]
    return Path("runs") / f"{recipe.name}-{key}"


def _train(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), such as recipes/default.toml.")],
    out: Annotated[Path, typer.Option("--out", help="The model file.")] = Path("affetto.onnx"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="calibration.json of a report of the same recipe.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")] = 0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Processor threads.")] = 2,
) -> None:
    """Train a recognizer on all the data of a recipe and write it as one ONNX file.

    An interrupted training goes on from its last checkpoint when the same command is given again. The probabilities
    are calibrated only with --calibration, from the out-of-fold predictions of 'affetto evaluate'.
    """
    loaded = load(recipe, data)
    temperature = _temperature(calibration)
    from affetto.cli import show
    from affetto.learning.baseline import cue_baseline
    from affetto.learning.data import prepare
    from affetto.learning.export import export
    from affetto.learning.fit import fit
    from affetto.settings import settings

    with show.stages() as progress:
        prepared = prepare(loaded, settings().cache_dir / "examples", progress=progress)
        baseline = cue_baseline(prepared.clips, settings().cache_dir / "examples", progress=progress)
    network = fit(
        prepared.training_set(prepared.clips),
        loaded,
        folder=run_folder(loaded) / "all" / f"seed{seed}",
        seed=seed,
        threads=threads,
    )
    facts = {"recipe": loaded.name, "seed": str(seed), "corpora": ", ".join(loaded.corpora)}
    export(network, out, temperature=temperature, baseline=baseline, facts=facts)
    show.line(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB); use it with AFFETTO_MODEL={out}")


def _temperature(file: Path | None) -> float:
    if file is None:
        return 1.0
    try:
        return float(json.loads(file.read_text(encoding="utf-8"))["temperature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(
            f"calibration {file}: {error!r}; give the calibration.json that 'affetto evaluate' wrote"
        ) from error
