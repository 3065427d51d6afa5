"""Whether one run is better than another, on the clips that both predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.evaluation.metrics import unweighted_average_recall
from affetto.evaluation.predictions import Prediction, label_order, probabilities_of

__all__ = ["Comparison", "compare", "compare_all", "holm", "mcnemar"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs on the same clips, one seed each.

    Attributes:
        first: Name of the one.
        second: Name of the other.
        clips: Clips that both predicted.
        difference: UAR of the first minus that of the second, all folds together.
        interval: 95 % interval of the difference, speakers drawn with replacement (paired bootstrap).
        p_bootstrap: Two-sided, the share of draws in which the difference changes sign, twice.
        only_first: Clips that only the first recognizes.
        only_second: Clips that only the second recognizes.
        p_mcnemar: Two-sided exact McNemar test of the two counts (McNemar 1947; Dietterich 1998).
        p_holm: The same, corrected for the number of pairs that are compared (Holm 1979).
    """

    first: str
    second: str
    clips: int
    difference: float
    interval: tuple[float, float]
    p_bootstrap: float
    only_first: int
    only_second: int
    p_mcnemar: float
    p_holm: float


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p of two counts of disagreement: how often a fair coin falls at least as unevenly.

    >>> round(mcnemar(1, 9), 4)
    0.0215
    """
    from scipy.stats import binomtest

    total = only_first + only_second
    return float(binomtest(only_first, total).pvalue) if total else 1.0


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values corrected for their number, by Holm's step-down procedure (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return tuple(corrected)


def compare(
    first: Sequence[Prediction],
    second: Sequence[Prediction],
    *,
    names: tuple[str, str] = ("first", "second"),
    repeats: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compares two runs on the clips that both predicted, with the first seed of each.

    Raises:
        CorpusError: If they have no clip in common, or disagree about a label.
    """
    lists = [{p.clip: p for p in run if p.seed == min(q.seed for q in run)} for run in map(list, (first, second))]
    common = [clip for clip in lists[0] if clip in lists[1]]
    if not common:
        raise CorpusError(f"{names[0]} and {names[1]} have no clip in common; compare runs of one protocol")
    pairs = [(lists[0][clip], lists[1][clip]) for clip in common]
    for one, other in pairs:
        if one.label != other.label:
            raise CorpusError(f"{one.stem} is {one.label} in {names[0]} and {other.label} in {names[1]}")
    every = label_order({label for pair in pairs for p in pair for label in (*p.labels, p.label)})
    labels = np.array([every.index(one.label) for one, _ in pairs])
    guesses = [probabilities_of([pair[side] for pair in pairs], every).argmax(axis=1) for side in (0, 1)]
    people = np.unique([f"{one.corpus}:{one.speaker}" for one, _ in pairs], return_inverse=True)[1]
    draws = _differences(labels, guesses[0], guesses[1], people, repeats=repeats, seed=seed)
    low, high = np.percentile(draws, [2.5, 97.5])
    # the draw that was observed counts too, or p could be 0
    tail = (1 + min(int(np.sum(draws <= 0)), int(np.sum(draws >= 0)))) / (1 + repeats)
    right = [guess == labels for guess in guesses]
    counts = int(np.sum(right[0] & ~right[1])), int(np.sum(right[1] & ~right[0]))
    p = mcnemar(*counts)
    return Comparison(
        first=names[0],
        second=names[1],
        clips=len(common),
        difference=unweighted_average_recall(labels, guesses[0]) - unweighted_average_recall(labels, guesses[1]),
        interval=(float(low), float(high)),
        p_bootstrap=min(1.0, 2 * tail),
        only_first=counts[0],
        only_second=counts[1],
        p_mcnemar=p,
        p_holm=p,
    )


def _differences(
    labels: Indices, first: Indices, second: Indices, people: Indices, *, repeats: int, seed: int
) -> npt.NDArray[np.float64]:
    """UAR differences of bootstrap samples, from counts per speaker: no clip is touched twice."""
    classes, speakers = int(labels.max()) + 1, int(people.max()) + 1
    counts = np.zeros((3, speakers, classes))
    for layer, weight in enumerate((np.ones(len(labels)), first == labels, second == labels)):
        np.add.at(counts[layer], (people, labels), weight)
    drawn = np.random.default_rng(seed).multinomial(speakers, np.full(speakers, 1 / speakers), size=repeats)
    totals, right_first, right_second = (drawn @ layer for layer in counts)
    gaps = np.where(totals > 0, (right_first - right_second) / np.maximum(totals, 1), np.nan)
    return np.nanmean(gaps, axis=1)


def compare_all(runs: Sequence[tuple[str, Sequence[Prediction]]]) -> tuple[Comparison, ...]:
    """Every pair of named runs that have clips in common, p values corrected for the number of pairs."""
    from dataclasses import replace

    found: list[Comparison] = []
    for (name, one), (other_name, other) in combinations(runs, 2):
        if {p.clip for p in one} & {p.clip for p in other}:
            found.append(compare(one, other, names=(name, other_name)))
    corrected = holm([one.p_mcnemar for one in found])
    return tuple(replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True))
