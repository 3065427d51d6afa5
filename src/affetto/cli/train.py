"""``affetto train``: a recipe in, a model out."""

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affetto.cli.laboratory import changed_recipe
from affetto.errors import CorpusError, ModelError, RecipeError

if TYPE_CHECKING:
    from affetto.learning.recipe import Recipe

__all__ = ["register", "run_folder"]

_MODEL_FILE = Path("affetto.onnx")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("train")(_train)


def run_folder(recipe: "Recipe") -> Path:
    """Where checkpoints of this very recipe lie: a changed recipe starts afresh."""
    key = hashlib.sha256(recipe.model_dump_json(exclude={"data": {"root"}}).encode()).hexdigest()[:8]
    return Path("runs") / f"{recipe.name}-{key}"


def _train(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), such as recipes/default.toml.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="key=value in place of the recipe's; repeat for several.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The model file (ONNX); affetto.onnx without --model-dir.")
    ] = None,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", help="Folder of the whole model, for further work in Python.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="calibration.json of a report of the same recipe.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")] = 0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Processor threads.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="What was made, as one JSON object.")] = False,
) -> None:
    """Train the model of a recipe, of any family, on all clips of its corpora.

    An interrupted training goes on from its last checkpoint when the same command is given again. Clips that cannot be
    decoded are reported and left out. The probabilities are calibrated only with --calibration, from the out-of-fold
    predictions of 'affetto evaluate'.
    """
    loaded = changed_recipe(recipe, data=data, changes=changes or ())
    temperature, known = _calibration(calibration)
    if out is None and model_dir is None:
        out = _MODEL_FILE
    from affetto.cli import show
    from affetto.corpora import load_corpora
    from affetto.corpora.splits import validation_notes, validation_split
    from affetto.learning.families import build_model
    from affetto.learning.neural import NeuralModel
    from affetto.learning.recognizer import RecognizerModel
    from affetto.settings import settings

    start = time.monotonic()
    clips = load_corpora(loaded.data.corpora, loaded.data.root / loaded.data.speech)
    model = build_model(loaded, settings().cache_dir / "examples")
    if isinstance(model, NeuralModel | RecognizerModel):
        model.threads = threads
    with show.stages() as progress:
        usable = model.prepare(clips, progress=progress)
    if not usable:
        raise CorpusError(f"none of the {len(clips)} clip(s) of {', '.join(loaded.data.corpora)} can be decoded")
    learnt, watched, notes = usable, (), ()
    if model.needs_validation:
        notes = validation_notes(usable)
        learnt, watched = validation_split(usable, seed=seed)
    folder = run_folder(loaded) / "all" / f"seed{seed}"
    draws = show.error_console.is_terminal and not as_json
    model.fit(learnt, validation=watched, folder=folder, seed=seed, progress=draws)
    made: dict[str, Any] = {
        "recipe": loaded.name,
        "family": loaded.model.family,
        "labels": list(model.labels),
        "clips": len(learnt),
        "validation_clips": len(watched),
        "left_out": len(clips) - len(usable),
        "notes": list(notes),
        "seed": seed,
        "run": str(folder),
        "model_dir": None if model_dir is None else str(model_dir),
        "out": None if out is None else str(out),
    }
    if model_dir is not None:
        model.save(model_dir)
    if out is not None:
        model.export(out, temperature=temperature, facts={"seed": str(seed), **known})
        made["bytes"] = out.stat().st_size
    made["seconds"] = round(time.monotonic() - start, 1)
    if as_json:
        print(json.dumps(made))
        return
    lost = f", {made['left_out']} left out" if made["left_out"] else ""
    watching = f", {len(watched)} to know when to stop" if watched else ""
    show.line(f"Learnt {len(model.labels)} labels from {len(learnt)} clips{watching}{lost}; the course is in {folder}")
    for note in notes:
        show.line(f"  {note}")
    if model_dir is not None:
        show.line(f"Wrote {model_dir}; read it in Python with affetto.learning.families.load_model")
    if out is not None:
        show.line(f"Wrote {out} ({made['bytes'] / 1e6:.1f} MB); use it with AFFETTO_MODEL={out}")


def _calibration(file: Path | None) -> tuple[float, dict[str, str]]:
    """The temperature, and what the model file is to say of its uncertainty."""
    if file is None:
        return 1.0, {}
    from affetto.voice.uncertainty import Uncertainty

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        temperature = float(found["temperature"])
        rules = {"conformal": json.dumps(found["conformal"])} if "conformal" in found else {}
        Uncertainty.from_metadata(rules)
    except (OSError, ValueError, KeyError, TypeError, ModelError) as error:
        raise RecipeError(
            f"calibration {file}: {error!r}; give the calibration.json that 'affetto evaluate' wrote"
        ) from error
    return temperature, rules
