"""What is asked of every track beside its mood: artist, loudness, timbre, region. Made once for a library."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from affetto.music.clusters import regions
from affetto.music.library import Floats, Indices, Library
from affetto.music.timbre import timbre
from affetto.settings import settings

if TYPE_CHECKING:
    from affetto.music.stored import StoredLibrary

__all__ = ["Traits", "traits"]

_FORMAT = 1
_BATCH = 1000
_cache: WeakKeyDictionary[Library, "Traits"] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traits:
    """One row for each track of a library.

    Attributes:
        artist: Index into ``artists``.
        artists: Names of the artists.
        loudness: In LUFS, NaN when unknown.
        timbre: Shape (n, 3), as `affetto.music.timbre`; NaN when unknown.
        region: Index into ``regions``.
        regions: Names of the regions.
    """

    artist: Indices
    artists: tuple[str, ...]
    loudness: Floats
    timbre: Floats
    region: Indices
    regions: tuple[str, ...]


def traits(library: Library) -> Traits:
    """The traits of a library, kept as long as it is; those of a stored one are kept in the cache folder too.

    Raises:
        StoreError: If its store cannot be read.
    """
    found = _cache.get(library)
    if found is None:
        found = _stored(library) if hasattr(library, "numbers") else _plain(library)  # type: ignore[arg-type]
        _cache[library] = found
    return found


def _plain(library: Library) -> Traits:
    codes: dict[str, int] = {}
    artist = [codes.setdefault(track.artist, len(codes)) for track in library]
    loudness = [np.nan if track.loudness is None else track.loudness for track in library]
    return _with_regions(library, artist, tuple(codes), np.array(loudness, dtype=np.float32))


def _with_regions(library: Library, artist: Any, artists: tuple[str, ...], loudness: Floats) -> Traits:
    sound = timbre(library)
    found = regions(library)
    region = np.zeros(len(library), dtype=np.intp)
    for number, each in enumerate(found):
        region[list(each.places)] = number
    return Traits(
        artist=np.asarray(artist, dtype=np.intp),
        artists=artists,
        loudness=loudness,
        timbre=np.full((len(library), 3), np.nan, dtype=np.float32) if sound is None else sound,
        region=region,
        regions=tuple(each.name for each in found),
    )


def _stored(library: "StoredLibrary") -> Traits:
    identity, revision = library.store.stamp()
    file = settings().cache_dir / f"traits-{identity}.npz"
    kept = _from_cache(file, revision, library.numbers)
    if kept is None:
        kept = _read(library)
        _to_cache(file, revision, library.numbers, kept)
    return kept


def _read(library: "StoredLibrary") -> Traits:
    from sqlalchemy import select

    from affetto.store.tables import TrackRow

    codes: dict[str, int] = {"": 0}
    artist = np.zeros(len(library), dtype=np.intp)
    loudness = np.full(len(library), np.nan, dtype=np.float32)
    query = select(TrackRow.id, TrackRow.artist, TrackRow.loudness).order_by(TrackRow.id)
    with library.store.read() as connection:
        rows = connection.execution_options(stream_results=True).execute(query)
        while some := rows.fetchmany(_BATCH):
            numbers = np.array([row[0] for row in some], dtype=np.int64)
            places = np.minimum(np.searchsorted(library.numbers, numbers), len(library) - 1)
            here = library.numbers[places] == numbers
            artist[places[here]] = [
                codes.setdefault(row[1], len(codes)) for row, held in zip(some, here, strict=True) if held
            ]
            loudness[places[here]] = [
                np.nan if row[2] is None else row[2] for row, held in zip(some, here, strict=True) if held
            ]
    return _with_regions(library, artist, tuple(codes), loudness)


def _pack(names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\0".join(name.replace("\0", "") for name in names).encode("utf-8", "replace"), np.uint8)


def _unpack(packed: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(packed.tobytes().decode("utf-8").split("\0"))


def _from_cache(file: Path, revision: int, numbers: npt.NDArray[np.int64]) -> Traits | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        if arrays["stamp"].tolist() != [_FORMAT, revision] or not np.array_equal(arrays["numbers"], numbers):
            return None
        found = Traits(
            artist=arrays["artist"],
            artists=_unpack(arrays["artists"]),
            loudness=arrays["loudness"],
            timbre=arrays["timbre"],
            region=arrays["region"],
            regions=_unpack(arrays["regions"]),
        )
        whole = all(len(x) == len(numbers) for x in (found.artist, found.loudness, found.timbre, found.region))
        inside = all(
            not len(codes) or (codes.min() >= 0 and codes.max() < len(names))
            for codes, names in ((found.artist, found.artists), (found.region, found.regions))
        )
        return found if whole and inside else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _to_cache(file: Path, revision: int, numbers: npt.NDArray[np.int64], found: Traits) -> None:
    """Keeps the traits; where that fails they are read again the next time."""
    arrays = {
        "stamp": np.array([_FORMAT, revision]),
        "numbers": numbers,
        "artist": found.artist,
        "artists": _pack(found.artists),
        "loudness": found.loudness,
        "timbre": found.timbre,
        "region": found.region,
        "regions": _pack(found.regions),
    }
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as opened:
                np.savez(opened, **arrays)  # pyright: ignore[reportArgumentType]
            Path(part).replace(file)
        finally:
            Path(part).unlink(missing_ok=True)
