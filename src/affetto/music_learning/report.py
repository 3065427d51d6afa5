"""Figures from predictions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from affetto.music_learning.evaluate import Prediction

__all__ = ["Figure", "figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How well one target is predicted on one source.

    Attributes:
        source: "deam" or "emotify".
        target: What is predicted.
        tracks: How many tracks.
        correlation: Pearson r of prediction and rating, mean over repeats.
        correlation_low: 2.5th percentile of r over a thousand draws of tracks.
        correlation_high: 97.5th percentile.
        r2: Coefficient of determination, mean over repeats.
        coverage: Share of ratings inside their 90 % interval.
        width: Mean width of that interval, over the spread of the ratings.
        by_genre: r of the genre's mean (0 where no genre is known).
        within_genre: r inside each genre, mean over genres (nan where none is known).
        reliability: Share of the ratings' variance that is not chance of who was asked; nan where it is not known.
    """

    source: str
    target: str
    tracks: int
    correlation: float
    correlation_low: float
    correlation_high: float
    r2: float
    coverage: float
    width: float
    by_genre: float
    within_genre: float
    reliability: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values; None for what is not known."""
        return {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in asdict(self).items()
        }


def _r(a: Any, b: Any) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if np.std(a) > 0 and np.std(b) > 0 else 0.0


def figures(predictions: Sequence[Prediction]) -> list[Figure]:
    """Every figure of a mood report, from predictions alone."""
    parts: dict[tuple[str, str], list[Prediction]] = {}
    for one in predictions:
        parts.setdefault((one.source, one.target), []).append(one)
    return [_figure(source, target, rows) for (source, target), rows in parts.items()]


def _figure(source: str, target: str, rows: list[Prediction]) -> Figure:
    names = ("truth", "predicted", "low", "high", "by_genre", "error")
    repeats: dict[int, list[Prediction]] = {}
    for row in rows:
        repeats.setdefault(row.repeat, []).append(row)
    tables = [np.array([[getattr(row, name) for name in names] for row in part]) for part in repeats.values()]
    genres = [np.array([row.genre for row in part]) for part in repeats.values()]
    first = next(iter(repeats.values()))
    truth = tables[0][:, 0]
    everything = np.concatenate(tables)
    rng = np.random.default_rng(0)
    draws = [_r(part[some, 0], part[some, 1]) for some, part in _draws(rng, tables)]
    known = bool(set(genres[0]) - {""})
    within = [
        _r(part[kinds == kind, 0], part[kinds == kind, 1])
        for part, kinds in zip(tables, genres, strict=True)
        for kind in sorted(set(kinds))
        if kind
    ]
    error = tables[0][:, 5]
    return Figure(
        source=source,
        target=target,
        tracks=len(first),
        correlation=float(np.mean([_r(part[:, 0], part[:, 1]) for part in tables])),
        correlation_low=float(np.percentile(draws, 2.5)),
        correlation_high=float(np.percentile(draws, 97.5)),
        r2=float(np.mean([1 - ((part[:, 0] - part[:, 1]) ** 2).mean() / part[:, 0].var() for part in tables])),
        coverage=float(((everything[:, 0] >= everything[:, 2]) & (everything[:, 0] <= everything[:, 3])).mean()),
        width=float((everything[:, 3] - everything[:, 2]).mean() / truth.std()),
        by_genre=float(np.mean([_r(part[:, 0], part[:, 4]) for part in tables])) if known else 0.0,
        within_genre=float(np.mean(within)) if within else float("nan"),
        reliability=float(1 - error.mean() / truth.var()) if error.any() else float("nan"),
    )


def _draws(rng: np.random.Generator, tables: list[np.ndarray]) -> list[tuple[Any, Any]]:
    return [(rng.integers(len(part), size=len(part)), part) for part in tables for _ in range(1000 // len(tables))]
