"""Choose tracks that follow a journey: fit, flow and variety, weighed together by a beam search."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats, Indices, Library, smallest
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import Journey
from affetto.recommendation.pool import Pool, gather

__all__ = ["LONGEST_LOW_RUN", "Weights", "choose", "tempo_step"]

LONGEST_LOW_RUN = 3
"""Tracks low in valence and arousal that may follow each other, unless the listener asked to stay there."""

_BEAMS = 16
_LOOK_BACK = 4
_UNKNOWN_STEP = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each quality counts for; a track .25 from its waypoint costs 1.

    Attributes:
        flow: For each octave that the folded tempo moves (at most half an octave; an unknown tempo counts a quarter).
        artist: For the artist of the track before.
        genre: For the genre of the track before.
        feels: For having the same feels as the track before, by the share they have in common.
        fade: What likeness counts for with each track further back, against the one after it.
        chance: Standard deviation of the seeded noise that chooses among near-equal candidates.
        rule: For breaking a rule (another version of a piece, a fourth low track): done only when nothing else is left.
    """

    flow: float = 1.5
    artist: float = 0.8
    genre: float = 0.4
    feels: float = 0.8
    fade: float = 0.5
    chance: float = 0.2
    rule: float = 1000.0


def tempo_step(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Distance of two tempos in octaves after folding: 72 and 144 bpm are 0 apart, 72 and 102 nearly half an octave.

    Args:
        one: log2 of a tempo.
        other: log2 of a tempo; the two are broadcast. NaN where a tempo is unknown, and so is the step.

    >>> float(tempo_step(np.log2(72), np.log2(144)))
    0.0
    """
    apart = np.abs(np.asarray(one, dtype=np.float32) - np.asarray(other, dtype=np.float32)) % 1.0
    return np.minimum(apart, 1.0 - apart)


def _flow(pool: Pool, weights: Weights) -> Floats:
    step = tempo_step(pool.octave[:, None], pool.octave[None, :])
    return np.float32(weights.flow) * np.nan_to_num(step, nan=_UNKNOWN_STEP)


def _likeness(pool: Pool, weights: Weights) -> Floats:
    """What it costs to hear one candidate soon after another, shape (candidates, candidates)."""
    shared = pool.feels @ pool.feels.T
    count = pool.feels.sum(axis=1)
    either = count[:, None] + count[None, :] - shared
    alike = weights.feels * shared / np.maximum(either, 1.0)
    alike += np.float32(weights.genre) * (pool.genre[:, None] == pool.genre[None, :])
    alike += np.float32(weights.artist) * (pool.artist[:, None] == pool.artist[None, :])
    return alike


def choose(
    journey: Journey,
    library: Library,
    *,
    rng: np.random.Generator,
    among: Indices | None = None,
    weights: Weights | None = None,
) -> tuple[int, ...]:
    """Places in the library of the tracks for a journey, in playing order.

    A beam search over the sequence keeps the 16 cheapest beginnings. The cost of a next track is its mismatch with
    the waypoint (see `affetto.recommendation.pool`), the tempo step from the track before, and its likeness to the last
    four tracks. Everything is graded; only a repeat is ruled out. Fewer tracks come back when fewer are there.

    Args:
        journey: The way to follow.
        library: Where to look; not empty.
        rng: Source of the small noise that lets two lists differ.
        among: Places to choose from; None for the whole library.
        weights: What each quality counts for.
    """
    weights = weights or Weights()
    steps = journey.steps
    pool = gather(journey, library, len(steps), among)
    size = len(pool.places)
    cost = pool.cost + weights.chance * rng.standard_normal(size, dtype=np.float32)
    flow, alike = _flow(pool, weights), _likeness(pool, weights)
    low_allowed = np.array([point.intent is Intent.STAY for point in journey.waypoints])

    paths = np.zeros((1, 0), dtype=np.intp)
    total = np.zeros(1, dtype=np.float32)
    barred = np.zeros((1, size), dtype=np.float32)
    low_run = np.zeros(1, dtype=np.intp)
    for step in steps[:size]:
        price = total[:, None] + barred + cost[step]
        if paths.shape[1]:
            price += flow[paths[:, -1]]
            for back in range(1, min(_LOOK_BACK, paths.shape[1]) + 1):
                price += weights.fade ** (back - 1) * alike[paths[:, -back]]
        if not low_allowed[step]:
            price += weights.rule * ((low_run >= LONGEST_LOW_RUN)[:, None] & pool.low[None, :])
        best = _cheapest(price, _BEAMS)
        beam, pick = np.unravel_index(best, price.shape)
        paths = np.column_stack([paths[beam], pick])
        total = price[beam, pick]
        barred = barred[beam] + weights.rule * (pool.work[pick][:, None] == pool.work[None, :])
        barred[np.arange(len(pick)), pick] = np.inf
        low_run = np.where(pool.low[pick], low_run[beam] + 1, 0)
    return tuple(int(place) for place in pool.places[paths[np.argmin(total)]])


def _cheapest(price: Floats, count: int) -> Indices:
    """Flat places of the cheapest finite entries, cheapest first, ties in order of place."""
    flat = price.ravel()
    found = smallest(flat, count)
    found = np.sort(found[np.isfinite(flat[found])])
    return found[np.argsort(flat[found], kind="stable")]
