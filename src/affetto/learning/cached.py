"""What is computed of every clip, kept on disk: one small file per clip, so that a corpus that grows costs its growth.

A file is named after the clip (resolved path, size and time of change) and after what was computed (name and version):
a clip that was replaced, or a computation that changed, is simply another file.
"""

import contextlib
import hashlib
import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.corpora.table import Clip
from affetto.errors import AffettoError, ModelError
from affetto.voice.audio import Samples, ascii_name, read_audio

__all__ = ["Cached", "Compute", "cached", "one_thread"]

_log = logging.getLogger(__name__)

_CHUNK = 16  # clips a worker takes at once: enough to hide the hand-over, few enough for a steady progress bar

Array = npt.NDArray[Any]
Compute = Callable[[Samples], Array]
"""From the samples of a clip, mono at 16 kHz, to an array."""


@dataclass(frozen=True, slots=True)
class Cached:
    """What was computed of clips.

    Attributes:
        values: By path, as the clip names it.
        failures: The clips of which nothing could be computed, each with the reason.
    """

    values: dict[Path, Array]
    failures: dict[Path, str]


def cached(
    clips: Sequence[Clip],
    compute: Compute,
    *,
    name: str,
    version: int,
    cache: Path,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Cached:
    """Computes something of every clip, or takes what was computed before.

    A clip that is missing, cannot be decoded or cannot be computed with is logged as a warning and left out; it is
    tried again the next time.

    Args:
        clips: The clips; one that occurs twice is computed once.
        compute: Gives an array of numbers for the samples of a clip.
        name: Of what is computed; short, it names a folder.
        version: Rises whenever ``compute`` would answer differently.
        cache: Folder of everything kept.
        jobs: Processes that compute at the same time, one thread each; ``compute`` must be a function of a module for
            that, otherwise one process does it all.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        ModelError: If the folder cannot be written to (a full disk, say); what was computed so far is kept.
    """
    folder = cache / f"{name}-{version}"
    values: dict[Path, Array] = {}
    failures: dict[Path, str] = {}
    todo: list[tuple[Path, Path]] = []
    paths = list(dict.fromkeys(clip.path for clip in clips))
    for path in paths:
        try:
            file = folder / _key(path)
        except OSError as error:
            failures[path] = f"{ascii_name(path)}: {error.strerror}"
            continue
        value = _read(file)
        if value is None:
            todo.append((path, file))
        else:
            values[path] = value
    if todo:
        _make_folder(folder)
    steps = _in_parallel(todo, compute, jobs) if jobs > 1 and _can_travel(compute) else _in_turn(todo, compute)
    done = len(paths) - len(todo)
    for chunk in steps:
        for path, value in chunk:
            if isinstance(value, str):
                failures[path] = value
            else:
                values[path] = value
        done += len(chunk)
        if progress:
            progress(f"computing {name}", done, len(paths))
    for reason in failures.values():
        _log.warning("left out: %s", reason)
    if failures:
        _log.warning("%s: %d of %d clip(s) left out", name, len(failures), len(paths))
    return Cached({path: values[path] for path in paths if path in values}, failures)


def _key(path: Path) -> str:
    status = path.stat()
    text = f"{os.path.realpath(path)}\0{status.st_size}\0{status.st_mtime_ns}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{digest[:2]}/{digest[2:]}.npy"


def _read(file: Path) -> Array | None:
    try:
        with file.open("rb") as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # missing, or damaged by something else: computed again


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(file: Path, value: Array) -> None:
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.lib.format.write_array(stream, value, allow_pickle=False)
        partial.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise _unwritable(file.parents[1], error) from error


def _unwritable(folder: Path, error: OSError) -> ModelError:
    why = error.strerror or str(error)
    return ModelError(f"cannot write to the cache {folder}: {why}; make room there or choose another folder")


Outcome = tuple[Path, Array | str]


def _work(items: Sequence[tuple[Path, Path]], compute: Compute) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for path, file in items:
        try:
            value = np.ascontiguousarray(compute(read_audio(path)))
        except AffettoError as error:
            outcomes.append((path, str(error)))
            continue
        _write(file, value)
        outcomes.append((path, value))
    return outcomes


def _in_turn(todo: Sequence[tuple[Path, Path]], compute: Compute) -> Iterator[list[Outcome]]:
    for item in todo:
        yield _work([item], compute)


def _in_parallel(todo: Sequence[tuple[Path, Path]], compute: Compute, jobs: int) -> Iterator[list[Outcome]]:
    if not todo:
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
        futures = [pool.submit(_work, chunk, compute) for chunk in chunks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def one_thread() -> None:
    """Keeps a process among several to one thread of linear algebra."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _can_travel(compute: Compute) -> bool:
    """Whether another process can be told what to compute."""
    try:
        pickle.dumps(compute)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
