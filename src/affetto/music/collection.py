"""The person's collection: what is in it, what was set aside, what they corrected."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import delete, select, update

from affetto.errors import LibraryError, OptionError
from affetto.music import entries, export
from affetto.music.entries import LISTS, names_of
from affetto.music.estimator import Mood, person_evidence
from affetto.music.export import EXPORTS
from affetto.music.records import said_by_person, write_evidence, write_mood
from affetto.music.report import shown
from affetto.music.status import FolderStatus, Status, status_of
from affetto.music.stored import StoredLibrary, load
from affetto.store import Store, default_store, default_store_exists, open_store
from affetto.store.tables import EvidenceRow, FileRow, FolderRow, TrackRow

__all__ = ["EXPORTS", "LISTS", "Collection", "FolderStatus", "Status", "default_collection", "default_library"]

_TEMPO = (20.0, 400.0)
_BATCH = 1000
_PERSON = "person"
_BUSY = "a scan is running in this library; stop it first"


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
        return status_of(self.store)

    def entries(self, words: str = "", *, which: str = "usable", limit: int | None = None) -> Iterator[dict[str, Any]]:
        """What is known of tracks, by artist and title; for ``failed``, the path and the problem of files.

        Args:
            words: Only those with all of these words in title, artist, album or genre.
            which: One of `LISTS`.
            limit: At most so many; None for all.

        Raises:
            OptionError: If there is no such list.
        """
        return entries.entries(self.store, words, which=which, limit=limit)

    def find(self, name: str) -> int:
        """The number of the track that a number, a path or some words stand for.

        Raises:
            LibraryError: If none or several match; the message names the nearest.
        """
        return entries.find(self.store, name)

    def describe(self, number: int) -> dict[str, Any]:
        """All that is known of a track: facts, files, the evidence behind its mood, and the tracks it stands for.

        Raises:
            LibraryError: If there is no such track.
        """
        return entries.describe(self.store, number)

    def paths(self, number: int) -> tuple[Path, ...]:
        """The files of a track that are there, those alone that lie in a folder of the library with links followed."""
        return entries.paths(self.store, number)

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
        return export.export(self.store, path, which=which)

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
            valence: In [-1, 1]; None leaves it to what was said or is estimated.
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
        self.describe(number)
        with self.store.write() as connection:
            if tempo is not None:
                connection.execute(update(TrackRow).where(TrackRow.id == number).values(fixed_tempo=tempo))
            if valence is not None or arousal is not None:
                before = said_by_person(connection, number)
                belief = person_evidence(
                    valence=before[0] if valence is None else valence,
                    arousal=before[1] if arousal is None else arousal,
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
            query = select(FolderRow.id).where(FolderRow.path.in_(names_of(path)))
            return connection.execute(query).first() is not None

    def remove_folder(self, path: str | Path) -> int:
        """Forgets a folder, its files and the tracks that were nowhere else; the number of those tracks.

        Raises:
            LibraryError: If it is not a folder of the library.
            StoreError: If a scan is running.
        """
        with self.store.lock("scan", busy=_BUSY), self.store.write() as connection:
            found = connection.execute(select(FolderRow.id).where(FolderRow.path.in_(names_of(path)))).scalar()
            if found is None:
                raise LibraryError(
                    f"folder {shown(str(path))}: not one of the library; `affetto library status` lists them"
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
