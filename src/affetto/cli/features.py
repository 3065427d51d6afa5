"""``affetto features``: recordings in, a table of their acoustic features out."""

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affetto.errors import AffettoError, AudioError, OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from affetto.features.tables import Rows

__all__ = ["register"]

_LONGEST = 600.0  # seconds: what a whole recording takes some 70 MB a minute for

Described = tuple[Path, "npt.NDArray[np.floating] | None", str, float]
"""A recording, its rows or what kept it from having any, and its seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is done to each recording: preprocessing in this order, then the set."""

    name: str
    statistics: tuple[str, ...]
    frames: bool
    remove_dc: bool
    trim: bool
    reduce_noise: bool
    lufs: float | None
    pre_emphasis: bool


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command("features")(_features)


def _features(
    files: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    name: Annotated[str, typer.Option("--set", help="prosody, spectral, temporal, functionals or all.")] = "all",
    out: Annotated[Path | None, typer.Option("--out", help="Table to write: .csv, .arff or .parquet.")] = None,
    statistics: Annotated[
        str | None, typer.Option("--statistics", help="What becomes of each contour, such as mean,sd,p95.")
    ] = None,
    frames: Annotated[bool, typer.Option("--frames", help="A row every 10 ms instead of one a recording.")] = False,
    remove_dc: Annotated[bool, typer.Option("--remove-dc", help="Take the mean away first.")] = False,
    trim: Annotated[bool, typer.Option("--trim", help="Cut what is quiet before and after.")] = False,
    reduce_noise: Annotated[bool, typer.Option("--reduce-noise", help="Take steady noise away.")] = False,
    lufs: Annotated[float | None, typer.Option("--lufs", help="Bring each to this loudness, such as -23.")] = None,
    pre_emphasis: Annotated[bool, typer.Option("--pre-emphasis", help="Raise high frequencies (0.97).")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help="Recordings described at the same time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON: a recording a line, or what was written.")] = False,
) -> None:
    """Describe recordings by their acoustic features, one row each, in a table.

    A recording that cannot be read is reported and left out; the exit code is then 2. Folders are searched for audio.
    """
    from affetto.cli import show
    from affetto.features.tables import write_table

    plan = _Plan(
        name=name,
        statistics=_statistics(statistics),
        frames=frames,
        remove_dc=remove_dc,
        trim=trim,
        reduce_noise=reduce_noise,
        lufs=lufs,
        pre_emphasis=pre_emphasis,
    )
    columns = _columns(plan)
    if out is None and not as_json:
        raise OptionError("no table to write: give --out FILE (.csv, .arff or .parquet), or --json")
    recordings = _recordings(files)
    failed: list[dict[str, str]] = []
    rows, seconds = 0, 0.0
    with ExitStack() as stack:
        add = _printer(columns) if out is None else stack.enter_context(write_table(out, columns))
        report = stack.enter_context(show.stages())
        described = stack.enter_context(_described(recordings, plan, jobs=min(jobs, len(recordings))))
        for done, (file, values, problem, length) in enumerate(described, start=1):
            if values is None:
                print(f"affetto: {problem}", file=sys.stderr)
                failed.append({"file": str(file), "error": problem})
            else:
                seconds += length
                rows += len(values)
                for row in values.tolist():
                    add(str(file), row)
            if len(recordings) > 1:
                report("described", done, len(recordings))
    if out is not None and rows:
        _say(out, rows, columns, recordings, failed, seconds, as_json=as_json)
    if failed:
        raise typer.Exit(2)


def _statistics(text: str | None) -> tuple[str, ...]:
    from affetto.features.statistics import STATISTICS

    if text is None:
        return STATISTICS
    asked = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in asked:
        if part not in STATISTICS:
            raise OptionError(f"unknown statistic {part!r}: {_hint(part, STATISTICS)}")
    if not asked:
        raise OptionError(f"no statistic in {text!r}: give some of {', '.join(STATISTICS)}")
    return tuple(dict.fromkeys(asked))


