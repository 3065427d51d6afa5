"""Running the battery: every clip, under every change, through the whole way from samples to a reading."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from affetto.errors import AffettoError, ModelError
from affetto.evaluation.robustness.backgrounds import Backgrounds
from affetto.evaluation.robustness.judges import Judge, Recording
from affetto.evaluation.robustness.readings import CLEAN, REFUSED, ClipReadings
from affetto.evaluation.robustness.suite import REFERENCES, SUITE, RobustnessTest
from affetto.voice.audio import Samples, read_audio
from affetto.voice.recognizer import Recognizer

__all__ = ["run_battery", "with_references"]

_VERSION = 4  # raise when a change, or how speech is found, changes: old readings are not used then

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Task:
    judge: Judge
    test: str  # key, or CLEAN
    around: Backgrounds
    seed: int
    file: Path


def with_references(tests: Sequence[RobustnessTest]) -> tuple[RobustnessTest, ...]:
    """The tests, and before them what some of them are compared with."""
    needed = {test.against for test in tests}
    return (*(one for one in REFERENCES if one.key in needed), *tests)


def run_battery(
    judges: Sequence[Judge],
    *,
    tests: Sequence[RobustnessTest] = SUITE,
    around: Backgrounds,
    cache: Path,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[ClipReadings, ...]:
    """Reads every clip as it is and under every change.

    A clip's change depends on the seed, the test and the clip's name alone. What has been read by the very same model
    is kept in the cache and not read again; an interrupted run goes on.

    Args:
        judges: Who judges what.
        tests: What is changed.
        around: Sounds for backgrounds.
        cache: Folder of earlier readings.
        seed: Decides every random choice.
        jobs: Processes.
        progress: Called with what is being done, how much is done and how much there is.

    Returns:
        The clips that can be decoded, in the judges' order.
    """
    keys = [CLEAN, *(test.key for test in with_references(tests))]
    tasks = [
        _Task(judge, key, around, seed, _file(cache, judge, key, around, seed)) for judge in judges for key in keys
    ]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for done, (task, read) in enumerate(_work(tasks, jobs), start=1):
        found[task.judge.fold, task.test] = read
        if progress:
            progress("changing and reading", done, len(tasks))
    return tuple(
        ClipReadings(
            stem=clip.path.stem,
            corpus=clip.corpus,
            speaker=clip.speaker,
            fold=judge.fold,
            label=clip.label,
            read={key: found[judge.fold, key][clip.name] for key in keys},
        )
        for judge in judges
        for clip in judge.clips
        if clip.name in found[judge.fold, CLEAN]
    )


def _work(tasks: Sequence[_Task], jobs: int) -> Iterable[tuple[_Task, dict[str, str]]]:
    if jobs == 1:
        yield from ((task, _read_all(task)) for task in tasks)
        return
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(_read_all, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _file(cache: Path, judge: Judge, key: str, around: Backgrounds, seed: int) -> Path:
    what: tuple[object, ...] = (_VERSION, judge.key, key)
    if key != CLEAN:
        what = (*what, seed)
    if any(test.key == key and test.sounds for test in SUITE):
        what = (*what, around.names)
    return cache / "robustness" / f"{key}-{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}.json"


def _read_all(task: _Task) -> dict[str, str]:
    """What is read in each clip, by its name; those that cannot be decoded are left out."""
    kept = _earlier(task.file)
    contents = {clip.name: _content(clip.path) for clip in task.judge.clips}
    missing = [clip for clip in task.judge.clips if contents[clip.name] not in kept]
    if missing:
        recognizer = _recognizer(task.judge.model)
        test = next((one for one in (*SUITE, *REFERENCES) if one.key == task.test), None)
        for clip in missing:
            samples = _samples(clip.path)
            if samples is not None:
                kept[contents[clip.name]] = _verdict(recognizer, _changed(samples, test, task, clip))
        _keep(task.file, kept)
    return {name: kept[content] for name, content in contents.items() if content in kept}


@lru_cache(maxsize=1 << 15)
def _content(path: Path) -> str:
    """Tells recordings apart, whatever they are called."""
    try:
        with path.open("rb") as file:
            return f"{path.stem}-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"
    except OSError:
        return path.stem


def _changed(samples: Samples, test: RobustnessTest | None, task: _Task, clip: Recording) -> Samples:
    if test is None:
        return samples
    rng = np.random.default_rng([task.seed, zlib.crc32(test.key.encode()), zlib.crc32(clip.name.encode())])
    return test.change(samples, rng, task.around, clip.speaker)


def _verdict(recognizer: Recognizer, samples: Samples) -> str:
    emotion = recognizer.read(samples).emotion
    return REFUSED if emotion is None else emotion.value


@lru_cache(maxsize=2)
def _recognizer(model: Path | None) -> Recognizer:
    return Recognizer(model)


@lru_cache(maxsize=2048)
def _samples(path: Path) -> Samples | None:
    try:
        return read_audio(path)
    except AffettoError:
        return None


def _earlier(file: Path) -> dict[str, str]:
    try:
        raw: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in raw.items()} if isinstance(raw, dict) else {}


def _keep(file: Path, kept: dict[str, str]) -> None:
    partial = file.with_suffix(".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(kept), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise ModelError(
            f"readings cannot be kept in {file}: {error}; set AFFETTO_CACHE_DIR to another place"
        ) from error
