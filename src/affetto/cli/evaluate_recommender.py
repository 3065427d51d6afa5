"""``affetto evaluate-recommender``: how well music is recommended."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.recommendation_evaluation import Report

__all__ = ["register"]

_STUDIES = ("journeys", "situnes", "lastfm", "simulator")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate-recommender")(_evaluate)


def _evaluate(
    studies: Annotated[
        list[str] | None, typer.Argument(help="journeys, situnes, lastfm, simulator; default: all.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", help="Folder of all data.")] = Path("../shared"),
    predictions: Annotated[
        Path, typer.Option("--predictions", help="Moods that were estimated while held out (affetto mood evaluate).")
    ] = Path("reports/mood/predictions.csv"),
    exam: Annotated[
        Path | None,
        typer.Option("--exam", help="A later stage of SiTunes (CSV) to test on; all before it is learnt from."),
    ] = None,
    listeners: Annotated[int, typer.Option("--listeners", min=2, help="Made-up listeners of each kind.")] = 24,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the reports.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Reports as one JSON object.")] = False,
) -> None:
    """Judge journeys by true moods, taste by what listeners rated later, and learning on made-up listeners."""
    wanted = tuple(studies or _STUDIES)
    for name in wanted:
        if name not in _STUDIES:
            raise OptionError(f"study {name!r}: choose from {', '.join(_STUDIES)}")
    if exam is not None and "situnes" not in wanted:
        raise OptionError(f"--exam {exam} belongs to the study situnes; name it, or name none for all")
    from affetto.cli import show

    reports: list[Report] = []
    for name in wanted:
        report = _study(name, data / "music", predictions, exam, listeners)
        reports.append(report)
        if out is not None:
            report.write(out)
        if not as_json:
            _show(report)
    if as_json:
        print(json.dumps({"reports": [report.to_dict() for report in reports]}, ensure_ascii=False))
    elif out is not None:
        show.line(f"{out}: {', '.join(f'{report.study}.json' for report in reports)}")


def _study(name: str, music: Path, predictions: Path, exam: Path | None, listeners: int) -> "Report":
    from affetto.cli import show

    with show.stages() as progress:
        if name == "journeys":
            from affetto.recommendation_evaluation.journeys import evaluate_journeys
            from affetto.recommendation_evaluation.songs import read_sounds
            from affetto.settings import settings

            sounds = read_sounds(music, settings().cache_dir / "analyses", progress)
            return evaluate_journeys(predictions, sounds, progress=progress)
        if name == "situnes":
            from affetto.recommendation_evaluation.situnes import evaluate_situnes

            return evaluate_situnes(music / "situnes", exam=exam, progress=progress)
        if name == "lastfm":
            from affetto.recommendation_evaluation.lastfm import evaluate_lastfm

            return evaluate_lastfm(music / "lastfm", progress=progress)
        from affetto.recommendation_evaluation.simulator import evaluate_simulator

        return evaluate_simulator(listeners=listeners, progress=progress)


def _show(report: "Report") -> None:
    from affetto.cli import show

    show.line(f"{report.study}: " + "; ".join(f"{key} {value}" for key, value in report.facts.items()))
    show.table(
        ("of", "by", "what", "value", "95 %", "aim", ""),
        [
            (
                one.what,
                one.method,
                one.metric,
                f"{one.value:.3f}",
                "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}",
                "" if one.target is None else f"{'at least' if one.at_least else 'at most'} {one.target:.3g}",
                "" if one.kept is None else "kept" if one.kept else "missed",
            )
            for one in report.figures
        ],
    )
