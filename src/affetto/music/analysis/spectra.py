"""Spectra of an excerpt, with the numbers that librosa's defaults give for them.

The mood of DEAM was published with librosa's features, so the same definitions are used here: 22.05 kHz, windows of
2048 samples every 512, mel bands after Slaney. The arithmetic is our own, in single precision and without the
second look at the sound that each of librosa's functions takes.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.music.analysis.decode import Samples

__all__ = ["HOP", "RATE", "WINDOW", "Floats", "Spectra", "contrast", "frequencies", "mel_filters", "spectra", "to_db"]

Floats = npt.NDArray[np.float32]

RATE = 22_050
WINDOW = 2048
HOP = 512

_MELS = 128
_TINY = np.float32(1e-10)
_TOP_DB = 80.0
_CONTRAST_LOW = 200.0
_CONTRAST_BANDS = 6
_QUANTILE = 0.02
_PIECE = 1 << 18  # samples that are transformed at once: a megabyte stays in the cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectra:
    """The spectra of an excerpt.

    Attributes:
        samples: The excerpt, mono at `RATE`.
        magnitude: Shape (frames, 1025).
        power: Shape (frames, 1025).
        mel: Power in mel bands, shape (frames, 128).
        mel_db: The same in decibels, at most 80 below the loudest, shape (frames, 128).
    """

    samples: Samples
    magnitude: Floats
    power: Floats
    mel: Floats
    mel_db: Floats


def frequencies(window: int = WINDOW) -> Floats:
    """Frequency of each line of a spectrum in Hz."""
    return np.linspace(0, RATE / 2, window // 2 + 1, dtype=np.float32)


def _hz_to_mel(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(hz < 1000, 3 * hz / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def _mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))


@cache
def mel_filters() -> Floats:
    """Triangles of equal area, linear below 1 kHz and logarithmic above (Slaney 1998), shape (1025, 128)."""
    edges = _mel_to_hz(np.linspace(0, _hz_to_mel(np.array(RATE / 2)), _MELS + 2))
    ramps = edges[:, None] - frequencies().astype(np.float64)
    steps = np.diff(edges)[:, None]
    triangles = np.maximum(0, np.minimum(-ramps[:-2] / steps[:-1], ramps[2:] / steps[1:]))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).T.astype(np.float32)


@cache
def _hann(window: int) -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


@cache
def _roll_off() -> Floats:
    """The gain of the resampler that the table of DEAM was made with, shape (1025,).

    resampy's "kaiser_fast": a sinc of 16 zero crossings cut off at .85 of the band, in a Kaiser window of beta 8.556.
    """
    times = np.arange(-16, 16, 1 / 64)
    kernel = 0.85 * np.sinc(0.85 * times) * np.kaiser(len(times) + 1, 8.555504641634386)[:-1] / 64
    angles = np.pi * np.linspace(0, 1, WINDOW // 2 + 1)
    parts = np.array_split(angles, 32)  # at once the table of phases would be the most memory of an analysis
    return np.abs(np.concatenate([np.exp(-1j * np.outer(part, times)) @ kernel for part in parts])).astype(np.float32)


def transform(samples: Samples, window: int = WINDOW, hop: int = HOP) -> Floats:
    """Magnitudes of the short-time Fourier transform, centred and padded by zeros, shape (frames, window / 2 + 1)."""
    from scipy.fft import rfft

    padded = np.pad(samples, window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    found = np.empty((len(frames), window // 2 + 1), np.float32)
    some = max(1, _PIECE // window)
    for start in range(0, len(frames), some):
        spectrum: Any = rfft(frames[start : start + some] * _hann(window), axis=1)
        np.abs(spectrum, out=found[start : start + some])
    return found


def to_db(power: Floats) -> Floats:
    """Power in decibels, at most 80 below the loudest."""
    db = np.float32(10) * np.log10(np.maximum(power, _TINY))
    return np.maximum(db, db.max() - np.float32(_TOP_DB))


def spectra(samples: Samples) -> Spectra:
    """The spectra of an excerpt, mono at `RATE`."""
    magnitude: Floats = np.multiply(transform(samples), _roll_off())
    power: Floats = np.square(magnitude)
    mel: Floats = np.matmul(power, mel_filters())
    return Spectra(samples=samples, magnitude=magnitude, power=power, mel=mel, mel_db=to_db(mel))


def contrast(magnitude: Floats) -> Floats:
    """Peaks over valleys in seven octaves, in decibels, shape (frames, 7) (Jiang et al. 2002)."""
    lines = frequencies()
    edges = np.concatenate([[0.0], _CONTRAST_LOW * 2.0 ** np.arange(_CONTRAST_BANDS + 1)])
    peaks, valleys = [], []
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((lines >= low) & (lines <= high))
        first, last = inside[0], inside[-1]
        if band:
            first -= 1
        if band == _CONTRAST_BANDS:
            last = len(lines) - 1
        count = max(1, int(np.rint(_QUANTILE * (last + 1 - first))))
        part = magnitude[:, first : last + (1 if band == _CONTRAST_BANDS else 0)]
        part = np.sort(part, axis=1)  # an eighth of the time of a partition at two places
        valleys.append(part[:, :count].mean(1))
        peaks.append(part[:, -count:].mean(1))
    return to_db(np.stack(peaks, 1)) - to_db(np.stack(valleys, 1))
