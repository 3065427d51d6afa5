"""The catalog of a Subsonic server in the library: what it lists, and what its songs sound like.

A song becomes a track whose address names the connection and the song, and no secret. The walk over the catalog and the
listening both go on where they stopped.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from affetto.errors import PlayerError
from affetto.music.analysis import ANALYSIS_VERSION, Analysis, analyse
from affetto.music.duplicates import settle
from affetto.music.estimator import MOOD_VERSION, MoodEvidence, audio_evidence, fuse, genre_evidence, tag_evidence
from affetto.music.identity import piece_of
from affetto.music.listening import Analyse, Failure, Inline, Inspected, inspect, listen, start_workers
from affetto.music.records import SHORTEST, write_evidence, write_mood
from affetto.players.base import AccessError, LaterError, StoppedError, Watch
from affetto.players.subsonic import Subsonic, address_of, song_of
from affetto.players.subsonic_api import PAGE, Fault, Song
from affetto.settings import settings
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FeaturesRow, TrackRow

__all__ = ["AudioCache", "Imported", "import_catalog", "listen_to_songs"]

_BUSY = "a scan is running in this library; wait until it ends, or stop it"
_GONE = "gone"
_DAY = 86_400.0
_KEEP_SECONDS = 2.0
_LARGEST = 512 << 20  # bytes of one song
_IN_A_ROW = 5  # songs that fail one after the other before the server is taken to be the cause
_REMEMBERED = 5_000  # songs that nothing came of
_SPOKEN = frozenset(
    {"speech", "spoken", "spoken word", "audiobook", "audio book", "audiobooks", "podcast", "interview"}
)
_FACTS = (
    "title",
    "artist",
    "album_artist",
    "album",
    "year",
    "genre",
    "feels",
    "tag_tempo",
    "recording_mbid",
    "isrc",
    "seconds",
    "aside",
)


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes:
        songs: Songs that the server lists.
        new: Tracks that were not known before.
        updated: Tracks whose facts changed.
        gone: Tracks that the server lists no more.
        heard: Songs that were listened to.
        waiting: Songs still to be listened to.
        failed: Songs that nothing came of, with the reason.
        same: Tracks that another one stands for, in all of the library.
        seconds: How long it took.
    """

    songs: int = 0
    new: int = 0
    updated: int = 0
    gone: int = 0
    heard: int = 0
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])
    same: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


def import_catalog(
    store: Store, player: Subsonic, *, folder: Path | None = None, watch: Watch | None = None
) -> Imported:
    """Makes every song of the server a track of the library; nothing is listened to.

    The mood rests on genre and mood tags until `listen_to_songs` has heard the song. What was imported before is
    brought up to date; songs that the server lists no more are set aside, and come back when it lists them again.

    Args:
        store: The library.
        player: The server.
        folder: Where it is remembered how far the walk came; None for the data folder of the settings.
        watch: Who watches.

    Raises:
        StoreError: If a scan is running, or the database fails.
        PlayerError: If the server fails; what was read is kept, and the next call goes on from there.
    """
    began, watch = time.monotonic(), watch or Watch()
    done, walk = Imported(), _Walk(player.name, folder)
    with store.lock("scan", busy=_BUSY):
        try:
            for songs in _pages(player, walk, watch):
                _write(store, player.name, songs, done)
                walk.saw(songs)
                done.songs = len(walk.seen)
                watch.progress("reading the catalog", done.songs, done.songs)
        except BaseException:
            walk.save()
            raise
        if not walk.seen:
            raise PlayerError(f"{player.api.who}: lists no songs; check that it has scanned its music")
        done.gone = _set_aside(store, player.name, walk.seen)
        walk.end()
        done.same = settle(store)
    done.waiting = _waiting(store, player.name)
    done.seconds = time.monotonic() - began
    return done


