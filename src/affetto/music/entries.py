"""What is known of the tracks of a collection: lists of them, one of them, and finding it by what people call it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from affetto.errors import LibraryError, OptionError
from affetto.music.report import shown
from affetto.music.stored import usable
from affetto.music.text import clean
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FileRow, FolderRow, TrackRow

__all__ = ["LISTS", "describe", "entries", "find", "names_of", "paths"]

LISTS = ("usable", "aside", "versions", "missing", "failed", "all")
"""What `entries` can list."""

_BATCH = 1000
_COLUMNS = tuple(column for column in TrackRow.__table__.columns if column.name != "mood_version")


def entries(
    store: Store, words: str = "", *, which: str = "usable", limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """What is known of tracks, by artist and title; for ``failed``, the path and the problem of files.

    Args:
        store: The collection.
        words: Only those with all of these words in title, artist, album or genre.
        which: One of `LISTS`.
        limit: At most so many; None for all.

    Raises:
        OptionError: If there is no such list.
    """
    if which not in LISTS:
        raise OptionError(f"list {which!r}: choose from {', '.join(LISTS)}")
    if which == "failed":
        yield from _failed(store, limit)
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
    with store.read() as connection:
        numbers = list(connection.scalars(query))
    for start in range(0, len(numbers), _BATCH):
        yield from _described(store, numbers[start : start + _BATCH])


def _failed(store: Store, limit: int | None) -> Iterator[dict[str, Any]]:
    query = select(FileRow.path, FileRow.problem).where(FileRow.state == "failed").order_by(FileRow.path)
    with store.read() as connection:
        rows = connection.execute(query.limit(limit)).all()
    for row in rows:
        yield {"path": shown(row.path), "problem": row.problem}


def _described(store: Store, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    with store.read() as connection:
        tracks = {row.id: row for row in connection.execute(select(*_COLUMNS).where(TrackRow.id.in_(numbers)))}
        files: dict[int, list[dict[str, str]]] = {}
        for row in connection.execute(
            select(FileRow.track_id, FileRow.path, FileRow.state, FileRow.note)
            .where(FileRow.track_id.in_(numbers))
            .order_by(FileRow.path)
        ):
            about = {"path": shown(row.path), "state": row.state, "note": row.note}
            files.setdefault(int(row.track_id or 0), []).append(about)
    for number in numbers:
        if number in tracks:
            yield {**_facts(tracks[number]), "files": files.get(number, [])}


def find(store: Store, name: str) -> int:
    """The number of the track that a number, a path or some words stand for.

    Raises:
        LibraryError: If none or several match; the message names the nearest.
    """
    with store.read() as connection:
        if name.isdecimal() and len(name) < 19:
            found = connection.execute(select(TrackRow.id).where(TrackRow.id == int(name))).scalar()
            if found is not None:
                return int(found)
        paths = names_of(name)
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
    some = "; ".join(f"{row.id} {clean(row.title, longest=40)} · {clean(row.artist, longest=40)}" for row in rows[:5])
    raise LibraryError(f"track {shown!r}: several match, give a number: {some}{'; ...' if len(rows) > 5 else ''}")


def describe(store: Store, number: int) -> dict[str, Any]:
    """All that is known of a track: facts, files, the evidence behind its mood, and the tracks it stands for.

    Raises:
        LibraryError: If there is no such track.
    """
    known = next(_described(store, [number]), None)
    if known is None:
        raise LibraryError(f"track {number}: not in the library; `affetto library list` shows what is")
    with store.read() as connection:
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


def paths(store: Store, number: int) -> tuple[Path, ...]:
    """The files of a track that are there, those alone that lie in a folder of the library with links followed."""
    with store.read() as connection:
        query = select(FileRow.path, FolderRow.path.label("top")).join(FolderRow, FolderRow.id == FileRow.folder_id)
        there = FileRow.track_id == number, FileRow.state.in_(("here", "waiting"))
        rows = connection.execute(query.where(*there).order_by(FileRow.id)).all()
    return tuple(
        Path(row.path) for row in rows if Path(os.path.realpath(row.path)).is_relative_to(os.path.realpath(row.top))
    )


def names_of(path: str | Path) -> set[str]:
    """What a path may be known as."""
    if "\0" in str(path):
        return set()
    full = Path(path).expanduser()
    return {str(path), str(full.absolute()), os.path.realpath(full)}


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
