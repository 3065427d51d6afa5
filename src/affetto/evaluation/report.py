"""Figures from predictions, and nothing but predictions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, circumplex
from affetto.evaluation.facts import gender_of
from affetto.evaluation.fairness import Fairness, fairness
from affetto.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    reliability_curve,
    selective_accuracy,
    spearman,
    unweighted_average_recall,
)
from affetto.evaluation.predictions import EIGHT, Prediction, label_order, probabilities_of

__all__ = [
    "Figures",
    "GroupFigures",
    "LabelFigures",
    "SeedFigures",
    "affect_points",
    "figures",
    "length_of",
]

_LENGTHS = ((0.0, 1.5), (1.5, 2.5), (2.5, 3.5), (3.5, 5.0), (5.0, float("inf")))  # seconds
_GENDERS = {"f": "women", "m": "men"}

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFigures:
    """The figures of one seed, over all folds.

    Attributes:
        seed: The seed.
        uar: Mean over the folds of the unweighted average recall.
        uar_folds: The same, fold by fold.
        uar_pooled: UAR of all folds' predictions together.
        accuracy: Share of clips that are right (weighted accuracy, WA).
        macro_f1: Mean F1.
        ece: Expected calibration error, 15 bins.
        confident_half: Accuracy on the most confident half.
        arousal_correlation: Spearman correlation of the reading's arousal with that of the label, over clips labelled
            with one of the eight emotions; None where these have one arousal only.
        valence_correlation: The same for valence.
    """

    seed: int
    uar: float
    uar_folds: dict[str, float]
    uar_pooled: float
    accuracy: float
    macro_f1: float
    ece: float
    confident_half: float
    arousal_correlation: float | None
    valence_correlation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """How one label fares, seeds pooled.

    Attributes:
        label: The label.
        clips: How many clips of each seed carry it.
        precision: Share of the answers "label" that are right.
        recall: Share of its clips that are found.
        f1: Harmonic mean of the two.
        taken_for: The wrong answer that is most often given to its clips, or ``""`` where all are right.
    """

    label: str
    clips: int
    precision: float
    recall: float
    f1: float
    taken_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """How the clips of a group fare (of a speaker, of women, of a length), seeds pooled.

    Attributes:
        name: The group.
        clips: How many clips of each seed it has.
        uar: Unweighted average recall over the labels in it.
        accuracy: Share that is right.
    """

    name: str
    clips: int
    uar: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What predictions are worth.

    Attributes:
        clips: Predictions of each seed.
        speakers: Speakers among them.
        labels: The answers, in the order of the confusion matrix.
        uar: Mean UAR over folds and seeds.
        uar_spread: Standard deviation of UAR over folds, all seeds together.
        uar_seed_spread: Standard deviation over seeds of each seed's UAR; 0 for one seed.
        uar_interval: 95 % interval of the first seed's pooled UAR, speakers drawn with replacement.
        accuracy: Mean accuracy over seeds.
        macro_f1: Mean macro F1 over seeds.
        ece: Mean expected calibration error over seeds.
        uar_corpora: UAR on each corpus, on its own labels, mean over seeds.
        recall: Recall of each label, seeds pooled.
        confusion: Share of each label's clips given each answer, seeds pooled, ``[label][answer]``.
        per_label: Precision, recall and F1 of each label.
        reliability: Mean confidence, accuracy and number of predictions of each bin of confidence, seeds pooled.
        genders: Women and men, where the predictions or the names of the clips tell.
        fairness: How they differ; None where there are not both.
        per_speaker: Every speaker, the worst first.
        lengths: Clips by length, where the predictions tell.
        leaks: Speakers whose clips are tested in several folds, and so were learnt from in others.
        seeds: The figures seed by seed.
    """

    clips: int
    speakers: int
    labels: tuple[str, ...]
    uar: float
    uar_spread: float
    uar_seed_spread: float
    uar_interval: tuple[float, float]
    accuracy: float
    macro_f1: float
    ece: float
    uar_corpora: dict[str, float]
    recall: dict[str, float]
    confusion: dict[str, dict[str, float]]
    per_label: tuple[LabelFigures, ...]
    reliability: tuple[tuple[float, float, int], ...]
    genders: tuple[GroupFigures, ...]
    fairness: Fairness | None
    per_speaker: tuple[GroupFigures, ...]
    lengths: tuple[GroupFigures, ...]
    leaks: int
    seeds: tuple[SeedFigures, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "fairness": self.fairness.to_dict() if self.fairness else None}


