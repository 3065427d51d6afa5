"""Writing what was found out about a file into the store, and fusing the evidence of a mood."""

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from affetto.affect import Affect
from affetto.music.analysis import ANALYSIS_VERSION, Analysis
from affetto.music.estimator import (
    MOOD_VERSION,
    Mood,
    MoodEvidence,
    audio_evidence,
    fuse,
    genre_evidence,
    said,
    tag_evidence,
)
from affetto.music.identity import piece_of
from affetto.music.listening import Inspected
from affetto.music.tags import Tags
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FeaturesRow, FileRow, TrackRow

__all__ = [
    "SHORTEST",
    "evidence_of",
    "newer_moods",
    "record",
    "refuse",
    "refuse_missing",
    "said_by_person",
    "write_evidence",
    "write_mood",
]

SHORTEST = 30.0
"""Seconds: what is shorter is a jingle, an effect or a sketch."""

_MUSIC = 0.5
_NOT_MUSIC: Mapping[str, str] = {
    "speech": "speech",
    "spoken": "speech",
    "spoken word": "speech",
    "audiobook": "speech",
    "audio book": "speech",
    "audiobooks": "speech",
    "hörbuch": "speech",
    "hörspiel": "speech",
    "podcast": "speech",
    "interview": "speech",
    "sound clip": "sound effects",
    "sound effects": "sound effects",
    "sound effect": "sound effects",
    "field recording": "sound effects",
}
_EVIDENCE = (
    EvidenceRow.kind,
    EvidenceRow.valence,
    EvidenceRow.arousal,
    EvidenceRow.valence_var,
    EvidenceRow.arousal_var,
    EvidenceRow.covariance,
)


def _belief(source: str, evidence: MoodEvidence) -> dict[str, Any]:
    (vv, va), (_, aa) = evidence.affect.covariance
    return {
        "source": source[:200],
        "kind": evidence.kind,
        "valence": evidence.affect.valence,
        "arousal": evidence.affect.arousal,
        "valence_var": vv,
        "arousal_var": aa,
        "covariance": va,
    }


def _evidence(row: Any) -> MoodEvidence:
    kind, valence, arousal, vv, aa, va = row
    return MoodEvidence(kind, Affect(valence, arousal, ((vv, va), (va, aa))))


def evidence_of(connection: Connection, track: int) -> list[MoodEvidence]:
    """All that is known about the mood of a track; the person's word comes last."""
    rows = connection.execute(select(*_EVIDENCE).where(EvidenceRow.track_id == track).order_by(EvidenceRow.source))
    return sorted((_evidence(row) for row in rows), key=lambda belief: belief.kind == "person")


def said_by_person(connection: Connection, track: int) -> tuple[float | None, float | None]:
    """Valence and arousal as the person corrected them; None for what they left to the estimate."""
    for belief in evidence_of(connection, track):
        if belief.kind == "person":
            return said(belief)
    return None, None


def _mood_columns(mood: Mood) -> dict[str, Any]:
    (vv, va), (_, aa) = mood.affect.covariance
    return {
        "valence": mood.affect.valence,
        "arousal": mood.affect.arousal,
        "valence_var": vv,
        "arousal_var": aa,
        "mood_cov": va,
        "mood_source": mood.source,
        "mood_version": MOOD_VERSION,
    }


def write_evidence(connection: Connection, track: int, beliefs: Mapping[str, MoodEvidence]) -> None:
    """Adds beliefs about a track by their source; a source that spoke before is corrected."""
    if beliefs:
        sources = [source[:200] for source in beliefs]
        connection.execute(delete(EvidenceRow).where(EvidenceRow.track_id == track, EvidenceRow.source.in_(sources)))
        rows = [{"track_id": track, **_belief(source, belief)} for source, belief in beliefs.items()]
        connection.execute(insert(EvidenceRow), rows)


def write_mood(connection: Connection, track: int) -> Mood:
    """Fuses the evidence of a track anew."""
    mood = fuse(evidence_of(connection, track))
    connection.execute(update(TrackRow).where(TrackRow.id == track).values(**_mood_columns(mood)))
    return mood


