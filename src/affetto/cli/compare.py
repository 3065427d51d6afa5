"""``affetto compare``: the bake-off of all model families, and whether one run is better than another."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.laboratory import need_training
from affetto.errors import AffettoError, OptionError

if TYPE_CHECKING:
    from affetto.evaluation.bakeoff import Cell, Finished
    from affetto.learning.recipe import Recipe

__all__ = ["register"]

_FOLDER = Path("reports/bakeoff")
_LAB = Path("recipes")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("compare")(_compare)


def _compare(
    reports: Annotated[
        list[Path] | None, typer.Argument(help="Reports (folders or CSV) to compare; none for the bake-off.")
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Make the bake-off reports that are missing or stale.")] = False,
    families: Annotated[list[str] | None, typer.Option("--family", help="Only this family or recipe.")] = None,
    columns: Annotated[list[str] | None, typer.Option("--column", help="With --run: only this column.")] = None,
    seeds: Annotated[list[int] | None, typer.Option("--seed", min=0, help="With --run: repeat for several.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="With --run: folds trained at the same time.")] = 1,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    recipes: Annotated[Path, typer.Option("--recipes", help="Folder of default.toml and lab/.")] = _LAB,
    folder: Annotated[Path, typer.Option("--reports", help="Folder of the bake-off reports.")] = _FOLDER,
    html: Annotated[Path | None, typer.Option("--html", help="The comparison as one page.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="The comparison in Markdown.")] = None,
    latex: Annotated[Path | None, typer.Option("--latex", help="The comparison in LaTeX.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare reports with McNemar's test and a paired bootstrap, or print the bake-off of all model families.

    With --run, reports that are missing are made first, one after another; a run that was interrupted goes on.
    """
    need_training()
    if reports:
        if run or families or columns or seeds:
            raise OptionError("--run, --family, --column and --seed belong to the bake-off; give no reports with them")
        _compare_reports(reports, html=html, markdown=markdown, latex=latex, as_json=as_json)
        return
    from affetto.evaluation.bakeoff import read_cells
    from affetto.evaluation.run import keep_file

    found = _recipes(recipes, data, families or ())
    failed = _run(found, folder, columns or (), seeds or [0], jobs) if run else 0
    cells = [cell for cell in read_cells(folder, found) if not families or cell.recipe in found]
    if as_json:
        print(json.dumps(_json_cells(cells)))
    else:
        _print_cells(cells)
    for path, form in ((html, "html"), (markdown, "markdown"), (latex, "latex")):
        if path is not None:
            keep_file(path, _bakeoff_text(cells, form))
    if failed:
        raise AffettoError(f"{failed} part(s) of the bake-off failed, see above; run the same command again")


def _recipes(folder: Path, data: Path | None, families: Sequence[str]) -> dict[str, "Recipe"]:
    from affetto.cli.laboratory import changed_recipe

    files = [path for path in [*sorted((folder / "lab").glob("*.toml")), folder / "default.toml"] if path.is_file()]
    if not files:
        raise OptionError(f"no recipe in {folder / 'lab'} nor {folder / 'default.toml'}; give their folder: --recipes")
    found = {path.stem: changed_recipe(path, data=data) for path in files}
    for family in families:
        if not any(family in (name, recipe.model.family) for name, recipe in found.items()):
            raise OptionError(f"no recipe or family {family!r}; there are {', '.join(found)}")
    return {
        name: recipe
        for name, recipe in found.items()
        # an encoder needs a checkpoint that is not ours to bring: it takes part when it is asked for
        if (not families and recipe.model.family != "encoder") or {name, recipe.model.family} & set(families)
    }


def _run(recipes: dict[str, "Recipe"], folder: Path, columns: Sequence[str], seeds: Sequence[int], jobs: int) -> int:
    from affetto.cli.train import run_folder
    from affetto.evaluation.bakeoff import bake
    from affetto.settings import settings

    def finished(step: "Finished") -> None:
        outcome = f"failed: {step.error}" if step.error else f"done in {_time(step.seconds)}"
        left = f", about {_time(step.left)} left" if step.done < step.total else ""
        show.error_console.print(
            f"[{step.done} of {step.total}] {step.recipe} on {step.what}: {outcome}{left}", markup=False, soft_wrap=True
        )

    with show.stages() as progress:
        return bake(
            recipes,
            folder,
            cache=settings().cache_dir / "examples",
            runs=run_folder,
            columns=columns,
            seeds=seeds,
            jobs=jobs,
            progress=progress,
            finished=finished,
        )


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _print_cells(cells: Sequence["Cell"]) -> None:
    from affetto.evaluation.bakeoff import bakeoff_table, footnotes

    table = bakeoff_table(cells)
    show.table(table.columns, table.rows)
    for note in footnotes(cells):
        show.line(f"  {note}")


def _bakeoff_text(cells: Sequence["Cell"], form: str) -> str:
    from affetto.evaluation import tables
    from affetto.evaluation.bakeoff import bakeoff_table, footnotes
    from affetto.evaluation.page import tables_page

    table, notes = bakeoff_table(cells), footnotes(cells)
    if form == "html":
        return tables_page("Affetto: the bake-off", [table], notes)
    return tables.markdown([table], notes=notes) if form == "markdown" else tables.latex([table], notes=notes)


def _json_cells(cells: Sequence["Cell"]) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    for cell in cells:
        rows.setdefault(cell.recipe, {})[cell.column.name] = _json(cell)
    return rows


def _json(cell: "Cell") -> dict[str, object] | None:
    if cell.run is None:
        return None
    result = cell.run.figures()
    return {
        "family": cell.run.about.family,
        "uar": result.uar,
        "uar_spread": result.uar_spread,
        "uar_interval": result.uar_interval,
        "accuracy": result.accuracy,
        "macro_f1": result.macro_f1,
        "ece": result.ece,
        "clips": result.clips,
        "seeds": len(result.seeds),
        "stale": cell.stale,
    }


def _compare_reports(
    reports: Sequence[Path], *, html: Path | None, markdown: Path | None, latex: Path | None, as_json: bool
) -> None:
    from dataclasses import asdict

    from affetto.evaluation import tables
    from affetto.evaluation.compare import compare_all
    from affetto.evaluation.page import comparison_page
    from affetto.evaluation.run import keep_file, read_run

    if len(reports) < 2:
        raise OptionError("a comparison needs two or more reports; 'affetto evaluate --from' prints one")
    runs = list(zip(_names(reports), map(read_run, reports), strict=True))
    pairs = compare_all([(name, run.predictions) for name, run in runs])
    shown = [tables.runs_table([(name, run.figures()) for name, run in runs]), tables.pairs_table(pairs)]
    if html is not None:
        keep_file(html, comparison_page(runs, pairs))
    if markdown is not None:
        keep_file(markdown, tables.markdown(shown))
    if latex is not None:
        keep_file(latex, tables.latex(shown))
    if as_json:
        every = {name: run.figures().to_dict() for name, run in runs}
        print(json.dumps({"reports": every, "pairs": [asdict(pair) for pair in pairs]}))
        return
    for table in shown:
        if table.rows:
            show.table(table.columns, table.rows)
            show.line(f"  {table.caption}")
    for name, run in runs:
        if run.warning:
            show.line(f"  warning, a leak in {name}: {run.warning}", style="yellow")
    if not pairs:
        show.line("  No two of them predict the same clips, so there is nothing to test.")


def _names(reports: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell the reports apart."""
    parts = [(path.parent if path.name == "predictions.csv" else path.with_suffix("")).parts for path in reports]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise OptionError("the same report is given twice")
