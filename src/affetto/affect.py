"""The eight emotions and the circumplex they live on."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypeAlias

__all__ = ["EMOTIONS", "Affect", "Covariance", "Emotion", "circumplex", "posterior_affect"]

Covariance: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


class Emotion(StrEnum):
    """The eight emotions a voice can be read as, in the order of every probability vector."""

    NEUTRAL = "neutral"
    CALM = "calm"
    HAPPY = "happy"
    SAD = "sad"
    ANGRY = "angry"
    FEARFUL = "fearful"
    DISGUST = "disgust"
    SURPRISED = "surprised"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)


@dataclass(frozen=True, slots=True)
class Affect:
    """A point on the circumplex with its uncertainty.

    Attributes:
        valence: Unpleasant to pleasant, in [-1, 1].
        arousal: Sleepy to activated, in [-1, 1].
        covariance: 2x2 covariance of (valence, arousal); zeros for a point known exactly.
    """

    valence: float
    arousal: float
    covariance: Covariance = ((0.0, 0.0), (0.0, 0.0))

    @property
    def spread(self) -> tuple[float, float]:
        """Standard deviations of valence and of arousal."""
        return math.sqrt(self.covariance[0][0]), math.sqrt(self.covariance[1][1])

    def distance(self, other: "Affect") -> float:
        """Euclidean distance between the two points, uncertainty left out.

        >>> Affect(0.0, 0.0).distance(Affect(0.3, -0.4))
        0.5
        """
        return math.hypot(self.valence - other.valence, self.arousal - other.arousal)


@cache
def circumplex() -> Mapping[Emotion, Affect]:
    """Where each emotion lies, read from ``circumplex.csv`` (its ``source`` column names the study).

    >>> circumplex()[Emotion.SAD]
    Affect(valence=-0.65, arousal=-0.27, covariance=((0.0, 0.0), (0.0, 0.0)))
    """
    text = resources.files("affetto").joinpath("circumplex.csv").read_text(encoding="utf-8")
    points = {
        Emotion(row["emotion"]): Affect(float(row["valence"]), float(row["arousal"]))
        for row in csv.DictReader(text.splitlines())
    }
    return MappingProxyType({emotion: points[emotion] for emotion in EMOTIONS})


def posterior_affect(probabilities: Mapping[Emotion, float]) -> Affect:
    """Mean and covariance of the affect under a distribution over emotions.

    With circumplex points ``c_i`` and probabilities ``p_i`` the mean is ``m = sum p_i c_i`` and the covariance
    ``sum p_i (c_i - m)(c_i - m)^T``: two emotions far apart and equally likely give a point between them and a wide
    spread, never the point of the likelier one.

    Args:
        probabilities: One weight for each emotion (missing ones count as zero); they are normalized to sum to 1.

    Raises:
        ValueError: If a weight is negative or all are zero.

    >>> affect = posterior_affect({Emotion.HAPPY: 0.5, Emotion.SAD: 0.5})
    >>> round(affect.valence, 2), round(affect.arousal, 2), round(affect.spread[0], 2)
    (0.09, 0.13, 0.74)
    """
    total = sum(probabilities.values())
    if total <= 0 or min(probabilities.values()) < 0:
        raise ValueError(f"probabilities must be non-negative with a positive sum, got {dict(probabilities)}")
    weighted = [(weight / total, circumplex()[emotion]) for emotion, weight in probabilities.items()]
    valence = sum(p * point.valence for p, point in weighted)
    arousal = sum(p * point.arousal for p, point in weighted)
    vv = sum(p * (point.valence - valence) ** 2 for p, point in weighted)
    aa = sum(p * (point.arousal - arousal) ** 2 for p, point in weighted)
    va = sum(p * (point.valence - valence) * (point.arousal - arousal) for p, point in weighted)
    return Affect(valence, arousal, ((vv, va), (va, aa)))