def _tag_columns(tags: Tags) -> dict[str, Any]:
    piece = piece_of(artist=tags.artist, title=tags.title, album=tags.album, album_artist=tags.album_artist)
    return {
        "title": tags.title,
        "artist": tags.artist,
        "album_artist": tags.album_artist,
        "album": tags.album,
        "year": tags.year,
        "genre": tags.genre,
        "feels": "|".join(tags.feels),
        "guessed": "|".join(tags.guessed),
        "tag_tempo": tags.tempo,
        "tag_key": tags.key,
        "gain": tags.gain,
        "recording_mbid": tags.recording_mbid,
        "artist_mbid": tags.artist_mbid,
        "release_mbid": tags.release_mbid,
        "isrc": tags.isrc,
        "work": piece.key,
        "version": piece.version,
        "quality": (10_000.0 if tags.lossless else 0.0) + tags.bitrate / 1000 - 5_000.0 * ("title" in tags.guessed),
    }


def _sound_columns(sound: Analysis) -> dict[str, Any]:
    return {
        "seconds": sound.seconds,
        "tempo": sound.tempo,
        "tempo_alternative": sound.tempo_alternative,
        "tempo_strength": sound.tempo_strength,
        "key": sound.key or "",
        "mode": sound.mode or "",
        "key_confidence": sound.key_confidence,
        "loudness": sound.loudness,
        "loudness_range": sound.loudness_range,
        "onset_density": sound.onset_density,
        "music": sound.music_probability,
        "analysis": ANALYSIS_VERSION,
    }


def _aside(genre: str, seconds: float | None, music: float | None) -> str:
    """Why a track is never played; empty for music."""
    if seconds is not None and round(seconds) < SHORTEST:  # a clip of 30 s decodes to 29.98
        return "short"
    if genre.casefold() in _NOT_MUSIC:
        return _NOT_MUSIC[genre.casefold()]
    return "not music" if music is not None and music < _MUSIC else ""


def _own_beliefs(tags: Tags, features: Any | None) -> dict[str, MoodEvidence]:
    beliefs = {f"tags: {word}": tag_evidence(word) for word in tags.feels}
    beliefs["genre"] = genre_evidence(tags.genre) if tags.genre else None
    if features is not None:
        beliefs["audio"] = audio_evidence(np.asarray(features)[None, :])[0]
    return {source: belief for source, belief in beliefs.items() if belief is not None}


_KNOWN = (
    TrackRow.id,
    TrackRow.content,
    TrackRow.work,
    TrackRow.guessed,
    TrackRow.seconds,
    TrackRow.music,
    TrackRow.aside,
    TrackRow.analysis,
)


def _same_place(connection: Connection, file: int, columns: Mapping[str, Any]) -> Any:
    """The track that this very file held before its sound changed, if it is still the same piece and nowhere else."""
    old = connection.execute(
        select(*_KNOWN).join(FileRow, FileRow.track_id == TrackRow.id).where(FileRow.id == file)
    ).first()
    if old is None or old.work != columns["work"]:
        return None
    others = select(FileRow.id).where(FileRow.track_id == old.id, FileRow.id != file, FileRow.state != "missing")
    return None if connection.execute(others.limit(1)).first() else old


def _imported(connection: Connection, file: int, columns: Mapping[str, Any], seconds: float | None) -> Any:
    """A track that a list named before its file came, by its path or its names."""
    path = connection.execute(select(FileRow.path).where(FileRow.id == file)).scalar_one()
    with contextlib.suppress(UnicodeEncodeError):
        path.encode()
        named = select(*_KNOWN).where(TrackRow.uri == path, TrackRow.content.is_(None))
        if found := connection.execute(named).first():
            return found
    if not columns["work"]:
        return None
    rows = connection.execute(
        select(*_KNOWN).where(
            TrackRow.work == columns["work"],
            TrackRow.version == columns["version"],
            TrackRow.content.is_(None),
            TrackRow.uri.is_(None),
        )
    )
    return next((row for row in rows if row.seconds is None or abs(row.seconds - (seconds or row.seconds)) < 5), None)


