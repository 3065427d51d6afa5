"""Figures of merit of predicted probabilities."""

import numpy as np
import numpy.typing as npt

__all__ = [
    "accuracy",
    "bootstrap_interval",
    "class_scores",
    "confusion_matrix",
    "expected_calibration_error",
    "macro_f1",
    "reliability_curve",
    "selective_accuracy",
    "spearman",
    "unweighted_average_recall",
]

Labels = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]


def confusion_matrix(labels: Labels, guesses: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Counts, shape ``(classes, classes)``: rows are labels, columns guesses."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, guesses), 1)
    return counts


def accuracy(labels: Labels, guesses: Labels) -> float:
    """Share of right guesses (weighted accuracy, WA)."""
    return float(np.mean(labels == guesses))


def unweighted_average_recall(labels: Labels, guesses: Labels) -> float:
    """Mean recall over the classes that occur in the labels (UAR, Schuller et al. 2009).

    >>> unweighted_average_recall(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    return float(np.mean([np.mean(guesses[labels == k] == k) for k in np.unique(labels)]))


def macro_f1(labels: Labels, guesses: Labels) -> float:
    """Mean F1 over the classes that occur in the labels."""
    scores: list[float] = []
    for k in np.unique(labels):
        hit = np.sum((labels == k) & (guesses == k))
        wrong = np.sum((labels == k) != (guesses == k))
        scores.append(float(2 * hit / (2 * hit + wrong)))
    return float(np.mean(scores))


def class_scores(counts: npt.NDArray[np.integer]) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of each class, from a confusion matrix; 0 where a class never occurs or is never given.

    >>> [values.round(2).tolist() for values in class_scores(np.array([[3, 1], [0, 4]]))]
    [[1.0, 0.8], [0.75, 1.0], [0.86, 0.89]]
    """
    hits = np.diag(counts).astype(float)
    given, occurring = counts.sum(axis=0), counts.sum(axis=1)
    return (
        hits / np.maximum(given, 1),
        hits / np.maximum(occurring, 1),
        2 * hits / np.maximum(given + occurring, 1),
    )


def reliability_curve(labels: Labels, probabilities: Floats, *, bins: int = 15) -> tuple[tuple[float, float, int], ...]:
    """Confidence against accuracy (Niculescu-Mizil & Caruana 2005), over the bins of the expected calibration error.

    Returns:
        For each bin that is not empty, from unsure to sure: mean confidence, accuracy, and how many predictions.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        (float(confidence[place == b].mean()), float(right[place == b].mean()), int(np.sum(place == b)))
        for b in np.unique(place)
    )


def expected_calibration_error(labels: Labels, probabilities: Floats, *, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (ECE, Guo et al. 2017).

    Args:
        labels: Shape ``(n,)``.
        probabilities: Shape ``(n, classes)``.
        bins: Number of bins of the highest probability.
    """
    curve = reliability_curve(labels, probabilities, bins=bins)
    return sum(count * abs(confidence - right) for confidence, right, count in curve) / len(labels)


def selective_accuracy(labels: Labels, probabilities: Floats, *, coverage: float = 0.5) -> float:
    """Accuracy on the most confident share of the predictions."""
    keep = np.argsort(-probabilities.max(axis=1), kind="stable")[: max(int(len(labels) * coverage), 1)]
    return accuracy(labels[keep], probabilities[keep].argmax(axis=1))


def bootstrap_interval(
    labels: Labels, guesses: Labels, groups: Labels, *, repeats: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of UAR, whole groups (speakers) drawn with replacement.

    Args:
        labels: Shape ``(n,)``.
        guesses: Shape ``(n,)``.
        groups: Shape ``(n,)``: whose clip it is.
        repeats: Bootstrap samples.
        seed: Of the random draws.
    """
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    scores: list[float] = []
    for _ in range(repeats):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        scores.append(unweighted_average_recall(labels[drawn], guesses[drawn]))
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def spearman(a: Floats, b: Floats) -> float:
    """Rank correlation of two series of one length (Spearman 1904); tied values share their mean rank.

    >>> spearman(np.array([0.1, 0.2, 0.9]), np.array([1.0, 2.0, 30.0]))
    1.0
    """
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1].round(12))


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
