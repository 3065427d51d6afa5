"""``affetto robustness``: how much readings depend on what a voice is recorded with, and what else sounds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.judges import (
    NOT_OUT_OF_FOLD,
    Clips,
    Corpus,
    Folds,
    FoldsOf,
    ModelFile,
    ModelSeed,
    Sample,
    chosen_judges,
)
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.robustness.backgrounds import Backgrounds
    from affetto.evaluation.robustness.figures import Outcome
    from affetto.evaluation.robustness.judges import Judge
    from affetto.evaluation.robustness.readings import ClipReadings
    from affetto.evaluation.robustness.suite import RobustnessTest

__all__ = ["register"]

_READINGS, _ABOUT = "readings.csv", "about.json"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("robustness")(_robustness)


def _robustness(
    model: ModelFile = None,
    clips: Clips = None,
    corpus: Corpus = "",
    folds: Folds = None,
    protocol: FoldsOf = "",
    model_seed: ModelSeed = None,
    source: Annotated[Path | None, typer.Option("--from", help="A report, to print its figures again.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of all data, for clips and for background sounds.")
    ] = None,
    sample: Sample = None,
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
        every = chosen_judges(
            clips=clips, model=model, corpus=corpus, folds=folds, protocol=protocol, model_seed=model_seed, data=data
        )
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
