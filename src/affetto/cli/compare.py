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
    from affetto.evaluation.compare import Comparison
    from affetto.evaluation.run import Run
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare reports with McNemar's test and a paired bootstrap, or print the bake-off of all model families.

    With --run, reports that are missing are made first, one after another; a run that was interrupted goes on.
    """
    need_training()
    if reports:
        if run or families or columns or seeds:
            raise OptionError("--run, --family, --column and --seed belong to the bake-off; give no reports with them")
        _compare_reports(reports, as_json=as_json)
        return
    from affetto.evaluation.bakeoff import read_cells

    found = _recipes(recipes, data, families or ())
    failed = _run(found, folder, columns or (), seeds or [0], jobs) if run else 0
    cells = [cell for cell in read_cells(folder, found) if not families or cell.recipe in found]
    _print_cells(cells, as_json=as_json)
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
        if not families or name in families or recipe.model.family in families
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


def _print_cells(cells: Sequence["Cell"], *, as_json: bool) -> None:
    from affetto.evaluation.bakeoff import COLUMNS

    rows: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.recipe, {})[cell.column.name] = cell
    if as_json:
        print(json.dumps({name: {key: _json(cell) for key, cell in row.items()} for name, row in rows.items()}))
        return
    table: list[tuple[str, ...]] = []
    seeds: set[int] = set()
    stale = False
    for name, row in rows.items():
        family, texts = "", list[str]()
        for column in COLUMNS:
            cell = row[column.name]
            if cell.run is None:
                texts.append("·")
                continue
            family = cell.run.about.family
            result = cell.run.figures()
            seeds.add(len(result.seeds))
            stale = stale or cell.stale
            value = result.accuracy if column.name == "tess-random" else result.uar
            texts.append(f"{value:.3f}{'*' * cell.stale}")
        table.append((name, family, *texts))
    show.table(("recipe", "family", *(column.title for column in COLUMNS)), table)
    show.line(
        "  UAR, mean over folds: RAVDESS on the six EmoBox folds; EmoDB, nEMO and TESS leave one speaker out. "
        "TESS, random: accuracy on a fifth drawn at random, by known voices (a leak, as it is usually published)."
    )
    if len(seeds) == 1:
        show.line(f"  Seeds: {seeds.pop()}. All from scratch; the recognizer of many corpora learns from all of them.")
    if stale:
        show.line("  * made by an earlier version of the recipe; 'affetto compare --run' makes it anew")
    if any(cell.run is None for cell in cells):
        show.line("  · not made yet; 'affetto compare --run' makes it")


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


def _compare_reports(reports: Sequence[Path], *, as_json: bool) -> None:
    from dataclasses import asdict

    from affetto.evaluation.compare import compare_all
    from affetto.evaluation.run import read_run

    if len(reports) < 2:
        raise OptionError("a comparison needs two or more reports; 'affetto evaluate --from' prints one")
    runs = dict(zip(_names(reports), map(read_run, reports), strict=True))
    pairs = compare_all([(name, run.predictions) for name, run in runs.items()])
    if as_json:
        every = {name: run.figures().to_dict() for name, run in runs.items()}
        print(json.dumps({"reports": every, "pairs": [asdict(pair) for pair in pairs]}))
        return
    _print_runs(runs)
    _print_pairs(pairs)


def _names(reports: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell the reports apart."""
    parts = [(path.parent if path.name == "predictions.csv" else path.with_suffix("")).parts for path in reports]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise OptionError("the same report is given twice")


def _print_runs(runs: dict[str, "Run"]) -> None:
    rows: list[tuple[str, ...]] = []
    for name, run in runs.items():
        result = run.figures()
        low, high = result.uar_interval
        figures = (result.uar, result.accuracy, result.macro_f1, result.ece)
        rows.append(
            (name, str(result.clips), *(f"{value:.4f}" for value in figures), f"{low:.3f} to {high:.3f}")
        )  # fmt: skip
    show.table(("report", "clips", "UAR", "accuracy", "macro F1", "ECE", "95 % interval of UAR"), rows)


def _print_pairs(pairs: Sequence["Comparison"]) -> None:
    if not pairs:
        show.line("  No two of them predict the same clips, so there is nothing to test.")
        return
    show.table(
        (
            "pair",
            "clips",
            "UAR difference",
            "95 % interval",
            "p bootstrap",
            "only 1st",
            "only 2nd",
            "p McNemar",
            "p Holm",
        ),
        [
            (
                f"{pair.first} − {pair.second}",
                str(pair.clips),
                f"{pair.difference:+.4f}",
                f"{pair.interval[0]:+.3f} to {pair.interval[1]:+.3f}",
                f"{pair.p_bootstrap:.2g}",
                str(pair.only_first),
                str(pair.only_second),
                f"{pair.p_mcnemar:.2g}",
                f"{pair.p_holm:.2g}",
            )
            for pair in pairs
        ],
    )
    show.line(
        "  bootstrap: speakers drawn with replacement, 2000 times; only 1st, only 2nd: clips that only one of the two "
        "recognizes; McNemar exact, and corrected for the number of pairs (Holm); first seed of each"
    )
