"""A library that lives in a store: columns in memory, tracks fetched when they are wanted."""

import contextlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, overload
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select

from affetto.affect import Affect
from affetto.music.library import Columns, Library
from affetto.music.track import Track
from affetto.settings import settings
from affetto.store import Store
from affetto.store.tables import FileRow, TrackRow

__all__ = ["StoredLibrary", "load", "usable"]

_Numbers: TypeAlias = npt.NDArray[np.int64]

_FORMAT = 1
_KEPT = 4096
_BATCH = 1000
_ROWS = 50_000
_LONGEST_NUMBER = 18  # digits: more do not fit into 64 bits

_FACTS = (
    TrackRow.id,
    TrackRow.title,
    TrackRow.artist,
    TrackRow.uri,
    TrackRow.valence,
    TrackRow.arousal,
    TrackRow.valence_var,
    TrackRow.arousal_var,
    TrackRow.mood_cov,
    TrackRow.mood_source,
    TrackRow.genre,
    TrackRow.feels,
    TrackRow.seconds,
    TrackRow.fixed_tempo,
    TrackRow.tempo,
    TrackRow.tag_tempo,
    TrackRow.album,
    TrackRow.key,
    TrackRow.mode,
    TrackRow.tag_key,
    TrackRow.loudness,
)
_TEMPO = func.coalesce(TrackRow.fixed_tempo, TrackRow.tempo, TrackRow.tag_tempo)


def usable() -> tuple[Any, ...]:
    """What a track must be to be recommended: there, music, and not stood for by another one."""
    return TrackRow.present, TrackRow.aside == "", TrackRow.same_as.is_(None)


def _track(row: Any, path: str | None) -> Track:
    number, title, artist, uri, valence, arousal, vv, aa, va, source, genre, feels, seconds, *sound = row
    fixed, tempo, tag_tempo, album, key, mode, tag_key, loudness = sound
    return Track(
        id=str(number),
        title=title,
        artist=artist or "unknown artist",
        uri=path or uri or "",
        mood=Affect(valence, arousal, ((vv, va), (va, aa))),
        mood_source=source,
        genre=genre,
        feels=tuple(feels.split("|")) if feels else (),
        tempo=fixed or tempo or tag_tempo,
        seconds=seconds,
        album=album,
        key=f"{key} {mode}".strip() or tag_key,
        loudness=loudness,
    )


def fetch(connection: Connection, numbers: Sequence[int]) -> dict[int, Track]:
    """Tracks by their numbers, each with the path of a file that is there."""
    paths: dict[int, str] = {}
    tracks: dict[int, Track] = {}
    for start in range(0, len(numbers), _BATCH):
        some = [int(number) for number in numbers[start : start + _BATCH]]
        files = connection.execute(
            select(FileRow.track_id, FileRow.path)
            .where(FileRow.track_id.in_(some), FileRow.state.in_(("here", "waiting")))
            .order_by(FileRow.id.desc())
        )
        paths.update((int(track), path) for track, path in files if track is not None)
        for row in connection.execute(select(*_FACTS).where(TrackRow.id.in_(some))):
            tracks[row[0]] = _track(row, paths.get(row[0]))
    return tracks


