"""What could be done with estimates that know as much as ours and are wrong only by chance."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["calibrated", "known_share"]

_Floats: TypeAlias = npt.NDArray[np.float64]


def known_share(guess: _Floats, truth: _Floats) -> _Floats:
    """The share of the variance of each axis that estimates tell at best (squared correlation), shape (axes,)."""
    axes = range(truth.shape[1])
    return np.array([np.corrcoef(guess[:, axis], truth[:, axis])[0, 1] ** 2 for axis in axes])


def calibrated(truth: _Floats, share: _Floats, correlation: float, rng: np.random.Generator) -> _Floats:
    """Made-up estimates of valence and arousal that are right on average: where they say x, the truth is x.

    With ``S`` the covariance of the truth ``t`` around its mean ``m``, and ``Q`` that of the estimates,

        e = m + Q S^-1 (t - m) + noise,    noise ~ N(0, Q - Q S^-1 Q)

    has covariance ``Q`` and ``E[t | e] = e`` as far as the truth is normal. Nothing that knows no more can do better
    than to play what it says is nearest.

    Args:
        truth: Shape (n, 2).
        share: Share of the variance of each axis that the estimates tell.
        correlation: Of the two axes of the estimates.
        rng: Source of the noise.
    """
    mean, spread = truth.mean(0), np.cov(truth.T)
    apart = np.sqrt(share * np.diag(spread))
    own = np.outer(apart, apart) * np.array([[1.0, correlation], [correlation, 1.0]])
    gain = np.linalg.solve(spread, own).T
    size, ways = np.linalg.eigh(own - gain @ own)
    noise = rng.standard_normal(truth.shape) * np.sqrt(np.maximum(size, 0.0))
    return mean + (truth - mean) @ gain.T + noise @ ways.T
