"""Fairness: whether women and men are read equally well.

The bounds are those of Derington et al. (arXiv 2312.06270), where each group is held against everyone; here the groups
are held against each other, too, which asks more. How often chance alone would do as much is told beside them: a dozen
speakers a side differ by themselves.
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

_REPEATS = 2000

Values = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Gap:
    """How a figure differs.

    Attributes:
        women: Its value for women.
        men: Its value for men.
        everyone: Its value for both together.
        interval: 95 % interval of the difference, women minus men; speakers of either drawn with replacement.
        chance: Share of random splits of the speakers, as large as women and men, that differ at least as much.
    """

    women: float
    men: float
    everyone: float
    interval: tuple[float, float]
    chance: float

    @property
    def difference(self) -> float:
        """Women minus men."""
        return self.women - self.men

    @property
    def from_everyone(self) -> float:
        """How far the group that is farther from everyone is away, at least 0."""
        return max(abs(self.women - self.everyone), abs(self.men - self.everyone))


@dataclass(frozen=True, slots=True)
class Fairness:
    """Women against men, in the corpora that have both; seeds pooled.

    Attributes:
        uar: Unweighted average recall.
        recall: Recall of each label.
        widest_chance: Share of random splits of the speakers in which any recall differs as much as the widest here.
    """

    uar: Gap
    recall: dict[str, Gap]
    widest_chance: float

    @property
    def widest(self) -> str:
        """The label whose recall differs most."""
        return max(self.recall, key=lambda label: abs(self.recall[label].difference))

    @property
    def bounded(self) -> tuple[tuple[str, Gap, float], ...]:
        """Every figure by its name, with its bound."""
        recalls = ((f"recall of {label}", gap, RECALL_GAP) for label, gap in self.recall.items())
        return ("UAR", self.uar, UAR_GAP), *recalls

    @property
    def passed(self) -> bool:
        """Whether every gap between women and men is under its bound."""
        return all(abs(gap.difference) < most for _, gap, most in self.bounded)

    @property
    def passed_as_published(self) -> bool:
        """Whether every gap between either of them and everyone is."""
        return all(gap.from_everyone < most for _, gap, most in self.bounded)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        verdicts = {"passed": self.passed, "passed_as_published": self.passed_as_published}
        return {**asdict(self), "widest": self.widest, **verdicts}


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
    speakers = _Speakers(compared, common)
    women, men, everyone = (speakers.recalls(side[None].astype(float)) for side in speakers.sides)
    rng = np.random.default_rng(0)
    drawn = _differences(*(speakers.recalls(speakers.drawn(rng, side)) for side in speakers.sides[:2]))
    split = np.abs(_differences(*map(speakers.recalls, speakers.split(rng))))
    here = np.abs(_differences(women, men))[0]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    chance = np.mean(split >= here - 1e-12, axis=0)
    gaps = [
        Gap(float(w), float(m), float(e), (float(low[k]), float(high[k])), float(chance[k]))
        for k, (w, m, e) in enumerate(zip(*(_with_mean(side)[0] for side in (women, men, everyone)), strict=True))
    ]
    any_as_wide = float(np.mean(split[:, 1:].max(axis=1) >= here[1:].max() - 1e-12))
    return Fairness(gaps[0], dict(zip(common, gaps[1:], strict=True)), any_as_wide)


def _with_mean(recalls: Values) -> Values:
    """UAR before the recalls of the labels, ``(repeats, 1 + labels)``."""
    return np.concatenate([recalls.mean(axis=1, keepdims=True), recalls], axis=1)


def _differences(first: Values, second: Values) -> Values:
    return _with_mean(first) - _with_mean(second)


class _Speakers:
    """The clips of women and men, counted by speaker and label.

    Attributes:
        sides: Which speakers are women, men, and either, ``(3, speakers)``.
    """

    def __init__(self, compared: Sequence[tuple[Prediction, str]], labels: Sequence[str]) -> None:
        names = sorted({(p.corpus, p.speaker) for p, _ in compared})
        place = {name: row for row, name in enumerate(names)}
        self._hits = np.zeros((len(names), len(labels)))
        self._clips = np.zeros((len(names), len(labels)))
        self._corpora = np.array([corpus for corpus, _ in names])
        women = np.zeros(len(names), bool)
        for p, gender in compared:
            row = place[p.corpus, p.speaker]
            women[row] = gender == "f"
            if p.label in labels:
                cell = row, labels.index(p.label)
                self._clips[cell] += 1
                self._hits[cell] += p.guess == p.label
        self.sides = np.stack([women, ~women, np.ones(len(names), bool)])

    def drawn(self, rng: np.random.Generator, side: npt.NDArray[np.bool_]) -> Values:
        """How often each speaker of a side is drawn with replacement, ``(repeats, speakers)``."""
        count = int(side.sum())
        times = np.zeros((_REPEATS, len(side)))
        times[:, side] = rng.multinomial(count, np.full(count, 1 / count), size=_REPEATS)
        return times

    def split(self, rng: np.random.Generator) -> tuple[Values, Values]:
        """Two sides at random, each corpus with as many speakers on either as it has, ``(repeats, speakers)`` each."""
        first = np.repeat(self.sides[:1], _REPEATS, axis=0)
        for corpus in np.unique(self._corpora):
            its = self._corpora == corpus
            first[:, its] = rng.permuted(first[:, its], axis=1)
        return first.astype(float), (~first).astype(float)

    def recalls(self, times: Values) -> Values:
        """Recall of each label, each speaker counted so often, ``(repeats, labels)``."""
        return (times @ self._hits) / np.maximum(times @ self._clips, 1e-9)
