"""``affetto evaluate``: cross-validation by any protocol, and figures from predictions."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.laboratory import changed_recipe, need_training
from affetto.errors import CorpusError, OptionError

if TYPE_CHECKING:
    from affetto.evaluation.judge import Judged
    from affetto.evaluation.report import Figures
    from affetto.evaluation.run import Run

__all__ = ["register"]

_PROTOCOLS = (
    "emobox-ravdess, -savee, -tess, -emodb or -cremad, ravdess-emobox-enrolled, luna-ravdess, loso, group-kfold, "
    "ased-speakers, holdout, cross-corpus, leave-one-corpus-out, every-corpus, every-corpus-enrolled, development "
    "or random."
)
_WORST = 5
_MOST_FOLDS = 10  # that fit beside each other


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate")(_evaluate)


def _evaluate(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe to cross-validate (TOML).")] = None,
    recipe_option: Annotated[Path | None, typer.Option("--recipe", help="The same, as an option.")] = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Predictions (CSV) to recompute every figure from; repeat for several."),
    ] = None,
    average: Annotated[bool, typer.Option("--average", help="Average the views given with --from.")] = False,
    merge: Annotated[bool, typer.Option("--merge", help="Join the seeds given with --from.")] = False,
    protocol: Annotated[str, typer.Option("--protocol", help=_PROTOCOLS)] = "emobox-ravdess",
    k: Annotated[int, typer.Option("--k", min=2, help="Folds of group-kfold and random.")] = 5,
    held: Annotated[list[str] | None, typer.Option("--hold-out", help="A speaker that holdout tests.")] = None,
    train_on: Annotated[list[str] | None, typer.Option("--train-on", help="A corpus cross-corpus learns from.")] = None,
    test_on: Annotated[list[str] | None, typer.Option("--test-on", help="A corpus that is tested.")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", help="One of the only labels that count.")] = None,
    corpora: Annotated[list[str] | None, typer.Option("--corpus", help="In place of the recipe's corpora.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="key=value, in place of the recipe's.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="The report as one page.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Tables in Markdown.")] = None,
    latex: Annotated[Path | None, typer.Option("--latex", help="Tables in LaTeX.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    seeds: Annotated[list[int] | None, typer.Option("--seed", min=0, help="Repeat for several seeds.")] = None,
    folds: Annotated[list[str] | None, typer.Option("--fold", help="Only these folds; repeat for several.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Folds trained at the same time.")] = 1,
    keep: Annotated[
        Path | None, typer.Option("--keep-models", help="Folder to keep the model of every fold and seed in.")
    ] = None,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Also 95 % intervals of every figure; takes some seconds.")
    ] = False,
    errors: Annotated[
        bool, typer.Option("--errors", help="Also where it errs: labels, speakers, lengths, intensities, sentences.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Cross-validate a recipe on speakers it has not met, or recompute the figures of earlier predictions.

    Folds that are finished are kept: run the same command again after an interruption and it goes on.
    """
    recipe = recipe or recipe_option
    if (recipe is None) == (not sources):
        raise OptionError("give either a recipe to cross-validate or --from PREDICTIONS.csv to recompute figures")
    if (average or merge) and not sources:
        raise OptionError("--average and --merge join files that are given with --from, once for each")
    if keep and sources:
        raise OptionError(f"--keep-models {keep}: predictions have no models; give a recipe to cross-validate")
    need_training()
    from affetto.evaluation.run import TOGETHER, split_parts

    files = Files(out=out, html=html, markdown=markdown, latex=latex)
    if sources:
        runs = [_restricted(run, classes or ()) for run in _read(sources, average=average, merge=merge)]
        if files.any and len(runs) > 1:
            raise OptionError("a file is of one report; join the reports with --average or --merge, or give one")
        files.write(runs[0])
    else:
        assert recipe is not None
        from affetto.cli.train import run_folder
        from affetto.corpora.splits import ProtocolOptions
        from affetto.evaluation.judge import judge
        from affetto.evaluation.toml import recipe_text
        from affetto.settings import settings

        loaded = changed_recipe(recipe, data=data, corpora=corpora or (), changes=changes or ())
        with show.stages() as progress:
            judged = judge(
                loaded,
                protocol,
                cache=settings().cache_dir / "examples",
                runs=run_folder(loaded),
                options=ProtocolOptions(
                    k=k,
                    held=tuple(held or ()),
                    train_on=tuple(train_on or ()),
                    test_on=tuple(test_on or ()),
                    classes=tuple(classes or ()),
                ),
                seeds=seeds or [0],
                folds=folds,
                jobs=jobs,
                keep=keep,
                progress=progress,
            )
        text = recipe_text(loaded) if changes or corpora else recipe.read_text(encoding="utf-8")
        files.write(judged.run, judged=judged, recipe=text)
        runs = [judged.run]
    if len(runs) == 1 and runs[0].about.protocol in TOGETHER:
        runs = list(split_parts(runs[0]).values())
    if as_json:
        every = [
            {
                "name": run.about.name,
                "protocol": run.about.protocol,
                **_json(run, errors=errors, with_intervals=intervals),
            }
            for run in runs
        ]
        print(json.dumps(every[0] if len(every) == 1 else every))
        return
    for place, run in enumerate(runs):
        if place:
            show.line("")
        _print(run, titled=len(runs) > 1)
        if intervals:
            _print_intervals(run)
        if errors:
            _print_errors(run)


