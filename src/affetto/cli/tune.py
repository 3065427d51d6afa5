"""``affetto tune``: a search for better options of a recipe."""

import json
from pathlib import Path
from typing import Annotated

import typer

from affetto.cli import show
from affetto.cli.laboratory import changed_recipe

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("tune")(_tune)


def _tune(
    recipe: Annotated[Path, typer.Argument(help="Recipe to start from (TOML).")],
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", help="key=low..high[,log] or key=a,b,c; repeat for several."),
    ] = None,
    space: Annotated[Path | None, typer.Option("--space", help="The same for many options (TOML).")] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Recipes to try, earlier sessions included.")] = 30,
    out: Annotated[Path | None, typer.Option("--out", help="The best recipe.")] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="How figures will be reported; what it tests is not looked at.")
    ] = None,
    fold: Annotated[str | None, typer.Option("--fold", help="The one fold that will be reported.")] = None,
    corpora: Annotated[list[str] | None, typer.Option("--corpus", help="In place of the recipe's corpora.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="key=value, in place of the recipe's.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    seeds: Annotated[list[int] | None, typer.Option("--seed", min=0, help="Repeat for several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Search for better options of a recipe, on speakers who are set aside for choosing.

    The same command goes on where it was stopped. The best recipe is written with --out.
    """
    loaded = changed_recipe(recipe, data=data, corpora=corpora or (), changes=changes or ())
    from affetto.cli.train import run_folder
    from affetto.evaluation.run import keep_file
    from affetto.evaluation.search_space import parse_space, read_space
    from affetto.evaluation.toml import recipe_text
    from affetto.evaluation.tune import tune
    from affetto.settings import settings

    options = read_space(space) if space else {}
    options |= dict(map(parse_space, vary or ()))
    with show.stages() as progress:
        tuned = tune(
            loaded,
            options,
            trials=trials,
            cache=settings().cache_dir / "examples",
            runs=run_folder(loaded) / "tune",
            protocol=protocol,
            fold=fold,
            seeds=seeds or [0],
            progress=progress,
            best=lambda number, uar: show.error_console.print(f"trial {number}: UAR {uar:.4f}, the best so far"),
        )
    chosen = ", ".join(f"{key} = {value}" for key, value in tuned.values.items())
    before = "" if tuned.before is None else f", {tuned.before:.4f} before"
    if out is not None:
        comment = (
            f"Chosen by 'affetto tune' among {tuned.trials} recipes: {chosen}.\n"
            f"UAR {tuned.uar:.4f} on watched speakers{before}. Watched: {', '.join(tuned.watched)}."
        )
        keep_file(out, recipe_text(tuned.recipe, comment=comment))
    if as_json:
        facts = {"uar": tuned.uar, "before": tuned.before, "trials": tuned.trials, "values": dict(tuned.values)}
        print(json.dumps({**facts, "watched": list(tuned.watched), "recipe": tuned.recipe.model_dump(mode="json")}))
        return
    show.line(f"UAR {tuned.uar:.4f} on watched speakers{before}, best of {tuned.trials} recipes", style="bold")
    for key, value in tuned.values.items():
        show.line(f"  {key} = {value}")
    show.line(f"  watched, so report on others: {', '.join(tuned.watched[:12])}{' …' * (len(tuned.watched) > 12)}")
    if out is not None:
        show.line(f"Wrote {out}")
