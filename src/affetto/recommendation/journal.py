"""The journal of one listener: what was heard of them, when, and what was played."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import delete, insert, select, update

from affetto.affect import Emotion
from affetto.errors import OptionError
from affetto.recommendation.history import milliseconds
from affetto.recommendation.intent import Start, start_affect, start_emotion
from affetto.store import Store
from affetto.store.tables import OutcomeRow, PlaylistRow, ReadingRow
from affetto.voice.reading import Reading

__all__ = ["Journal", "JournalEntry", "Source"]

Source: TypeAlias = Literal["voice", "file", "hand"]
"""How the listener said where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One reading, and the playlist that answered it.

    Attributes:
        number: Its number.
        at: When, in milliseconds since 1970.
        source: How it was found.
        emotion: The likeliest emotion, or the one that the person named; None where neither is known.
        valence: The affect, with ``arousal``.
        probabilities: Of the eight emotions; empty where the person set a point.
        seconds: Seconds of speech that it rests on.
        playlist: Number of the playlist, None where there is none (any more).
        title: What the playlist is called; empty without one.
        outcome: What the listener said after it, or None.
    """

    number: int
    at: int
    source: Source
    emotion: Emotion | None
    valence: float
    arousal: float
    probabilities: Mapping[str, float]
    seconds: float
    playlist: int | None
    title: str
    outcome: str | None

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain values for JSON."""
        playlist = {"id": self.playlist, "title": self.title, "outcome": self.outcome}
        return {
            "id": self.number,
            "at": self.at,
            "when": datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="seconds"),
            "source": self.source,
            "emotion": None if self.emotion is None else str(self.emotion),
            "valence": self.valence,
            "arousal": self.arousal,
            "probabilities": dict(self.probabilities),
            "seconds": self.seconds,
            "playlist": None if self.playlist is None else playlist,
        }


class Journal:
    """The readings of one listener in a store.

    Args:
        store: Where they are kept.
        listener: Number of the listener.
    """

    def __init__(self, store: Store, listener: int) -> None:
        self._store, self._listener = store, listener

    def add(self, start: Start, *, source: Source, playlist: int | None = None, entry: int | None = None) -> int:
        """Writes down where the listener is, and gives the number of the entry.

        Args:
            start: What was heard, or what they said.
            source: How it was found.
            playlist: The playlist that answers it.
            entry: An entry that this one takes the place of, because the listener put it right; None for a new one.
        """
        affect, emotion = start_affect(start), start_emotion(start)
        heard = start if isinstance(start, Reading) and not start.abstained else None
        shares = {} if heard is None else {str(name): round(p, 4) for name, p in heard.probabilities.items()}
        values: dict[str, Any] = {
            "emotion": "" if emotion is None else str(emotion),
            "valence": affect.valence,
            "arousal": affect.arousal,
            "playlist_id": playlist,
        }
        with self._store.write(library=False) as connection:
            if entry is not None:
                mine = ReadingRow.id == entry, ReadingRow.listener_id == self._listener
                if connection.execute(update(ReadingRow).where(*mine).values(**values)).rowcount:
                    return entry
            values |= {
                "listener_id": self._listener,
                "at": milliseconds(),
                "source": source,
                "probabilities": json.dumps(shares) if shares else "",
                "seconds": 0.0 if heard is None else heard.seconds,
            }
            return int(connection.execute(insert(ReadingRow).values(**values).returning(ReadingRow.id)).scalar_one())

    def entries(self, *, limit: int | None = None) -> list[JournalEntry]:
        """The entries, newest first.

        Args:
            limit: At most so many; None for all.
        """
        query = (
            select(ReadingRow, PlaylistRow.title, OutcomeRow.said)
            .outerjoin(PlaylistRow, PlaylistRow.id == ReadingRow.playlist_id)
            .outerjoin(OutcomeRow, OutcomeRow.playlist_id == ReadingRow.playlist_id)
            .where(ReadingRow.listener_id == self._listener)
            .order_by(ReadingRow.at.desc(), ReadingRow.id.desc())
            .limit(limit)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return [
            JournalEntry(
                number=row.id,
                at=row.at,
                source=row.source,
                emotion=Emotion(row.emotion) if row.emotion else None,
                valence=row.valence,
                arousal=row.arousal,
                probabilities=json.loads(row.probabilities) if row.probabilities else {},
                seconds=row.seconds,
                playlist=row.playlist_id,
                title=row.title or "",
                outcome=row.said,
            )
            for row in rows
        ]

    def delete(self, number: int) -> None:
        """Deletes an entry; the playlist stays.

        Raises:
            OptionError: If there is none of that number.
        """
        mine = ReadingRow.id == number, ReadingRow.listener_id == self._listener
        with self._store.write(library=False) as connection:
            gone = connection.execute(delete(ReadingRow).where(*mine)).rowcount
        if not gone:
            raise OptionError(f"journal entry {number}: there is none of that number; it may have been deleted already")
