"""Taking lists of music into the library: tracks with addresses, and what a list says about those that are there."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from affetto.music.estimator import MoodEvidence, catalog_evidence, genre_evidence
from affetto.music.identity import piece_of
from affetto.music.listings import Listed, Listing
from affetto.music.records import SHORTEST, write_evidence, write_mood
from affetto.store import Store
from affetto.store.tables import FileRow, TrackRow

__all__ = ["Imported", "import_listing"]

_BATCH = 500
_LENGTH_APART = 5.0


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did, or would do in a dry run.

    Attributes:
        added: Tracks that can be played: they have an address.
        noted: Tracks without an address, kept until a file of them comes.
        matched: Tracks of the library that the list speaks of.
        evidence: Of those and the others, how many got new evidence of their mood.
        repeated: Lines that speak of a track that an earlier line spoke of.
    """

    added: int = 0
    noted: int = 0
    matched: int = 0
    evidence: int = 0
    repeated: int = 0


def import_listing(store: Store, listing: Listing, *, dry_run: bool = False) -> Imported:
    """Takes a list into the library.

    A line that speaks of a track that is there (by address, recording code, or artist, title and length) adds its
    valence, energy and genre as evidence with a wide uncertainty. Another with an address becomes a track of its own;
    without one it waits for a file of that name. Importing the same list again changes nothing.

    Args:
        store: The library.
        listing: From `read_listing`.
        dry_run: Only count what would be done.

    Raises:
        StoreError: If the database fails.
    """
    done, seen = Imported(), set[Any]()
    for start in range(0, len(listing.tracks), _BATCH):
        batch = listing.tracks[start : start + _BATCH]
        with store.read() if dry_run else store.write() as connection:
            for track in batch:
                _take(connection, track, listing.name, done, seen, dry_run=dry_run)
    return done


def _take(connection: Any, track: Listed, name: str, done: Imported, seen: set[Any], *, dry_run: bool) -> None:
    piece = piece_of(artist=track.artist, title=track.title, album=track.album)
    who = track.uri or track.isrc or (piece.key, piece.version) if piece.key or track.uri or track.isrc else track
    if who in seen:
        done.repeated += 1
        return
    seen.add(who)
    number = _find(connection, track, piece.key, piece.version)
    beliefs = _beliefs(track, name)
    done.evidence += bool(beliefs)
    if number is not None:
        done.matched += 1
    elif _is_text(track.uri):
        done.added += 1
    else:
        done.noted += 1
    if dry_run:
        return
    if number is None:
        values = {
            "uri": track.uri if _is_text(track.uri) else None,
            "title": track.title,
            "artist": track.artist,
            "album": track.album,
            "genre": track.genre,
            "tag_tempo": track.tempo,
            "seconds": track.seconds,
            "isrc": track.isrc,
            "work": piece.key,
            "version": piece.version,
            "quality": -10_000.0,  # a file of one's own comes before an address
            "present": _is_text(track.uri),
            "aside": "short" if track.seconds is not None and round(track.seconds) < SHORTEST else "",
            "added": int(time.time()),
        }
        number = int(connection.execute(insert(TrackRow).values(**values).returning(TrackRow.id)).scalar_one())
    write_evidence(connection, number, beliefs)
    write_mood(connection, number)


def _is_text(address: str) -> bool:
    """Whether an address can be kept: a path with undecodable bytes only serves to find a file."""
    return bool(address) and not any("\ud800" <= mark <= "\udfff" for mark in address)


def _beliefs(track: Listed, name: str) -> dict[str, MoodEvidence]:
    beliefs: dict[str, MoodEvidence | None] = {}
    if track.valence is not None or track.energy is not None:
        beliefs[f"catalog: {name}"] = catalog_evidence(valence=track.valence, energy=track.energy)
    if track.genre:
        beliefs[f"genre: {name}"] = genre_evidence(track.genre)
    return {source: belief for source, belief in beliefs.items() if belief is not None}


def _find(connection: Any, track: Listed, work: str, version: str) -> int | None:
    """The track of the library that a line speaks of."""
    if track.uri:
        found = None
        if _is_text(track.uri):
            found = connection.execute(select(TrackRow.id).where(TrackRow.uri == track.uri)).scalar()
        if found is None and Path(track.uri).is_absolute():
            place = select(FileRow.track_id).where(FileRow.path == track.uri, FileRow.track_id.is_not(None))
            found = connection.execute(place).scalar()
        if found is not None:
            return int(found)
    if track.isrc:
        found = connection.execute(select(TrackRow.id).where(TrackRow.isrc == track.isrc)).scalar()
        if found is not None:
            return int(found)
    if not work:
        return None
    rows = connection.execute(
        select(TrackRow.id, TrackRow.seconds)
        .where(TrackRow.work == work, TrackRow.version == version)
        .order_by(TrackRow.id)
    )
    for row in rows:
        if row.seconds is None or track.seconds is None or abs(row.seconds - track.seconds) <= _LENGTH_APART:
            return int(row.id)
    return None
