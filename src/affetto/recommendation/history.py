"""What one listener did with tracks, in the store: rows are added, marked when taken back, and never changed."""

import json
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from affetto.errors import OptionError
from affetto.recommendation.taste.events import Event, Kind
from affetto.store import Store
from affetto.store.tables import FeedbackRow, ListenerRow

__all__ = ["Entry", "History", "entry_of", "milliseconds", "read_entries"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})

# statements of every word that a listener says: made once, since making them takes longer than the store does
_OF_LISTENER = FeedbackRow.listener_id == bindparam("listener")
_REVISION = select(ListenerRow.revision).where(ListenerRow.id == bindparam("listener"))
_TURN = update(ListenerRow).where(ListenerRow.id == bindparam("listener")).values(revision=ListenerRow.revision + 1)
_KNOWN = select(FeedbackRow.id).where(_OF_LISTENER, FeedbackRow.token == bindparam("token"))
_ADD = insert(FeedbackRow).returning(FeedbackRow.id)
_STANDING = select(func.count()).where(_OF_LISTENER, FeedbackRow.id <= bindparam("last"), FeedbackRow.undone.is_(None))
_AFTER = (
    select(FeedbackRow)
    .where(_OF_LISTENER, FeedbackRow.id > bindparam("last"), FeedbackRow.undone.is_(None))
    .order_by(FeedbackRow.id)
)
_OPINIONS = (
    select(FeedbackRow.id, FeedbackRow.track, FeedbackRow.kind)
    .where(_OF_LISTENER, FeedbackRow.undone.is_(None), FeedbackRow.library == bindparam("library"))
    .where(FeedbackRow.track.in_(bindparam("tracks", expanding=True)))
    .where(FeedbackRow.kind.in_([str(Kind.LIKE), str(Kind.DISLIKE), str(Kind.NEVER)]))
    .order_by(FeedbackRow.id)
)


