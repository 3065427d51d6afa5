"""Figures of ranking, and intervals by drawing those who were asked again."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["auc", "bootstrap", "ndcg", "recall"]


def auc(liked: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Probability that what was liked scores above what was not; ties count half, NaN where one kind is missing.

    >>> auc([True, False, False], [2.0, 1.0, 2.0])
    0.75
    """
    wanted, given = np.asarray(liked, dtype=bool), np.asarray(scores, dtype=float)
    good, bad = given[wanted], given[~wanted]
    if not len(good) or not len(bad):
        return float("nan")
    return float((good[:, None] > bad).mean() + (good[:, None] == bad).mean() / 2)


def ndcg(liked: npt.ArrayLike, scores: npt.ArrayLike, count: int = 5) -> float:
    """Normalized discounted cumulative gain of the ``count`` best, expected over the order of ties.

    NaN where nothing was liked.

    >>> ndcg([False, True], [1.0, 2.0])
    1.0
    >>> round(ndcg([False, True], [1.0, 1.0], 1), 2)
    0.5
    """
    wanted, given = np.asarray(liked, dtype=float), np.asarray(scores, dtype=float)
    discount = np.zeros(len(wanted))
    discount[:count] = 1 / np.log2(np.arange(2, 2 + min(count, len(wanted))))
    best = float(np.sort(wanted)[::-1] @ discount)
    if best == 0:
        return float("nan")
    order = np.argsort(-given, kind="stable")
    _, tie = np.unique(-given[order], return_inverse=True)
    shared = np.bincount(tie, wanted[order]) / np.bincount(tie)  # of equal scores each is as likely to come first
    return float(shared[tie] @ discount / best)


def recall(hidden: npt.ArrayLike, scores: npt.ArrayLike, count: int = 20) -> float:
    """Share of what was hidden among the ``count`` best, of what could be there at most.

    >>> recall([2, 5], [0, 0, 9, 0, 8, 7], count=2)
    0.5
    """
    wanted = np.asarray(hidden)
    top = np.argsort(-np.asarray(scores, dtype=float), kind="stable")[:count]
    return float(np.isin(top, wanted).sum() / min(count, len(wanted)))


def bootstrap(
    groups: Sequence[object], measure: Callable[[npt.NDArray[np.intp]], float], *, draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of a measure when whole groups (people) are drawn with replacement.

    Args:
        groups: The group of each row.
        measure: Takes places of rows, with repeats.
        draws: How many samples.
        seed: Seed of the draws.
    """
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(group == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(draws):
        drawn = rng.integers(len(names), size=len(names))
        found.append(measure(np.concatenate([rows[number] for number in drawn])))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)
