"""What a worker process does with a file, so that no file can do harm: limits on time and memory, one thread."""

import contextlib
import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from affetto.errors import AudioError
from affetto.music.analysis import Analysis
from affetto.music.identity import content_id
from affetto.music.tags import Tags, read_tags

__all__ = ["Analyse", "Failure", "Inline", "Inspected", "inspect", "listen", "start_workers"]

Analyse: TypeAlias = Callable[[Path], Analysis]

_SLOW_SECONDS = 180
_STUCK_SECONDS = 300
_MEMORY = 1536 << 20
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file is, before it is listened to.

    Attributes:
        content: Identity of its sound.
        tags: Its tags.
    """

    content: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing came of a file.

    Attributes:
        problem: One line.
        lasting: Whether it would fail again as long as it is unchanged; False for a disk or a network that failed.
        gone: Whether the file is no longer there.
    """

    problem: str
    lasting: bool
    gone: bool = False


class _SlowError(Exception):
    """A file took too long."""


def _guarded(path: str, work: Callable[[Path], _T]) -> _T | Failure:
    """The result of work on a file, or why there is none."""
    try:
        with _deadline():
            return work(Path(path))
    except AudioError as error:
        try:
            with Path(path).open("rb") as file:
                file.read(1)
        except OSError as lost:  # not the file is bad: the disk or the network failed
            return _lost(lost)
        return Failure(str(error).removeprefix(f"{path}: "), lasting=True)
    except OSError as error:
        return _lost(error)
    except MemoryError:
        return Failure(f"needs more than {_MEMORY >> 20} MB of memory", lasting=True)
    except _SlowError:
        return Failure(f"takes longer than {_SLOW_SECONDS} s", lasting=True)
    except Exception as error:  # one file never ends a scan
        return Failure(
            f"cannot be analysed ({type(error).__name__}: {' '.join(str(error).split())[:200]})", lasting=True
        )


def _lost(error: OSError) -> Failure:
    return Failure(error.strerror or str(error), lasting=False, gone=isinstance(error, FileNotFoundError))


@contextlib.contextmanager
def _deadline() -> Generator[None]:
    """Ends slow work where signals can (not in threads, not on Windows)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _SlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _SLOW_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def inspect(path: str, top: str) -> Inspected | Failure:
    """The identity and the tags of a file in the folder ``top``."""
    return _guarded(path, lambda file: Inspected(content_id(file), read_tags(file, top=top)))


def listen(path: str, analyse: Analyse) -> Analysis | Failure:
    """The analysis of a file."""
    watched = threading.current_thread() is threading.main_thread() and _in_worker
    if watched:
        # Code that neither returns nor checks for signals is ended from outside of Python, with its process.
        faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True, file=_nowhere())
    try:
        return _guarded(path, analyse)
    finally:
        if watched:
            faulthandler.cancel_dump_traceback_later()


_in_worker = False
_sink: Any = None


def _nowhere() -> Any:
    global _sink
    _sink = _sink or open(os.devnull, "w")  # noqa: PTH123, SIM115, lives as long as the worker
    return _sink


def _begin_worker() -> None:
    global _in_worker
    _in_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out the work
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def start_workers(count: int) -> ProcessPoolExecutor:
    """A pool of processes of one thread each."""
    import multiprocessing

    for name in _THREADS:  # read by the numerical libraries of a worker when it starts
        os.environ.setdefault(name, "1")
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)


class Inline(Executor):
    """Does the work here and now: for a few files, and for tests."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> "Future[_T]":
        """The finished work."""
        future: Future[_T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