def _columns(plan: _Plan) -> tuple[str, ...]:
    from affetto.features.sets import FEATURE_SETS, contour_names, feature_names

    if plan.name not in FEATURE_SETS:
        raise OptionError(f"unknown set {plan.name!r}: {_hint(plan.name, FEATURE_SETS)}")
    if plan.lufs is not None and not -70 <= plan.lufs <= 0:
        raise OptionError(f"--lufs {plan.lufs:g}: give a loudness from -70 to 0, such as -23")
    if not plan.frames:
        return feature_names(plan.name, statistics=plan.statistics)
    try:
        return ("seconds", *contour_names(plan.name))
    except ValueError as error:
        raise OptionError(f"--frames: {error}") from error


def _hint(given: str, offered: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(given, offered, n=1)
    return f"did you mean {near[0]}?" if near else f"give one of {', '.join(offered)}"


def _recordings(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the audio files below the folders named, in order; each once."""
    from affetto.corpora.table import AUDIO_SUFFIXES
    from affetto.voice.audio import ascii_name

    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file())
        if not inside:
            raise AudioError(f"{ascii_name(path)}: no audio file below this folder; give recordings or their folder")
        found.update(dict.fromkeys(inside))
    return list(found)


def _printer(columns: tuple[str, ...]) -> "Rows":
    def add(file: str, values: Sequence[float]) -> None:
        print(json.dumps({"file": file, "features": dict(zip(columns, values, strict=True))}), flush=True)

    return add


@contextmanager
def _described(recordings: Sequence[Path], plan: _Plan, *, jobs: int) -> Generator[Iterable[Described]]:
    """Each recording's row, in the order given, however many are described at the same time."""
    from functools import partial

    work = partial(_describe, plan)
    if jobs == 1:
        yield map(work, recordings)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool.map(work, recordings, chunksize=4)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _describe(plan: _Plan, file: Path) -> Described:
    """Reads, prepares and describes one recording; a problem is given back, not raised: other recordings follow."""
    import numpy as np

    from affetto.features.sets import contours, extract
    from affetto.voice.audio import RATE

    try:
        samples = _read(file)
    except AffettoError as error:
        return file, None, str(error), 0.0
    seconds = len(samples) / RATE
    samples = _prepare(samples, plan)
    if not plan.frames:
        return file, extract(samples, plan.name, statistics=plan.statistics)[None], "", seconds
    values = contours(samples, plan.name)
    time = 0.02 + 0.01 * np.arange(len(values))
    return file, np.concatenate([time[:, None], values], axis=1), "", seconds


def _read(file: Path) -> Any:
    import numpy as np

    from affetto.voice.audio import RATE, AudioFile, ascii_name

    blocks: list[Any] = []
    length = 0
    for block in AudioFile(file):
        blocks.append(block)
        length += len(block)
        if length > _LONGEST * RATE:
            raise AudioError(f"{ascii_name(file)}: longer than {_LONGEST / 60:.0f} minutes; cut it into utterances")
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _prepare(samples: Any, plan: _Plan) -> Any:
    from affetto.features import preprocessing
    from affetto.voice.audio import RATE

    if plan.remove_dc:
        samples = preprocessing.remove_dc(samples)
    if plan.reduce_noise:
        samples = preprocessing.reduce_noise(samples)
    if plan.trim:
        samples = preprocessing.trim(samples, rate=RATE)
    if plan.lufs is not None:
        samples = preprocessing.normalize_loudness(samples, rate=RATE, to=plan.lufs)
    if plan.pre_emphasis:
        samples = preprocessing.pre_emphasis(samples)
    return samples


def _say(
    out: Path,
    rows: int,
    columns: Sequence[str],
    recordings: Sequence[Path],
    failed: Sequence[dict[str, str]],
    seconds: float,
    *,
    as_json: bool,
) -> None:
    from affetto.cli import show
    from affetto.voice.audio import ascii_name

    described = len(recordings) - len(failed)
    if as_json:
        facts = {"out": str(out), "recordings": described, "rows": rows, "features": len(columns)}
        print(json.dumps({**facts, "seconds": round(seconds, 3), "failed": failed}))
        return
    noun = "recording" if described == 1 else "recordings"
    left = f", {len(failed)} left out" if failed else ""
    show.line(f"Saved as {ascii_name(out)}: {described} {noun} ({seconds:.1f} s){left}, {rows} x {len(columns)} values")