def _read(sources: Sequence[Path], *, average: bool, merge: bool) -> list["Run"]:
    from dataclasses import replace

    from affetto.evaluation.predictions import average_predictions, merge_predictions
    from affetto.evaluation.run import Run, read_run

    runs = [read_run(source) for source in sources]
    if average and merge:
        raise OptionError("--average joins views of the same clips, --merge other seeds or clips; choose one")
    if not average and not merge:
        return runs
    join = average_predictions if average else merge_predictions
    names = " and ".join(dict.fromkeys(run.about.name for run in runs))
    protocols = {run.about.protocol for run in runs}
    about = replace(
        runs[0].about,
        name=f"average of {names}" if average else runs[0].about.name,
        protocol=protocols.pop() if len(protocols) == 1 else "",
        notes=tuple(dict.fromkeys(note for run in runs for note in run.about.notes)),
    )
    independent = [run.independent for run in runs]
    return [
        Run(about, join([run.predictions for run in runs]), join(independent) if all(map(len, independent)) else ())
    ]


def _restricted(run: "Run", classes: Sequence[str]) -> "Run":
    if not classes:
        return run
    from dataclasses import replace

    from affetto.evaluation.predictions import restrict_predictions

    options = {**run.about.options, "classes": list(classes)}
    note = f"answers are among {', '.join(classes)}; more labels were learnt"
    about = replace(run.about, options=options, notes=(*run.about.notes, note))
    some = [restrict_predictions(part, classes) if part else () for part in (run.predictions, run.independent)]
    return replace(run, about=about, predictions=some[0], independent=some[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where a report goes; None for what is not asked for."""

    out: Path | None
    html: Path | None
    markdown: Path | None
    latex: Path | None

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return any((self.out, self.html, self.markdown, self.latex))

    def write(self, run: "Run", *, judged: "Judged | None" = None, recipe: str = "") -> None:
        """Writes what is asked for; a folder gets predictions, page and tables, a new run also its recipe."""
        if not self.any:
            return
        from affetto.evaluation.insight import read_insight
        from affetto.evaluation.page import report_page
        from affetto.evaluation.run import TOGETHER, keep_file, split_parts, write_run
        from affetto.evaluation.tables import latex, markdown, report_tables

        if self.out is not None:
            write_run(run, self.out)
            for name, part in split_parts(run).items() if run.about.protocol in TOGETHER else ():
                write_run(part, self.out / name)
        if self.out is not None and judged is not None:
            keep_file(self.out / "recipe.toml", recipe)
            keep_file(self.out / "calibration.json", json.dumps(_calibration(judged)) + "\n")
        tables = report_tables(run, run.figures())
        texts = {
            "report.html": (
                self.html,
                lambda: report_page(run, read_insight(judged.logs if judged else (), run.predictions)),
            ),
            "tables.md": (self.markdown, lambda: markdown(tables)),
            "tables.tex": (self.latex, lambda: latex(tables)),
        }
        for name, (file, text) in texts.items():
            for path in filter(None, (file, self.out / name if self.out else None)):
                keep_file(path, text())


def _calibration(judged: "Judged") -> dict[str, object]:
    """What a model of the same recipe is calibrated by; sets are measured where there are folds to measure them on."""
    from affetto.evaluation.uncertainty import fit_uncertainty

    found: dict[str, object] = {"temperature": round(judged.temperature, 4)}
    with contextlib.suppress(CorpusError):  # fewer than three folds
        found["conformal"] = json.loads(fit_uncertainty(judged.run.predictions).to_json())
    return found


def _json(run: "Run", *, errors: bool, with_intervals: bool) -> dict[str, object]:
    from affetto.evaluation.errors import find_errors
    from affetto.evaluation.intervals import intervals
    from affetto.evaluation.report import figures

    found: dict[str, object] = run.figures().to_dict()
    if with_intervals:
        found["intervals"] = intervals(run.predictions)
    if errors:
        found["errors"] = find_errors(run.predictions).to_dict()
    if run.warning:
        found["warning"] = run.warning
    if run.about.notes:
        found["notes"] = list(run.about.notes)
    if run.independent:
        found["speaker_independent"] = figures(run.independent).to_dict()
    return found


def _print(run: "Run", *, titled: bool) -> None:
    from affetto.evaluation.report import figures

    result = run.figures()
    if titled:
        show.line(" · ".join(filter(None, (run.about.name, run.about.protocol, "/".join(result.uar_corpora)))))
    low, high = result.uar_interval
    show.line(
        f"UAR {result.uar:.4f} ± {result.uar_spread:.4f} over folds, 95 % interval over speakers "
        f"{low:.3f} to {high:.3f} ({result.clips} clips, {result.speakers} speakers, {len(result.seeds)} seed(s))",
        style="bold",
    )
    _print_leak(run, result)
    if run.independent:
        fair = figures(run.independent)
        show.line(f"  the same recipe on unseen speakers: UAR {fair.uar:.4f}, accuracy {fair.accuracy:.4f}")
    for note in run.about.notes:
        if note != run.warning:
            show.line(f"  note: {note}")
    _print_seeds(result)
    if len(result.uar_corpora) > 1:
        scores = [*result.uar_corpora.values()]
        show.table(
            ("UAR on", *result.uar_corpora, "mean"),
            [("", *(f"{uar:.4f}" for uar in (*scores, sum(scores) / len(scores))))],
        )
    _print_labels(result)
    _print_groups(result)
    _print_fairness(result)


def _print_leak(run: "Run", result: "Figures") -> None:
    if run.warning:
        show.line(f"  warning, a leak: {run.warning}", style="yellow")
    elif result.leaks:
        show.line(
            f"  warning, a leak: {result.leaks} speaker(s) are tested in several folds, and so learnt from in others",
            style="yellow",
        )


def _print_seeds(result: "Figures") -> None:
    rows: list[tuple[str, ...]] = [
        (
            str(seed.seed),
            f"{seed.uar:.4f}",
            f"{seed.accuracy:.4f}",
            f"{seed.macro_f1:.4f}",
            f"{seed.ece:.4f}",
            f"{seed.confident_half:.4f}",
            "" if seed.arousal_correlation is None else f"{seed.arousal_correlation:.3f}",
            "" if seed.valence_correlation is None else f"{seed.valence_correlation:.3f}",
        )
        for seed in result.seeds
    ]
    if len(rows) > 1:
        means = (result.uar, result.accuracy, result.macro_f1, result.ece)
        rows.append(("mean", *(f"{value:.4f}" for value in means), "", "", ""))
        rows.append(("spread", f"{result.uar_seed_spread:.4f}", *[""] * 6))
    show.table(("seed", "UAR", "accuracy", "macro F1", "ECE", "sure half", "arousal", "valence"), rows)
    show.line("  sure half: accuracy on the most confident half; arousal, valence: rank correlation with the label's")
    names = list(result.seeds[0].uar_folds)
    if 1 < len(names) <= _MOST_FOLDS:
        show.table(
            ("seed", *(f"fold {name}" for name in names)),
            [(str(seed.seed), *(f"{seed.uar_folds.get(name, 0):.4f}" for name in names)) for seed in result.seeds],
        )


def _print_labels(result: "Figures") -> None:
    show.table(
        ("label", "clips", "precision", "recall", "F1", "mostly taken for"),
        [
            (one.label, str(one.clips), f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}", one.taken_for)
            for one in result.per_label
        ],
    )
    show.table(
        ("answers in %", *(answer[:8] for answer in result.labels)),
        [(label, *(f"{100 * share:.0f}" for share in row.values())) for label, row in result.confusion.items()],
    )


def _print_groups(result: "Figures") -> None:
    worst = result.per_speaker[:_WORST] if len(result.per_speaker) > _WORST else result.per_speaker
    for name, groups in (("voices", result.genders), ("length", result.lengths), ("hardest speakers", worst)):
        if groups:
            show.table(
                (name, "clips", "UAR", "accuracy"),
                [(group.name, str(group.clips), f"{group.uar:.4f}", f"{group.accuracy:.4f}") for group in groups],
            )


def _print_fairness(result: "Figures") -> None:
    from affetto.evaluation.tables import fairness_tables

    for table in fairness_tables("", result):
        show.table(table.columns, table.rows, title=table.caption)


def _print_intervals(run: "Run") -> None:
    from affetto.evaluation.intervals import intervals

    found = intervals(run.predictions)
    show.table(
        ("95 % intervals", "low", "high"),
        [(name.replace("_", " "), f"{low:.4f}", f"{high:.4f}") for name, (low, high) in found.items()],
    )


def _print_errors(run: "Run") -> None:
    from affetto.evaluation.errors import error_tables, find_errors

    found = find_errors(run.predictions)
    show.line("where it errs", style="bold")
    for sentence in found.sentences:
        show.line(f"  {sentence}")
    for table in error_tables(found):
        show.table(table.columns, table.rows, title=table.caption)