class _Walk:
    """How far the walk over a catalog came, on disk; forgotten after a day, since catalogs change."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{name}.walk.json"
        self._saved = time.monotonic()
        held = _read_json(self._file)
        fresh = 0 <= time.time() - float(held.get("at") or 0) < _DAY
        self.seen: set[str] = set(map(str, held.get("seen") or [])) if fresh else set()
        self.albums: set[str] = set(map(str, held.get("albums") or [])) if fresh else set()
        self.by_album = bool(held.get("by_album")) and fresh

    @property
    def offset(self) -> int:
        """Songs that need not be asked for again; one page is, since songs may have moved by some places."""
        return max(0, len(self.seen) - PAGE)

    def saw(self, songs: Iterable[Song]) -> None:
        self.seen.update(song.id for song in songs)
        if time.monotonic() - self._saved > _KEEP_SECONDS:
            self.save()

    def save(self) -> None:
        facts = {"at": time.time(), "seen": sorted(self.seen), "albums": sorted(self.albums), "by_album": self.by_album}
        _write_json(self._file, facts)
        self._saved = time.monotonic()

    def end(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()


def _pages(player: Subsonic, walk: _Walk, watch: Watch) -> Iterator[Sequence[Song]]:
    """Songs of the whole catalog in pages: by an empty search, or album by album where that finds nothing."""
    if not walk.by_album:
        found = False
        try:
            for page in player.api.songs(offset=walk.offset, watch=watch):
                found = True
                yield page
        except Fault as fault:
            if found or isinstance(fault, AccessError):
                raise
        if found or walk.seen:
            return
        walk.by_album = True
    for album in player.api.albums(watch=watch):
        if album in walk.albums:
            continue
        songs = player.api.album(album, watch=watch)
        if songs:
            yield songs
        walk.albums.add(album)


def _columns(song: Song) -> dict[str, Any]:
    """What the library keeps of a song."""
    piece = piece_of(artist=song.artist, title=song.title, album=song.album, album_artist=song.album_artist)
    spoken = song.genre.casefold() in _SPOKEN
    short = song.seconds is not None and song.seconds < SHORTEST
    return {
        "title": song.title,
        "artist": song.artist,
        "album_artist": song.album_artist,
        "album": song.album,
        "year": song.year,
        "genre": song.genre,
        "feels": "|".join(word.replace("|", " ") for word in song.moods),
        "tag_tempo": song.tempo,
        "recording_mbid": song.recording_mbid,
        "isrc": song.isrc.upper().replace("-", ""),
        "seconds": song.seconds,
        "aside": "speech" if spoken else "short" if short else "",
        "work": piece.key,
        "version": piece.version,
        "quality": song.bitrate / 1000 - 10_000.0,  # a file of one's own comes before an address
    }


@lru_cache(maxsize=4096)
def _beliefs(genre: str, moods: tuple[str, ...]) -> tuple[tuple[str, MoodEvidence], ...]:
    """What the words that describe a song say of its mood."""
    said = {f"tags: {word}": tag_evidence(word) for word in moods}
    said["genre"] = genre_evidence(genre) if genre else None
    return tuple((source, belief) for source, belief in said.items() if belief is not None)


@lru_cache(maxsize=4096)
def _mood(beliefs: tuple[tuple[str, MoodEvidence], ...]) -> tuple[tuple[str, Any], ...]:
    mood = fuse([belief for _, belief in beliefs])
    (vv, va), (_, aa) = mood.affect.covariance
    columns = {
        "valence": mood.affect.valence,
        "arousal": mood.affect.arousal,
        "valence_var": vv,
        "arousal_var": aa,
        "mood_cov": va,
        "mood_source": mood.source,
        "mood_version": MOOD_VERSION,
    }
    return tuple(columns.items())


def _write(store: Store, name: str, songs: Sequence[Song], done: Imported) -> None:
    """Writes a page of songs down: one look, one insert, and an update for each that changed."""
    by_uri = {address_of(name, song.id): song for song in songs}
    with store.write() as connection:
        columns = [getattr(TrackRow, fact) for fact in _FACTS]
        rows = connection.execute(
            select(TrackRow.id, TrackRow.uri, TrackRow.analysis, *columns).where(TrackRow.uri.in_(list(by_uri)))
        )
        known = {row.uri: row for row in rows}
        now, fresh = int(time.time()), [uri for uri in by_uri if uri not in known]
        if fresh:
            values = [
                {
                    "uri": uri,
                    "present": True,
                    "added": now,
                    **_columns(by_uri[uri]),
                    **dict(_mood(_beliefs(by_uri[uri].genre, by_uri[uri].moods))),
                }
                for uri in fresh
            ]
            statement = insert(TrackRow).returning(TrackRow.id, sort_by_parameter_order=True)
            numbers = connection.execute(statement, values).scalars().all()
            evidence = [
                {"track_id": number, **_evidence(source, belief)}
                for number, uri in zip(numbers, fresh, strict=True)
                for source, belief in _beliefs(by_uri[uri].genre, by_uri[uri].moods)
            ]
            if evidence:
                connection.execute(insert(EvidenceRow), evidence)
            done.new += len(fresh)
        for uri, row in known.items():
            done.updated += _renew(connection, row, by_uri[uri])


def _evidence(source: str, belief: MoodEvidence) -> dict[str, Any]:
    (vv, va), (_, aa) = belief.affect.covariance
    return {
        "source": source[:200],
        "kind": belief.kind,
        "valence": belief.affect.valence,
        "arousal": belief.affect.arousal,
        "valence_var": vv,
        "arousal_var": aa,
        "covariance": va,
    }


def _renew(connection: Any, row: Any, song: Song) -> bool:
    """Brings a known track up to date; whether anything changed."""
    new = _columns(song)
    if row.analysis:
        # What was heard and what the file's own tags told is better than what the server says.
        for fact in ("seconds", "feels", "tag_tempo", "isrc", "recording_mbid"):
            if fact != "seconds" or _alike(row.seconds, new["seconds"]):
                new[fact] = getattr(row, fact) or new[fact]
    if row.aside in ("removed", "not music"):
        new["aside"] = row.aside
    if all(getattr(row, fact) == new[fact] for fact in _FACTS):
        return False
    if not _alike(row.seconds, new["seconds"]):
        new["analysis"] = 0  # another recording took its place
    connection.execute(update(TrackRow).where(TrackRow.id == row.id).values(**new))
    if (row.genre, row.feels) != (new["genre"], new["feels"]):
        own = EvidenceRow.kind.in_(("tags", "genre"))
        connection.execute(delete(EvidenceRow).where(EvidenceRow.track_id == row.id, own))
        moods = tuple(word for word in new["feels"].split("|") if word)
        write_evidence(connection, row.id, dict(_beliefs(new["genre"], moods)))
        write_mood(connection, row.id)
    return True


def _alike(one: float | None, other: float | None) -> bool:
    """Whether two lengths may be the same: servers round to seconds."""
    return one is None or other is None or abs(one - other) <= 2.0


def _ours(name: str) -> Any:
    return TrackRow.uri.startswith(address_of(name, ""), autoescape=True)


def _set_aside(store: Store, name: str, seen: set[str]) -> int:
    """Sets aside the tracks that the server lists no more."""
    with store.read() as connection:
        rows = connection.execute(select(TrackRow.id, TrackRow.uri).where(_ours(name), TrackRow.aside != _GONE)).all()
    gone = [row.id for row in rows if song_of(row.uri, name) not in seen]
    for start in range(0, len(gone), PAGE):
        with store.write() as connection:
            some = TrackRow.id.in_(gone[start : start + PAGE])
            connection.execute(update(TrackRow).where(some).values(aside=_GONE))
    return len(gone)


def _to_hear(name: str) -> tuple[Any, ...]:
    return _ours(name), TrackRow.analysis != ANALYSIS_VERSION, TrackRow.aside == ""


def _waiting(store: Store, name: str) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(TrackRow).where(*_to_hear(name))).scalar_one())


# -- listening ------------------------------------------------------------------------------------------------------


class AudioCache:
    """Songs that were downloaded, so that a new version of the analysis need not ask for them again.

    Args:
        name: Name of the connection.
        folder: Where they lie; None for the cache folder of the settings.
        most: Bytes to keep; what was used longest ago goes first.
    """

    def __init__(self, name: str, *, folder: Path | None = None, most: int = 2 << 30) -> None:
        self._folder = (folder or settings().cache_dir) / "subsonic" / name
        self._most = most

    def get(self, identity: str) -> Path | None:
        """The file of a song, if it is here."""
        found = self._path(identity)
        with contextlib.suppress(OSError):
            os.utime(found)
        return found if found.is_file() else None

    def fetch(self, player: Subsonic, identity: str, *, watch: Watch) -> Path:
        """The file of a song, downloaded if it is not here.

        Raises:
            PlayerError: If it cannot be had, or written.
        """
        here = self.get(identity)
        if here is not None:
            return here
        target = self._path(identity)
        part = target.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("w+b") as file:
                    player.api.download(identity, file, most=_LARGEST, watch=watch)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise PlayerError(f"{target}: {error.strerror}; make room, or choose another cache_dir") from None
        self._prune(target)
        return target

    def _path(self, identity: str) -> Path:
        # What a server calls a song is no name for a file; what kind it is, its content tells.
        return self._folder / f"{hashlib.sha256(identity.encode('utf-8', 'replace')).hexdigest()[:32]}.song"

    def _prune(self, last: Path) -> None:
        """Removes what was used longest ago, beyond what may be kept; never the file that is about to be used."""
        with contextlib.suppress(OSError):
            files = sorted(((f.stat().st_mtime, f.stat().st_size, f) for f in self._folder.iterdir()), reverse=True)
            kept = 0
            for _, size, file in files:
                kept += size
                if kept > self._most and file != last:
                    file.unlink(missing_ok=True)


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
    with store.lock("scan", busy=_BUSY):
        hearing = _Hearing(store, player, done, workers, listener, folder)
        try:
            hearing.run(cache or AudioCache(player.name), most, pause, watch)
        finally:
            hearing.close()
        done.same = settle(store) if done.heard else 0
    done.waiting = _waiting(store, player.name)
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
        held = _read_json(self._file)
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
        _write_json(
            self._file, {"version": ANALYSIS_VERSION, "songs": dict(list(self._unheard.items())[-_REMEMBERED:])}
        )

    def _songs(self) -> list[tuple[int, str, str]]:
        with self._store.read() as connection:
            rows = connection.execute(
                select(TrackRow.id, TrackRow.uri, TrackRow.title)
                .where(*_to_hear(self._player.name))
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
            self._keep(job, found, result)

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

    def _keep(self, job: _Job, found: Inspected, sound: Analysis) -> None:
        tags = found.tags
        features = np.asarray(sound.features, dtype="<f4")
        columns: dict[str, Any] = {
            name: getattr(sound, name)
            for name in ("seconds", "tempo", "tempo_alternative", "tempo_strength", "key_confidence", "loudness")
        } | {
            "loudness_range": sound.loudness_range,
            "onset_density": sound.onset_density,
            "key": sound.key or "",
            "mode": sound.mode or "",
            "music": sound.music_probability,
            "analysis": ANALYSIS_VERSION,
            "tag_key": tags.key,
            "gain": tags.gain,
        }
        if sound.music_probability < 0.5:
            columns["aside"] = "not music"
        elif sound.seconds < SHORTEST:
            columns["aside"] = "short"
        extra = {"tag_tempo": tags.tempo, "isrc": tags.isrc, "recording_mbid": tags.recording_mbid}
        with self._store.write() as connection:
            row = connection.execute(
                select(
                    TrackRow.genre, TrackRow.feels, TrackRow.tag_tempo, TrackRow.isrc, TrackRow.recording_mbid
                ).where(TrackRow.id == job.track)
            ).one()
            moods = tuple(dict.fromkeys((*(word for word in row.feels.split("|") if word), *tags.feels)))[:20]
            columns |= {name: value for name, value in extra.items() if value and not getattr(row, name)}
            columns["feels"] = "|".join(moods)
            connection.execute(update(TrackRow).where(TrackRow.id == job.track).values(**columns))
            data = self._store.insert_or_update(FeaturesRow, ["track_id"], ["data"])
            connection.execute(data.values(track_id=job.track, data=features.tobytes()))
            beliefs = {**dict(_beliefs(row.genre, moods)), "audio": audio_evidence(features[None, :])[0]}
            write_evidence(connection, job.track, beliefs)
            write_mood(connection, job.track)
        self._done.heard += 1


def _read_json(file: Path) -> dict[str, Any]:
    """What lies in a file; nothing where it is missing or damaged: the work it saves is then done again."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}


def _write_json(file: Path, facts: Mapping[str, Any]) -> None:
    beside = file.with_name(f".{file.stem}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(facts), encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise PlayerError(f"{file}: {error.strerror}; choose another data_dir") from None
