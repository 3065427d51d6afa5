"""What the songs of a Subsonic server sound like: downloaded one after the other, kept for a while, and analysed.

The listening goes on where it stopped.
"""

import time
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from affetto.errors import PlayerError
from affetto.music.analysis import ANALYSIS_VERSION, analyse
from affetto.music.duplicates import settle
from affetto.music.listening import Analyse, Failure, Inline, Inspected, inspect, listen, start_workers
from affetto.players.base import AccessError, LaterError, StoppedError, Watch
from affetto.players.kept import read_facts, write_facts
from affetto.players.subsonic.api import Fault
from affetto.players.subsonic.cache import AudioCache
from affetto.players.subsonic.catalog import BUSY, Imported
from affetto.players.subsonic.player import Subsonic, song_of
from affetto.players.subsonic.rows import keep_analysis, to_hear, waiting
from affetto.settings import settings
from affetto.store import Store
from affetto.store.tables import TrackRow

__all__ = ["listen_to_songs"]

_IN_A_ROW = 5  # songs that fail one after the other before the server is taken to be the cause
_REMEMBERED = 5_000  # songs that nothing came of


@dataclass(frozen=True, slots=True)
class _Job:
    track: int
    identity: str
    title: str
    path: Path


def listen_to_songs(
    store: Store,
    player: Subsonic,
    *,
    most: int | None = None,
    pause: float = 0.2,
    workers: int = 1,
    cache: AudioCache | None = None,
    folder: Path | None = None,
    listener: Analyse = analyse,
    watch: Watch | None = None,
) -> Imported:
    """Downloads songs that were never heard, one after the other, and analyses them.

    Args:
        store: The library.
        player: The server.
        most: Songs at most in this run; None for all.
        pause: Seconds to leave the server alone between two downloads.
        workers: Processes that listen; 0 to do it in this one.
        cache: Where downloads are kept.
        folder: Where it is remembered which songs cannot be heard; None for the data folder of the settings.
        listener: What listens to a file; picklable when there are workers.
        watch: Who watches.

    Raises:
        StoreError: If a scan is running, or the database fails.
        PlayerError: If the server fails; what was heard is kept, and the next call goes on from there.
    """
    began, watch = time.monotonic(), watch or Watch()
    done = Imported()
    with store.lock("scan", busy=BUSY):
        hearing = _Hearing(store, player, done, workers, listener, folder)
        try:
            hearing.run(cache or AudioCache(player.name), most, pause, watch)
        finally:
            hearing.close()
        done.same = settle(store) if done.heard else 0
    done.waiting = waiting(store, player.name)
    done.seconds = time.monotonic() - began
    return done


class _Hearing:
    """Downloads in this thread while processes listen to what came before."""

    def __init__(
        self, store: Store, player: Subsonic, done: Imported, workers: int, listener: Analyse, folder: Path | None
    ) -> None:
        self._store, self._player, self._done = store, player, done
        self._workers, self._listener = workers, listener
        self._pool: Executor | None = None
        self._pending: dict[Future[Any], tuple[_Job, Inspected | None]] = {}
        self._file = (folder or settings().data_dir / "players") / f"{player.name}.unheard.json"
        held = read_facts(self._file) or {}  # without it, the work that it saves is done again
        # A new version of the analysis may hear what an older one could not.
        self._unheard: dict[str, str] = dict(held["songs"]) if held.get("version") == ANALYSIS_VERSION else {}

    def run(self, cache: AudioCache, most: int | None, pause: float, watch: Watch) -> None:
        songs = [song for song in self._songs() if song[1] not in self._unheard][:most]
        failures = 0
        for number, (track, identity, title) in enumerate(songs):
            watch.progress("listening", number, len(songs))
            watch.check()
            here = cache.get(identity) is not None
            try:
                path = cache.fetch(self._player, identity, watch=watch)
            except (AccessError, LaterError, StoppedError):
                raise
            except PlayerError as error:
                failures += 1
                self._note(identity, title, str(error), lasting=isinstance(error, Fault) and error.code == 70)
                if failures == _IN_A_ROW:
                    raise PlayerError(
                        f"{error}; {failures} songs in a row could not be had, what was heard is kept"
                    ) from None
                continue
            failures = 0
            self._submit(_Job(track, identity, title, path), None)
            while len(self._pending) > 2 * self._workers:
                self._take_back()
            if not here:
                watch.wait(pause)
        while self._pending:
            self._take_back()
        watch.progress("listening", len(songs), len(songs))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        songs = dict(list(self._unheard.items())[-_REMEMBERED:])
        write_facts(self._file, {"version": ANALYSIS_VERSION, "songs": songs}, what="songs not heard")

    def _songs(self) -> list[tuple[int, str, str]]:
        with self._store.read() as connection:
            rows = connection.execute(
                select(TrackRow.id, TrackRow.uri, TrackRow.title)
                .where(*to_hear(self._player.name))
                .order_by(TrackRow.id)
            ).all()
        return [(row.id, song_of(row.uri, self._player.name) or "", row.title) for row in rows]

    def _submit(self, job: _Job, found: Inspected | None) -> None:
        if self._pool is None:
            self._pool = start_workers(self._workers) if self._workers else Inline()
        if found is None:
            future = self._pool.submit(inspect, str(job.path), str(job.path.parent))
        else:
            future = self._pool.submit(listen, str(job.path), self._listener)
        self._pending[future] = (job, found)

    def _take_back(self) -> None:
        """Waits for the oldest piece of work and writes down what came of it."""
        future = next(iter(self._pending))
        job, found = self._pending.pop(future)
        try:
            result = future.result()
        except BrokenProcessPool:
            self._broken(job)
            return
        if isinstance(result, Failure):
            self._note(job.identity, job.title, result.problem, lasting=result.lasting)
        elif isinstance(result, Inspected):
            self._submit(job, result)
        elif found is not None:
            keep_analysis(self._store, job.track, found, result)
            self._done.heard += 1

    def _broken(self, job: _Job) -> None:
        """A file broke a worker: each that was under way goes again, alone, to tell which."""
        suspects = [job, *(other for other, _ in self._pending.values())]
        alone = len(suspects) == 1
        self._pending.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        if alone:
            self._note(job.identity, job.title, "breaks the decoder: damaged, or made to do harm", lasting=True)
            return
        for suspect in suspects:
            self._submit(suspect, None)
            while self._pending:
                self._take_back()

    def _note(self, identity: str, title: str, problem: str, *, lasting: bool) -> None:
        if lasting:
            self._unheard[identity] = problem[:300]
        if len(self._done.failed) < 1000:
            self._done.failed[f"{title} ({identity})"] = problem
