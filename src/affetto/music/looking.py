"""The first half of a scan: walking a folder, and noting which files are new, changed, back or missing."""

import os
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select, update

from affetto.music.analysis import ANALYSIS_VERSION
from affetto.music.folders import Folder, within
from affetto.music.records import refuse_missing
from affetto.music.report import Progress, Report
from affetto.music.walk import Found, Walk
from affetto.store import Store
from affetto.store.tables import FileRow, FolderRow

__all__ = ["look"]

_BATCH = 1000


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


def look(store: Store, folder: Folder, where: str, report: Report, say: Progress) -> None:
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


def _compare(store: Store, folder: Folder, batch: Sequence[Found], seen: _Marks, report: Report) -> None:
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


def _holds(store: Store, folder: Folder) -> bool:
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
        lost = [row.id for row in rows if row.id not in seen and not any(within(row.path, place) for place in unknown)]
        if lost:
            with store.write() as connection:
                refuse_missing(connection, lost)
            gone += len(lost)
