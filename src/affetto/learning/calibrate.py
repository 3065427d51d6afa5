"""Calibration: probabilities that mean what they say."""

import numpy as np
import numpy.typing as npt

__all__ = ["fit_temperature", "softmax"]

_GOLDEN = (5**0.5 - 1) / 2

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