def figures(predictions: Sequence[Prediction]) -> Figures:
    """Every figure that a report states.

    Args:
        predictions: At least one; those of one seed cover every clip once.
    """
    every = label_order({label for p in predictions for label in (*p.labels, p.label)})
    matrix = probabilities_of(predictions, every)
    labels = np.array([every.index(p.label) for p in predictions])
    guesses = matrix.argmax(axis=1)
    counts = confusion_matrix(labels, guesses, len(every))
    used = [k for k in range(len(every)) if counts[k].sum() or counts[:, k].sum() or matrix[:, k].any()]
    present = [k for k in used if counts[k].sum()]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    of_seed = np.array([p.seed for p in predictions])
    seeds = [int(seed) for seed in np.unique(of_seed)]
    each = tuple(
        _seed_figures(seed, predictions, matrix, labels, every, np.flatnonzero(of_seed == seed)) for seed in seeds
    )
    first = np.flatnonzero(of_seed == seeds[0])
    speakers = np.unique(
        [f"{p.corpus}:{p.speaker}" for p in (predictions[int(i)] for i in first)], return_inverse=True
    )[1]
    folds = [value for one in each for value in one.uar_folds.values()]

    def groups(key: Callable[[Prediction], str]) -> list[GroupFigures]:
        names = np.array([key(p) for p in predictions])
        return [
            GroupFigures(
                name=str(name),
                clips=int(np.sum(names[first] == name)) or int(np.sum(names == name)),
                uar=unweighted_average_recall(labels[names == name], guesses[names == name]),
                accuracy=accuracy(labels[names == name], guesses[names == name]),
            )
            for name in np.unique(names)
            if name
        ]

    several = len({p.corpus for p in predictions}) > 1
    return Figures(
        clips=len(first),
        speakers=int(speakers.max()) + 1,
        labels=tuple(every[k] for k in used),
        uar=_mean(one.uar for one in each),
        uar_spread=float(np.std(folds)),
        uar_seed_spread=float(np.std([one.uar for one in each])),
        uar_interval=bootstrap_interval(labels[first], guesses[first], speakers),
        accuracy=_mean(one.accuracy for one in each),
        macro_f1=_mean(one.macro_f1 for one in each),
        ece=_mean(one.ece for one in each),
        uar_corpora=_uar_corpora(predictions, labels, guesses, of_seed),
        recall={every[k]: float(shares[k, k]) for k in present},
        confusion={every[k]: {every[j]: float(shares[k, j]) for j in used} for k in present},
        per_label=_per_label(every, counts, present, len(seeds)),
        reliability=reliability_curve(labels, matrix),
        genders=tuple(groups(lambda p: _GENDERS.get(gender_of(p), ""))),
        fairness=fairness(predictions),
        per_speaker=tuple(
            sorted(
                groups(lambda p: f"{p.corpus}:{p.speaker}" if several and p.speaker else p.speaker),
                key=lambda group: (group.uar, group.name),
            )
        ),
        lengths=_in_order(groups(lambda p: length_of(p.seconds))),
        leaks=_leaks(predictions),
        seeds=each,
    )


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _seed_figures(
    seed: int,
    predictions: Sequence[Prediction],
    matrix: npt.NDArray[np.floating],
    all_labels: Indices,
    every: tuple[str, ...],
    rows: Indices,
) -> SeedFigures:
    labels, probabilities = all_labels[rows], matrix[rows]
    guesses = probabilities.argmax(axis=1)
    folds = np.array([predictions[int(row)].fold for row in rows])
    uar_folds = {
        fold: unweighted_average_recall(labels[folds == fold], guesses[folds == fold])
        for fold in sorted({str(fold) for fold in folds}, key=lambda name: (len(name), name))
    }
    valence, arousal = _affect_correlations([every[k] for k in labels], probabilities, every)
    return SeedFigures(
        seed=seed,
        uar=float(np.mean(list(uar_folds.values()))),
        uar_folds=uar_folds,
        uar_pooled=unweighted_average_recall(labels, guesses),
        accuracy=accuracy(labels, guesses),
        macro_f1=macro_f1(labels, guesses),
        ece=expected_calibration_error(labels, probabilities),
        confident_half=selective_accuracy(labels, probabilities),
        valence_correlation=valence,
        arousal_correlation=arousal,
    )


