"""The shape of spectra, frame by frame: where their energy lies, how it is spread, and how fast that changes.

Every function takes a spectrogram with time first, as :func:`~affetto.features.spectral.power_spectrogram` gives it,
and the frequency of each column. None depends on the level of the recording. A silent frame gives a finite value.
"""

import itertools

import numpy as np
import numpy.typing as npt

__all__ = [
    "band_ratio_db",
    "bandwidth",
    "centroid",
    "contrast",
    "entropy",
    "flatness",
    "flux",
    "hammarberg_index",
    "moments",
    "rolloff",
    "slope",
]

Floats = npt.NDArray[np.floating]

_TINY = 1e-30
_FLOOR_DB = -120.0


def centroid(spectrogram: Floats, hz: Floats) -> Floats:
    """Centre of gravity of each spectrum, Hz, shape ``(frames,)``; 0 for a silent frame.

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.

    >>> centroid(np.array([[0.0, 1.0, 1.0]]), np.array([0.0, 100.0, 200.0]))
    array([150.])
    """
    return spectrogram @ hz.astype(spectrogram.dtype) / (spectrogram.sum(axis=1) + _TINY)


def moments(spectrogram: Floats, hz: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Centroid (Hz), standard deviation (Hz), skewness and kurtosis of each spectrum as a distribution over frequency.

    Peeters (2004), "A large set of audio features", section 6.1. Each has shape ``(frames,)``; kurtosis is 3 for a
    bell. A spectrum without width has skewness 0 and kurtosis 3.

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
    """
    scale = float(hz[-1])
    unit = hz / scale
    share = spectrogram / (spectrogram.sum(axis=1, keepdims=True, dtype=np.float64) + _TINY)
    first, second, third, fourth = (share @ np.stack([unit, unit**2, unit**3, unit**4], axis=1)).T
    variance = np.maximum(second - first**2, 0.0)
    wide = variance > 1e-8
    deviation = np.sqrt(np.where(wide, variance, 1.0))
    cubed = third - 3 * first * second + 2 * first**3
    squared = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    skewness = np.where(wide, cubed / deviation**3, 0.0)
    kurtosis = np.where(wide, squared / deviation**4, 3.0)
    return scale * first, scale * np.sqrt(variance), skewness, kurtosis


def bandwidth(spectrogram: Floats, hz: Floats) -> Floats:
    """Standard deviation of each spectrum around its centroid, Hz, shape ``(frames,)``.

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
    """
    return moments(spectrogram, hz)[1]


def rolloff(spectrogram: Floats, hz: Floats, *, shares: tuple[float, ...] = (0.85,)) -> Floats:
    """Lowest frequency at or under which each share of the sum lies, Hz, shape ``(frames, shares)``.

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
        shares: Parts of the whole, each in (0, 1).
    """
    total = np.cumsum(spectrogram, axis=1, dtype=np.float64)
    return np.stack([hz[(total < share * total[:, -1:]).sum(axis=1).clip(0, len(hz) - 1)] for share in shares], axis=1)


def flatness(spectrogram: Floats) -> Floats:
    """Geometric mean over arithmetic mean, in [0, 1]: 1 for white noise, 0 for a tone (Johnston 1988).

    Args:
        spectrogram: Power, not negative, shape ``(frames, bins)``.
    """
    power = np.maximum(spectrogram, _TINY)
    return np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)


def entropy(spectrogram: Floats) -> Floats:
    """Entropy of each spectrum as a distribution, divided by that of a flat one: in [0, 1] (Misra et al. 2004).

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
    """
    share = spectrogram / (spectrogram.sum(axis=1, keepdims=True) + _TINY)
    return -(share * np.log(share + _TINY)).sum(axis=1) / np.log(spectrogram.shape[1])


def flux(spectrogram: Floats) -> Floats:
    """Change from the frame before: distance of the unit-sum spectra, in [0, sqrt 2], 0 first (Peeters 2004, 6.3).

    Args:
        spectrogram: Power or magnitude, not negative, shape ``(frames, bins)``.
    """
    share = spectrogram / (spectrogram.sum(axis=1, keepdims=True) + _TINY)
    change = np.sqrt(np.square(np.diff(share, axis=0)).sum(axis=1))
    return np.concatenate([np.zeros(min(1, len(share)), change.dtype), change])


def slope(power: Floats, hz: Floats, *, low: float, high: float) -> Floats:
    """Tilt of each spectrum between two frequencies, dB per kHz, by regression (GeMAPS, Eyben et al. 2016).

    Args:
        power: Shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
        low: Lower limit, Hz.
        high: Upper limit, Hz.

    Raises:
        ValueError: If fewer than two bins lie between the limits.
    """
    inside = _between(hz, low, high)
    if inside.sum() < 2:
        raise ValueError(f"limits {low:g} and {high:g} Hz hold {inside.sum()} bins: give wider ones")
    away = (hz[inside] - hz[inside].mean()) / 1000
    decibel = 10 * np.log10(np.maximum(power[:, inside], _TINY))
    return decibel @ (away / (away**2).sum()).astype(decibel.dtype)


def band_ratio_db(power: Floats, hz: Floats, above: tuple[float, float], below: tuple[float, float]) -> Floats:
    """Energy in one band against another, dB, shape ``(frames,)``; 1-5 kHz against 50-1000 Hz is the alpha ratio.

    Args:
        power: Shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
        above: Limits of the band that counts, Hz.
        below: Limits of the band it is compared with, Hz.
    """
    top, bottom = (power[:, _between(hz, *limits)].sum(axis=1) for limits in (above, below))
    return 10 * np.log10((top + _TINY) / (bottom + _TINY))


def hammarberg_index(power: Floats, hz: Floats) -> Floats:
    """Strongest peak at 0-2 kHz against the strongest at 2-5 kHz, dB, shape ``(frames,)`` (Hammarberg et al. 1980).

    Args:
        power: Shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``, up to 5 kHz or more.
    """
    low, high = power[:, _between(hz, 0, 2000)].max(axis=1), power[:, _between(hz, 2000, 5000)].max(axis=1)
    return 10 * np.log10((low + _TINY) / (high + _TINY))


def contrast(
    power: Floats,
    hz: Floats,
    *,
    edges: tuple[float, ...] = (0, 200, 400, 800, 1600, 3200, 8000),
    share: float = 0.2,
) -> Floats:
    """Peaks against valleys in each band, dB, shape ``(frames, len(edges) - 1)`` (Jiang et al. 2002).

    Args:
        power: Shape ``(frames, bins)``.
        hz: Frequency of each bin, shape ``(bins,)``.
        edges: Limits of the bands, Hz, rising; each band holds at least one bin.
        share: Part of the bins, strongest and weakest, whose means are compared.
    """
    bands: list[Floats] = []
    for low, high in itertools.pairwise(edges):
        ordered = np.sort(power[:, _between(hz, low, high)], axis=1)
        count = max(1, round(share * ordered.shape[1]))
        valley, peak = ordered[:, :count].mean(axis=1), ordered[:, -count:].mean(axis=1)
        bands.append(10 * np.log10((peak + _TINY) / (valley + _TINY)))
    return np.stack(bands, axis=1)


def _between(hz: Floats, low: float, high: float) -> npt.NDArray[np.bool_]:
    return (hz >= low) & (hz < high)
