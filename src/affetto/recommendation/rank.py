"""Choose tracks that follow a journey: mood, liking, flow, variety and novelty, weighed together by a beam search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from affetto.music.library import Floats, Indices, Library, smallest
from affetto.music.track import Track
from affetto.recommendation.flow import fifths, key_step, loudness_step, tempo_step
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import Journey
from affetto.recommendation.leaning import Leaning
from affetto.recommendation.pool import LIKING, Pool, gather, total

__all__ = ["LONGEST_LOW_RUN", "Chosen", "Weights", "choose", "rank"]

LONGEST_LOW_RUN = 3
"""Tracks low in valence and arousal that may follow each other, unless the listener asked to stay there."""

_BEAMS = 16
_LOOK_BACK = 4
_DRAWS = 32
# What a step costs where one of the two is not known: about what it is between two tracks at random.
_UNKNOWN_TEMPO, _UNKNOWN_KEY, _UNKNOWN_LOUDNESS = 0.25, 0.5, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each quality counts for; a track .25 from its waypoint costs 1.

    Attributes:
        tempo: For each octave that the folded tempo moves (at most half an octave).
        key: For a key on the other side of the circle of fifths.
        loudness: For a step of 12 LU.
        artist: For the artist of the track before.
        album: For its album.
        genre: For its genre.
        feels: For having the same feels as the track before, by the share they have in common.
        fade: What likeness counts for with each track further back, against the one after it.
        chance: Standard deviation of the seeded noise that chooses among near-equal candidates.
        rule: For breaking a rule (another version of a piece, a fourth low track): done only when nothing else is left.
    """

    tempo: float = 1.5
    key: float = 0.4
    loudness: float = 0.8
    artist: float = 0.8
    album: float = 0.4
    genre: float = 0.4
    feels: float = 0.8
    fade: float = 0.5
    chance: float = 0.2
    rule: float = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A track of a playlist and what spoke for and against it.

    Attributes:
        place: Where it is in the library.
        track: The track.
        parts: What it costs, by what it costs for: those of `affetto.recommendation.pool.Pool`, and "tempo", "key",
            "loudness" after the track before, "variety" after the last four. Negative speaks for it.
        propensity: Probability that it, of all candidates, was put at its place after those before it, in (0, 1].
    """

    place: int
    track: Track
    parts: Mapping[str, float]
    propensity: float


class _Costs:
    """What each candidate costs, alone and after others; ``before`` are tracks that play already."""

    def __init__(self, pool: Pool, weights: Weights, before: Sequence[Track]) -> None:
        self._pool, self._weights = pool, weights
        self.alone = pool.cost
        self.flow = {
            "tempo": weights.tempo * _known(tempo_step(pool.octave[:, None], pool.octave), _UNKNOWN_TEMPO),
            "key": weights.key * _known(key_step(pool.fifths[:, None], pool.fifths), _UNKNOWN_KEY),
            "loudness": weights.loudness
            * _known(loudness_step(pool.loudness[:, None], pool.loudness), _UNKNOWN_LOUDNESS),
        }
        self.follow = total(self.flow.values())
        self.alike = self._alike()
        self._first = self._after(before[-1]) if before else np.zeros(len(pool.places), dtype=np.float32)
        self._heard_artists = self._artists(before)

    def _alike(self) -> Floats:
        """What it costs to hear one candidate soon after another, shape (candidates, candidates)."""
        pool, weights = self._pool, self._weights
        shared = pool.feels @ pool.feels.T
        count = pool.feels.sum(axis=1)
        either = count[:, None] + count[None, :] - shared
        alike = weights.feels * shared / np.maximum(either, 1.0)
        alike += np.float32(weights.genre) * (pool.genre[:, None] == pool.genre[None, :])
        alike += np.float32(weights.artist) * (pool.artist[:, None] == pool.artist[None, :])
        same_album = (pool.album[:, None] == pool.album[None, :]) & (pool.album >= 0)
        return alike + np.float32(weights.album) * same_album

    def _after(self, track: Track) -> Floats:
        """What each candidate costs right after a track that is no candidate."""
        pool, weights = self._pool, self._weights
        octave = np.nan if track.tempo is None else np.log2(track.tempo)
        loudness = np.nan if track.loudness is None else track.loudness
        return total(
            (
                weights.tempo * _known(tempo_step(octave, pool.octave), _UNKNOWN_TEMPO),
                weights.key * _known(key_step(fifths([track.key]), pool.fifths), _UNKNOWN_KEY),
                weights.loudness * _known(loudness_step(loudness, pool.loudness), _UNKNOWN_LOUDNESS),
            )
        )

    def _artists(self, before: Sequence[Track]) -> list[Floats]:
        """What each candidate costs for the artists of the last tracks that play already, latest first."""
        names = np.array([track.artist.casefold() for track in self._pool.tracks], dtype=object)
        return [
            np.float32(self._weights.artist) * (names == track.artist.casefold())
            for track in reversed(before[-_LOOK_BACK:])
        ]

    def step(self, waypoint: int, paths: Indices) -> Floats:
        """What each candidate costs next, shape (paths, candidates)."""
        taken = paths.shape[1]
        price = np.broadcast_to(self.alone[waypoint], (len(paths), len(self._pool.places))).copy()
        price += self.follow[paths[:, -1]] if taken else self._first
        for back in range(1, min(_LOOK_BACK, taken) + 1):
            price += self._weights.fade ** (back - 1) * self.alike[paths[:, -back]]
        for back, cost in enumerate(self._heard_artists[: max(0, _LOOK_BACK - taken)], start=taken):
            price += np.float32(self._weights.fade**back) * cost
        return price

    def parts(self, waypoint: int, path: Sequence[int], number: int) -> dict[str, float]:
        """The cost of one track of a path by what it is for."""
        pick = path[number]
        found = {name: float(layer[waypoint, pick]) for name, layer in self._pool.layers.items()}
        if number:
            found |= {name: float(layer[path[number - 1], pick]) for name, layer in self.flow.items()}
            found["variety"] = sum(
                self._weights.fade ** (back - 1) * float(self.alike[path[number - back], pick])
                for back in range(1, min(_LOOK_BACK, number) + 1)
            )
        return found


def _known(step: Floats, usual: float) -> Floats:
    """Steps with the usual one for those that are not known; where none is known, none counts."""
    unknown = np.isnan(step)
    return np.zeros_like(step) if unknown.all() else np.where(unknown, np.float32(usual), step)


def rank(
    journey: Journey,
    library: Library,
    *,
    rng: np.random.Generator,
    among: Indices | None = None,
    weights: Weights | None = None,
    leaning: Leaning | None = None,
    before: Sequence[Track] = (),
    heard: Indices | None = None,
) -> tuple[Chosen, ...]:
    """The tracks for a journey, in playing order, each with what spoke for it.

    A beam search over the sequence keeps the 16 cheapest beginnings. The cost of a next track is its own (mood, liking
    and the rest, see `affetto.recommendation.pool`), the steps of tempo, key and loudness from the track before, and
    its likeness to the last four tracks. Everything is graded; only a repeat and what is never to be played again are
    ruled out. What is not known costs what is usual. Fewer tracks come back when fewer are there.

    Args:
        journey: The way to follow.
        library: Where to look; not empty.
        rng: Source of the small noise that lets two lists differ.
        among: Places to choose from; None for the whole library.
        weights: What each quality counts for.
        leaning: The listener; None for anybody.
        before: Tracks that play already, in order: the first one chosen follows them.
        heard: Places that were heard in this session; they are left out.
    """
    weights = weights or Weights()
    steps = journey.steps
    pool = gather(journey, library, len(steps), among, leaning=leaning, heard=heard)
    size = len(pool.places)
    if not size:
        return ()
    chance = weights.chance * rng.standard_normal(size, dtype=np.float32)
    costs = _Costs(pool, weights, before)
    rules = _Rules(journey, pool, weights, before)
    paths, spent = np.zeros((1, 0), dtype=np.intp), np.zeros(1, dtype=np.float32)
    for step in steps[:size]:
        price = total((spent[:, None] + costs.step(step, paths), chance[None, :], rules.step(step)))
        best = _cheapest(price, _BEAMS)
        beam, pick = np.unravel_index(best, price.shape)
        paths, spent = np.column_stack([paths[beam], pick]), price[beam, pick]
        rules.take(beam, pick)
    path = [int(pick) for pick in paths[np.argmin(spent)]]
    shares = _propensities(path, steps, pool, costs, _Rules(journey, pool, weights, before), weights, rng)
    return tuple(
        Chosen(
            place=int(pool.places[pick]),
            track=pool.tracks[pick],
            parts=costs.parts(steps[number], path, number),
            propensity=shares[number],
        )
        for number, pick in enumerate(path)
    )


class _Rules:
    """What is done only when nothing else is left: repeats (never), versions of a piece, a fourth low track."""

    def __init__(self, journey: Journey, pool: Pool, weights: Weights, before: Sequence[Track]) -> None:
        self._pool, self._rule = pool, np.float32(weights.rule)
        self._low_allowed = [point.intent is Intent.STAY for point in journey.waypoints]
        works = {track.work for track in before}
        again = np.array([track.work in works for track in pool.tracks], dtype=np.float32)
        self._barred = self._rule * again[None, :]
        self._low_run = np.zeros(1, dtype=np.intp)

    def step(self, waypoint: int) -> Floats:
        """What breaking a rule costs, shape (paths, candidates)."""
        if self._low_allowed[waypoint]:
            return self._barred
        return self._barred + self._rule * ((self._low_run >= LONGEST_LOW_RUN)[:, None] & self._pool.low[None, :])

    def take(self, beam: Indices, pick: Indices) -> None:
        """Goes on with some paths, each longer by a candidate."""
        pool = self._pool
        self._barred = self._barred[beam] + self._rule * (pool.work[pick][:, None] == pool.work[None, :])
        self._barred[np.arange(len(pick)), pick] = np.inf
        self._low_run = np.where(pool.low[pick], self._low_run[beam] + 1, 0)


def _propensities(
    path: Sequence[int],
    steps: Sequence[int],
    pool: Pool,
    costs: _Costs,
    rules: _Rules,
    weights: Weights,
    rng: np.random.Generator,
) -> list[float]:
    """How likely each track was at its place, given those before it.

    The share of fresh draws of chance and of taste under which it is the cheapest next, with one half added so that
    none is 0.
    """
    size = len(pool.places)
    chance = weights.chance * rng.standard_normal((_DRAWS, size), dtype=np.float32)
    if pool.leaning is not None and pool.leaning.liking is not None:
        chance += _other_liking(pool, rng)
    shares: list[float] = []
    taken = np.zeros((1, 0), dtype=np.intp)
    for number, pick in enumerate(path):
        price = (costs.step(steps[number], taken) + rules.step(steps[number]))[0] + chance
        wins = int((price.argmin(axis=1) == pick).sum())
        shares.append((wins + 0.5) / (_DRAWS + 1))
        taken = np.column_stack([taken, [pick]])
        rules.take(np.zeros(1, dtype=np.intp), np.array([pick]))
    return shares


def _other_liking(pool: Pool, rng: np.random.Generator) -> Floats:
    """How much dearer each candidate is under other draws of taste, shape (draws, candidates)."""
    assert pool.leaning is not None
    assert pool.leaning.liking is not None
    return np.float32(-LIKING) * (pool.leaning.draws(_DRAWS, rng) - pool.leaning.liking)


def choose(
    journey: Journey,
    library: Library,
    *,
    rng: np.random.Generator,
    among: Indices | None = None,
    weights: Weights | None = None,
) -> tuple[int, ...]:
    """Places in the library of the tracks for a journey, in playing order, as `rank` chooses them for anybody."""
    return tuple(each.place for each in rank(journey, library, rng=rng, among=among, weights=weights))


def _cheapest(price: Floats, count: int) -> Indices:
    """Flat places of the cheapest finite entries, cheapest first, ties in order of place."""
    flat = price.ravel()
    found = smallest(flat, count)
    found = np.sort(found[np.isfinite(flat[found])])
    return found[np.argsort(flat[found], kind="stable")]