class StoredLibrary(Library):
    """The tracks of a store that can be recommended, as they were when it was loaded.

    It costs some 50 bytes a track; titles, artists and paths are read when a track is asked for. A track that was
    removed since is left as it was known to the columns, without a name.

    Attributes:
        numbers: Number of each track in the store, ascending.
        name: What to call it.
    """

    def __init__(self, store: Store, numbers: _Numbers, columns: Columns) -> None:
        super().__init__()
        self.numbers = numbers
        self._store = store
        self._known: OrderedDict[int, Track] = OrderedDict()
        self.__dict__["columns"] = columns  # takes the place of the cached property

    @property
    def store(self) -> Store:
        """Where its tracks are kept."""
        return self._store

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Track]:
        for start in range(0, len(self), _BATCH):
            yield from self._fetch(range(start, min(len(self), start + _BATCH)))

    @overload
    def __getitem__(self, index: int) -> Track: ...

    @overload
    def __getitem__(self, index: slice) -> Library: ...

    def __getitem__(self, index: int | slice) -> Track | Library:
        if isinstance(index, slice):
            return Library(self.take(range(*index.indices(len(self)))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"place {index} of a library of {len(self)} tracks")
        return self.take([place])[0]

    def take(self, places: Iterable[int]) -> list[Track]:
        """The tracks at these places, with one question to the store for those that were not asked for lately."""
        wanted = [int(place) for place in places]
        found: dict[int, Track] = {}
        for place in wanted:
            with contextlib.suppress(KeyError):  # another thread may have dropped it
                found[place] = self._known[place]
        lacking = [place for place in dict.fromkeys(wanted) if place not in found]
        if lacking:
            fresh = dict(zip(lacking, self._fetch(lacking), strict=True))
            found |= fresh
            self._known |= fresh
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return [found[place] for place in wanted]

    def find(self, identity: str) -> int | None:
        """Where the track of an id is, or None if it is not in this library."""
        if not (identity.isascii() and identity.isdecimal() and len(identity) <= _LONGEST_NUMBER):
            return None
        return self.place(int(identity))

    def place(self, number: int) -> int | None:
        """Where the track of a number is, or None if it is not in this library."""
        place = int(np.searchsorted(self.numbers, number))
        return place if place < len(self) and self.numbers[place] == number else None

    def _fetch(self, places: Sequence[int]) -> list[Track]:
        numbers = [int(self.numbers[place]) for place in places]
        with self._store.read() as connection:
            tracks = fetch(connection, numbers)
        return [tracks.get(number) or self._lost(place) for number, place in zip(numbers, places, strict=True)]

    def _lost(self, place: int) -> Track:
        columns = self.columns
        mood = Affect(float(columns.valence[place]), float(columns.arousal[place]))
        return Track(id=str(self.numbers[place]), title="(removed)", artist="", uri="", mood=mood, mood_source="none")


def _read_columns(store: Store) -> tuple[_Numbers, dict[str, npt.NDArray[Any]]]:
    """The columns of all usable tracks, from one moment of the store."""
    codes: dict[str, int] = {}
    parts: list[npt.NDArray[np.float64]] = []
    genres: list[npt.NDArray[np.int64]] = []
    query = select(
        TrackRow.id,
        TrackRow.valence,
        TrackRow.arousal,
        TrackRow.valence_var,
        TrackRow.arousal_var,
        TrackRow.mood_cov,
        _TEMPO,
        TrackRow.seconds,
        TrackRow.genre,
    )
    with store.read() as connection:
        rows = connection.execution_options(stream_results=True).execute(query.where(*usable()).order_by(TrackRow.id))
        while some := rows.fetchmany(_ROWS):
            parts.append(np.array([row[:8] for row in some], dtype=np.float64))
            genres.append(np.array([codes.setdefault(row[8], len(codes)) for row in some], dtype=np.int64))
    table = np.concatenate([np.zeros((0, 8)), *parts])
    known = np.where(table[:, 6] > 0, table[:, 6], np.nan)
    return table[:, 0].astype(np.int64), {
        "valence": table[:, 1].astype(np.float32),
        "arousal": table[:, 2].astype(np.float32),
        "covariance": table[:, 3:6].astype(np.float32),
        "octave": np.log2(known).astype(np.float32),
        "seconds": np.where(table[:, 7] > 0, table[:, 7], np.nan).astype(np.float32),
        "genre": np.concatenate([np.zeros(0, np.int64), *genres]).astype(np.intp),
        "genres": np.array(list(codes), dtype=np.str_),
    }


def _cache_file(identity: str) -> Path:
    return settings().cache_dir / f"library-{identity}.npz"


def _from_cache(file: Path, revision: int) -> tuple[_Numbers, dict[str, npt.NDArray[Any]]] | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        stamp, numbers = arrays.pop("stamp"), arrays.pop("numbers")
        whole = all(len(arrays[name]) == len(numbers) for name in ("valence", "covariance", "genre", "seconds"))
        return (numbers, arrays) if whole and stamp.tolist() == [_FORMAT, revision] else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _to_cache(file: Path, revision: int, numbers: _Numbers, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Keeps the columns; where that fails they are read again the next time."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as opened:
                np.savez(opened, **{**arrays, "stamp": np.array([_FORMAT, revision]), "numbers": numbers})  # pyright: ignore[reportArgumentType]
            Path(part).replace(file)
        finally:
            Path(part).unlink(missing_ok=True)


def load(store: Store) -> StoredLibrary:
    """The tracks of a store that can be recommended.

    Their columns are kept in the cache folder, so that a library of a million tracks opens in a fraction of a second
    as long as nothing in the store has changed.

    Raises:
        StoreError: If the store cannot be read.
    """
    identity, revision = store.stamp()
    file = _cache_file(identity)
    kept = _from_cache(file, revision)
    if kept is None:
        kept = _read_columns(store)
        # What was read may be newer than the revision, never older: then the next load reads again.
        _to_cache(file, revision, *kept)
    numbers, arrays = kept
    genres = tuple(str(name) for name in arrays["genres"])
    columns = Columns(
        valence=arrays["valence"],
        arousal=arrays["arousal"],
        covariance=arrays["covariance"],
        octave=arrays["octave"],
        seconds=arrays["seconds"],
        genre=arrays["genre"],
        genres=genres,
    )
    return StoredLibrary(store, numbers, columns)