def milliseconds() -> int:
    """The time now, in milliseconds since 1970."""
    return round(time.time() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a listener did with a track.

    Attributes:
        number: Its number, which grows with every entry; 0 while it is not written down.
        kind: What was done.
        library: The music that the track is from: "own", "starter" or the name of a catalog.
        track: Its id there; empty for a word about an artist.
        at: When, in milliseconds since 1970, as the clock gave it.
        seconds: How much of it had played, or None.
        wanted: Valence and arousal of the waypoint that it played for, or None.
        propensity: How likely it was when it was chosen, or None.
        playlist: Number of the playlist that it played from, or None.
        facts: What the track was: ``title``, ``artist``, ``genre``, ``seconds`` and more, so that what was learnt
            outlives it.
        token: A name for this very act, so that what is told twice counts once.
        undone: When it was taken back, or None.
    """

    number: int = 0
    kind: Kind
    library: str
    track: str
    at: int
    seconds: float | None = None
    wanted: tuple[float, float] | None = None
    propensity: float | None = None
    playlist: int | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    undone: int | None = None

    @property
    def key(self) -> str:
        """Name of the track among all libraries ("own:12"); empty where none is meant."""
        return f"{self.library}:{self.track}" if self.track else ""

    @property
    def title(self) -> str:
        """What to call the track."""
        return str(self.facts.get("title") or self.track)

    @property
    def artist(self) -> str:
        """Who made it."""
        return str(self.facts.get("artist") or "")

    def event(self, now: int) -> Event:
        """The entry as taste learns from it; what a clock put into the future happens now."""
        content = self.facts.get("content")
        return Event(
            kind=self.kind,
            time=min(self.at, now) / 1000,
            track=self.key,
            artist=self.artist,
            genre=str(self.facts.get("genre") or ""),
            cluster=str(self.facts.get("cluster") or ""),
            content=tuple(float("nan") if x is None else float(x) for x in content) if content else (),
            second=self.seconds,
            length=self.facts.get("seconds"),
            propensity=self.propensity,
            context=self.wanted,
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain values for JSON."""
        return {
            "number": self.number,
            "kind": str(self.kind),
            "library": self.library,
            "track": self.track,
            "at": datetime.fromtimestamp(self.at / 1000, UTC).isoformat(),
            "seconds": self.seconds,
            "wanted": list(self.wanted) if self.wanted else None,
            "propensity": self.propensity,
            "playlist": self.playlist,
            "facts": dict(self.facts),
            "token": self.token,
            "undone": self.undone is not None,
        }


def entry_of(row: Any) -> Entry:
    """The entry that a row of the store holds."""
    return Entry(
        number=row.id,
        kind=Kind(row.kind),
        library=row.library,
        track=row.track,
        at=row.at,
        seconds=row.seconds,
        wanted=None if row.valence is None or row.arousal is None else (row.valence, row.arousal),
        propensity=row.propensity,
        playlist=row.playlist_id,
        facts=cast("dict[str, Any]", json.loads(row.facts)),
        token=row.token,
        undone=row.undone,
    )


def _values(listener: int, entry: Entry) -> dict[str, Any]:
    valence, arousal = entry.wanted or (None, None)
    return {
        "listener_id": listener,
        "kind": str(entry.kind),
        "library": entry.library,
        "track": entry.track,
        "at": entry.at,
        "seconds": entry.seconds,
        "valence": valence,
        "arousal": arousal,
        "propensity": entry.propensity,
        "playlist_id": entry.playlist,
        "facts": json.dumps(dict(entry.facts), ensure_ascii=False),
        "token": entry.token,
        "undone": entry.undone,
    }


class History:
    """The feedback of one listener.

    Several devices may write at once: writes take turns, each entry gets the next number, and the order of numbers is
    the order of what happened, whatever the clocks say.

    Args:
        store: Where it is kept.
        listener: The listener's number there.
    """

    def __init__(self, store: Store, listener: int) -> None:
        self._store, self._listener = store, listener

    @property
    def listener(self) -> int:
        """The listener's number."""
        return self._listener

    def revision(self) -> int:
        """A number that grows with every change.

        Raises:
            OptionError: If the listener was deleted.
        """
        with self._store.read() as connection:
            return self._revision(connection)

    def _revision(self, connection: Connection) -> int:
        found = connection.scalar(_REVISION, {"listener": self._listener})
        if found is None:
            raise OptionError("this listener was deleted; open the listener again")
        return int(found)

    def _turn(self, connection: Connection) -> None:
        """Waits for this listener's other writers, so that numbers become visible in their order."""
        if not connection.execute(_TURN, {"listener": self._listener}).rowcount:
            raise OptionError("this listener was deleted; open the listener again")

    def add(self, entries: Iterable[Entry]) -> list[int]:
        """Writes entries down and gives their numbers; one whose token is known already keeps its first number."""
        found: list[int] = []
        with self._store.write(library=False) as connection:
            self._turn(connection)
            for entry in entries:
                known = connection.scalar(_KNOWN, {"listener": self._listener, "token": entry.token})
                if known is None:
                    known = connection.execute(_ADD, _values(self._listener, entry)).scalar_one()
                found.append(int(known))
        return found

    def undo(self, number: int | None = None) -> Entry:
        """Takes an entry back.

        Args:
            number: Which one; None for the last that stands and was more than a play.

        Raises:
            OptionError: If there is no such entry, or it was taken back before.
        """
        with self._store.write(library=False) as connection:
            self._turn(connection)
            if number is None:
                query = select(FeedbackRow).where(FeedbackRow.listener_id == self._listener)
                query = query.where(FeedbackRow.undone.is_(None), FeedbackRow.kind != str(Kind.PLAY))
                row = connection.execute(query.order_by(FeedbackRow.id.desc()).limit(1)).first()
                if row is None:
                    raise OptionError("there is no feedback to take back")
            else:
                row = self._standing(connection, number)
            self._take_back(connection, [row.id])
        return entry_of(row)

    def unlike(self, number: int) -> None:
        """Takes a like back, and the later and earlier ones of the track that would leave it liked.

        What was said before the track was last disliked stays as it was.

        Args:
            number: Of the like.

        Raises:
            OptionError: If it is no like, there is no such entry, or it was taken back before.
        """
        with self._store.write(library=False) as connection:
            self._turn(connection)
            row = self._standing(connection, number)
            if row.kind != str(Kind.LIKE):
                raise OptionError(f"feedback {number}: is no like; `affetto feedback list` shows what there is")
            which = {"listener": self._listener, "library": row.library, "tracks": [row.track]}
            words = reversed(connection.execute(_OPINIONS, which).all())
            likes = takewhile(lambda word: word.kind == str(Kind.LIKE), words)
            self._take_back(connection, [number, *(like.id for like in likes)])

    def _standing(self, connection: Connection, number: int) -> Any:
        """The row of an entry that was not taken back."""
        query = select(FeedbackRow).where(FeedbackRow.listener_id == self._listener, FeedbackRow.id == number)
        row = connection.execute(query).first()
        if row is None or row.undone is not None:
            why = "is none of this listener's" if row is None else "was taken back before"
            raise OptionError(f"feedback {number}: {why}; `affetto feedback list` shows what there is")
        return row

    def _take_back(self, connection: Connection, numbers: Collection[int]) -> None:
        connection.execute(update(FeedbackRow).where(FeedbackRow.id.in_(numbers)).values(undone=milliseconds()))

    def entries(
        self, *, after: int = 0, upto: int | None = None, undone: bool = False, limit: int | None = None
    ) -> list[Entry]:
        """Entries in the order of their numbers.

        Args:
            after: Only those with a greater number.
            upto: Only those up to this number; None for all.
            undone: Also those that were taken back.
            limit: Only so many, the newest; None for all.
        """
        query = select(FeedbackRow).where(FeedbackRow.listener_id == self._listener, FeedbackRow.id > after)
        if upto is not None:
            query = query.where(FeedbackRow.id <= upto)
        if not undone:
            query = query.where(FeedbackRow.undone.is_(None))
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(FeedbackRow.id.desc()).limit(limit)).all()
        return [entry_of(row) for row in reversed(rows)]

    def count(self) -> int:
        """How many entries there are, those that were taken back among them."""
        query = select(func.count()).where(FeedbackRow.listener_id == self._listener)
        with self._store.read() as connection:
            return int(connection.scalar(query) or 0)

    def since(self, last: int) -> tuple[int, list[Entry]]:
        """How many entries up to a number stand, and those after it that do, in the order of their numbers."""
        which = {"listener": self._listener, "last": last}
        with self._store.read() as connection:
            standing = connection.scalar(_STANDING, which)
            rows = connection.execute(_AFTER, which).all()
        return int(standing or 0), [entry_of(row) for row in rows]

    def last(self) -> int:
        """Number of the newest entry, 0 where there is none."""
        with self._store.read() as connection:
            query = select(func.max(FeedbackRow.id)).where(FeedbackRow.listener_id == self._listener)
            return int(connection.scalar(query) or 0)

    def facts(self, library: str, track: str) -> Mapping[str, Any] | None:
        """What a track was when it was last spoken of; None when it never was."""
        query = select(FeedbackRow.facts).where(
            FeedbackRow.listener_id == self._listener, FeedbackRow.library == library, FeedbackRow.track == track
        )
        with self._store.read() as connection:
            found = connection.scalar(query.order_by(FeedbackRow.id.desc()).limit(1))
        return None if found is None else cast("dict[str, Any]", json.loads(found))

    def likes(self, library: str, tracks: Collection[str]) -> dict[str, int]:
        """The tracks that are liked, each with the number of its like: the last word on a track counts.

        Args:
            library: The music that they are from, as in `Entry.library`.
            tracks: The ids of those that are asked about.
        """
        which = {"listener": self._listener, "library": library, "tracks": list(tracks)}
        with self._store.read() as connection:
            rows = connection.execute(_OPINIONS, which).all()
        last = {row.track: row for row in rows}
        return {track: int(row.id) for track, row in last.items() if row.kind == str(Kind.LIKE)}

    def clear(self) -> int:
        """Forgets everything; the number of entries that there were."""
        with self._store.write(library=False) as connection:
            self._turn(connection)
            gone = connection.execute(delete(FeedbackRow).where(FeedbackRow.listener_id == self._listener))
            return int(gone.rowcount)


