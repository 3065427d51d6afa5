"""``affetto uncertainty``: how sure readings may be, and what corrections gain, from out-of-fold predictions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.laboratory import need_training
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.corrections import CorrectionFigures
    from affetto.evaluation.uncertainty import UncertaintyFigures
    from affetto.voice.uncertainty import Uncertainty

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("uncertainty")(_uncertainty)


def _uncertainty(
    report: Annotated[Path, typer.Argument(help="Folder or predictions (CSV) that 'affetto evaluate' wrote.")],
    coverage: Annotated[
        float, typer.Option("--coverage", min=0.5, max=0.99, help="Share of plausible sets that are to hold.")
    ] = 0.9,
    corrections: Annotated[bool, typer.Option("--corrections", help="Also simulate people who correct.")] = False,
    update: Annotated[
        Path | None, typer.Option("--update", help="A calibration.json to write the rules into, for 'affetto train'.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Measure calibration, plausible sets and unclear readings, each on folds that they were not fitted on.

    With --corrections, speakers of the report correct their readings, and what that changes is told.
    """
    need_training()
    from affetto.evaluation.corrections import simulate_corrections
    from affetto.evaluation.run import read_run
    from affetto.evaluation.uncertainty import fit_uncertainty, uncertainty_figures

    predictions = read_run(report).predictions
    figures = uncertainty_figures(predictions, coverage=coverage)
    rules = fit_uncertainty(predictions, coverage=coverage)
    if update is not None:
        _update(update, rules)
    simulated = simulate_corrections(predictions) if corrections else ()
    if as_json:
        found = {**figures.to_dict(), "conformal": json.loads(rules.to_json())}
        if corrections:
            found["corrections"] = [one.to_dict() for one in simulated]
        print(json.dumps(found))
        return
    _tell(figures)
    show.line(
        f"For a model of all folds: plausible are the likeliest emotions up to {rules.level:.3f}; "
        f"unclear is a reading under {rules.unclear_below:.3f}"
    )
    if simulated:
        _tell_corrections(simulated)


def _update(file: Path, rules: "Uncertainty") -> None:
    from affetto.evaluation.run import keep_file

    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        text = json.dumps({**known, "conformal": json.loads(rules.to_json())})
    except (OSError, ValueError, TypeError) as error:
        raise OptionError(f"--update {file}: {error}; give the calibration.json of a report") from error
    keep_file(file, text + "\n")


def _tell(figures: "UncertaintyFigures") -> None:
    show.table(
        ("calibration", "loss", "ECE", "UAR"),
        [(one.name, f"{one.loss:.4f}", f"{one.error:.4f}", f"{one.uar:.4f}") for one in figures.calibrations],
    )
    show.line(f"  vector scaling was chosen in {figures.vector_chosen:.0%} of the folds".replace("%", " %"))
    show.table(
        ("plausible sets", "coverage", "worst label", "worst fold", "mean size", "of one", "level"),
        [
            (
                one.method,
                *(f"{value:.3f}" for value in (one.coverage, one.worst_label, one.worst_fold)),
                f"{one.size:.2f}",
                f"{one.single:.3f}",
                f"{one.level:.3f}",
            )
            for one in figures.sets
        ],
    )
    clarity = figures.clarity
    show.line(
        f"  clear: {clarity.clear:.3f} of the readings, {clarity.accuracy_clear:.3f} of them right; "
        f"of the unclear ones {clarity.accuracy_unclear:.3f}"
    )
    show.table(("surest share", *(f"{share:.0%}" for share in figures.risk)), [
        ("accuracy", *(f"{value:.3f}" for value in figures.risk.values()))
    ])  # fmt: skip


def _tell_corrections(simulated: "tuple[CorrectionFigures, ...]") -> None:
    show.table(
        ("people", "corrections", "accuracy before", "after", "change", "loss before", "after"),
        [
            (
                one.person,
                str(one.corrections),
                f"{one.accuracy_before:.3f}",
                f"{one.accuracy_after:.3f}",
                f"{one.accuracy_after - one.accuracy_before:+.3f}",
                f"{one.loss_before:.3f}",
                f"{one.loss_after:.3f}",
            )
            for one in simulated
        ],
    )
