"""Taste: a Bayesian linear model over content, genre, region, artist and track, that fades with time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from affetto.errors import OptionError
from affetto.music.library import Floats
from affetto.recommendation.taste.columns import CONTENT, TasteColumns, name_key
from affetto.recommendation.taste.events import Event, Kind, Reward, reward_of
from affetto.recommendation.taste.evidence import FIXED, KINDS, Evidence
from affetto.recommendation.taste.familiarity import Familiarity
from affetto.recommendation.taste.moods import MoodShift, shifted
from affetto.recommendation.taste.posterior import Posterior, Weights, solve
from affetto.recommendation.taste.scoring import Context, Named, Parts
from affetto.recommendation.taste.trust import log_odds, probability

__all__ = ["ADVENTUROUS", "MINIMUM", "Baseline", "Prior", "Taste"]

ADVENTUROUS = 0.2
"""How much of its doubt taste acts on when nobody says: the full draw loses more on what turns out not to be liked than
it gains (docs/decisions/0025-recommendation-measured.md)."""

MINIMUM = 5.0
"""Deeds that must have taught something, older ones counting less, before the order of anything is changed."""

_CONTEXT = 1 + len(CONTENT)
_ABOUT = 0.98  # five deeds count as five for some days


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed before anything is heard: standard deviations, in rewards (a like is 1).

    Attributes:
        noise: Of a reward that counts as one play.
        generosity: Of how much the listener likes anything at all.
        content: For one spread of each content feature.
        context: For one spread of what a track is to the mood it was played for.
        genre: Of a genre.
        cluster: Of a region.
        artist: Of an artist.
        track: Of a track beyond all that.
        half_life: Days after which an event counts half.
    """

    noise: float = 0.5
    generosity: float = 0.4
    content: float = 0.15
    context: float = 0.1
    genre: float = 0.25
    cluster: float = 0.15
    artist: float = 0.35
    track: float = 0.35
    half_life: float = 90.0

    def ridges(self, levels: Mapping[tuple[str, str], int]) -> npt.NDArray[np.float64]:
        """Noise variance over prior variance for each feature."""
        spread = np.full(FIXED + len(levels), self.content)
        spread[0], spread[_CONTEXT:FIXED] = self.generosity, self.context
        for (group, _), place in levels.items():
            spread[place] = self.genre if group == "genre" else self.cluster
        return (self.noise / spread) ** 2


