"""Figures from predictions, and nothing but predictions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from affetto.affect import EMOTIONS, circumplex
from affetto.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    selective_accuracy,
    spearman,
    unweighted_average_recall,
)
from affetto.evaluation.predictions import Prediction

__all__ = ["Figures", "SeedFigures", "figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFigures:
    """The figures of one seed, over all folds.

    Attributes:
        seed: The seed.
        uar: Mean over the folds of the unweighted average recall.
        uar_folds: The same, fold by fold.
        accuracy: Share of clips that are right.
        macro_f1: Mean F1.
        ece: Expected calibration error, 15 bins.
        confident_half: Accuracy on the most confident half.
        arousal_correlation: Spearman correlation of the reading's arousal with that of the label.
        valence_correlation: The same for valence.
    """

    seed: int
    uar: float
    uar_folds: dict[str, float]
    accuracy: float
    macro_f1: float
    ece: float
    confident_half: float
    arousal_correlation: float
    valence_correlation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What predictions are worth.

    Attributes:
        clips: Predictions of each seed.
        speakers: Speakers among them.
        uar: Mean UAR over folds and seeds.
        uar_spread: Standard deviation of UAR over folds, all seeds together.
        uar_interval: 95 % interval of the first seed's pooled UAR, speakers drawn with replacement.
        uar_corpora: UAR on each corpus, on its own labels, mean over seeds.
        recall: Recall of each emotion, seeds pooled.
        confusion: Share of each label's clips given each answer, seeds pooled, ``[label][answer]``.
        seeds: The figures seed by seed.
    """

    clips: int
    speakers: int
    uar: float
    uar_spread: float
    uar_interval: tuple[float, float]
    uar_corpora: dict[str, float]
    recall: dict[str, float]
    confusion: dict[str, dict[str, float]]
    seeds: tuple[SeedFigures, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def figures(predictions: Sequence[Prediction]) -> Figures:
    """Every figure that a report states.

    Args:
        predictions: At least one; those of one seed cover every clip once.
    """
    seeds = sorted({p.seed for p in predictions})
    by_seed = {seed: [p for p in predictions if p.seed == seed] for seed in seeds}
    each = tuple(_seed_figures(seed, rows) for seed, rows in by_seed.items())
    labels, guesses = _labels(predictions), _guesses(predictions)
    counts = confusion_matrix(labels, guesses, len(EMOTIONS))
    present = [k for k in range(len(EMOTIONS)) if counts[k].sum()]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    first = by_seed[seeds[0]]
    speakers = np.unique([p.speaker for p in first], return_inverse=True)[1]
    folds = [value for one in each for value in one.uar_folds.values()]
    return Figures(
        clips=len(first),
        speakers=int(speakers.max()) + 1,
        uar=float(np.mean([one.uar for one in each])),
        uar_spread=float(np.std(folds)),
        uar_interval=bootstrap_interval(_labels(first), _guesses(first), speakers),
        uar_corpora=_uar_corpora(list(by_seed.values())),
        recall={str(EMOTIONS[k]): float(shares[k, k]) for k in present},
        confusion={
            str(EMOTIONS[k]): {str(e): float(s) for e, s in zip(EMOTIONS, shares[k], strict=True)} for k in present
        },
        seeds=each,
    )


def _seed_figures(seed: int, rows: Sequence[Prediction]) -> SeedFigures:
    labels, guesses = _labels(rows), _guesses(rows)
    probabilities = np.array([p.probabilities for p in rows])
    points = np.array([[circumplex()[e].valence, circumplex()[e].arousal] for e in EMOTIONS])
    expected, read = points[labels], probabilities @ points
    uar_folds: dict[str, float] = {}
    for fold in sorted({p.fold for p in rows}):
        inside = np.array([p.fold == fold for p in rows])
        uar_folds[fold] = unweighted_average_recall(labels[inside], guesses[inside])
    return SeedFigures(
        seed=seed,
        uar=float(np.mean(list(uar_folds.values()))),
        uar_folds=uar_folds,
        accuracy=accuracy(labels, guesses),
        macro_f1=macro_f1(labels, guesses),
        ece=expected_calibration_error(labels, probabilities),
        confident_half=selective_accuracy(labels, probabilities),
        valence_correlation=spearman(read[:, 0], expected[:, 0]),
        arousal_correlation=spearman(read[:, 1], expected[:, 1]),
    )


def _uar_corpora(seeds: Sequence[Sequence[Prediction]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for corpus in dict.fromkeys(p.corpus for rows in seeds for p in rows):
        inside = [[p for p in rows if p.corpus == corpus] for rows in seeds]
        found[corpus] = float(np.mean([unweighted_average_recall(_labels(p), _guesses(p)) for p in inside]))
    return found


def _labels(rows: Sequence[Prediction]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([EMOTIONS.index(p.label) for p in rows])


def _guesses(rows: Sequence[Prediction]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([int(p.probabilities.argmax()) for p in rows])
