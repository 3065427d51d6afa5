"""K-means and the silhouette, in numpy."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Clustering", "kmeans", "silhouette"]

_Points: TypeAlias = npt.NDArray[np.float64]
_Labels: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clustering:
    """Centres found by `kmeans`.

    Attributes:
        centres: Shape (k, d).
        labels: Shape (n,): the centre each point belongs to.
        inertia: Sum of squared distances of the points to their centres.
    """

    centres: _Points
    labels: _Labels
    inertia: float


def _squared(points: _Points, centres: _Points) -> _Points:
    cross = points @ centres.T
    return np.maximum((points**2).sum(1)[:, None] - 2 * cross + (centres**2).sum(1), 0.0)


def _spread_seeds(points: _Points, k: int, rng: np.random.Generator) -> _Points:
    """k-means++: each next centre is drawn in proportion to the squared distance from those already there."""
    centres = points[[rng.integers(len(points))]]
    nearest = _squared(points, centres)[:, 0]
    for _ in range(1, k):
        total = nearest.sum()
        chosen = rng.choice(len(points), p=nearest / total) if total > 0 else rng.integers(len(points))
        centres = np.vstack([centres, points[chosen]])
        nearest = np.minimum(nearest, _squared(points, centres[-1:])[:, 0])
    return centres


def _settle(points: _Points, centres: _Points, rounds: int) -> Clustering:
    """Lloyd's iteration; a centre that loses every point stays where it is."""
    labels = np.full(len(points), -1)
    for _ in range(rounds):
        moved = _squared(points, centres).argmin(1)
        if np.array_equal(moved, labels):
            break
        labels = moved
        counts = np.bincount(labels, minlength=len(centres))
        sums = np.stack([np.bincount(labels, column, len(centres)) for column in points.T], axis=1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
    squared = _squared(points, centres)
    labels = squared.argmin(1)
    return Clustering(centres=centres, labels=labels, inertia=float(squared[np.arange(len(points)), labels].sum()))


def kmeans(
    points: npt.ArrayLike,
    k: int,
    *,
    seed: int = 0,
    restarts: int = 10,
    rounds: int = 100,
    start: npt.ArrayLike | None = None,
) -> Clustering:
    """The best of several runs of Lloyd's algorithm from k-means++ seeds (Arthur & Vassilvitskii 2007).

    The same points, ``k`` and ``seed`` always give the same centres, sorted by their coordinates.

    Args:
        points: Shape (n, d).
        k: Number of centres, 1 to n.
        seed: Seed of the starts.
        restarts: Runs to choose from.
        rounds: Most iterations of a run.
        start: Centres to start one more run from, shape (k, d), such as those of last time.

    Raises:
        ValueError: If ``k`` is not between 1 and n.

    >>> kmeans([[0.0], [0.2], [5.0], [5.2]], 2).centres.round(1).tolist()
    [[0.1], [5.1]]
    """
    data = np.asarray(points, dtype=np.float64)
    if not 1 <= k <= len(data):
        raise ValueError(f"k = {k} is outside 1 to {len(data)}, the number of points")
    rng = np.random.default_rng(seed)
    runs = [_settle(data, _spread_seeds(data, k, rng), rounds) for _ in range(restarts)]
    if start is not None:
        runs.append(_settle(data, np.asarray(start, dtype=np.float64).reshape(k, -1), rounds))
    best = min(runs, key=lambda run: run.inertia)
    order = np.lexsort(best.centres.T[::-1])
    return Clustering(centres=best.centres[order], labels=np.argsort(order)[best.labels], inertia=best.inertia)


def silhouette(points: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean silhouette width (Rousseeuw 1987), in [-1, 1].

    How much nearer points lie to their own cluster than to the next one. Quadratic in the number of points.

    Raises:
        ValueError: If there are fewer than two clusters.

    >>> round(silhouette([[0.0], [0.2], [5.0], [5.2]], [0, 0, 1, 1]), 2)
    0.96
    """
    data = np.asarray(points, dtype=np.float64)
    names, own = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < 2:
        raise ValueError("a silhouette needs at least two clusters, got 1")
    member = np.eye(len(names))[own]
    counts = member.sum(0)
    sums = np.sqrt(_squared(data, data)) @ member
    rows = np.arange(len(data))
    inside = sums[rows, own] / np.maximum(counts[own] - 1, 1)
    means = sums / counts
    means[rows, own] = np.inf
    outside = means.min(1)
    widths = (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12)
    return float(np.where(counts[own] > 1, widths, 0.0).mean())
