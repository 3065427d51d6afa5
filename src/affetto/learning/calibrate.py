"""Calibration: probabilities that mean what they say."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["VectorScaling", "fit_temperature", "fit_vector_scaling", "softmax"]

_GOLDEN = (5**0.5 - 1) / 2
_PRIOR = 0.5  # standard deviation of scales around 1 and of shifts around 0

Floats = npt.NDArray[np.floating]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities of logits, shape ``(n, classes)``."""
    scaled = logits / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def fit_temperature(logits: Floats, labels: npt.NDArray[np.integer]) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017), by golden-section search.

    Args:
        logits: Shape ``(n, classes)``.
        labels: Shape ``(n,)``.

    Returns:
        Between 0.2 and 5; above 1 where the logits were overconfident.
    """

    def loss(log_temperature: float) -> float:
        p = softmax(logits, float(np.exp(log_temperature)))
        return float(-np.mean(np.log(p[np.arange(len(labels)), labels] + 1e-12)))

    low, high = np.log(0.2), np.log(5.0)
    while high - low > 1e-3:
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


@dataclass(frozen=True, slots=True)
class VectorScaling:
    """A scale and a shift for the logit of each class (Guo et al. 2017)."""

    scale: Floats
    shift: Floats

    def apply(self, logits: Floats) -> Floats:
        """Probabilities, shape ``(n, classes)``."""
        return softmax(self.scale * (logits - logits.mean(axis=1, keepdims=True)) + self.shift)


def fit_vector_scaling(logits: Floats, labels: npt.NDArray[np.integer]) -> VectorScaling:
    """The scales and shifts with the least negative log-likelihood, under a normal prior around no change.

    Args:
        logits: Shape ``(n, classes)``.
        labels: Shape ``(n,)``.
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]
    centred = logits - logits.mean(axis=1, keepdims=True)
    wanted = np.eye(classes)[labels]
    start = np.concatenate([np.ones(classes), np.zeros(classes)])

    def loss(values: Floats) -> tuple[float, Floats]:
        scale, shift = values[:classes], values[classes:]
        p = softmax(scale * centred + shift)
        wrong = p - wanted
        away = (values - start) / _PRIOR
        value = -np.log(p[np.arange(len(labels)), labels] + 1e-12).sum() + 0.5 * (away @ away)
        slope = np.concatenate([(wrong * centred).sum(axis=0), wrong.sum(axis=0)]) + away / _PRIOR
        return float(value), slope

    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return VectorScaling(found[:classes], found[classes:])
