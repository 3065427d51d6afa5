"""Keeping the library current while its folders change."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from affetto.errors import LibraryError, StoreError
from affetto.music.analysis import analyse
from affetto.music.listening import Analyse
from affetto.music.scan import Progress, Report, folders, scan
from affetto.music.walk import SUFFIXES
from affetto.store import Store

__all__ = ["places_of", "watch"]

_QUIET_MS = 2_000
_FULL_SECONDS = 3_600.0
_RETRY_SECONDS = 5.0


def places_of(paths: Iterable[str], tops: Iterable[str]) -> list[str]:
    """The folders to look at after changes at some paths: the nearest that is still there, within a top folder.

    Changes of files that are no sound are passed over.

    >>> places_of(["/nowhere/else/a.mp3"], ["/music"])
    []
    """
    tops = list(tops)
    places: set[str] = set()
    for path in paths:
        suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122
        if suffix and suffix not in SUFFIXES and not Path(path).is_dir():
            continue
        top = next((top for top in tops if path == top or path.startswith(top.rstrip(os.sep) + os.sep)), None)
        if top is None:
            continue
        place = path if path == top else str(Path(path).parent)
        while place != top and not Path(place).is_dir():
            place = str(Path(place).parent)
        places.add(place)
    return sorted(places)


def watch(
    store: Store,
    tell: Callable[[Report], None],
    *,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    listener: Analyse = analyse,
) -> None:
    """Scans what changes, as it changes, until ``stop`` is set or Ctrl-C; every hour everything.

    The hourly scan finds what a network folder does not announce.

    Args:
        store: The library.
        tell: Called with the report of every scan that found something.
        stop: Ends the watch.
        progress: As in `affetto.music.scan.scan`, like the other options.
        workers: Processes that listen.
        listener: What listens to a file.

    Raises:
        LibraryError: If none of the folders is there.
    """
    from watchfiles import watch as changes_in

    tops = [top for top in folders(store) if Path(top).is_dir()]
    if not tops:
        raise LibraryError("no folder to watch; add one that is there")
    stop = stop or threading.Event()
    full = time.monotonic()
    for changes in changes_in(
        *tops, stop_event=stop, debounce=_QUIET_MS, yield_on_timeout=True, rust_timeout=10_000, raise_interrupt=True
    ):
        hourly = time.monotonic() - full > _FULL_SECONDS
        places = None if hourly else places_of((path for _, path in changes), tops)
        if places == []:
            continue
        full = time.monotonic() if hourly else full
        report = _when_free(
            lambda at=places: scan(store, below=at, workers=workers, progress=progress, listener=listener), stop
        )
        if report is not None and (report.new or report.updated or report.missing or report.failed):
            tell(report)


def _when_free(scan_now: Callable[[], Report], stop: threading.Event) -> Report | None:
    """A scan, after the one that another process may be at."""
    while not stop.is_set():
        try:
            return scan_now()
        except StoreError as error:
            if "another scan" not in str(error):
                raise
            stop.wait(_RETRY_SECONDS)
    return None