def record(connection: Connection, store: Store, file: int, found: Inspected, sound: Analysis | None) -> bool:
    """Writes down what is in a file.

    Args:
        connection: Of `Store.write`.
        store: The store.
        file: Number of the file.
        found: Its identity and tags.
        sound: Its analysis; None where its sound is known already.

    Returns:
        Whether the track is new.
    """
    columns = _tag_columns(found.tags)
    seconds = sound.seconds if sound is not None else found.tags.seconds
    known = connection.execute(select(*_KNOWN).where(TrackRow.content == found.content)).first()
    same = known
    if same is None:
        same = _same_place(connection, file, columns) or _imported(connection, file, columns, seconds)
    if same is None:
        columns |= {"content": found.content, "added": int(time.time()), "seconds": seconds}
        if sound is not None:
            columns |= _sound_columns(sound)
        columns["aside"] = _aside(found.tags.genre, seconds, columns.get("music"))
        track = int(connection.execute(insert(TrackRow).values(**columns).returning(TrackRow.id)).scalar_one())
    else:
        track = int(same.id)
        # A copy without tags does not take away what a better copy told.
        if "title" in found.tags.guessed and "title" not in same.guessed.split("|") and same.content == found.content:
            columns = {}
        columns |= {"content": found.content, "present": True}
        if same.content is None:
            columns["uri"] = None  # the file takes the place of what a list told
        if sound is not None:
            columns |= _sound_columns(sound)
        if same.aside != "removed":
            genre = columns.get("genre", "")
            columns["aside"] = _aside(genre, seconds or same.seconds, columns.get("music", same.music))
        connection.execute(update(TrackRow).where(TrackRow.id == track).values(**columns))
    _write_beliefs(connection, store, track, found.tags, sound)
    connection.execute(
        update(FileRow)
        .where(FileRow.id == file)
        .values(state="here", version=ANALYSIS_VERSION, problem="", note=found.tags.note, track_id=track)
    )
    return same is None


def _write_beliefs(connection: Connection, store: Store, track: int, tags: Tags, sound: Analysis | None) -> None:
    features = None
    if sound is not None:
        features = sound.features
        data = np.asarray(features, dtype="<f4").tobytes()
        connection.execute(
            store.insert_or_update(FeaturesRow, ["track_id"], ["data"]).values(track_id=track, data=data)
        )
    own = [EvidenceRow.source == "genre", EvidenceRow.source.startswith("tags: ", autoescape=True)]
    connection.execute(delete(EvidenceRow).where(EvidenceRow.track_id == track, or_(*own)))
    write_evidence(connection, track, _own_beliefs(tags, features))
    write_mood(connection, track)


def refuse(connection: Connection, file: int, problem: str, *, lasting: bool) -> None:
    """Notes why nothing came of a file; one that may come right is tried again at the next scan."""
    version = ANALYSIS_VERSION if lasting else 0
    values = {"state": "failed", "problem": problem[:500], "version": version, "track_id": None}
    connection.execute(update(FileRow).where(FileRow.id == file).values(**values))


def refuse_missing(connection: Connection, files: Sequence[int]) -> None:
    """Notes that files are no longer there."""
    if files:
        connection.execute(
            update(FileRow).where(FileRow.id.in_(bindparam("ids", expanding=True))).values(state="missing"),
            {"ids": list(files)},
        )


def newer_moods(store: Store, *, batch: int = 1000) -> int:
    """Brings moods of an older estimator up to date, without listening again; the number of tracks."""
    done = 0
    while True:
        with store.write() as connection:
            rows = connection.execute(
                select(TrackRow.id, TrackRow.analysis, FeaturesRow.data)
                .outerjoin(FeaturesRow, FeaturesRow.track_id == TrackRow.id)
                .where(TrackRow.mood_version != MOOD_VERSION)
                .limit(batch)
            ).all()
            if not rows:
                return done
            _estimate_again(
                connection, [(row.id, row.data) for row in rows if row.data and row.analysis == ANALYSIS_VERSION]
            )
            for row in rows:
                write_mood(connection, row.id)
        done += len(rows)


def _estimate_again(connection: Connection, rows: Iterable[tuple[int, bytes]]) -> None:
    pairs = [(track, np.frombuffer(data, "<f4")) for track, data in rows]
    if pairs:
        beliefs = audio_evidence(np.stack([features for _, features in pairs]))
        for (track, _), belief in zip(pairs, beliefs, strict=True):
            write_evidence(connection, track, {"audio": belief})
