"""Sums over what was heard, from which everything else follows. They add up, fade, and forget the order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste.columns import CONTENT, name_key
from affetto.recommendation.taste.events import Event, Kind, Reward

__all__ = ["CONTEXT", "FIXED", "KINDS", "Evidence", "Sums", "features_of"]

_Floats: TypeAlias = npt.NDArray[np.float64]

CONTEXT = 6
"""Valence and arousal of the waypoint, and each of them times valence and arousal of the track."""

FIXED = 1 + len(CONTENT) + CONTEXT
"""Features that every track has: 1, its content, and what it is to the mood it was played for."""

KINDS = ("generosity", "content", "context", "genre", "cluster", "artist", "track")
"""What a reward is made of; `affetto.recommendation.taste.model.Prior` has a spread for each."""

_SOUND = 1 + len(CONTENT)
_DAY = 86400.0
_REBASE = 64.0  # half-lives after which the sums are scaled down, long before a float could overflow
_FORGOTTEN = 1e-30  # what weighs less than this weighs nothing
_VOTES = frozenset({Kind.ARTIST_MORE, Kind.ARTIST_LESS})


def features_of(content: npt.ArrayLike, context: tuple[float, float] | None) -> _Floats:
    """The fixed features of one track: 1, the content, the context and their products; 0 for what is not known."""
    known = np.zeros(len(CONTENT))
    given = np.nan_to_num(np.asarray(content, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)[: len(CONTENT)]
    known[: len(given)] = given
    place = np.zeros(2) if context is None else np.asarray(context, dtype=np.float64)
    return np.concatenate([[1.0], known, place, np.outer(place, known[:2]).ravel()])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """The sums as they weigh at one time.

    Attributes:
        faded: What all of the following is to be multiplied by.
        dense: Shape (d, d): sum of weighted products of features.
        answer: Shape (d,): the same of features and rewards.
        tracks: Shape (t, 2 + d): weight, reward and features of each track.
        artist_of: Shape (t,): row of the artist of each track, -1 where it is not known.
        votes: Shape (a, 2): weight and reward of deeds about each artist.
        count: How many deeds there were.
        deeds: Shape (n, 9): weight and reward of each, and the squared length of its features of each of `KINDS`.
    """

    faded: float
    dense: _Floats
    answer: _Floats
    tracks: _Floats
    artist_of: npt.NDArray[np.intp]
    votes: _Floats
    count: float
    deeds: _Floats


def _room(array: _Floats, shape: tuple[int, ...]) -> _Floats:
    """The array, or a larger copy with zeros where a shape does not fit into it."""
    sizes = zip(array.shape, shape, strict=True)
    wanted = tuple(have if have >= need else need + need // 2 for have, need in sizes)
    if wanted == array.shape:
        return array
    grown = np.zeros(wanted)
    grown[tuple(slice(size) for size in array.shape)] = array
    return grown


@dataclass(slots=True, eq=False)
class Evidence:
    """Sums that grow with each event. Weights are kept as of ``since``, so that fading costs nothing.

    Attributes:
        half_life: Days after which an event counts half.
        levels: Place among the features of each genre and region that was met.
        tracks: Row of each track that was met, by its key and artist.
        artists: Row of each artist that was met.
        taught: Events that taught something, each weighed by its age.
    """

    half_life: float
    levels: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    tracks: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    artists: dict[str, int] = field(default_factory=dict[str, int])
    taught: float = 0.0
    _since: float | None = None
    _dense: _Floats = field(default_factory=lambda: np.zeros((FIXED, FIXED)))
    _answer: _Floats = field(default_factory=lambda: np.zeros(FIXED))
    _tracks: _Floats = field(default_factory=lambda: np.zeros((0, 2 + FIXED)))
    _artist_of: list[int] = field(default_factory=list[int])
    _votes: _Floats = field(default_factory=lambda: np.zeros((0, 2)))
    _deeds: _Floats = field(default_factory=lambda: np.zeros((0, 2 + len(KINDS))))
    _count: int = 0

    def copy(self) -> "Evidence":
        """One that can grow on its own."""
        return Evidence(
            self.half_life,
            dict(self.levels),
            dict(self.tracks),
            dict(self.artists),
            self.taught,
            self._since,
            self._dense.copy(),
            self._answer.copy(),
            self._tracks.copy(),
            self._artist_of.copy(),
            self._votes.copy(),
            self._deeds.copy(),
            self._count,
        )

    def _weight(self, time: float) -> float:
        if self._since is None:
            self._since = time
        age = (time - self._since) / (self.half_life * _DAY)
        if age > _REBASE:
            faded = 2.0**-age
            for array in (self._dense, self._answer, self._tracks, self._votes):
                array *= faded
            self._deeds[:, 0] *= faded
            self.taught *= faded
            self._since, age = time, 0.0
        return 2.0**age

    def _level(self, group: str, name: str) -> list[int]:
        key = name_key(name)
        return [self.levels.setdefault((group, key), FIXED + len(self.levels))] if key else []

    def add(self, event: Event, reward: Reward) -> None:
        """Takes in what an event taught; rewards may be what is left after someone else's guess."""
        at_that_time = self._weight(event.time)
        weight, gain = reward.weight * at_that_time, reward.weight * reward.value * at_that_time
        self.taught += at_that_time
        artist = name_key(event.artist)
        row = self.artists.setdefault(artist, len(self.artists)) if artist else -1
        self._votes = _room(self._votes, (len(self.artists), 2))
        if event.kind in _VOTES:
            if row >= 0:
                self._votes[row] += (weight, gain)
                self._keep(weight, reward.value, [0, 0, 0, 0, 0, 1, 0])
            return
        fixed = features_of(event.content, event.context)
        places = [*range(FIXED), *self._level("genre", event.genre), *self._level("cluster", event.cluster)]
        values = np.concatenate([fixed, np.ones(len(places) - FIXED)])
        named = (event.genre.strip(), event.cluster.strip(), artist, event.track)
        sound, context = fixed[1:_SOUND], fixed[_SOUND:]
        self._keep(weight, reward.value, [1.0, float(sound @ sound), float(context @ context), *map(bool, named)])
        size = FIXED + len(self.levels)
        self._dense, self._answer = _room(self._dense, (size, size)), _room(self._answer, (size,))
        self._dense[np.ix_(places, places)] += weight * np.outer(values, values)
        self._answer[places] += gain * values
        if event.track:
            track = self.tracks.setdefault((event.track, artist), len(self.tracks))
            self._tracks = _room(self._tracks, (len(self.tracks), 2 + size))
            if track == len(self._artist_of):
                self._artist_of.append(row)
            self._tracks[track, :2] += (weight, gain)
            self._tracks[track, [2 + place for place in places]] += weight * values

    def _keep(self, weight: float, reward: float, lengths: Sequence[float]) -> None:
        self._deeds = _room(self._deeds, (self._count + 1, 2 + len(KINDS)))
        self._deeds[self._count] = (weight, reward, *lengths)
        self._count += 1

    def faded(self, now: float) -> float:
        """What a weight kept in the sums is worth at a time."""
        return 1.0 if self._since is None else 2.0 ** ((self._since - now) / (self.half_life * _DAY))

    def sums(self, now: float) -> Sums:
        """The sums as they weigh at a time; to be read only."""
        size = FIXED + len(self.levels)
        dense, answer = _room(self._dense, (size, size)), _room(self._answer, (size,))
        return Sums(
            faded=max(self.faded(now), _FORGOTTEN),
            dense=dense[:size, :size],
            answer=answer[:size],
            tracks=_room(self._tracks, (len(self.tracks), 2 + size))[: len(self.tracks), : 2 + size],
            artist_of=np.array(self._artist_of, dtype=np.intp),
            votes=self._votes[: len(self.artists)],
            count=self.taught,
            deeds=self._deeds[: self._count],
        )
