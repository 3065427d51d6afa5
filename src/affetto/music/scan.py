"""Scanning folders: what is new, changed, moved or gone, then listening to what is not known yet.

The list of files still to be listened to is kept in the store, so that a scan that was stopped, by whatever means, goes
on where it was; each result is kept within a second or so.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from affetto.errors import LibraryError
from affetto.music.analysis import ANALYSIS_VERSION, Analysis, analyse
from affetto.music.duplicates import settle
from affetto.music.listening import Analyse, Failure, Inline, Inspected, inspect, listen, start_workers
from affetto.music.records import newer_moods, record, refuse, refuse_missing
from affetto.music.walk import Found, Walk
from affetto.store import Store
from affetto.store.tables import FileRow, FolderRow, TrackRow

__all__ = ["Progress", "Report", "add_folder", "folders", "scan"]

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the stage ("looking", "listening"), how many files are done, and how many there are, None if unknown."""

_BATCH = 1000
_KEEP_SECONDS = 1.0
_BUSY = "another scan is running in this library; wait until it ends, or stop it"


@dataclass(slots=True, kw_only=True)
class Report:
    """What a scan found.

    Attributes:
        found: Sound files looked at.
        unchanged: Those that were known.
        new: Tracks that were not known before.
        updated: Files listened or looked at again whose track was known: changed, moved or copied.
        missing: Files that are no longer there.
        waiting: Files still to be listened to, after a scan that was stopped.
        failed: Files that nothing came of, with the reason, at most a thousand.
        problems: Folders and files that could not be looked at, with the reason.
        same: Tracks that another one stands for.
        seconds: How long it took.
    """

    found: int = 0
    unchanged: int = 0
    new: int = 0
    updated: int = 0
    missing: int = 0
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    same: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("found", "unchanged", "new", "updated", "missing", "waiting", "same")
        return {
            **{name: getattr(self, name) for name in names},
            "failed": {_shown(path): reason for path, reason in self.failed.items()},
            "problems": {_shown(path): reason for path, reason in self.problems.items()},
            "seconds": round(self.seconds, 3),
        }


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Folder:
    id: int
    path: str


@dataclass(frozen=True, slots=True)
class _Job:
    file: int
    path: str
    top: str


def folders(store: Store) -> list[str]:
    """The folders of the library."""
    with store.read() as connection:
        return list(connection.scalars(select(FolderRow.path).order_by(FolderRow.path)))


def add_folder(store: Store, path: str | Path) -> str:
    """Makes a folder one of the library's, and gives its full path.

    A folder within one that is there already adds nothing; one around it takes it over.

    Raises:
        LibraryError: If there is no such folder or it cannot be read.
    """
    try:
        top = str(Path(path).expanduser().resolve(strict=True))
        with os.scandir(top):
            pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryError(f"folder {_shown(str(path))}: {reason}; give a folder that holds music") from error
    with store.write() as connection:
        known = connection.execute(select(FolderRow.id, FolderRow.path)).all()
        if any(_within(top, row.path) for row in known):
            return top
        number = connection.execute(insert(FolderRow).values(path=top).returning(FolderRow.id)).scalar_one()
        inside = [row.id for row in known if _within(row.path, top)]
        if inside:
            connection.execute(update(FileRow).where(FileRow.folder_id.in_(inside)).values(folder_id=number))
            connection.execute(delete(FolderRow).where(FolderRow.id.in_(inside)))
    return top


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip(os.sep) + os.sep)


