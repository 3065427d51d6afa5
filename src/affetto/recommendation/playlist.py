"""Tracks in order, each with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from affetto.affect import Affect
from affetto.music.track import Track
from affetto.recommendation.intent import Intent, Plan
from affetto.recommendation.journey import Journey
from affetto.recommendation.request import Request, format_request
from affetto.recommendation.shape import Shape

__all__ = ["Playlist", "PlaylistItem"]


_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistItem:
    """A track and why it is there.

    Attributes:
        track: The track.
        reasons: Short phrases: its place on the journey, what is liked of it, its tempo, its feels.
        parts: What it cost when it was chosen, by what it cost for, see `affetto.recommendation.rank.Chosen`; negative
            speaks for it.
        propensity: Probability that it, of all candidates, was put at its place; None where that is not known.
    """

    track: Track
    reasons: tuple[str, ...]
    parts: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    propensity: float | None = None

    @property
    def why(self) -> str:
        """The reasons as one line."""
        return "; ".join(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """The track as plain values, with its reasons."""
        return {
            **self.track.to_dict(),
            "reasons": list(self.reasons),
            "parts": {name: round(cost, 4) for name, cost in self.parts.items()},
            "propensity": None if self.propensity is None else round(self.propensity, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """What to play, in order, and how it came about.

    Attributes:
        plan: The intents served and why.
        journey: The way that the tracks follow.
        items: The tracks with their reasons.
        strategy: "journey", "genre" or "mood".
        seed: The seed; the same start, options, library and seed make the same playlist again.
        notes: What the listener should know (a doubtful reading, a library that holds little).
        library: The music that it was made from ("your library", "the starter catalog").
        request: What made it; None for a live playlist.
        listener: For whom it was made; None for anybody.
        number: Its number among the playlists kept for the listener; None where it is not kept.
    """

    plan: Plan
    journey: Journey
    items: tuple[PlaylistItem, ...]
    strategy: str
    seed: int
    notes: tuple[str, ...] = ()
    library: str = "the library given"
    request: Request | None = None
    listener: str | None = None
    number: int | None = None

    @property
    def intent(self) -> Intent:
        """The intent that is served first."""
        return self.plan.intents[0]

    @property
    def start(self) -> Affect:
        """Where the listener is."""
        return self.journey.start

    @property
    def shape(self) -> Shape:
        """How the journey gets to its goal."""
        return Shape.GRADUAL if self.request is None else self.request.shape

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks without their reasons."""
        return tuple(item.track for item in self.items)

    @property
    def seconds(self) -> float:
        """Length of all tracks of known length together."""
        return sum(track.seconds or 0.0 for track in self.tracks)

    @property
    def credits(self) -> tuple[str, ...]:
        """Who to credit, once each: the credits of the tracks without the titles, which the list shows anyway.

        >>> from affetto.recommendation import recommend
        >>> print(*recommend("calm", seed=1).credits)
        Kevin MacLeod (incompetech.com), licensed under Creative Commons: By Attribution 4.0, https://...
        """
        lines = (track.credit.removeprefix(f'"{track.title}" ') for track in self.tracks)
        return tuple(dict.fromkeys(line for line in lines if line))

    @property
    def explanation(self) -> str:
        """Why these intents, in a sentence for the listener."""
        return self.plan.explanation

    @property
    def title(self) -> str:
        """A name for the playlist ("Affetto: comfort, then lift")."""
        return f"Affetto: {self.plan.words}"

    def to_dict(self) -> dict[str, Any]:
        """The playlist as plain values, in the documented JSON form."""
        return {
            "intent": str(self.intent),
            "then": [str(intent) for intent in self.plan.intents[1:]],
            "explanation": self.explanation,
            "journey": self.journey.to_list(),
            "tracks": [item.to_dict() for item in self.items],
            "notes": list(self.notes),
            "strategy": self.strategy,
            "shape": str(self.shape),
            "seed": self.seed,
            "library": self.library,
            "seconds": self.seconds,
            "request": None if self.request is None else format_request(self.request),
            "listener": self.listener,
            "number": self.number,
        }