def read_entries(held: Sequence[Any]) -> list[Entry]:
    """Entries from the plain values that `Entry.to_dict` gives.

    Raises:
        OptionError: If one of them is not of that form; the message names its place.
    """
    found: list[Entry] = []
    for place, each in enumerate(held, start=1):
        try:
            entry = _read(each)
        except (KeyError, TypeError, ValueError, OverflowError, OptionError) as error:
            raise OptionError(
                f"entry {place} of the feedback: {type(error).__name__} {error}; mend or drop it"
            ) from None
        found.append(entry)
    return found


def _read(held: Mapping[str, Any]) -> Entry:
    facts = cast("dict[str, Any]", dict(held["facts"]))
    wanted = held.get("wanted")
    entry = Entry(
        kind=Kind(held["kind"]),
        library=str(held["library"])[:200],
        track=str(held["track"])[:500],
        at=round(datetime.fromisoformat(held["at"]).timestamp() * 1000),
        seconds=None if held.get("seconds") is None else float(held["seconds"]),
        wanted=None if wanted is None else (float(wanted[0]), float(wanted[1])),
        propensity=None if held.get("propensity") is None else float(held["propensity"]),
        facts=facts,
        token=str(held["token"])[:64],
        undone=milliseconds() if held.get("undone") else None,
    )
    entry.event(milliseconds())  # refuses what taste could not take
    return entry
