"""``affetto robustness``: how much readings depend on what a voice is recorded with, and what else sounds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.robustness.backgrounds import Backgrounds
    from affetto.evaluation.robustness.figures import Outcome
    from affetto.evaluation.robustness.judges import Judge
    from affetto.evaluation.robustness.readings import ClipReadings
    from affetto.evaluation.robustness.suite import RobustnessTest

__all__ = ["NOT_OUT_OF_FOLD", "chosen_judges", "register"]

_READINGS, _ABOUT = "readings.csv", "about.json"
NOT_OUT_OF_FOLD = (
    "not out of fold: this model may have learnt from these very speakers, and readings of voices that it knows hold "
    "better than those of strangers; judge the models of folds with --folds"
)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("robustness")(_robustness)


def _robustness(
    model: Annotated[Path | None, typer.Option("--model", help="Model file (ONNX); default: the shipped one.")] = None,
    clips: Annotated[Path | None, typer.Option("--clips", help="Folder of recordings to judge it on.")] = None,
    corpus: Annotated[str | None, typer.Option("--corpus", help="Whose clips they are, for their labels.")] = None,
    folds: Annotated[
        Path | None, typer.Option("--folds", help="Models that 'affetto evaluate --keep-models' kept.")
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", help="With --folds: whose folds, where several are kept.")
    ] = "",
    model_seed: Annotated[int | None, typer.Option("--model-seed", min=0, help="With --folds: which seed's.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="A report, to print its figures again.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of all data, for clips and for background sounds.")
    ] = None,
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="So many clips of each speaker.")] = None,
    tests: Annotated[list[str] | None, typer.Option("--test", help="Only tests with this in their name.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
) -> None:
    """Change recordings as microphones, rooms, lines and bystanders do, and count how many readings stay the same.

    After the published tests of Derington et al. (arXiv 2312.06270), with their thresholds; the exit code is 1 when a
    test fails. What was read is kept in the cache: the same command goes on where it was stopped.
    """
    if sum(given is not None for given in (clips, folds, source)) != 1:
        raise OptionError(
            "give one of --clips FOLDER (with --model), --folds FOLDER (models of 'affetto evaluate --keep-models') "
            "and --from REPORT"
        )
    from affetto.evaluation.robustness.figures import outcomes
    from affetto.evaluation.robustness.readings import read_readings

    if source is not None:
        rows = read_readings(source / _READINGS if source.is_dir() else source)
        notes = _notes_of(source)
    else:
        from affetto.evaluation.robustness.backgrounds import Backgrounds
        from affetto.evaluation.robustness.battery import run_battery
        from affetto.evaluation.robustness.judges import sampled
        from affetto.settings import settings

        chosen = _chosen(tests or ())
        every = chosen_judges(clips, model, corpus or "", folds, protocol, model_seed, data)
        judges = sampled(every, sample)
        voices = [(clip.speaker, clip.path) for judge in every for clip in judge.clips]
        around = Backgrounds.of_data(data, voices)
        with show.stages() as progress:
            rows = run_battery(
                judges, tests=chosen, around=around, cache=settings().cache_dir, seed=seed, jobs=jobs, progress=progress
            )
        notes = _notes(judges, around, out_of_fold=folds is not None)
        if out is not None:
            _write(rows, notes, out)
    found = outcomes(rows)
    _tell(found, notes, as_json=as_json)
    if not all(one.passed for one in found):
        raise typer.Exit(1)


def _chosen(names: Sequence[str]) -> "tuple[RobustnessTest, ...]":
    from affetto.evaluation.robustness.suite import SUITE

    chosen = tuple(test for test in SUITE if not names or any(name.lower() in test.key for name in names))
    if not chosen:
        raise OptionError(f"--test {names[0]}: no such test; there are {', '.join(test.key for test in SUITE)}")
    return chosen


def chosen_judges(
    clips: Path | None,
    model: Path | None,
    corpus: str,
    folds: Path | None,
    protocol: str,
    model_seed: int | None,
    data: Path | None,
) -> "tuple[Judge, ...]":
    """Who judges which clips, as the options say: one model all of a folder, or the models of folds each its own.

    Raises:
        AffettoError: If the clips or the models are not there.
    """
    from affetto.cli.laboratory import need_training
    from affetto.evaluation.robustness.judges import judges_of_folds, one_judge, recordings_of
    from affetto.settings import settings

    if clips is not None:
        return one_judge(model, recordings_of(clips, corpus))
    assert folds is not None
    need_training()
    return judges_of_folds(folds, data=data, cache=settings().cache_dir, seed=model_seed, protocol=protocol)


def _notes(judges: "Sequence[Judge]", around: "Backgrounds", *, out_of_fold: bool) -> tuple[str, ...]:
    from affetto.evaluation.robustness.phone import phone_codec

    return (
        *([] if out_of_fold else [NOT_OUT_OF_FOLD]),
        f"{sum(len(judge.clips) for judge in judges)} clips, {len(judges)} model(s)",
        f"codec of the phone line: {phone_codec()}",
        *around.notes,
    )


def _write(rows: "Sequence[ClipReadings]", notes: Sequence[str], out: Path) -> None:
    from affetto.evaluation.robustness.readings import write_readings
    from affetto.evaluation.run import keep_file

    write_readings(rows, out / _READINGS)
    keep_file(out / _ABOUT, json.dumps({"notes": list(notes)}, indent=1, ensure_ascii=False) + "\n")


def _notes_of(source: Path) -> tuple[str, ...]:
    file = (source if source.is_dir() else source.parent) / _ABOUT
    try:
        return tuple(map(str, json.loads(file.read_text(encoding="utf-8"))["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _tell(found: "Sequence[Outcome]", notes: Sequence[str], *, as_json: bool) -> None:
    failed = sum(not one.passed for one in found)
    if as_json:
        tests = [one.to_dict() for one in found]
        print(json.dumps({"passed": len(found) - failed, "failed": failed, "notes": list(notes), "tests": tests}))
        return
    for note in notes:
        show.line(note, style="bold yellow" if note == NOT_OUT_OF_FOLD else "")
    for group in dict.fromkeys(one.group for one in found):
        show.table(
            (group.lower(), "unchanged", "95 % interval", "least", "UAR lost", "most", "refused", "passed"),
            [_row(one) for one in found if one.group == group],
        )
    show.line(f"{len(found) - failed} of {len(found)} tests passed", style="bold")
    for one in found:
        if one.instead:
            show.line(f"  {one.name}: {one.instead}", style="dim")


def _row(one: "Outcome") -> tuple[str, ...]:
    low, high = one.interval
    return (
        one.name,
        f"{one.unchanged:.3f}",
        f"{low:.3f}–{high:.3f}",
        f"{one.least:.2f}",
        "" if one.loss is None else f"{one.loss:+.3f}",
        "" if one.most is None else f"{one.most:.2f}",
        f"{one.lost:.3f}",
        "yes" if one.passed else "NO",
    )
