"""``affetto mood``: train and judge the model that estimates the mood of a track."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.music_learning.data import Rated, Table
    from affetto.music_learning.recipe import MoodRecipe

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="Train and judge the estimator of the mood of music.", no_args_is_help=True)
    group.command("train")(_train)
    group.command("evaluate")(_evaluate)
    group.command("music")(_music)
    app.add_typer(group, name="mood")


def _load(recipe: Path, data: Path | None) -> "MoodRecipe":
    from affetto.music_learning.recipe import load_mood_recipe

    loaded = load_mood_recipe(recipe)
    return loaded if data is None else loaded.model_copy(update={"data": loaded.data.model_copy(update={"root": data})})


def _read(recipe: "MoodRecipe") -> "tuple[Table, Rated]":
    from affetto.cli import show
    from affetto.music_learning.data import read_rated, read_table
    from affetto.settings import settings

    table = read_table(recipe.data.root / recipe.data.table)
    with show.stages() as progress:
        rated = read_rated(
            recipe.data.root / recipe.data.rated, cache=settings().cache_dir / "analyses", progress=progress
        )
    return table, rated


def _train(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), such as recipes/mood.toml.")],
    out: Annotated[Path, typer.Option("--out", help="The model file.")] = Path("mood.npz"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
) -> None:
    """Train the mood model on all the data of a recipe and write it as one file."""
    loaded = _load(recipe, data)
    from affetto.cli import show
    from affetto.music_learning.train import save, train

    table, rated = _read(loaded)
    with show.stages() as progress:
        model = train(loaded, table, rated, progress=progress)
    save(model, out, facts={"recipe": loaded.name, "songs": str(len(table.ids)), "tracks": str(len(rated.ids))})
    show.line(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def _music(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), such as recipes/mood.toml.")],
    out: Annotated[Path, typer.Option("--out", help="The table of weights (CSV).")] = Path("music_or_not.csv"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
) -> None:
    """Learn to tell music from speech and sound effects, and say how well that goes on what was held out."""
    loaded = _load(recipe, data)
    from affetto.cli import show
    from affetto.music_learning.non_music import learn_music, read_sounds

    with show.stages() as progress:
        sounds = read_sounds(loaded.data.root, loaded.data.root / loaded.data.rated, progress)
    judged = learn_music(*sounds)
    lines = ["feature,centre,spread,weight", *(f"{name},{c:.6g},{s:.6g},{w:.6g}" for name, c, s, w in judged.rows)]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    show.line(f"{out}: keeps {judged.recall:.1%} of music, refuses {judged.refused:.1%} of what is none (held out)")


def _evaluate(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe to cross-validate (TOML).")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Predictions (CSV) to recompute every figure from.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Cross-validate a mood recipe on songs and artists it has not met, or recompute the figures of a report."""
    if (recipe is None) == (source is None):
        raise OptionError("give either a recipe to cross-validate or --from PREDICTIONS.csv to recompute figures")
    from affetto.cli import show
    from affetto.music_learning.evaluate import cross_validate, read_predictions, write_predictions
    from affetto.music_learning.report import figures

    if source is not None:
        predictions = read_predictions(source)
    else:
        assert recipe is not None
        loaded = _load(recipe, data)
        table, rated = _read(loaded)
        with show.stages() as progress:
            predictions = cross_validate(loaded, table, rated, progress=progress)
        if out is not None:
            write_predictions(predictions, out / "predictions.csv")
    found = figures(predictions)
    if out is not None:
        metrics = json.dumps([figure.to_dict() for figure in found], indent=1)
        out.mkdir(parents=True, exist_ok=True)
        (out / "metrics.json").write_text(metrics + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps({"figures": [figure.to_dict() for figure in found]}))
        return
    show.table(
        ("held out", "target", "n", "r", "95 %", "R2", "inside", "genre", "within", "raters"),
        [
            (
                figure.source,
                figure.target.removesuffix("_activation"),
                str(figure.tracks),
                f"{figure.correlation:.3f}",
                f"{_short(figure.correlation_low)}-{_short(figure.correlation_high)}",
                f"{figure.r2:.3f}",
                f"{figure.coverage:.1%}".replace("%", " %"),
                _known(figure.by_genre if figure.source == "emotify" else None),
                _known(figure.within_genre),
                _known(figure.reliability),
            )
            for figure in found
        ],
    )
    show.line(
        "  95 %: interval of r; inside: ratings within their 90 % interval; genre: r of the genre's mean alone;\n"
        "  within: r inside genres; raters: share of the ratings' variance that is not chance of who was asked"
    )


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def _known(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.2f}"
