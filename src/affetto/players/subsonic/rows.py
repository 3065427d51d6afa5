"""Songs of a server as rows of the library."""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from affetto.music.analysis import ANALYSIS_VERSION, Analysis
from affetto.music.estimator import MOOD_VERSION, MoodEvidence, audio_evidence, fuse, genre_evidence, tag_evidence
from affetto.music.identity import piece_of
from affetto.music.listening import Inspected
from affetto.music.records import SHORTEST, write_evidence, write_mood
from affetto.players.subsonic.api import PAGE, Song
from affetto.players.subsonic.player import address_of, song_of
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FeaturesRow, TrackRow

__all__ = ["forget_songs", "keep_analysis", "set_aside", "to_hear", "waiting", "write_songs"]

_GONE = "gone"
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


def write_songs(store: Store, name: str, songs: Sequence[Song]) -> tuple[int, int]:
    """Writes a page of songs down: one look, one insert, and an update for each that changed.

    Returns:
        How many are new, and how many changed.
    """
    updated = 0
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
        for uri, row in known.items():
            updated += _renew(connection, row, by_uri[uri])
    return len(fresh), updated


def set_aside(store: Store, name: str, seen: set[str]) -> int:
    """Sets aside the tracks that the server lists no more."""
    with store.read() as connection:
        rows = connection.execute(select(TrackRow.id, TrackRow.uri).where(_ours(name), TrackRow.aside != _GONE)).all()
    gone = [row.id for row in rows if song_of(row.uri, name) not in seen]
    for start in range(0, len(gone), PAGE):
        with store.write() as connection:
            some = TrackRow.id.in_(gone[start : start + PAGE])
            connection.execute(update(TrackRow).where(some).values(aside=_GONE))
    return len(gone)


def forget_songs(store: Store, name: str) -> int:
    """Forgets all songs of a server, with what the person said about them; their number."""
    with store.write() as connection:
        return int(connection.execute(delete(TrackRow).where(_ours(name))).rowcount)


def to_hear(name: str) -> tuple[Any, ...]:
    """What holds of the rows of a server's songs that are still to be listened to."""
    return _ours(name), TrackRow.analysis != ANALYSIS_VERSION, TrackRow.aside == ""


def waiting(store: Store, name: str) -> int:
    """How many songs of a server are still to be listened to."""
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(TrackRow).where(*to_hear(name))).scalar_one())


def keep_analysis(store: Store, track: int, found: Inspected, sound: Analysis) -> None:
    """Writes down what a song sounds like, and what the tags of its file add to what the server said.

    Args:
        store: The library.
        track: Number of the track.
        found: What is written in the file.
        sound: What is heard in it.
    """
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
    with store.write() as connection:
        row = connection.execute(
            select(TrackRow.genre, TrackRow.feels, TrackRow.tag_tempo, TrackRow.isrc, TrackRow.recording_mbid).where(
                TrackRow.id == track
            )
        ).one()
        moods = tuple(dict.fromkeys((*(word for word in row.feels.split("|") if word), *tags.feels)))[:20]
        columns |= {name: value for name, value in extra.items() if value and not getattr(row, name)}
        columns["feels"] = "|".join(moods)
        connection.execute(update(TrackRow).where(TrackRow.id == track).values(**columns))
        data = store.insert_or_update(FeaturesRow, ["track_id"], ["data"])
        connection.execute(data.values(track_id=track, data=features.tobytes()))
        beliefs = {**dict(_beliefs(row.genre, moods)), "audio": audio_evidence(features[None, :])[0]}
        write_evidence(connection, track, beliefs)
        write_mood(connection, track)


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