def scan(
    store: Store,
    *,
    below: Sequence[str | Path] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    listener: Analyse = analyse,
) -> Report:
    """Brings the library up to date with its folders.

    A file whose size and time of change are as before is passed over. Others are told by the identity of their sound:
    what was heard before, at whatever path, is not listened to again.

    Args:
        store: The library.
        below: Look only there, at folders within those of the library; None for all of them.
        workers: Processes that listen; 0 to do it in this one, None for one a core.
        progress: Called as the scan goes on.
        listener: What listens to a file; picklable when there are workers.

    Raises:
        StoreError: If another scan is running, or the database fails; what was kept before stays.
        KeyboardInterrupt: After Ctrl-C; what was heard is kept, and the next scan goes on from there.
    """
    began = time.monotonic()
    report = Report()
    say = progress or _silent
    with store.lock("scan", busy=_BUSY):
        try:
            for folder, where in _wanted(store, below):
                _look(store, folder, where, report, say)
            count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            _Listening(store, report, say, listener, count if workers is None else workers).run()
        finally:
            _count_present(store)
        if newer_moods(store) or report.new or report.updated or report.missing:
            settle(store)
        report.same = _stood_for(store)
    report.seconds = time.monotonic() - began
    return report


def _silent(stage: str, done: int, total: int | None) -> None:
    del stage, done, total


def _wanted(store: Store, below: Sequence[str | Path] | None) -> list[tuple[_Folder, str]]:
    """The folders to walk, each with the place to begin at."""
    with store.read() as connection:
        known = [_Folder(row.id, row.path) for row in connection.execute(select(FolderRow.id, FolderRow.path))]
    if below is None:
        return [(folder, folder.path) for folder in known]
    wanted: dict[str, _Folder] = {}
    for place in map(str, below):
        folder = next((folder for folder in known if _within(place, folder.path)), None)
        if folder is None:
            raise LibraryError(f"{_shown(place)}: not within a folder of the library; add it first")
        wanted[place] = folder
    return [
        (folder, place)
        for place, folder in wanted.items()
        if not any(place != other and _within(place, other) for other in wanted)
    ]


def _stood_for(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).select_from(TrackRow).where(TrackRow.same_as.is_not(None))
        return int(connection.execute(query).scalar_one())