def _affect_correlations(
    labels: Sequence[str], probabilities: npt.NDArray[np.floating], every: tuple[str, ...]
) -> tuple[float | None, float | None]:
    read, expected = affect_points(labels, probabilities, every)
    found: list[float | None] = []
    for axis in (0, 1):
        varied = len(np.unique(expected[:, axis])) > 1 and len(np.unique(read[:, axis])) > 1
        found.append(spearman(read[:, axis], expected[:, axis]) if varied else None)
    return found[0], found[1]


def affect_points(
    labels: Sequence[str], probabilities: npt.NDArray[np.floating], every: tuple[str, ...]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Valence and arousal as read and as the labels say, ``(clips, 2)`` each; labels beyond the eight have none.

    Args:
        labels: Label of each clip.
        probabilities: Shape ``(clips, answers)``.
        every: The answers.
    """
    known = [column for column, label in enumerate(every) if label in EIGHT]
    rows = [row for row, label in enumerate(labels) if label in EIGHT]
    places = {emotion.value: (circumplex()[emotion].valence, circumplex()[emotion].arousal) for emotion in EMOTIONS}
    points = np.array([places[every[column]] for column in known]).reshape(-1, 2)
    shares = probabilities[np.ix_(rows, known)]
    read = shares @ points / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    return read, np.array([places[labels[row]] for row in rows]).reshape(-1, 2)


def _uar_corpora(
    predictions: Sequence[Prediction], labels: Indices, guesses: Indices, of_seed: Indices
) -> dict[str, float]:
    corpora = np.array([p.corpus for p in predictions])
    found: dict[str, float] = {}
    for corpus in dict.fromkeys(p.corpus for p in predictions):
        inside = [(corpora == corpus) & (of_seed == seed) for seed in np.unique(of_seed[corpora == corpus])]
        found[corpus] = _mean(unweighted_average_recall(labels[rows], guesses[rows]) for rows in inside)
    return found


def _per_label(every: tuple[str, ...], counts: Indices, present: Sequence[int], seeds: int) -> tuple[LabelFigures, ...]:
    precision, recall, f1 = class_scores(counts)
    found: list[LabelFigures] = []
    for k in present:
        wrong = counts[k].copy()
        wrong[k] = 0
        found.append(
            LabelFigures(
                label=every[k],
                clips=int(counts[k].sum()) // seeds,
                precision=float(precision[k]),
                recall=float(recall[k]),
                f1=float(f1[k]),
                taken_for=every[int(wrong.argmax())] if wrong.any() else "",
            )
        )
    return tuple(found)


def length_of(seconds: float | None) -> str:
    """The range of lengths that a clip falls into, or ``""`` where its length is not known.

    >>> length_of(2.0), length_of(None)
    ('1.5 to 2.5 s', '')
    """
    if seconds is None:
        return ""
    low, high = next((low, high) for low, high in _LENGTHS if seconds < high)
    return f"{low:g} s and longer" if high == float("inf") else f"{low:g} to {high:g} s"


def _in_order(groups: Sequence[GroupFigures]) -> tuple[GroupFigures, ...]:
    return tuple(sorted(groups, key=lambda group: float(group.name.split()[0])))


def _leaks(predictions: Sequence[Prediction]) -> int:
    folds: dict[tuple[str, str, int], set[str]] = {}
    for p in predictions:
        folds.setdefault((p.corpus, p.speaker, p.seed), set()).add(p.fold)
    return len({key[:2] for key, names in folds.items() if len(names) > 1})
