"""Read a catalog: a CSV file with one track a row."""

import csv
import math
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from affetto.affect import Affect
from affetto.errors import CatalogError
from affetto.music.library import Library
from affetto.music.track import Track

__all__ = ["FIELDS", "load_catalog", "starter"]

FIELDS = (
    "id",
    "title",
    "artist",
    "genre",
    "feels",
    "tempo",
    "seconds",
    "uri",
    "licence",
    "credit",
    "valence",
    "arousal",
    "valence_sd",
    "arousal_sd",
    "mood_source",
)
"""The columns of a catalog, in order. ``feels`` are separated by ``|``; ``tempo`` and ``seconds`` may be empty."""


def _number(name: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} = {text!r} is not a number") from None
    if not (low <= value <= high and math.isfinite(value)):
        raise ValueError(f"{name} = {text!r} is outside {low:g} to {high:g}")
    return value


def _track(row: list[str]) -> Track:
    if len(row) != len(FIELDS):
        raise ValueError(f"{len(row)} values where {len(FIELDS)} belong")
    identity, title, artist, genre, feels, tempo, seconds, uri, licence, credit, *mood, source = row
    for name, text in (("id", identity), ("title", title), ("artist", artist), ("uri", uri)):
        if not text.strip():
            raise ValueError(f"{name} = {text!r} is empty")
    valence, arousal = _number("valence", mood[0], -1, 1), _number("arousal", mood[1], -1, 1)
    valence_sd, arousal_sd = _number("valence_sd", mood[2], 0, 2), _number("arousal_sd", mood[3], 0, 2)
    return Track(
        id=identity,
        title=title,
        artist=artist,
        uri=uri,
        mood=Affect(valence, arousal, ((valence_sd**2, 0.0), (0.0, arousal_sd**2))),
        mood_source=source,
        genre=genre,
        feels=tuple(feels.split("|")) if feels else (),
        tempo=_number("tempo", tempo, 1, 1000) if tempo else None,
        seconds=_number("seconds", seconds, 1, 1e6) if seconds else None,
        licence=licence,
        credit=credit,
    )


def _read(lines: Iterable[str], name: str) -> Library:
    rows = csv.reader(lines)
    header = next(rows, [])
    if tuple(header) != FIELDS:
        raise CatalogError(f"{name} line 1: columns are {', '.join(header) or 'missing'}; need {', '.join(FIELDS)}")
    tracks: dict[str, Track] = {}
    for row in rows:
        try:
            track = _track(row)
            if track.id in tracks:
                raise ValueError(f"id = {track.id!r} is used twice")
        except ValueError as error:
            raise CatalogError(f"{name} line {rows.line_num}: {error}; mend or drop that row") from None
        tracks[track.id] = track
    if not tracks:
        raise CatalogError(f"{name}: holds no track; add rows below the header")
    return Library(tracks.values())


def load_catalog(path: str | Path) -> Library:
    """The library described by a catalog file, every row checked.

    Raises:
        CatalogError: If the file cannot be read, its columns are not `FIELDS`, it holds no track, or a value is
            missing, repeated or out of range; the message names the line and the value.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return _read(file, str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogError(f"catalog {path}: {error}; give a UTF-8 CSV file") from error


@cache
def starter() -> Library:
    """The catalog that ships: music by Kevin MacLeod (incompetech.com), CC BY 4.0, credited in every row.

    >>> starter()[0].licence
    'CC BY 4.0'
    """
    with resources.as_file(resources.files("affetto.music.catalog").joinpath("starter.csv")) as path:
        return load_catalog(path)
