"""Reading lists of music that people have: tables of public catalogs, JSPF and M3U8 playlists."""

import csv
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from affetto.errors import LibraryError, OptionError
from affetto.music.text import clean, normalized

__all__ = ["COLUMNS", "Listed", "Listing", "read_listing"]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "track name", "track", "name", "song", "song name", "track title"),
    "artist": ("artist", "artists", "artist name", "artist names", "artist name s", "creator", "track artist"),
    "album": ("album", "album name", "release"),
    "tempo": ("tempo", "bpm"),
    "valence": ("valence", "pleasure"),
    "energy": ("energy", "arousal"),
    "genre": ("genre", "genres", "track genre", "playlist genre"),
    "uri": ("uri", "track uri", "url", "spotify uri", "location", "link", "spotify id", "track id", "id"),
    "seconds": ("seconds", "duration", "duration ms", "length", "track duration ms"),
    "isrc": ("isrc",),
}
"""What a list may tell, and the names that public catalogs give to it, best first."""

_SUFFIXES = (".csv", ".tsv", ".jspf", ".json", ".m3u8", ".m3u")
_MOST_BYTES = 1 << 30
_MOST_JSON = 256 << 20
_MOST_CELL = 1 << 20
_MOST_ADDRESS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One track of a list.

    Attributes:
        title: Title.
        artist: Artist; empty when not told.
        album: Album.
        genre: Genre, the first of several.
        tempo: Beats per minute, or None.
        seconds: Length, or None.
        valence: As the list has it, in [0, 1], or None.
        energy: Likewise.
        uri: Address or path; empty when not told.
        isrc: Recording code; empty when not told.
    """

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    tempo: float | None = None
    seconds: float | None = None
    valence: float | None = None
    energy: float | None = None
    uri: str = ""
    isrc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list as it was understood, before anything is done with it.

    Attributes:
        name: Name of the file.
        columns: Which column was taken for what; empty for playlists.
        scales: How valence and energy were read: the lowest and highest value of their scale.
        tracks: The tracks.
        skipped: Lines that were left out, by reason.
    """

    name: str
    columns: dict[str, str] = field(default_factory=dict[str, str])
    scales: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    tracks: tuple[Listed, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict[str, int])


