"""Figures of the battery, computed from readings and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.evaluation.robustness.readings import CLEAN, REFUSED, ClipReadings
from affetto.evaluation.robustness.suite import SUITE, RobustnessTest

__all__ = ["Outcome", "outcomes"]

_REPEATS = 1000

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a test went.

    Attributes:
        name: Name of the test.
        group: Its group.
        clips: Clips compared.
        unchanged: Share of the readings that stayed as they were; one that was refused before and after did.
        interval: 95 % interval of it, speakers (or clips, where nobody is named) drawn with replacement.
        least: The least share to pass.
        uar: UAR under the change (a refusal is a miss, as is every label that is none of the eight emotions), or None
            where there are no labels.
        loss: By how much UAR fell, or None where there are no labels.
        most: The loss must be less than this, or None where it is not asked.
        lost: Share of the clips that were read before and are refused under the change.
        instead: What stands in the place of recordings that are not free, or ``""``.
    """

    name: str
    group: str
    clips: int
    unchanged: float
    interval: tuple[float, float]
    least: float
    uar: float | None
    loss: float | None
    most: float | None
    lost: float
    instead: str

    @property
    def passed(self) -> bool:
        """Whether all that is asked holds."""
        return self.unchanged >= self.least and (self.most is None or self.loss is None or self.loss < self.most)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed}


def outcomes(rows: Sequence[ClipReadings]) -> tuple[Outcome, ...]:
    """How each test of the suite went that was made on all of the clips.

    Args:
        rows: At least one.
    """
    return tuple(_outcome(test, rows) for test in SUITE if all(test.key in row.read for row in rows))


def _outcome(test: RobustnessTest, rows: Sequence[ClipReadings]) -> Outcome:
    before = np.array([row.read[test.against or CLEAN] for row in rows])
    after = np.array([row.read[test.key] for row in rows])
    labels = np.array([row.label for row in rows])
    same = before == after
    uar = _uar(labels, after) if all(labels) else None
    return Outcome(
        name=test.name,
        group=test.group,
        clips=len(rows),
        unchanged=float(same.mean()),
        interval=_interval(same, [row.speaker and f"{row.corpus}/{row.speaker}" for row in rows]),
        least=test.unchanged,
        uar=uar,
        loss=None if uar is None else _uar(labels, before) - uar,
        most=test.loss,
        lost=float(np.mean((before != REFUSED) & (after == REFUSED))),
        instead=test.instead,
    )


def _uar(labels: Texts, read: Texts) -> float:
    return float(np.mean([np.mean(read[labels == label] == label) for label in np.unique(labels)]))


def _interval(same: npt.NDArray[np.bool_], speakers: Sequence[str]) -> tuple[float, float]:
    named = [speaker or str(place) for place, speaker in enumerate(speakers)]
    groups = np.unique(named, return_inverse=True)[1]
    hits, sizes = np.bincount(groups, same), np.bincount(groups)
    drawn = np.random.default_rng(0).integers(len(sizes), size=(_REPEATS, len(sizes)))
    low, high = np.percentile(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)
