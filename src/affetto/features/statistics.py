"""What a description that changes over time amounts to: means, spreads, percentiles, slopes and more.

Every function summarizes each column of an array of shape ``(frames, columns)`` to shape ``(columns,)``, in float64.
None fails on a single frame or on a column that stays the same; no frames at all give zeros.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "STATISTICS",
    "curvature",
    "kurtosis",
    "level_shares",
    "linear_fit",
    "mean",
    "mean_crossings",
    "peaks",
    "percentiles",
    "rise_share",
    "skewness",
    "standard_deviation",
    "summarize",
]

Floats = npt.NDArray[np.float64]
Columns = npt.NDArray[np.floating]

_SAME = 1e-6  # spread, relative to the size of the values, under which a column counts as constant


def mean(x: Columns) -> Floats:
    """Arithmetic mean of each column.

    >>> mean(np.array([[1.0], [2.0], [6.0]]))
    array([3.])
    """
    return np.asarray(np.mean(x, axis=0, dtype=np.float64)) if len(x) else np.zeros(x.shape[1])


def standard_deviation(x: Columns) -> Floats:
    """Standard deviation of each column (of the population, not of a sample)."""
    return np.sqrt(np.mean(np.square(x - mean(x)), axis=0)) if len(x) else np.zeros(x.shape[1])


def skewness(x: Columns) -> Floats:
    """Third standardized moment of each column; 0 for a constant one."""
    return _standardized(x, 3, constant=0.0)


def kurtosis(x: Columns) -> Floats:
    """Fourth standardized moment of each column, 3 for a bell; 3 for a constant one, too."""
    return _standardized(x, 4, constant=3.0)


def percentiles(x: Columns, shares: Sequence[float]) -> Floats:
    """Percentiles of each column, linearly interpolated, shape ``(len(shares), columns)``.

    Args:
        x: Shape ``(frames, columns)``.
        shares: Each in [0, 100].
    """
    if not len(x):
        return np.zeros((len(shares), x.shape[1]))
    place = np.asarray(shares) / 100 * (len(x) - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(x) - 1)
    part = (place - below)[:, None]
    ordered = np.sort(x, axis=0).astype(np.float64, copy=False)
    return (1 - part) * ordered[below] + part * ordered[above]


def linear_fit(x: Columns) -> tuple[Floats, Floats]:
    """Straight line through each column: its change from the first frame to the last, and the residual's deviation."""
    if len(x) < 2:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1])
    time = np.linspace(-0.5, 0.5, len(x))
    away = x - mean(x)
    change = time @ away / (time @ time)
    left = np.mean(np.square(away), axis=0) - change**2 * (time @ time) / len(x)
    return change, np.sqrt(np.maximum(left, 0.0))


def curvature(x: Columns) -> Floats:
    """Height of the best parabola's middle over its ends in each column, in units of the column; 0 under 3 frames."""
    if len(x) < 3:
        return np.zeros(x.shape[1])
    bow = 1 - np.linspace(-1, 1, len(x)) ** 2
    bow -= bow.mean()
    return bow @ (x - mean(x)) / (bow @ bow)


def rise_share(x: Columns) -> Floats:
    """Share of the steps at which each column rises, in [0, 1]."""
    return np.mean(np.diff(x, axis=0) > 0, axis=0) if len(x) > 1 else np.zeros(x.shape[1])


def level_shares(x: Columns, shares: Sequence[float]) -> Floats:
    """Share of the frames in which each column lies above a part of its own range, shape ``(len(shares), columns)``.

    Args:
        x: Shape ``(frames, columns)``.
        shares: Parts of the way from the 1st to the 99th percentile, each in (0, 1).
    """
    if not len(x):
        return np.zeros((len(shares), x.shape[1]))
    low, high = percentiles(x, [1, 99])
    wide = high - low > _SAME * np.maximum(1.0, np.abs(high))
    return np.stack([np.where(wide, np.mean(x > low + share * (high - low), axis=0), 0.0) for share in shares])


def mean_crossings(x: Columns) -> Floats:
    """Share of the steps at which each column crosses its mean, in [0, 1]."""
    if len(x) < 2:
        return np.zeros(x.shape[1])
    return np.mean(np.diff(x > mean(x), axis=0), axis=0)


def peaks(x: Columns) -> tuple[Floats, Floats]:
    """Local maxima above the mean in each column: their share of the frames, and their mean height over the mean."""
    if len(x) < 3:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1])
    away = x - mean(x)
    top = (away[1:-1] > away[:-2]) & (away[1:-1] >= away[2:]) & (away[1:-1] > 0)
    count = top.sum(axis=0)
    height = np.where(top, away[1:-1], 0.0).sum(axis=0) / np.maximum(count, 1)
    return count / len(x), height


_PERCENTILES: Mapping[str, float] = {"p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95}
_OTHERS: Mapping[str, Callable[[Columns], Floats]] = {
    "mean": mean,
    "sd": standard_deviation,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "change": lambda x: linear_fit(x)[0],
}
STATISTICS: tuple[str, ...] = ("mean", "sd", "skewness", "kurtosis", *_PERCENTILES, "change")
"""The statistics that :func:`summarize` offers; ``p05`` is the 5th percentile, ``change`` the slope's whole rise."""


def summarize(x: Columns, statistics: Sequence[str] = STATISTICS) -> Floats:
    """Several statistics of each column.

    >>> summarize(np.array([[1.0], [2.0], [6.0]]), ["mean", "p50"])
    array([[3.],
           [2.]])

    Args:
        x: Shape ``(frames, columns)``.
        statistics: Names from :data:`STATISTICS`.

    Returns:
        Shape ``(len(statistics), columns)``.

    Raises:
        ValueError: If a name is unknown.
    """
    unknown = [name for name in statistics if name not in STATISTICS]
    if unknown:
        raise ValueError(f"unknown statistic {unknown[0]!r}: give some of {', '.join(STATISTICS)}")
    shares = [_PERCENTILES[name] for name in statistics if name in _PERCENTILES]
    at = iter(percentiles(x, shares) if shares else ())
    return np.stack([next(at) if name in _PERCENTILES else _OTHERS[name](x) for name in statistics])


def _standardized(x: Columns, power: int, *, constant: float) -> Floats:
    if not len(x):
        return np.full(x.shape[1], constant)
    away = x - mean(x)
    deviation = np.sqrt(np.mean(np.square(away), axis=0))
    varies = deviation > _SAME * np.maximum(1e-30, np.abs(x).max(axis=0))
    unit = away / np.where(varies, deviation, 1.0)
    squared = unit * unit
    return np.where(varies, np.mean(squared * (unit if power == 3 else squared), axis=0), constant)