def _number(text: Any) -> float | None:
    try:
        value = float(str(text).strip().replace(",", ".") if str(text).count(",") == 1 else str(text).strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _first(text: str) -> str:
    """The first of several genres, also in Python's way of writing lists that many tables have."""
    return clean(text.strip("[]").split(",")[0].split(";")[0].split("|")[0].strip(" '\""))


def _mapped(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Which column is taken for what."""
    for name, column in mapping.items():
        if name not in COLUMNS:
            raise OptionError(f"mapping {name}={column}: unknown field {name!r}; choose from {', '.join(COLUMNS)}")
        if column not in header:
            raise OptionError(f"mapping {name}={column}: there is no such column; there are {', '.join(header)[:300]}")
    plain = [normalized(name) for name in header]
    found = {name: header.index(column) for name, column in mapping.items()}
    for field_name, names in COLUMNS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and field_name not in found and place not in found.values():
            found[field_name] = place
    return found


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """The scale that numbers are on, by their range: -1 to 1, 0 to 1, 1 to 9 or 0 to 100."""
    low, high = min(values), max(values)
    if low < 0:
        return (-1.0, 1.0) if low >= -1 and high <= 1 else (min(low, -high), max(high, -low))
    if high <= 1:
        return 0.0, 1.0
    return (1.0, 9.0) if high <= 9 and low >= 1 else (0.0, 10.0) if high <= 10 else (0.0, 100.0)


def _table(path: Path, mapping: Mapping[str, str]) -> Listing:
    before = csv.field_size_limit(_MOST_CELL)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            sample = file.read(8192)
            file.seek(0)
            delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=sample.partition("\n")[0].count)
            rows = csv.reader((line.replace("\0", "") for line in file), delimiter=delimiter)
            header = [clean(name, longest=80) for name in next(rows, [])]
            places = _mapped(header, mapping)
            if "title" not in places:
                raise LibraryError(
                    f"list {path.name}: no column holds titles among {', '.join(header)[:300] or 'none'}; "
                    "name it with --map title=COLUMN"
                )
            cells = [
                {name: row[place] for name, place in places.items()} for row in rows if len(row) > max(places.values())
            ]
    except csv.Error as error:
        raise LibraryError(f"list {path.name}: {error}; give a table of comma-separated values") from error
    finally:
        csv.field_size_limit(before)
    scales: dict[str, tuple[float, float]] = {}
    for name in ("valence", "energy"):
        values = [value for cell in cells if (value := _number(cell.get(name, ""))) is not None]
        if values:
            scales[name] = _scale(values)
    milliseconds = "seconds" in places and "ms" in normalized(header[places["seconds"]]).split()
    tracks, skipped = list[Listed](), dict[str, int]()
    for cell in cells:
        track = _listed(cell, scales, milliseconds=milliseconds)
        if track is None:
            skipped["no title"] = skipped.get("no title", 0) + 1
        else:
            tracks.append(track)
    columns = {name: header[place] for name, place in places.items()}
    return Listing(name=path.name, columns=columns, scales=scales, tracks=tuple(tracks), skipped=skipped)


def _listed(
    cell: Mapping[str, Any], scales: Mapping[str, tuple[float, float]], *, milliseconds: bool = False
) -> Listed | None:
    title = clean(cell.get("title", ""))
    if not title:
        return None

    def share(name: str) -> float | None:
        value = _number(cell.get(name, ""))
        if value is None or name not in scales:
            return None
        low, high = scales[name]
        return min(1.0, max(0.0, (value - low) / (high - low)))

    tempo, seconds = _number(cell.get("tempo", "")), _length(str(cell.get("seconds", "")), milliseconds=milliseconds)
    isrc = clean(cell.get("isrc", ""), longest=20).upper().replace("-", "")
    return Listed(
        title=title,
        artist=clean(str(cell.get("artist", "")).strip("[]'\"").replace("', '", ", ")),
        album=clean(cell.get("album", "")),
        genre=_first(str(cell.get("genre", ""))),
        tempo=tempo if tempo is not None and 20 <= tempo <= 400 else None,
        seconds=seconds,
        valence=share("valence"),
        energy=share("energy"),
        uri=_address(str(cell.get("uri", ""))),
        isrc=isrc if len(isrc) == 12 and isrc.isalnum() else "",
    )


def _length(text: str, *, milliseconds: bool) -> float | None:
    """Seconds of "213", "3:33" or, in milliseconds, "213000"."""
    if ":" in text:
        parts = [_number(part) for part in text.split(":")]
        if len(parts) > 3 or any(part is None for part in parts):
            return None
        value: float | None = sum((part or 0.0) * 60.0**place for place, part in enumerate(reversed(parts)))
    else:
        value = _number(text)
    if value is None:
        return None
    value = value / 1000 if milliseconds or value > 36_000 else value
    return value if 0 < value < 360_000 else None


def _address(text: str) -> str:
    """An address that a player can use; empty for what is none."""
    text = clean(text, longest=_MOST_ADDRESS + 1)
    if len(text) == 22 and text.isalnum():  # the bare identifier of a Spotify track
        return f"spotify:track:{text}"
    known = text.startswith(("http://", "https://", "spotify:track:", "file://", "/")) or Path(text).is_absolute()
    return text if known and len(text) <= _MOST_ADDRESS else ""


def _path_of(address: str, base: Path) -> str:
    """The full path that an entry of a playlist means; empty for an address elsewhere."""
    if address.startswith("file:"):
        address = unquote(urlsplit(address).path)
    elif "://" in address or address.startswith("spotify:"):
        return ""
    return os.path.realpath(base / address) if address and "\0" not in address else ""


def _m3u(path: Path) -> Listing:
    tracks, skipped, facts = list[Listed](), dict[str, int](), ("", "", None)
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for line in file:
            text = line.strip()[: 2 * _MOST_ADDRESS]
            if text.startswith("#EXTINF:"):
                length, _, name = text.removeprefix("#EXTINF:").partition(",")
                artist, dash, title = name.partition(" - ")
                seconds = _number(length.split()[0]) if length.split() else None
                facts = (artist, title, seconds) if dash else ("", name, seconds)
            elif text and not text.startswith("#"):
                tracks.append(_entry(text, facts, path.parent))
                facts = ("", "", None)
    return Listing(name=path.name, tracks=tuple(tracks), skipped=skipped)


def _entry(address: str, facts: tuple[str, str, float | None], base: Path) -> Listed:
    artist, title, seconds = facts
    there = _path_of(address, base)
    stem = Path(there or unquote(urlsplit(address).path)).stem
    return Listed(
        title=clean(title) or clean(stem) or "?",
        artist=clean(artist),
        seconds=seconds if seconds and seconds > 0 else None,
        uri=there or _address(address),
    )


def _jspf(path: Path) -> Listing:
    if path.stat().st_size > _MOST_JSON:
        raise LibraryError(f"list {path.name}: larger than {_MOST_JSON >> 20} MB; split it")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
        entries = content["playlist"]["track"]
        if not isinstance(entries, list):
            raise TypeError("its tracks are no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LibraryError(f"list {path.name}: not a JSPF playlist ({clean(error, longest=80)})") from error
    tracks, skipped = list[Listed](), dict[str, int]()
    for entry in entries:
        track = _jspf_track(entry, path.parent) if isinstance(entry, dict) else None
        if track is None:
            skipped["no title"] = skipped.get("no title", 0) + 1
        else:
            tracks.append(track)
    return Listing(name=path.name, tracks=tuple(tracks), skipped=skipped)


def _jspf_track(entry: Mapping[str, Any], base: Path) -> Listed | None:
    location: Any = entry.get("location") or ""
    location = str(location[0]) if isinstance(location, list) and location else str(location or "")
    cell = {"title": entry.get("title") or "", "artist": entry.get("creator") or "", "album": entry.get("album") or ""}
    track = _listed({**cell, "seconds": entry.get("duration") or ""}, {}, milliseconds=True)
    if track is None:
        return None
    return Listed(
        title=track.title,
        artist=track.artist,
        album=track.album,
        seconds=track.seconds,
        uri=_path_of(location, base) or _address(location),
    )


def read_listing(path: str | Path, *, mapping: Mapping[str, str] | None = None) -> Listing:
    """Reads a list without doing anything with it.

    Tables (``.csv``, ``.tsv``) need a header; columns are told by their names, as public catalogs use them, or by
    ``mapping``. Valence and energy may be on a scale of 0 to 1, -1 to 1, 1 to 9, 0 to 10 or 0 to 100.

    Args:
        path: ``.csv``, ``.tsv``, ``.jspf`` or ``.m3u8``.
        mapping: The column for some of `COLUMNS`.

    Raises:
        LibraryError: If the file cannot be read or holds no track.
        OptionError: If the mapping names what is not there.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise LibraryError(f"list {path.name}: unknown kind {suffix!r}; give {', '.join(_SUFFIXES)}")
    if mapping and suffix not in (".csv", ".tsv"):
        raise OptionError(f"mapping for {path.name}: only tables have columns to map")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LibraryError(f"list {path.name}: larger than {_MOST_BYTES >> 30} GB; split it")
        if suffix in (".csv", ".tsv"):
            listing = _table(path, mapping or {})
        else:
            listing = _jspf(path) if suffix in (".jspf", ".json") else _m3u(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryError(f"list {path.name}: {reason}; give a file that can be read") from error
    if not listing.tracks:
        raise LibraryError(f"list {path.name}: holds no track")
    return listing
