"""Scanning folders: what is new, changed, moved or gone, then listening to what is not known yet.

The list of files still to be listened to is kept in the store, so that a scan that was stopped, by whatever means, goes
on where it was; each result is kept within a second or so.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update

from affetto.music.analysis import ANALYSIS_VERSION, Analysis, analyse
from affetto.music.duplicates import settle
from affetto.music.folders import add_folder, folders, wanted
from affetto.music.listening import Analyse, Failure, Inline, Inspected, inspect, listen, start_workers
from affetto.music.looking import look
from affetto.music.records import newer_moods, record, refuse, refuse_missing
from affetto.music.report import Progress, Report
from affetto.store import Store
from affetto.store.tables import FileRow, FolderRow, TrackRow

__all__ = ["Progress", "Report", "add_folder", "folders", "scan"]

_BATCH = 1000
_KEEP_SECONDS = 1.0
_BUSY = "another scan is running in this library; wait until it ends, or stop it"


@dataclass(frozen=True, slots=True)
class _Job:
    file: int
    path: str
    top: str


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
            for folder, where in wanted(store, below):
                look(store, folder, where, report, say)
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


def _stood_for(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).select_from(TrackRow).where(TrackRow.same_as.is_not(None))
        return int(connection.execute(query).scalar_one())


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
