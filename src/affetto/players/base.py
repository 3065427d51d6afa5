"""The narrow interface that every player keeps: what goes in, what comes back.

A player is a place where the listener already hears music: a file, a server, a streaming service, this machine. Each
is one module of this package, and only that module knows the program or service behind it.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

from affetto.errors import PlayerError
from affetto.music.track import Track

__all__ = [
    "AbsentError",
    "AccessError",
    "Check",
    "Detail",
    "Feedback",
    "FeedbackKind",
    "LaterError",
    "Match",
    "Missing",
    "Placed",
    "Player",
    "Resolution",
    "StoppedError",
    "UnsureError",
    "Watch",
]

Detail: TypeAlias = Mapping[str, str | float]
_NOTHING: Detail = MappingProxyType({})


class AccessError(PlayerError):
    """The player no longer lets us in, or never did: expired, revoked, not allowed."""


class LaterError(PlayerError):
    """A limit of the service is reached; what was done is kept, and the same call goes on from there.

    Attributes:
        seconds: How long the service asks to wait; None when it does not say.
    """

    def __init__(self, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class AbsentError(PlayerError):
    """There is nothing where we asked: the call, or what it is about, is not known there."""


class UnsureError(PlayerError):
    """The answer to a change got lost: it may have been made or not."""


class StoppedError(PlayerError):
    """The work was called off; what was done is kept, and the same call goes on from there."""


def _no_progress(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _no_words(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How slow work is watched, and called off.

    Attributes:
        progress: Called with a stage, how much of it is done, and of how much.
        tell: Called with a line for the listener ("Spotify asks to wait 12 s").
        stopped: Set it from any thread to end the work with `StoppedError` at the next step.
    """

    progress: Callable[[str, int, int], None] = _no_progress
    tell: Callable[[str], None] = _no_words
    stopped: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Ends the work if it was called off.

        Raises:
            StoppedError: If it was.
        """
        if self.stopped.is_set():
            raise StoppedError("stopped; what was done is kept, and the same command goes on from there")

    def wait(self, seconds: float) -> None:
        """Waits, but not after the work was called off.

        Raises:
            StoppedError: If it was.
        """
        self.stopped.wait(max(0.0, seconds))
        self.check()


class FeedbackKind(StrEnum):
    """What a listener did with a track."""

    PLAY = "play"
    COMPLETED = "completed"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    RATING = "rating"
    NOT_THIS_MOOD = "not_this_mood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One thing that a listener did with a track.

    Attributes:
        track: The ``id`` of the `Track`.
        kind: What was done.
        at: When, with its time zone; without one it counts as UTC.
        detail: What else is known: ``seconds`` played before a skip, ``rating`` from 0 to 1 (0.5 is middling),
            ``plays`` counted so far, ``player``, ``title``, ``artist``, ``uri``.
    """

    track: str
    kind: FeedbackKind
    at: datetime
    detail: Detail = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            object.__setattr__(self, "at", self.at.replace(tzinfo=UTC))
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))

    def to_dict(self) -> dict[str, Any]:
        """The feedback as plain values for JSON.

        >>> Feedback(track="1", kind=FeedbackKind.SKIP, at=datetime(2026, 1, 1), detail={"seconds": 8.0}).to_dict()
        {'track': '1', 'kind': 'skip', 'at': '2026-01-01T00:00:00+00:00', 'detail': {'seconds': 8.0}}
        """
        return {
            "track": self.track,
            "kind": str(self.kind),
            "at": self.at.astimezone(UTC).isoformat(),
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A track found at a player.

    Attributes:
        track: The track that was looked for.
        id: The player's own name for it: an address, a number, a path.
        score: How sure it is the same recording, from 0 to 1.
        how: What it was found by: "id", "isrc", "path" or "search".
        seen: What the player calls it ("Artist - Title"); for people, never for a model.
    """

    track: Track
    id: str
    score: float
    how: str
    seen: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The match as plain values for JSON."""
        return {"track": self.track.id, "id": self.id, "score": self.score, "how": self.how, "seen": self.seen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A track that a player does not have.

    Attributes:
        track: The track that was looked for.
        why: Why nothing was taken ("nothing found", "best of 10 scores 0.41").
    """

    track: Track
    why: str

    def to_dict(self) -> dict[str, Any]:
        """The miss as plain values for JSON."""
        return {"track": self.track.id, "title": self.track.title, "artist": self.track.artist, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a player has of some tracks; both lists keep their order."""

    found: tuple[Match, ...]
    missing: tuple[Missing, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The player's own names of what was found, in order."""
        return tuple(match.id for match in self.found)

    def to_dict(self) -> dict[str, Any]:
        """The resolution as plain values for JSON."""
        return {
            "found": [match.to_dict() for match in self.found],
            "missing": [miss.to_dict() for miss in self.missing],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A playlist that lies at a player.

    Attributes:
        player: Name of the player.
        id: The player's own name of the playlist.
        name: What the listener sees it called.
        link: Where it can be opened; empty when there is no such place.
        created: True when it is new, False when it was there and was brought up to date.
        resolution: What is in it and what could not be found.
    """

    player: str
    id: str
    name: str
    link: str
    created: bool
    resolution: Resolution

    def to_dict(self) -> dict[str, Any]:
        """The playlist as plain values for JSON."""
        return {
            "player": self.player,
            "id": self.id,
            "name": self.name,
            "link": self.link,
            "created": self.created,
            **self.resolution.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One call of the contract, tried out.

    Attributes:
        call: What was tried ("GET /v1/me").
        ok: Whether it answered as documented.
        note: What came of it, or what to do.
    """

    call: str
    ok: bool
    note: str


@runtime_checkable
class Player(Protocol):
    """Where playlists go and likes come from.

    All calls raise `PlayerError` (one line, with the way out); what a player cannot do at all it refuses with one.
    They report to ``watch``, and end with `StoppedError` when it says so. A call that was cut off, by whatever, is
    repeated by calling it again: it goes on where it stopped, and never makes a second playlist.
    """

    @property
    def name(self) -> str:
        """The name it is connected under ("spotify")."""
        ...

    def resolve(self, tracks: Sequence[Track], *, watch: Watch = ...) -> Resolution:
        """Finds tracks at the player; nothing is changed there."""
        ...

    def make_playlist(self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch = ...) -> Placed:
        """Makes the playlist of this name, or brings the one that we made before up to date in place.

        A playlist of the same name that the listener made is never touched. Nothing is made when nothing is found.

        Args:
            name: What the listener sees; the same name is the same playlist.
            tracks: What to put in, in order; what cannot be found is left out and listed.
            about: A sentence to go with it.
            watch: Who watches.
        """
        ...

    def queue(self, tracks: Sequence[Track], *, watch: Watch = ...) -> Resolution:
        """Puts tracks behind what is playing."""
        ...

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch = ...) -> Resolution:
        """Starts playing tracks, on a device of that name or on the one in use."""
        ...

    def read_feedback(self, *, since: datetime | None = None, watch: Watch = ...) -> Iterator[Feedback]:
        """What the listener did there, oldest first; nothing for players that may not or cannot tell."""
        ...

    def check(self, *, watch: Watch = ...) -> Iterator[Check]:
        """Tries every call that the player uses, and leaves nothing behind."""
        ...
