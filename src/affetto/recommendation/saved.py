"""The playlists that were made for one listener, how the listener felt after them, and what they wanted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import bindparam, delete, insert, select, update

from affetto.affect import Emotion
from affetto.errors import OptionError
from affetto.recommendation.history import milliseconds
from affetto.recommendation.intent import Intent
from affetto.recommendation.options import one_of
from affetto.store import Store
from affetto.store.tables import ChoiceRow, ListenerRow, OutcomeRow, PlaylistRow

__all__ = ["OUTCOMES", "Outcome", "Saved", "SavedPlaylist"]

OUTCOMES = ("better", "same", "worse")
"""What a listener may say after a playlist."""

_NEWEST = (
    select(PlaylistRow, OutcomeRow.said)
    .outerjoin(OutcomeRow, OutcomeRow.playlist_id == PlaylistRow.id)
    .where(PlaylistRow.listener_id == bindparam("listener"))
    .order_by(PlaylistRow.id.desc())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlaylist:
    """A playlist that was made for a listener.

    Attributes:
        number: Its number.
        made: When, in milliseconds since 1970.
        title: What it is called.
        request: The text that remakes it, see `affetto.recommendation.request`.
        shape: Shape of its journey; empty where there was no way to go.
        outcome: What the listener said after it, or None.
        content: The playlist in its JSON form, each track with ``reasons``, ``parts`` and ``propensity``.
    """

    number: int
    made: int
    title: str
    request: str
    shape: str
    outcome: str | None
    content: Mapping[str, Any]

    @property
    def tracks(self) -> Sequence[Mapping[str, Any]]:
        """Its tracks in their JSON form."""
        return cast("Sequence[Mapping[str, Any]]", self.content["tracks"])

    def to_dict(self) -> dict[str, Any]:
        """The playlist as plain values for JSON."""
        return {
            "number": self.number,
            "made": datetime.fromtimestamp(self.made / 1000, UTC).isoformat(),
            "title": self.title,
            "request": self.request,
            "shape": self.shape,
            "outcome": self.outcome,
            "playlist": dict(self.content),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a listener felt after a playlist.

    Attributes:
        said: One of `OUTCOMES`.
        shape: Shape of its journey.
        playlist: Number of the playlist, None when it was deleted since.
        at: When they said it, in milliseconds since 1970.
    """

    said: str
    shape: str
    playlist: int | None
    at: int

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain values for JSON."""
        return {
            "said": self.said,
            "shape": self.shape,
            "playlist": self.playlist,
            "at": datetime.fromtimestamp(self.at / 1000, UTC).isoformat(),
        }


class Saved:
    """Playlists, outcomes and choices of one listener in a store.

    Args:
        store: Where they are kept.
        listener: The listener's number there.
    """

    def __init__(self, store: Store, listener: int) -> None:
        self._store, self._listener = store, listener

    def keep(self, *, title: str, request: str, shape: str, propensity: float, content: Mapping[str, Any]) -> int:
        """Keeps a playlist and gives its number."""
        values = {
            "listener_id": self._listener,
            "made": milliseconds(),
            "title": title,
            "request": request,
            "shape": shape,
            "propensity": propensity,
            "content": json.dumps(dict(content), ensure_ascii=False),
        }
        with self._store.write(library=False) as connection:
            statement = insert(PlaylistRow).values(values).returning(PlaylistRow.id)
            return int(connection.execute(statement).scalar_one())

    def playlists(self, *, limit: int | None = None) -> list[SavedPlaylist]:
        """The playlists, newest first."""
        return self._read(limit=limit)

    def playlist(self, number: int | None = None) -> SavedPlaylist:
        """One playlist.

        Args:
            number: Which; None for the newest.

        Raises:
            OptionError: If there is none.
        """
        found = self._read(PlaylistRow.id == number) if number is not None else self._read(limit=1)
        if not found:
            what = "there is no playlist yet" if number is None else f"playlist {number}: there is none of that number"
            way = "make one: affetto recommend" if number is None else "`affetto playlists` lists them"
            raise OptionError(f"{what}; {way}")
        return found[0]

    def _read(self, *where: Any, limit: int | None = None) -> list[SavedPlaylist]:
        query = _NEWEST.where(*where) if where else _NEWEST
        with self._store.read() as connection:
            rows = connection.execute(query.limit(limit), {"listener": self._listener}).all()
        return [
            SavedPlaylist(
                number=row.id,
                made=row.made,
                title=row.title,
                request=row.request,
                shape=row.shape,
                outcome=row.said,
                content=cast("dict[str, Any]", json.loads(row.content)),
            )
            for row in rows
        ]

    def delete(self, number: int) -> None:
        """Deletes a playlist; feedback to its tracks and what was said of it stay.

        Raises:
            OptionError: If there is none of that number.
        """
        with self._store.write(library=False) as connection:
            mine = (PlaylistRow.listener_id == self._listener, PlaylistRow.id == number)
            if not connection.execute(delete(PlaylistRow).where(*mine)).rowcount:
                raise OptionError(f"playlist {number}: there is none of that number; `affetto playlists` lists them")

    def say(self, said: str, number: int | None = None) -> Outcome:
        """Writes down how the listener felt after a playlist; saying it again corrects it.

        Raises:
            OptionError: If it is none of `OUTCOMES`, or there is no such playlist.
        """
        said = one_of("outcome", said, OUTCOMES)
        playlist = self.playlist(number)
        outcome = Outcome(said=said, shape=playlist.shape, playlist=playlist.number, at=milliseconds())
        statement = self._store.insert_or_update(OutcomeRow, ["playlist_id"], ["said", "at"]).values(
            listener_id=self._listener, playlist_id=playlist.number, shape=playlist.shape, said=said, at=outcome.at
        )
        with self._store.write(library=False) as connection:
            connection.execute(statement)
        return outcome

    def unsay(self, number: int | None = None) -> None:
        """Takes back what was said of a playlist.

        Raises:
            OptionError: If nothing was.
        """
        playlist = self.playlist(number)
        with self._store.write(library=False) as connection:
            gone = connection.execute(delete(OutcomeRow).where(OutcomeRow.playlist_id == playlist.number))
            if not gone.rowcount:
                raise OptionError(f"playlist {playlist.number}: nothing was said of it")

    def outcomes(self) -> list[Outcome]:
        """All that was said, in order."""
        query = select(OutcomeRow).where(OutcomeRow.listener_id == self._listener).order_by(OutcomeRow.id)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return [Outcome(said=row.said, shape=row.shape, playlist=row.playlist_id, at=row.at) for row in rows]

    def asks(self) -> bool:
        """Whether the listener is asked how they feel after a playlist."""
        with self._store.read() as connection:
            return bool(connection.scalar(select(ListenerRow.asks).where(ListenerRow.id == self._listener)))

    def ask(self, wanted: bool) -> None:
        """Has the listener asked, or not."""
        with self._store.write(library=False) as connection:
            connection.execute(update(ListenerRow).where(ListenerRow.id == self._listener).values(asks=wanted))

    def choose(self, emotion: Emotion, intents: Sequence[Intent]) -> None:
        """Remembers what the listener wanted when they sounded so, in place of what they wanted before."""
        statement = self._store.insert_or_update(ChoiceRow, ["listener_id", "emotion"], ["intents", "at"]).values(
            listener_id=self._listener, emotion=str(emotion), intents=",".join(intents), at=milliseconds()
        )
        with self._store.write(library=False) as connection:
            connection.execute(statement)

    def forget_choice(self, emotion: Emotion) -> None:
        """Forgets what the listener wanted when they sounded so."""
        with self._store.write(library=False) as connection:
            mine = (ChoiceRow.listener_id == self._listener, ChoiceRow.emotion == str(emotion))
            connection.execute(delete(ChoiceRow).where(*mine))

    def choices(self) -> dict[Emotion, tuple[Intent, ...]]:
        """What the listener last wanted for each emotion."""
        query = select(ChoiceRow.emotion, ChoiceRow.intents).where(ChoiceRow.listener_id == self._listener)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return {
            Emotion(emotion): tuple(Intent(each) for each in intents.split(","))
            for emotion, intents in sorted(rows)
            if emotion in list(Emotion)
        }
