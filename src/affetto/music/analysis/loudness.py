"""Integrated loudness and loudness range: ITU-R BS.1770-4 and EBU Tech 3342, while the sound streams by."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.music.analysis.decode import Samples

__all__ = ["SILENCE", "LoudnessMeter"]

SILENCE = -70.0
"""LUFS below which nothing counts (the absolute gate of BS.1770-4)."""

_STEP = 0.1  # seconds: gating blocks of 400 ms overlap by three quarters
_BLOCK, _SHORT_TERM = 4, 30  # in steps
_OFFSET = -0.691
_SURROUND = 1.41


@cache
def _weighting(rate: int) -> npt.NDArray[np.float64]:
    """The two filters of BS.1770-4 for any rate, as second-order sections.

    The standard tabulates 48 kHz only; the analogue prototypes behind its table are those of Mansbridge, Finn and
    Reiss 2012: a high shelf (1682 Hz, Q .7072, 4.0 dB) and a high pass (38.1 Hz, Q .5003), taken over by the bilinear
    transform.
    """
    f0, gain, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k, vh = math.tan(math.pi * f0 / rate), 10 ** (gain / 20)
    vb = vh**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        (vh + vb * k / q + k * k) / a0,
        2 * (k * k - vh) / a0,
        (vh - vb * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    f0, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * f0 / rate)
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])


def _channel_weights(channels: int) -> npt.NDArray[np.float64]:
    weights = np.ones(channels)
    if channels >= 5:
        weights[-2:] = _SURROUND
    if channels >= 6:
        weights[3] = 0.0  # the low-frequency channel does not count
        weights[4:6] = _SURROUND
    return weights


class LoudnessMeter:
    """Takes blocks of sound and tells how loud they were together."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._weights = _channel_weights(channels)
        self._state = np.zeros((2, channels, 2))
        self._step = max(1, round(_STEP * rate))
        self._rest = np.zeros((0, channels))
        self._energy: list[npt.NDArray[np.float64]] = []
        self._peak = 0.0

    @property
    def peak(self) -> float:
        """The largest sample so far."""
        return self._peak

    def add(self, block: Samples) -> None:
        """Hears the next block, shape ``(n, channels)``."""
        from scipy.signal import sosfilt

        if self._rate < 4000:  # the shelf would lie beyond half the rate
            weighted = block.astype(np.float64)
        else:
            weighted, self._state = sosfilt(_weighting(self._rate), block.T, axis=1, zi=self._state)
            weighted = weighted.T
        self._peak = max(self._peak, float(block.max(initial=0)), -float(block.min(initial=0)))
        joined = np.concatenate([self._rest, weighted]) if len(self._rest) else weighted
        steps = len(joined) // self._step
        whole = joined[: steps * self._step].reshape(steps, self._step, block.shape[1])
        self._energy.append(np.einsum("nsc,nsc,c->n", whole, whole, self._weights, optimize=False) / self._step)
        self._rest = joined[steps * self._step :]

    def _means(self, steps: int) -> npt.NDArray[np.float64]:
        """Mean energy of every stretch of so many steps; of the whole when it is shorter."""
        energy = np.concatenate(self._energy) if self._energy else np.zeros(0)
        if not len(energy):
            energy = np.array([float(((self._rest**2) @ self._weights).mean()) if len(self._rest) else 0.0])
        if len(energy) < steps:
            return energy.mean(keepdims=True)
        total = np.concatenate([[0.0], np.cumsum(energy)])
        return np.maximum(total[steps:] - total[:-steps], 0.0) / steps

    def integrated(self) -> float:
        """Integrated loudness in LUFS: the mean of 400 ms blocks above both gates; -70 for silence."""
        energy = self._means(_BLOCK)
        energy = energy[energy > _power(SILENCE)]
        if not len(energy):
            return SILENCE
        return _loudness(float(energy[energy > _power(_loudness(float(energy.mean())) - 10)].mean()))

    def range(self) -> float:
        """Loudness range in LU: from the 10th to the 95th percentile of the gated 3 s loudness."""
        energy = self._means(_SHORT_TERM)
        energy = energy[energy > _power(SILENCE)]
        if not len(energy):
            return 0.0
        energy = energy[energy > _power(_loudness(float(energy.mean())) - 20)]
        low, high = np.percentile(10 * np.log10(energy), [10, 95])
        return float(high - low)


def _power(loudness: float) -> float:
    return 10 ** ((loudness - _OFFSET) / 10)


def _loudness(power: float) -> float:
    return _OFFSET + 10 * math.log10(power)
