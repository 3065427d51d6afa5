"""The person's collection: what is in it, what was set aside, what they corrected."""

import csv
import io
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from affetto.errors import LibraryError, OptionError
from affetto.music.catalog import FIELDS
from affetto.music.estimator import Mood, person_evidence
from affetto.music.records import write_evidence, write_mood
from affetto.music.stored import StoredLibrary, load, usable
from affetto.music.text import clean
from affetto.store import Store, default_store, default_store_exists, open_store
from affetto.store.tables import EvidenceRow, FileRow, FolderRow, TrackRow

__all__ = ["EXPORTS", "LISTS", "Collection", "FolderStatus", "Status", "default_collection", "default_library"]

EXPORTS = (".csv", ".jsonl")
"""What `Collection.export` can write: a catalog that `affetto.music.load_catalog` reads, or all that is known."""

LISTS = ("usable", "aside", "versions", "missing", "failed", "all")
"""What `Collection.entries` can list."""

_TEMPO = (20.0, 400.0)
_BATCH = 1000
_PERSON = "person"
_BUSY = "a scan is running in this library; stop it first"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStatus:
    """A folder of the collection.

    Attributes:
        path: Where it is.
        files: Sound files known in it, those that went missing left out.
        scanned: When it was last walked to its end, in seconds since 1970, or None.
        problem: Why it could not be walked; empty when it could.
    """

    path: str
    files: int
    scanned: int | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Numbers about a collection.

    Attributes:
        database: Where it is kept.
        usable: Tracks that playlists are made from.
        waiting: Files still to be listened to.
        failed: Files that nothing came of.
        missing: Tracks whose files are gone.
        versions: Tracks that another one stands for.
        aside: Tracks set aside by reason.
        sources: Usable tracks by what their mood was estimated from.
        corrected: Tracks whose mood the person corrected.
        folders: The folders.
    """

    database: str
    usable: int
    waiting: int
    failed: int
    missing: int
    versions: int
    aside: dict[str, int]
    sources: dict[str, int]
    corrected: int
    folders: tuple[FolderStatus, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("database", "usable", "waiting", "failed", "missing", "versions", "aside", "sources", "corrected")
        return {
            **{name: getattr(self, name) for name in names},
            "folders": [
                {"path": _plain(item.path), "files": item.files, "scanned": item.scanned, "problem": item.problem}
                for item in self.folders
            ],
        }


def _plain(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


_COLUMNS = tuple(column for column in TrackRow.__table__.columns if column.name != "mood_version")


class Collection:
    """The person's music in a store.

    Args:
        store: An open store; it is closed with the collection.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._library: StoredLibrary | None = None
        self._stamp: tuple[str, int] | None = None
        self._loading = threading.Lock()

    @classmethod
    def open(cls, address: str | Path | None = None) -> "Collection":
        """The collection at an address, by default that of the settings; made when there is none.

        Raises:
            StoreError: As `affetto.store.open_store`.
        """
        return cls(open_store(address))

    def __enter__(self) -> "Collection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    def library(self) -> StoredLibrary:
        """The tracks that can be recommended, as they are now; the same object as long as nothing has changed.

        Raises:
            StoreError: If the store cannot be read.
        """
        with self._loading:
            stamp = self.store.stamp()
            if self._library is None or stamp != self._stamp:
                self._library, self._stamp = load(self.store), stamp
            return self._library

    def status(self) -> Status:
        """Numbers about all of it."""
        with self.store.read() as connection:

            def count(*where: Any) -> int:
                query = select(func.count()).select_from(TrackRow).where(*where)
                return int(connection.execute(query).scalar_one())

            def by(column: Any, *where: Any) -> dict[str, int]:
                rows = connection.execute(select(column, func.count()).where(*where).group_by(column))
                return {
                    str(name): int(number) for name, number in sorted(rows.all(), key=lambda row: (-row[1], row[0]))
                }

            states = by(FileRow.state)
            corrected = select(func.count()).select_from(EvidenceRow).where(EvidenceRow.kind == "person")
            files = (
                select(FileRow.folder_id, func.count().label("files"))
                .where(FileRow.state != "missing")
                .group_by(FileRow.folder_id)
                .subquery()
            )
            folders = connection.execute(
                select(FolderRow, func.coalesce(files.c.files, 0))
                .outerjoin(files, files.c.folder_id == FolderRow.id)
                .order_by(FolderRow.path)
            )
            return Status(
                database=self.store.name,
                usable=count(*usable()),
                waiting=states.get("waiting", 0),
                failed=states.get("failed", 0),
                missing=count(~TrackRow.present),
                versions=count(TrackRow.same_as.is_not(None), TrackRow.present),
                aside=by(TrackRow.aside, TrackRow.aside != "", TrackRow.present),
                sources=by(TrackRow.mood_source, *usable()),
                corrected=int(connection.execute(corrected).scalar_one()),
                folders=tuple(
                    FolderStatus(path=row.path, files=row[-1], scanned=row.scanned, problem=row.problem)
                    for row in folders
                ),
            )

    def entries(self, words: str = "", *, which: str = "usable", limit: int | None = None) -> Iterator[dict[str, Any]]:
        """What is known of tracks, by artist and title; for ``failed``, the path and the problem of files.

        Args:
            words: Only those with all of these words in title, artist, album or genre.
            which: One of `LISTS`.
            limit: At most so many; None for all.

        Raises:
            OptionError: If there is no such list.
        """
        if which not in LISTS:
            raise OptionError(f"list {which!r}: choose from {', '.join(LISTS)}")
        if which == "failed":
            yield from self._failed(limit)
            return
        chosen: dict[str, tuple[Any, ...]] = {
            "usable": usable(),
            "aside": (TrackRow.aside != "", TrackRow.present),
            "versions": (TrackRow.same_as.is_not(None), TrackRow.present),
            "missing": (~TrackRow.present,),
            "all": (),
        }
        query = select(TrackRow.id).where(*chosen[which], *_having(words))
        query = query.order_by(TrackRow.artist, TrackRow.album, TrackRow.title, TrackRow.id).limit(limit)
        with self.store.read() as connection:
            numbers = list(connection.scalars(query))
        for start in range(0, len(numbers), _BATCH):
            yield from self._described(numbers[start : start + _BATCH])

    def _failed(self, limit: int | None) -> Iterator[dict[str, Any]]:
        query = select(FileRow.path, FileRow.problem).where(FileRow.state == "failed").order_by(FileRow.path)
        with self.store.read() as connection:
            rows = connection.execute(query.limit(limit)).all()
        for row in rows:
            yield {"path": _plain(row.path), "problem": row.problem}

    def _described(self, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
        with self.store.read() as connection:
            tracks = {row.id: row for row in connection.execute(select(*_COLUMNS).where(TrackRow.id.in_(numbers)))}
            files: dict[int, list[dict[str, str]]] = {}
            for row in connection.execute(
                select(FileRow.track_id, FileRow.path, FileRow.state, FileRow.note)
                .where(FileRow.track_id.in_(numbers))
                .order_by(FileRow.path)
            ):
                about = {"path": _plain(row.path), "state": row.state, "note": row.note}
                files.setdefault(int(row.track_id or 0), []).append(about)
        for number in numbers:
            if number in tracks:
                yield {**_facts(tracks[number]), "files": files.get(number, [])}

    def find(self, name: str) -> int:
        """The number of the track that a number, a path or some words stand for.

        Raises:
            LibraryError: If none or several match; the message names the nearest.
        """
        with self.store.read() as connection:
            if name.isdecimal() and len(name) < 19:
                found = connection.execute(select(TrackRow.id).where(TrackRow.id == int(name))).scalar()
                if found is not None:
                    return int(found)
            paths = _names(name)
            if paths:
                place = and_(FileRow.path.in_(paths), FileRow.track_id.is_not(None))
                found = connection.execute(select(FileRow.track_id).where(place)).scalar()
                found = found or connection.execute(select(TrackRow.id).where(TrackRow.uri == clean(name))).scalar()
                if found is not None:
                    return int(found)
            query = select(TrackRow.id, TrackRow.title, TrackRow.artist).where(*_having(name), *_words_needed(name))
            rows = connection.execute(query.order_by(TrackRow.id).limit(6)).all()
        exact = [row for row in rows if row.title.casefold() == name.strip().casefold()]
        rows = exact if len(exact) == 1 else rows
        if len(rows) == 1:
            return int(rows[0].id)
        shown = clean(name, longest=80)
        if not rows:
            raise LibraryError(f"track {shown!r}: not in the library; `affetto library list` shows what is")
        some = "; ".join(
            f"{row.id} {clean(row.title, longest=40)} · {clean(row.artist, longest=40)}" for row in rows[:5]
        )
        raise LibraryError(f"track {shown!r}: several match, give a number: {some}{'; ...' if len(rows) > 5 else ''}")

    def describe(self, number: int) -> dict[str, Any]:
        """All that is known of a track: facts, files, the evidence behind its mood, and the tracks it stands for.

        Raises:
            LibraryError: If there is no such track.
        """
        known = next(self._described([number]), None)
        if known is None:
            raise LibraryError(f"track {number}: not in the library; `affetto library list` shows what is")
        with self.store.read() as connection:
            rows = connection.execute(
                select(EvidenceRow).where(EvidenceRow.track_id == number).order_by(EvidenceRow.source)
            )
            known["evidence"] = [
                {
                    "source": row.source,
                    "valence": row.valence,
                    "arousal": row.arousal,
                    "valence_sd": row.valence_var**0.5,
                    "arousal_sd": row.arousal_var**0.5,
                }
                for row in rows
            ]
            stands_for = select(TrackRow.id).where(TrackRow.same_as == number).order_by(TrackRow.id)
            known["stands_for"] = list(connection.scalars(stands_for))
        return known

    def paths(self, number: int) -> tuple[Path, ...]:
        """The files of a track that are there, those alone that lie in a folder of the library with links followed."""
        with self.store.read() as connection:
            query = select(FileRow.path, FolderRow.path.label("top")).join(FolderRow, FolderRow.id == FileRow.folder_id)
            there = FileRow.track_id == number, FileRow.state.in_(("here", "waiting"))
            rows = connection.execute(query.where(*there).order_by(FileRow.id)).all()
        return tuple(
            Path(row.path) for row in rows if Path(os.path.realpath(row.path)).is_relative_to(os.path.realpath(row.top))
        )

    def fix(
        self,
        number: int,
        *,
        valence: float | None = None,
        arousal: float | None = None,
        tempo: float | None = None,
    ) -> Mood:
        """Takes the person's word about a track; it wins over every estimate, now and after any scan.

        Args:
            number: The track.
            valence: In [-1, 1]; None leaves it as it is, if arousal is given.
            arousal: In [-1, 1]; likewise.
            tempo: Beats per minute.

        Returns:
            The mood of the track from now on.

        Raises:
            OptionError: If nothing is given, or a value is out of range.
            LibraryError: If there is no such track.
        """
        if valence is None and arousal is None and tempo is None:
            raise OptionError("nothing to correct: give --valence, --arousal or --tempo")
        if tempo is not None and not _TEMPO[0] <= tempo <= _TEMPO[1]:
            raise OptionError(f"tempo = {tempo:g}: give beats per minute from {_TEMPO[0]:g} to {_TEMPO[1]:g}")
        known = self.describe(number)
        with self.store.write() as connection:
            if tempo is not None:
                connection.execute(update(TrackRow).where(TrackRow.id == number).values(fixed_tempo=tempo))
            if valence is not None or arousal is not None:
                belief = person_evidence(
                    valence=known["valence"] if valence is None else valence,
                    arousal=known["arousal"] if arousal is None else arousal,
                )
                write_evidence(connection, number, {_PERSON: belief})
            return write_mood(connection, number)

    def unfix(self, number: int) -> Mood:
        """Takes back what the person said about a track; the estimates speak again.

        Raises:
            LibraryError: If there is no such track.
        """
        self.describe(number)
        with self.store.write() as connection:
            connection.execute(delete(EvidenceRow).where(EvidenceRow.track_id == number, EvidenceRow.kind == _PERSON))
            connection.execute(update(TrackRow).where(TrackRow.id == number).values(fixed_tempo=None))
            return write_mood(connection, number)

    def remove(self, number: int) -> None:
        """Sets a track aside for good: a scan that meets its file again leaves it there.

        Raises:
            LibraryError: If there is no such track.
        """
        self.describe(number)
        with self.store.write() as connection:
            connection.execute(update(TrackRow).where(TrackRow.id == number).values(aside="removed", same_as=None))
            # Those it stood for speak for themselves until the next scan compares them again.
            connection.execute(update(TrackRow).where(TrackRow.same_as == number).values(same_as=None))

    def has_folder(self, path: str | Path) -> bool:
        """Whether a path is a folder of the library."""
        with self.store.read() as connection:
            query = select(FolderRow.id).where(FolderRow.path.in_(_names(path)))
            return connection.execute(query).first() is not None

    def remove_folder(self, path: str | Path) -> int:
        """Forgets a folder, its files and the tracks that were nowhere else; the number of those tracks.

        Raises:
            LibraryError: If it is not a folder of the library.
            StoreError: If a scan is running.
        """
        with self.store.lock("scan", busy=_BUSY), self.store.write() as connection:
            found = connection.execute(select(FolderRow.id).where(FolderRow.path.in_(_names(path)))).scalar()
            if found is None:
                raise LibraryError(
                    f"folder {_plain(str(path))}: not one of the library; `affetto library status` lists them"
                )
            inside = select(FileRow.track_id).where(FileRow.folder_id == found, FileRow.track_id.is_not(None))
            tracks = set(connection.scalars(inside))
            connection.execute(delete(FileRow).where(FileRow.folder_id == found))
            connection.execute(delete(FolderRow).where(FolderRow.id == found))
            return _forget_orphans(connection, sorted(int(track) for track in tracks if track))

    def remove_missing(self) -> int:
        """Forgets the tracks whose files are gone, with what the person said about them; their number."""
        with self.store.lock("scan", busy=_BUSY), self.store.write() as connection:
            gone = list(connection.scalars(select(TrackRow.id).where(~TrackRow.present)))
            connection.execute(delete(FileRow).where(FileRow.state == "missing"))
            return _forget_orphans(connection, gone)

    def remove_all(self) -> None:
        """Forgets everything: folders, files, tracks, corrections."""
        with self.store.lock("scan", busy=_BUSY), self.store.write() as connection:
            for table in (FileRow, FolderRow, TrackRow):
                connection.execute(delete(table))

    def export(self, path: str | Path, *, which: str = "usable") -> int:
        """Writes the collection to a file, whole or not at all, and gives the number of tracks.

        Args:
            path: ``.csv``, a catalog as `affetto.music.load_catalog` reads it, or ``.jsonl``, all that is known, one
                track a line.
            which: One of `LISTS`, but ``failed``.

        Raises:
            OptionError: If the suffix or the list is another one.
            LibraryError: If the file cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in EXPORTS or which == "failed":
            raise OptionError(f"export {_plain(str(path))}: write tracks as {' or '.join(EXPORTS)}")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        count = 0
        try:
            try:
                with part.open("w", encoding="utf-8", newline="", errors="replace") as file:
                    writer = _catalog_writer(file) if suffix == ".csv" else None
                    for entry in self.entries(which=which):
                        count += 1
                        if writer is None:
                            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                        else:
                            writer.writerow(_catalog_row(entry))
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LibraryError(f"export {_plain(str(path))}: {reason}; give another name or folder") from error
        return count


def _names(path: str | Path) -> set[str]:
    """What a path may be known as."""
    if "\0" in str(path):
        return set()
    full = Path(path).expanduser()
    return {str(path), str(full.absolute()), os.path.realpath(full)}


def _forget_orphans(connection: Any, tracks: Sequence[int]) -> int:
    """Deletes those of some tracks that no file and no address holds; others keep their place."""
    gone = 0
    for start in range(0, len(tracks), _BATCH):
        some = list(tracks[start : start + _BATCH])
        held = select(FileRow.track_id).where(FileRow.track_id.is_not(None))
        result = connection.execute(
            delete(TrackRow).where(TrackRow.id.in_(some), TrackRow.uri.is_(None), TrackRow.id.not_in(held))
        )
        gone += result.rowcount
        there = _file_there()
        connection.execute(
            update(TrackRow).where(TrackRow.id.in_(some), TrackRow.uri.is_(None), ~there).values(present=False)
        )
    return gone


def _file_there() -> Any:
    """Whether a file of the track is there."""
    return (
        select(FileRow.id)
        .where(FileRow.track_id == TrackRow.id, FileRow.state.in_(("here", "waiting")))
        .correlate(TrackRow)
        .exists()
    )


def _words_needed(name: str) -> tuple[ColumnElement[bool], ...]:
    return () if name.split() else (TrackRow.id < 0,)


def _having(words: str) -> list[ColumnElement[bool]]:
    """All of the words, each somewhere in the names of a track."""
    places = (TrackRow.title, TrackRow.artist, TrackRow.album, TrackRow.genre)
    return [
        or_(*(place.icontains(word, autoescape=True) for place in places))
        for word in clean(words, longest=200).split()[:10]
    ]


def _facts(row: Any) -> dict[str, Any]:
    key = f"{row.key} {row.mode}".strip() or row.tag_key
    return {
        "id": row.id,
        "title": row.title,
        "artist": row.artist,
        "album_artist": row.album_artist,
        "album": row.album,
        "year": row.year,
        "genre": row.genre,
        "feels": row.feels.split("|") if row.feels else [],
        "guessed": row.guessed.split("|") if row.guessed else [],
        "seconds": row.seconds,
        "tempo": row.fixed_tempo or row.tempo or row.tag_tempo,
        "tempo_alternative": row.tempo_alternative,
        "tempo_strength": row.tempo_strength,
        "tempo_corrected": row.fixed_tempo is not None,
        "key": key,
        "key_confidence": row.key_confidence,
        "loudness": row.loudness,
        "loudness_range": row.loudness_range,
        "onset_density": row.onset_density,
        "gain": row.gain,
        "music": row.music,
        "valence": row.valence,
        "arousal": row.arousal,
        "valence_sd": row.valence_var**0.5,
        "arousal_sd": row.arousal_var**0.5,
        "mood_source": row.mood_source,
        "version": row.version,
        "same_as": row.same_as,
        "aside": row.aside,
        "present": row.present,
        "uri": row.uri,
        "recording_mbid": row.recording_mbid,
        "artist_mbid": row.artist_mbid,
        "release_mbid": row.release_mbid,
        "isrc": row.isrc,
    }


def _catalog_writer(file: io.TextIOBase | Any) -> Any:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    return writer


def _number(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _catalog_row(entry: dict[str, Any]) -> list[str]:
    there = [file["path"] for file in entry["files"] if file["state"] != "missing"]
    return [
        str(entry["id"]),
        entry["title"],
        entry["artist"] or "unknown artist",
        entry["genre"],
        "|".join(entry["feels"]),
        _number(entry["tempo"], 2),
        _number(entry["seconds"], 2) if (entry["seconds"] or 0) >= 1 else "",
        there[0] if there else entry["uri"] or f"track:{entry['id']}",
        "",
        "",
        *(_number(entry[name]) for name in ("valence", "arousal", "valence_sd", "arousal_sd")),
        entry["mood_source"],
    ]


_open: dict[str, Collection] = {}
_opening = threading.Lock()


def default_collection(*, make: bool = False) -> Collection | None:
    """The person's collection, opened once for a process, or None where there is none yet.

    Args:
        make: Whether to make one then.

    Raises:
        StoreError: If there is a store that cannot be read.
    """
    if not make and not default_store_exists():
        return None
    from affetto.settings import settings
    from affetto.store import database_path

    address = settings().database_url or str(database_path())
    with _opening:
        if address not in _open:
            _open[address] = Collection(default_store())
        return _open[address]


def default_library() -> StoredLibrary | None:
    """The tracks of the person's collection, or None where there is none yet, or nothing in it to play.

    The store is opened once for a process; later calls cost one question to it.

    Raises:
        StoreError: If there is a store that cannot be read.
    """
    collection = default_collection()
    library = collection.library() if collection else None
    return library if library else None
