"""Corrections: what a person said a reading should have been, and how later readings follow.

The readings of this person are shifted by one number for each emotion, added to the logarithms of the probabilities:
the most probable shift under the corrections and a normal prior. It counts as much as the corrections make it likelier
than no shift at all (the ratio of their marginal likelihoods, by Laplace's approximation), so corrections that
contradict each other change little, and fewer than three change nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, Emotion

__all__ = ["FEWEST_CORRECTIONS", "MOST_CORRECTIONS", "Correction", "Shift", "learn_shift", "shifted"]

FEWEST_CORRECTIONS = 3
"""Fewer corrections do not change a reading."""

MOST_CORRECTIONS = 1_000
"""A profile holds no more."""

_USED = 100  # the latest
_PRIOR = 0.6  # standard deviation of the shift, nats
_FLOOR = 1e-4  # of a probability, before its logarithm is taken
_STEPS = 30
_CLOSE = 1e-10

Floats: TypeAlias = npt.NDArray[np.float64]
Shift: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One reading that was put right, or confirmed.

    Attributes:
        emotion: What it should have been.
        probabilities: What was read, before any correction, in the order of the emotions.
        model: Identity of the model that read it.
        when: Date, ISO 8601.
    """

    emotion: Emotion
    probabilities: tuple[float, ...]
    model: str
    when: str


def learn_shift(corrections: Sequence[Correction]) -> Shift:
    """What to add to the logarithms of the probabilities, one number for each emotion; empty for nothing."""
    corrections = corrections[-_USED:]
    if len(corrections) < FEWEST_CORRECTIONS:
        return ()
    logits = _logits(np.array([correction.probabilities for correction in corrections]))
    wanted = np.zeros_like(logits)
    wanted[np.arange(len(corrections)), [EMOTIONS.index(correction.emotion) for correction in corrections]] = 1
    shift, evidence = _posterior(logits, wanted)
    weight = 1 / (1 + np.exp(-evidence))
    return tuple(float(value) for value in weight * (shift - shift.mean()))


def shifted(probabilities: Mapping[Emotion, float], shift: Shift) -> dict[Emotion, float]:
    """Probabilities after a shift; an empty one leaves them exactly as they are."""
    if not shift:
        return dict(probabilities)
    weights = np.exp(_logits(np.array([probabilities.get(emotion, 0.0) for emotion in EMOTIONS])) + shift)
    weights /= weights.sum()
    return {emotion: float(p) for emotion, p in zip(EMOTIONS, weights, strict=True)}


def _logits(probabilities: Floats) -> Floats:
    return np.log(np.maximum(probabilities, _FLOOR))


def _posterior(logits: Floats, wanted: Floats) -> tuple[Floats, float]:
    """The most probable shift, by Newton's method, and the log-odds of a shift against none."""
    precision = np.eye(logits.shape[1]) / _PRIOR**2
    shift = np.zeros(logits.shape[1])
    curvature = precision
    for _ in range(_STEPS):
        p = _softmax(logits + shift)
        slope = (wanted - p).sum(axis=0) - precision @ shift
        curvature = precision + np.diag(p.sum(axis=0)) - p.T @ p
        step = np.linalg.solve(curvature, slope)
        shift = shift + step
        if np.abs(step).max() < _CLOSE:
            break
    fit, none = (float((wanted * np.log(_softmax(logits + b))).sum()) for b in (shift, 0.0))
    width = float(np.linalg.slogdet(curvature * _PRIOR**2)[1])
    return shift, fit - 0.5 * float(shift @ precision @ shift) - 0.5 * width - none


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
