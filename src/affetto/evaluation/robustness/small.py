"""Small changes, which a listener hardly hears: a reading should not turn on them."""

import numpy as np

from affetto.evaluation.robustness.sound import Rng, level
from affetto.voice.audio import RATE, Samples

__all__ = [
    "add_tone",
    "append_zeros",
    "clip_peaks",
    "crop_beginning",
    "crop_end",
    "faint_white_noise",
    "gain",
    "highpass",
    "lowpass",
    "prepend_zeros",
]

_LENGTHS = (100, 500, 1000)  # samples


def add_tone(samples: Samples, rng: Rng) -> Samples:
    """A tone of 5 to 7 kHz, 40, 45 or 50 dB below the peak."""
    hz, snr = rng.integers(5000, 7001), rng.choice((40.0, 45.0, 50.0))
    peak = float(np.abs(samples).max(initial=0.0))
    tone = np.sin(2 * np.pi * hz / RATE * np.arange(len(samples)))
    return (samples + peak * 10 ** (-snr / 20) * tone).astype(np.float32)


def append_zeros(samples: Samples, rng: Rng) -> Samples:
    """100, 500 or 1000 zeros after the end."""
    return np.concatenate([samples, np.zeros(rng.choice(_LENGTHS), np.float32)])


def prepend_zeros(samples: Samples, rng: Rng) -> Samples:
    """100, 500 or 1000 zeros before the start."""
    return np.concatenate([np.zeros(rng.choice(_LENGTHS), np.float32), samples])


def crop_beginning(samples: Samples, rng: Rng) -> Samples:
    """Without the first 100, 500 or 1000 samples."""
    return samples[rng.choice(_LENGTHS) :]


def crop_end(samples: Samples, rng: Rng) -> Samples:
    """Without the last 100, 500 or 1000 samples."""
    return samples[: -rng.choice(_LENGTHS)]


def clip_peaks(samples: Samples, rng: Rng) -> Samples:
    """The loudest 0.1, 0.2 or 0.3 % of the samples clipped."""
    limit = float(np.quantile(np.abs(samples), 1 - rng.choice((0.001, 0.002, 0.003))))
    return np.clip(samples, -limit, limit).astype(np.float32)


def gain(samples: Samples, rng: Rng) -> Samples:
    """1 or 2 dB louder or quieter."""
    return (samples * 10 ** (rng.choice((-2.0, -1.0, 1.0, 2.0)) / 20)).astype(np.float32)


def highpass(samples: Samples, rng: Rng) -> Samples:
    """A Butterworth high-pass filter of first order at 50, 100 or 150 Hz."""
    return _first_order(samples, rng.choice((50.0, 100.0, 150.0)), "highpass")


def lowpass(samples: Samples, rng: Rng) -> Samples:
    """A Butterworth low-pass filter of first order at 6.5, 7 or 7.5 kHz."""
    return _first_order(samples, rng.choice((6500.0, 7000.0, 7500.0)), "lowpass")


def faint_white_noise(samples: Samples, rng: Rng) -> Samples:
    """Gaussian white noise, 35, 40 or 45 dB below the speech."""
    noise = rng.standard_normal(len(samples)) * level(samples) * 10 ** (-rng.choice((35.0, 40.0, 45.0)) / 20)
    return (samples + noise).astype(np.float32)


def _first_order(samples: Samples, hz: float, kind: str) -> Samples:
    from scipy.signal import butter, sosfilt

    return np.asarray(sosfilt(butter(1, hz, kind, fs=RATE, output="sos"), samples), np.float32)