class _Marks:
    """Which numbers were seen, a byte each."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, number: int) -> None:
        if number >= len(self._marks):
            self._marks.extend(bytes(max(number + 1 - len(self._marks), len(self._marks), 4096)))
        self._marks[number] = 1

    def __contains__(self, number: int) -> bool:
        return number < len(self._marks) and self._marks[number] == 1


_FILE = (FileRow.id, FileRow.path, FileRow.size, FileRow.changed, FileRow.state, FileRow.version, FileRow.track_id)


def _look(store: Store, folder: _Folder, where: str, report: Report, say: Progress) -> None:
    """Walks a folder and writes down which of its files are to be listened to, and which are missing."""
    walk, seen, found = Walk(where), _Marks(), 0
    files = iter(walk)
    while batch := list(islice(files, _BATCH)):
        found += len(batch)
        _compare(store, folder, batch, seen, report)
        say("looking", report.found, None)
    report.problems.update(walk.problems)
    problem = walk.problems.get(where, "")
    if not found and not problem and where == folder.path and _holds(store, folder):
        # Where a disk or a network folder is mounted there is an empty folder when it is not.
        problem = "is empty now: not mounted? Its tracks are kept; `affetto library remove` forgets them"
        report.problems[where] = problem
    if not problem:
        report.missing += _note_missing(store, where, seen, list(walk.problems))
    if where == folder.path:
        scanned = {} if problem else {"scanned": int(time.time())}
        with store.write() as connection:
            connection.execute(update(FolderRow).where(FolderRow.id == folder.id).values(problem=problem, **scanned))


def _compare(store: Store, folder: _Folder, batch: Sequence[Found], seen: _Marks, report: Report) -> None:
    with store.read() as connection:
        paths = [item.path for item in batch]
        known = {row.path: row for row in connection.execute(select(*_FILE).where(FileRow.path.in_(paths)))}
    new: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    back: list[int] = []
    for item in batch:
        report.found += 1
        row = known.get(item.path)
        facts = {"size": item.size, "changed": item.changed, "state": "waiting", "version": 0}
        if row is None:
            new.append({"folder_id": folder.id, "path": item.path, **facts})
            continue
        seen.add(row.id)
        same = row.size == item.size and row.changed == item.changed
        if same and row.version == ANALYSIS_VERSION and row.state in ("here", "failed"):
            report.unchanged += 1
        elif same and row.version == ANALYSIS_VERSION and row.state == "missing" and row.track_id is not None:
            back.append(row.id)
        elif not same or row.state != "waiting":
            again.append({"number": row.id, **facts})
    if not (new or again or back):
        return
    with store.write() as connection:
        if new:
            statement = store.insert_or_update(FileRow, ["path"], ["size", "changed", "state", "version"])
            for number in connection.execute(statement.returning(FileRow.id), new).scalars():
                seen.add(number)
        for values in again:
            number = values.pop("number")
            connection.execute(update(FileRow).where(FileRow.id == number).values(**values))
        if back:
            connection.execute(update(FileRow).where(FileRow.id.in_(back)).values(state="here"))


def _holds(store: Store, folder: _Folder) -> bool:
    with store.read() as connection:
        there = select(FileRow.id).where(FileRow.folder_id == folder.id, FileRow.state == "here").limit(1)
        return connection.execute(there).first() is not None


def _note_missing(store: Store, where: str, seen: _Marks, unknown: list[str]) -> int:
    """Files below a place that were not met, unless they lie where nobody could look."""
    last = gone = 0
    low = where.rstrip(os.sep) + os.sep
    high = low[:-1] + chr(ord(os.sep) + 1)
    while True:
        with store.read() as connection:
            rows = connection.execute(
                select(FileRow.id, FileRow.path)
                .where(FileRow.path > low, FileRow.path < high, FileRow.state != "missing", FileRow.id > last)
                .order_by(FileRow.id)
                .limit(5 * _BATCH)
            ).all()
        if not rows:
            return gone
        last = rows[-1].id
        lost = [row.id for row in rows if row.id not in seen and not any(_within(row.path, place) for place in unknown)]
        if lost:
            with store.write() as connection:
                refuse_missing(connection, lost)
            gone += len(lost)


def _count_present(store: Store) -> None:
    """Marks which tracks can be played: those with a file that is there, or with an address."""
    there = or_(
        TrackRow.uri.is_not(None),
        exists().where(and_(FileRow.track_id == TrackRow.id, FileRow.state.in_(("here", "waiting")))),
    )
    with store.write() as connection:
        connection.execute(update(TrackRow).where(TrackRow.present, ~there).values(present=False))
        connection.execute(update(TrackRow).where(~TrackRow.present, there).values(present=True))


class _Listening:
    """Hands out the files that wait, and writes down what comes back."""

    def __init__(self, store: Store, report: Report, say: Progress, listener: Analyse, workers: int) -> None:
        self._store, self._report, self._say, self._listener = store, report, say, listener
        self._workers = workers
        self._pool: Executor | None = None
        self._pending: dict[Future[Any], tuple[_Job, Inspected | None]] = {}
        self._suspects: list[_Job] = []
        self._results: list[tuple[_Job, Inspected | None, Analysis | Failure | None]] = []
        self._vanished: dict[str, str] = {}
        self._kept = time.monotonic()
        self._done = 0

    def run(self) -> None:
        total = self._waiting()
        if not total:
            return
        jobs = self._jobs()
        try:
            self._say("listening", 0, total)
            while True:
                self._hand_out(jobs)
                if not self._pending:
                    break
                finished, _ = wait(self._pending, timeout=_KEEP_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._take_back(future)
                if len(self._results) >= 200 or time.monotonic() - self._kept > _KEEP_SECONDS:
                    self._keep()
                    self._say("listening", self._done, total)
            self._keep()
            self._say("listening", self._done, total)
        finally:
            with contextlib.suppress(Exception):
                self._keep()
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)
            self._report.waiting = self._waiting()
            self._report.problems.update(self._vanished)

    def _waiting(self) -> int:
        with self._store.read() as connection:
            query = select(func.count()).select_from(FileRow).where(FileRow.state == "waiting")
            return int(connection.execute(query).scalar_one())

    def _jobs(self) -> Iterator[_Job]:
        """The waiting files in the order they were found; in batches, since there may be a million."""
        last = 0
        while True:
            with self._store.read() as connection:
                rows = connection.execute(
                    select(FileRow.id, FileRow.path, FolderRow.path.label("top"))
                    .join(FolderRow, FolderRow.id == FileRow.folder_id)
                    .where(FileRow.state == "waiting", FileRow.id > last)
                    .order_by(FileRow.id)
                    .limit(_BATCH)
                ).all()
            if not rows:
                return
            last = rows[-1].id
            for row in rows:
                if row.top not in self._vanished:
                    yield _Job(row.id, row.path, row.top)

    def _submit(self, job: _Job, found: Inspected | None) -> None:
        if self._pool is None:
            self._pool = start_workers(self._workers) if self._workers else Inline()
        try:
            if found is None:
                future = self._pool.submit(inspect, job.path, job.top)
            else:
                future = self._pool.submit(listen, job.path, self._listener)
        except BrokenProcessPool:  # noticed here first; those in flight will say so too
            self._suspects.append(job)
            return
        self._pending[future] = (job, found)

    def _hand_out(self, jobs: Iterator[_Job]) -> None:
        if self._suspects:
            # One of these broke a worker. Each goes alone, so that the next break tells which.
            if self._pending:
                return
            self._submit(self._suspects.pop(), None)
            if self._pending:
                return
        while len(self._pending) < 2 * self._workers + 1:
            job = next(jobs, None)
            if job is None:
                return
            self._submit(job, None)

    def _take_back(self, future: Future[Any]) -> None:
        if future not in self._pending:  # given up with a broken pool
            return
        job, found = self._pending.pop(future)
        try:
            result = future.result()
        except BrokenProcessPool:
            self._broken(job)
            return
        if isinstance(result, Inspected):
            if self._heard(result.content):
                self._results.append((job, result, None))
            else:
                self._submit(job, result)
        elif isinstance(result, Failure) and not result.lasting and not _there(job.top):
            # Not this file failed, but all of its folder: what is known of it stays as it is.
            self._vanished[job.top] = "went away during the scan; run it again when it is back"
        else:
            self._results.append((job, found, result))

    def _broken(self, job: _Job) -> None:
        alone = not self._pending
        lost = [job, *(other for other, _ in self._pending.values())]
        self._pending.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        if alone:
            self._results.append((job, None, Failure("breaks the decoder: damaged, or made to do harm", lasting=True)))
        else:
            self._suspects += lost

    def _heard(self, content: str) -> bool:
        with self._store.read() as connection:
            query = select(TrackRow.id).where(TrackRow.content == content, TrackRow.analysis == ANALYSIS_VERSION)
            return connection.execute(query).first() is not None

    def _keep(self) -> None:
        self._kept = time.monotonic()
        if not self._results:
            return
        results, self._results = self._results, []
        new = updated = 0
        failed: dict[str, str] = {}
        with self._store.write() as connection:
            for job, found, result in results:
                if isinstance(result, Failure):
                    if result.gone:
                        refuse_missing(connection, [job.file])
                        continue
                    refuse(connection, job.file, result.problem, lasting=result.lasting)
                    failed[job.path] = result.problem
                elif found is not None:
                    if record(connection, self._store, job.file, found, result):
                        new += 1
                    else:
                        updated += 1
        self._done += len(results)
        self._report.new += new
        self._report.updated += updated
        room = 1000 - len(self._report.failed)
        self._report.failed.update(list(failed.items())[: max(0, room)])


def _there(top: str) -> bool:
    """Whether a folder can be read and holds anything."""
    try:
        with os.scandir(top) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
