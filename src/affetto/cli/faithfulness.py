"""``affetto faithfulness``: whether the moments that explanations name are those that count."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.judges import (
    NOT_OUT_OF_FOLD,
    Clips,
    Corpus,
    Data,
    Folds,
    FoldsOf,
    ModelFile,
    ModelSeed,
    Sample,
    chosen_judges,
)
from affetto.cli.laboratory import need_training
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.faithfulness import Faithfulness
    from affetto.evaluation.tables import Table

__all__ = ["register"]

_CUTS = "cuts.csv"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("faithfulness")(_faithfulness)


def _faithfulness(
    model: ModelFile = None,
    clips: Clips = None,
    corpus: Corpus = "",
    folds: Folds = None,
    protocol: FoldsOf = "",
    model_seed: ModelSeed = None,
    source: Annotated[Path | None, typer.Option("--from", help="A report, to print its figures again.")] = None,
    data: Data = None,
    sample: Sample = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides the random cuts.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="The report as one page, with an explanation of each emotion drawn.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
) -> None:
    """Cut the second out that is said to weigh most, and random ones, and compare what is left of the reading.

    The exit code is 1 where it makes no more difference than a random one.
    """
    if sum(given is not None for given in (clips, folds, source)) != 1:
        raise OptionError(
            "give one of --clips FOLDER (with --model), --folds FOLDER (models of 'affetto evaluate --keep-models') "
            "and --from REPORT"
        )
    if html is not None and source is not None:
        raise OptionError(f"--html {html}: explanations are drawn from recordings; give --clips or --folds with it")
    from affetto.evaluation.faithfulness import cut_clips, draw_examples, faithfulness, read_cuts, write_cuts

    drawings: tuple[tuple[str, str], ...] = ()
    if source is not None:
        cuts = read_cuts(source / _CUTS if source.is_dir() else source)
    else:
        from affetto.evaluation.robustness.judges import sampled

        judges = sampled(
            chosen_judges(
                clips=clips,
                model=model,
                corpus=corpus,
                folds=folds,
                protocol=protocol,
                model_seed=model_seed,
                data=data,
            ),
            sample,
        )
        with show.stages() as progress:
            cuts = cut_clips(judges, seed=seed, progress=progress)
        if out is not None:
            write_cuts(cuts, out / _CUTS)
        drawings = draw_examples(judges, cuts) if html is not None else ()
    found = faithfulness(cuts)
    notes = () if any(cut.fold for cut in cuts) else (NOT_OUT_OF_FOLD,)
    if html is not None:
        _write_page(html, found, notes, drawings)
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        for note in notes:
            show.line(note, style="bold yellow")
        table = _table(found)
        show.line(table.caption, style="bold")
        show.table(table.columns, table.rows)
    if found.intervals["gain"][0] <= 0:
        raise typer.Exit(1)


def _table(found: "Faithfulness") -> "Table":
    from affetto.evaluation.faithfulness import FIGURES
    from affetto.evaluation.tables import Table

    rows = tuple(
        (text, f"{getattr(found, name):.3f}", f"{found.intervals[name][0]:.3f} to {found.intervals[name][1]:.3f}")
        for name, text in FIGURES.items()
    )
    return Table(f"{found.clips} clips, a second cut out of each", ("figure", "mean", "95 % interval"), rows)


def _write_page(
    html: Path, found: "Faithfulness", notes: tuple[str, ...], drawings: tuple[tuple[str, str], ...]
) -> None:
    need_training()  # the page's charts come with it
    from affetto.evaluation.page import tables_page
    from affetto.evaluation.run import keep_file

    keep_file(html, tables_page("Whether explanations name what counts", [_table(found)], notes, drawings))
