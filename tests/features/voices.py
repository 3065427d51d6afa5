"""Signals whose features are known, and the levels that functionals must not depend on."""

import numpy as np

RATE = 16_000


def pulses(f0: float, *, jitter: float = 0.0, shimmer: float = 0.0, seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """A voice of decaying resonances at 600 and 1400 Hz, struck once a period; periods and strengths vary at random."""
    rng = np.random.default_rng(seed)
    length = round(seconds * RATE)
    y = np.zeros(length)
    at = 500.0
    while at < length - 800:
        place = np.arange(int(at), min(int(at) + 400, length))
        since = np.maximum(place - at, 0.0)
        sound = np.sin(2 * np.pi * 600 / RATE * since) + 0.5 * np.sin(2 * np.pi * 1400 / RATE * since)
        y[place] += (1 + shimmer * rng.standard_normal()) * np.exp(-since / 30) * sound
        at += RATE / f0 * (1 + jitter * rng.standard_normal())
    return 0.3 * y / np.abs(y).max()


def vowel(f0: float, formants: list[tuple[float, float]], *, seconds: float = 1.0) -> np.ndarray:
    """A vowel: pulses that fall by 12 dB an octave, through resonators at (frequency, bandwidth)."""
    from scipy.signal import lfilter

    t = np.arange(round(seconds * RATE))
    y = sum(np.cos(2 * np.pi * k * f0 * t / RATE) for k in range(1, int(RATE / 2 / f0)))
    y = lfilter([1.0], [1.0, -0.98], np.asarray(y))  # 6 dB an octave: the lips give back half of the glottis's 12
    for hz, width in formants:
        r = np.exp(-np.pi * width / RATE)
        y = lfilter([1.0], [1.0, -2 * r * np.cos(2 * np.pi * hz / RATE), r * r], y)
    return 0.3 * y / np.abs(y).max()
