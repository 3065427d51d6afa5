"""Intervals of the figures of a report: how far they would be off with other speakers.

A draw of speakers with replacement is a weight for every clip: how often its speaker was drawn. All figures are
computed from weights, for all draws at once.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.evaluation.predictions import EIGHT, Prediction, label_order, probabilities_of
from affetto.evaluation.report import affect_points

__all__ = ["Interval", "intervals"]

Interval: TypeAlias = tuple[float, float]
Floats: TypeAlias = npt.NDArray[np.floating]
Labels: TypeAlias = npt.NDArray[np.integer]

_REPEATS = 1000
_BINS = 15


def intervals(predictions: Sequence[Prediction], *, repeats: int = _REPEATS, seed: int = 0) -> dict[str, Interval]:
    """95 % intervals, whole speakers drawn with replacement; each draw is the mean over the seeds of the models.

    Args:
        predictions: At least one.
        repeats: Bootstrap samples.
        seed: Of the random draws.

    Returns:
        For ``uar`` (over all folds together), ``accuracy``, ``macro_f1``, ``ece``, ``confident_half``, and the rank
        correlations ``valence`` and ``arousal``, low and high; what cannot be computed is left out.
    """
    people = sorted({(p.corpus, p.speaker) for p in predictions})
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), size=repeats).astype(float)
    of_seeds = [
        _draws([p for p in predictions if p.seed == one], people, times)
        for one in sorted({p.seed for p in predictions})
    ]
    found: dict[str, Interval] = {}
    for name in of_seeds[0]:
        drawn = np.mean([of_seed[name] for of_seed in of_seeds], axis=0)
        if np.isfinite(drawn).mean() > 0.9:
            low, high = np.nanpercentile(drawn, [2.5, 97.5])
            found[name] = float(low), float(high)
    return found


def _draws(predictions: Sequence[Prediction], people: Sequence[tuple[str, str]], times: Floats) -> dict[str, Floats]:
    """Every figure of one seed for every draw."""
    every = label_order({label for p in predictions for label in (*p.labels, p.label)})
    matrix = probabilities_of(predictions, every)
    labels = np.array([every.index(p.label) for p in predictions])
    place = {person: column for column, person in enumerate(people)}
    weights = times[:, [place[p.corpus, p.speaker] for p in predictions]]
    right = (matrix.argmax(axis=1) == labels).astype(float)
    read, expected = affect_points([every[k] for k in labels], matrix, every)
    eight = [row for row, label in enumerate(labels) if every[label] in EIGHT]
    total = weights.sum(axis=1)
    return {
        "uar": _uar(weights, labels, right),
        "accuracy": weights @ right / total,
        "macro_f1": _macro_f1(weights, labels, matrix.argmax(axis=1)),
        "ece": _ece(weights, right, matrix.max(axis=1)),
        "confident_half": _surest_half(weights, right, matrix.max(axis=1)),
        "valence": _rank_correlation(weights[:, eight], read[:, 0], expected[:, 0]),
        "arousal": _rank_correlation(weights[:, eight], read[:, 1], expected[:, 1]),
    }


def _uar(weights: Floats, labels: Labels, right: Floats) -> Floats:
    """Over the labels that a draw has."""
    of_label = np.array([labels == k for k in np.unique(labels)], float).T
    clips = weights @ of_label
    recall = (weights @ (of_label * right[:, None])) / np.where(clips > 0, clips, np.nan)
    return np.nanmean(recall, axis=1)


def _macro_f1(weights: Floats, labels: Labels, guesses: Labels) -> Floats:
    scores: list[Floats] = []
    for k in np.unique(labels):
        hit, sum_of_both = (labels == k) & (guesses == k), (labels == k).astype(float) + (guesses == k)
        clips = weights @ (labels == k)
        scores.append(np.where(clips > 0, 2 * (weights @ hit) / np.maximum(weights @ sum_of_both, 1e-9), np.nan))
    return np.nanmean(scores, axis=0)


def _ece(weights: Floats, right: Floats, confidence: Floats) -> Floats:
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    of_bin = np.array([bins == b for b in range(_BINS)], float).T
    gap = np.abs(weights @ (of_bin * (confidence - right)[:, None]))
    return gap.sum(axis=1) / weights.sum(axis=1)


def _surest_half(weights: Floats, right: Floats, confidence: Floats) -> Floats:
    order = np.argsort(-confidence, kind="stable")
    sorted_weights = weights[:, order]
    before = np.cumsum(sorted_weights, axis=1) - sorted_weights
    half = weights.sum(axis=1, keepdims=True) / 2
    taken = np.clip(half - before, 0, sorted_weights)
    return taken @ right[order] / half[:, 0]


def _rank_correlation(weights: Floats, read: Floats, expected: Floats) -> Floats:
    if len(np.unique(expected)) < 2:
        return np.full(len(weights), np.nan)
    a, b = _ranks(weights, read), _ranks(weights, expected)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    a, b = (ranks - (weights * ranks).sum(axis=1, keepdims=True) / total for ranks in (a, b))
    spread = np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1))
    return (weights * a * b).sum(axis=1) / np.where(spread > 0, spread, np.nan)


def _ranks(weights: Floats, values: Floats) -> Floats:
    """Mean rank of every clip among its copies and those of its equals, for every draw."""
    kinds, group = np.unique(values, return_inverse=True)
    of_group = np.zeros((len(weights), len(kinds)))
    for row, drawn in enumerate(weights):
        of_group[row] = np.bincount(group, drawn, minlength=len(kinds))
    return (np.cumsum(of_group, axis=1) - of_group / 2)[:, group]
