"""Fairness: whether women and men are read equally well.

The bounds are those of Derington et al. (arXiv 2312.06270), where each group is held against all; here the groups are
held against each other, which asks more.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.evaluation.facts import gender_of
from affetto.evaluation.predictions import Prediction

__all__ = ["RECALL_GAP", "UAR_GAP", "Fairness", "Gap", "fairness"]

UAR_GAP = 0.075
"""The most by which UAR may differ."""

RECALL_GAP = 0.175
"""The most by which the recall of any label may differ."""

_REPEATS = 1000

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gap:
    """How a figure differs.

    Attributes:
        women: Its value for women.
        men: Its value for men.
        interval: 95 % interval of the difference, women minus men; speakers of either drawn with replacement.
    """

    women: float
    men: float
    interval: tuple[float, float]

    @property
    def difference(self) -> float:
        """Women minus men."""
        return self.women - self.men


@dataclass(frozen=True, slots=True)
class Fairness:
    """Women against men, in the corpora that have both; seeds pooled.

    Attributes:
        uar: Unweighted average recall.
        recall: Recall of each label.
    """

    uar: Gap
    recall: dict[str, Gap]

    @property
    def widest(self) -> str:
        """The label whose recall differs most."""
        return max(self.recall, key=lambda label: abs(self.recall[label].difference))

    @property
    def passed(self) -> bool:
        """Whether every gap is under its bound."""
        return abs(self.uar.difference) < UAR_GAP and abs(self.recall[self.widest].difference) < RECALL_GAP

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "widest": self.widest, "passed": self.passed}


def fairness(predictions: Sequence[Prediction]) -> Fairness | None:
    """Compares women and men; None where there are not both."""
    genders = [gender_of(p) for p in predictions]
    both = {
        corpus
        for corpus in {p.corpus for p in predictions}
        if {gender for p, gender in zip(predictions, genders, strict=True) if p.corpus == corpus} >= {"f", "m"}
    }
    compared = [(p, g) for p, g in zip(predictions, genders, strict=True) if p.corpus in both and g]
    labels = sorted({p.label for p, _ in compared})
    common = [label for label in labels if {g for p, g in compared if p.label == label} == {"f", "m"}]
    if not common:
        return None
    rng = np.random.default_rng(0)
    sides = [_Side([p for p, g in compared if g == gender], common) for gender in "fm"]
    women, men = (side.recalls(np.ones((1, side.speakers))) for side in sides)
    drawn_women, drawn_men = (side.recalls(side.draw(rng)) for side in sides)
    gaps = drawn_women - drawn_men
    return Fairness(
        _gap(women.mean(axis=1), men.mean(axis=1), gaps.mean(axis=1)),
        {label: _gap(women[:, k], men[:, k], gaps[:, k]) for k, label in enumerate(common)},
    )


class _Side:
    """The clips of one gender, counted by speaker and label."""

    def __init__(self, predictions: Sequence[Prediction], labels: Sequence[str]) -> None:
        names = sorted({(p.corpus, p.speaker) for p in predictions})
        self.speakers = len(names)
        self._hits = np.zeros((self.speakers, len(labels)))
        self._clips = np.zeros((self.speakers, len(labels)))
        place = {name: row for row, name in enumerate(names)}
        for p in predictions:
            if p.label in labels:
                cell = place[p.corpus, p.speaker], labels.index(p.label)
                self._clips[cell] += 1
                self._hits[cell] += p.guess == p.label

    def draw(self, rng: np.random.Generator) -> npt.NDArray[np.floating]:
        """How often each speaker is drawn, ``(repeats, speakers)``."""
        return rng.multinomial(self.speakers, np.full(self.speakers, 1 / self.speakers), size=_REPEATS).astype(float)

    def recalls(self, times: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Recall of each label, ``(repeats, labels)``."""
        return (times @ self._hits) / np.maximum(times @ self._clips, 1e-9)


def _gap(women: npt.NDArray[np.floating], men: npt.NDArray[np.floating], drawn: npt.NDArray[np.floating]) -> Gap:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Gap(float(women[0]), float(men[0]), (float(low), float(high)))
