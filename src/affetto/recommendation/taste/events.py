"""What a listener did, and what each deed is worth."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from affetto.errors import OptionError

__all__ = ["Event", "Kind", "Reward", "reward_of"]

_USUAL_SECONDS = 210.0
_RATED = 2.0
_EARLIEST, _LATEST = -0.8, 0.1


class Kind(StrEnum):
    """A deed of the listener."""

    PLAY = "play"
    COMPLETED = "completed"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    RATED = "rated"
    NOT_THIS_MOOD = "not_this_mood"
    NEVER = "never"
    ARTIST_MORE = "artist_more"
    ARTIST_LESS = "artist_less"


class Reward(NamedTuple):
    """What a deed says of the track (or the artist), and how surely.

    Attributes:
        value: From -1, disliked, to 1, liked.
        weight: How many plays of chance it counts for.
    """

    value: float
    weight: float


REWARDS: Mapping[Kind, Reward] = MappingProxyType(
    {
        Kind.COMPLETED: Reward(0.3, 1.0),
        Kind.LIKE: Reward(1.0, 4.0),
        Kind.DISLIKE: Reward(-1.0, 4.0),
        Kind.NEVER: Reward(-1.0, 8.0),
        Kind.ARTIST_MORE: Reward(1.0, 4.0),
        Kind.ARTIST_LESS: Reward(-1.0, 4.0),
    }
)
"""A word said aloud is surer than a track that merely ran to its end. Skips are valued by `reward_of`; a play whose
end is not known, and "not this mood", say nothing about taste."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One deed about one track, with what the track was then: what is learnt outlives the file.

    Attributes:
        kind: What was done.
        time: When, in seconds since 1970 (UTC).
        track: Key of the track; empty for a deed about an artist.
        artist: Who made it; empty when unknown.
        genre: Its genre; empty when unknown.
        cluster: Name of the region of the library it lay in; empty when unknown.
        content: One value for each of `affetto.recommendation.taste.CONTENT`, NaN for what is not known; empty when
            nothing is.
        second: Second at which it was skipped.
        length: Seconds it lasts, None when unknown.
        stars: Stars it was given, 1 to 5.
        trust: How much the deed counts, 1 for one seen here; less for what was said elsewhere, or long before.
        propensity: Probability with which it was shown, in (0, 1]; None when it was not chosen by us.
        context: Valence and arousal of the waypoint it was played for; None when it was played for no mood.

    Raises:
        OptionError: If a number is not one that can be.
    """

    kind: Kind
    time: float
    track: str = ""
    artist: str = ""
    genre: str = ""
    cluster: str = ""
    content: tuple[float, ...] = ()
    second: float | None = None
    length: float | None = None
    stars: float | None = None
    trust: float = 1.0
    propensity: float | None = None
    context: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.time):
            raise OptionError(f"time of an event = {self.time}: give seconds since 1970")
        if self.second is not None and not (math.isfinite(self.second) and self.second >= 0):
            raise OptionError(f"second of a skip = {self.second}: give 0 or more")
        if self.stars is not None and not 1 <= self.stars <= 5:
            raise OptionError(f"stars = {self.stars}: give 1 to 5")
        if not 0 <= self.trust <= 1:
            raise OptionError(f"trust = {self.trust}: give a number from 0 to 1")
        if self.propensity is not None and not 0 < self.propensity <= 1:
            raise OptionError(f"propensity = {self.propensity}: give a probability above 0 and up to 1")
        if self.context is not None and not all(math.isfinite(x) and abs(x) <= 1 for x in self.context):
            raise OptionError(f"context = {self.context}: give valence and arousal, each from -1 to 1")


def reward_of(event: Event) -> Reward | None:
    """What an event says about taste, or None where it says nothing.

    A skip costs the more the earlier it comes, ``.1 - .9 (1 - s)^2`` at the share ``s`` of the track: -.8 at once, -.35
    after three tenths, and next to nothing at the very end, where it is as good as a completion cut short. The share is
    of 210 seconds where the length is not known. Three stars are worth nothing, five a like, one a dislike.

    >>> reward_of(Event(kind=Kind.SKIP, time=0, second=0, length=200))
    Reward(value=-0.8, weight=1.0)
    >>> round(reward_of(Event(kind=Kind.SKIP, time=0, second=180, length=200)).value, 2)
    0.09
    >>> reward_of(Event(kind=Kind.PLAY, time=0)) is None
    True
    """
    if event.kind is Kind.RATED:
        return None if event.stars is None else Reward((event.stars - 3) / 2, _RATED)
    if event.kind is not Kind.SKIP:
        return REWARDS.get(event.kind)
    known = event.length is not None and math.isfinite(event.length) and event.length > 0
    share = min(1.0, (event.second or 0.0) / (event.length if known and event.length else _USUAL_SECONDS))
    return Reward(_LATEST - (_LATEST - _EARLIEST) * (1 - share) ** 2, 1.0)