class Baseline(Protocol):
    """Someone else's guess, such as what other listeners of the server like: taste then learns what it leaves over."""

    @property
    def reason(self) -> str:
        """Why what it rewards is played, in a few words."""
        ...

    def of(self, event: Event) -> float:
        """The reward that is expected of an event."""
        ...

    def scores(self, columns: TasteColumns) -> Floats:
        """The reward that is expected of every row."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    """What a listener likes, as far as events tell. It is only ever the replay of events: what was undone never was.

    Scores are in rewards, relative to a track of which nothing is known: a like is 1, a dislike -1.

    Attributes:
        now: The time for which it holds, in seconds since 1970.
        prior: What was believed before.
        never: Keys of the tracks never to be played again.
        likes: How many likes each artist has, by `name_key` of the name.
        familiarity: How well each track is known.

    >>> events = [Event(kind=Kind.LIKE, time=0, track=f"{n}", artist="Nina Simone") for n in range(6)]
    >>> taste = Taste.from_events(events, now=0)
    >>> taste.cold, taste.likes["nina simone"]
    (False, 6)
    """

    now: float
    prior: Prior
    never: frozenset[str]
    likes: Mapping[str, int]
    familiarity: Familiarity
    _baseline: Baseline | None
    _evidence: Evidence
    _shifts: Mapping[str, MoodShift] = field(default_factory=dict[str, MoodShift])

    @classmethod
    def from_events(
        cls, events: Iterable[Event], *, now: float, prior: Prior | None = None, baseline: Baseline | None = None
    ) -> "Taste":
        """The taste that events taught, in the order of their times; what comes after ``now`` counts as now.

        Args:
            events: All that the listener did and has not undone.
            now: The present, in seconds since 1970.
            prior: What is believed before; None for what was found to carry over best.
            baseline: Someone else's guess that taste starts from.
        """
        if not np.isfinite(now):
            raise OptionError(f"now = {now}: give seconds since 1970")
        prior = prior or Prior()
        growing = _Growing(Evidence(prior.half_life), Familiarity())
        for event in sorted(events, key=lambda event: event.time):
            growing.add(event, now, baseline)
        return growing.taste(now, prior, baseline)

    def update(self, event: Event, *, now: float) -> "Taste":
        """The taste after one more event, as if all had been replayed; this one stays as it is."""
        growing = _Growing(
            self._evidence.copy(), self.familiarity.copy(), set(self.never), dict(self.likes), dict(self._shifts)
        )
        growing.add(event, now, self._baseline)
        return growing.taste(now, self.prior, self._baseline)

    @property
    def evidence(self) -> float:
        """How many deeds taught something, older ones counting less."""
        return self._evidence.taught * self._evidence.faded(self.now)

    @property
    def cold(self) -> bool:
        """Whether too little is known to change the order of anything."""
        return self.evidence < MINIMUM * _ABOUT

    @cached_property
    def trust(self) -> float:
        """How far taste has earned to be acted on, from 0 to 1; .5 where nothing speaks for or against it.

        The probability that it foretells what the listener does better than chance would. Of somebody whose deeds have
        no order, nothing can be foretold, and mood decides alone.
        """
        spreads = np.array([getattr(self.prior, kind) for kind in KINDS])
        sums = self._evidence.sums(self.now)
        return probability(log_odds(sums, self.posterior, spreads=spreads, noise=self.prior.noise))

    @cached_property
    def posterior(self) -> Posterior:
        """Beliefs about all weights."""
        prior = self.prior
        return solve(
            self._evidence.sums(self.now),
            ridges=prior.ridges(self._evidence.levels),
            artist_ridge=(prior.noise / prior.artist) ** 2,
            track_ridge=(prior.noise / prior.track) ** 2,
            noise=prior.noise,
        )

    @cached_property
    def _mean(self) -> Named:
        return self._named(self.posterior.mean)

    def _named(self, weights: Weights) -> Named:
        evidence = self._evidence
        return Named(
            fixed=weights.dense[:FIXED],
            levels={name: float(weights.dense[place]) for name, place in evidence.levels.items()},
            artists={name: float(weights.artists[row]) for name, row in evidence.artists.items()},
            tracks={key: float(weights.tracks[row]) for key, row in evidence.tracks.items()},
        )

    def mean(self, columns: TasteColumns, *, context: Context = None) -> Floats:
        """The expected score of every row, as if taste were to be trusted; 0 for all while cold.

        Args:
            columns: The tracks.
            context: Valence and arousal of the waypoint they are meant for.
        """
        if self.cold:
            return self._others(columns)
        return self._mean.rows(columns, context) + self._others(columns)

    def scores(
        self,
        columns: TasteColumns,
        rng: np.random.Generator,
        *,
        context: Context = None,
        adventurous: float = ADVENTUROUS,
        trust: float | None = None,
    ) -> Floats:
        """A Thompson sample to act on: scores under weights drawn from what is believed; 0 for all while cold.

        What is known little varies much from one draw to the next, and so gets its chance to be heard. Artists, genres
        and regions that were never met are drawn from the prior.

        Args:
            columns: The tracks.
            rng: Source of the draw.
            context: As in `mean`.
            adventurous: Stretches the deviation from the mean: 0 plays safe, 1 is the belief itself, 2 is bold.
            trust: How far to act on it; None for as far as it has earned. What others like stays as it is.

        Raises:
            OptionError: If ``adventurous`` is not a number from 0 to 4.
        """
        if not 0 <= adventurous <= 4:
            raise OptionError(f"adventurous = {adventurous}: give a number from 0 to 4")
        if self.cold:
            return self._others(columns)
        drawn = self.posterior.sample(rng, adventurous)
        unmet = (
            rng.standard_normal(len(columns.artists), dtype=np.float32) * np.float32(self.prior.artist * adventurous),
            rng.standard_normal(len(columns.genres), dtype=np.float32) * np.float32(self.prior.genre * adventurous),
            rng.standard_normal(len(columns.clusters), dtype=np.float32) * np.float32(self.prior.cluster * adventurous),
        )
        own = self._named(drawn).rows(columns, context, unmet)
        return np.float32(self.trust if trust is None else trust) * own + self._others(columns)

    @property
    def others_reason(self) -> str:
        """Why what others like is played, in a few words; empty where nothing is known of others."""
        return "" if self._baseline is None else self._baseline.reason

    @cached_property
    def _guesses(self) -> WeakKeyDictionary[TasteColumns, Floats]:
        return WeakKeyDictionary()

    def _others(self, columns: TasteColumns) -> Floats:
        if self._baseline is None:
            return np.zeros(len(columns), dtype=np.float32)
        if columns not in self._guesses:
            self._guesses[columns] = self._baseline.scores(columns)
            self._guesses[columns].setflags(write=False)  # kept for the next draw
        return self._guesses[columns]

    def expected(self, event: Event) -> float:
        """The reward that is expected of an event, with how generous the listener is and what its mood adds.

        Unlike a score it is meant to be held against what happens, and it is given however little is known.
        """
        return self._mean.event(event) + (0.0 if self._baseline is None else self._baseline.of(event))

    def parts(self, columns: TasteColumns, row: int, *, context: Context = None) -> Parts:
        """What makes up the mean score of one row, as if taste were to be trusted; all 0 while cold."""
        others = float(self._others(columns)[row])
        if self.cold:
            return Parts(others=others)
        return replace(self._mean.parts(columns, row, context), others=others)

    def mood_shift(self, track: str) -> MoodShift:
        """Where "not this mood" moved a track for this listener."""
        return self._shifts.get(track, MoodShift())

    @property
    def mood_shifts(self) -> Mapping[str, MoodShift]:
        """All shifts, by the key of the track."""
        return MappingProxyType(dict(self._shifts))


@dataclass(slots=True, eq=False)
class _Growing:
    """Everything that events change, on its way to a taste."""

    evidence: Evidence
    familiarity: Familiarity
    never: set[str] = field(default_factory=set[str])
    likes: dict[str, int] = field(default_factory=dict[str, int])
    shifts: dict[str, MoodShift] = field(default_factory=dict[str, MoodShift])

    def add(self, event: Event, now: float, baseline: Baseline | None) -> None:
        if event.time > now:  # a clock that went backwards since: it cannot be later than now
            event = replace(event, time=now)
        self.familiarity.add(event)
        if event.kind is Kind.NOT_THIS_MOOD and event.track:
            self.shifts[event.track] = shifted(self.shifts.get(event.track, MoodShift()), event)
        if event.kind is Kind.NEVER:
            self.never.add(event.track)
        if event.kind is Kind.LIKE:
            self.never.discard(event.track)
            artist = name_key(event.artist)
            self.likes[artist] = self.likes.get(artist, 0) + 1
        reward = reward_of(event)
        if reward is not None:
            guess = 0.0 if baseline is None else baseline.of(event)
            self.evidence.add(event, Reward(reward.value - guess, reward.weight * event.trust))

    def taste(self, now: float, prior: Prior, baseline: Baseline | None) -> Taste:
        return Taste(
            now=now,
            prior=prior,
            never=frozenset(self.never - {""}),
            likes=MappingProxyType(self.likes),
            familiarity=self.familiarity,
            _baseline=baseline,
            _evidence=self.evidence,
            _shifts=self.shifts,
        )
