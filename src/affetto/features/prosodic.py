"""Pitch, voicing, level and loudness along an utterance."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.features.spectral import frame_signal, mel_filterbank

__all__ = [
    "PitchTrack",
    "auditory_loudness",
    "hz_to_semitones",
    "loudness_db",
    "pitch_track",
    "semitone_range",
    "semitone_slope",
]

_FRAME_SECONDS, _HOP_SECONDS = 0.040, 0.010
_SILENCE_DB = 35.0
_OCTAVE_COST = 0.03
_FINER = 2  # values of the autocorrelation a lag: a sharp peak between two lags would look low
_BATCH = 256  # frames at once: fewer cost more time each, more cost memory

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """Fundamental frequency, one value every 10 ms.

    Attributes:
        f0: Hz, shape ``(frames,)``; NaN where the voice does not sound.
        strength: Height of the autocorrelation peak in [0, 1], 0 where there is none or the frame is silent,
            shape ``(frames,)``.
    """

    f0: Floats
    strength: Floats

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Where the voice sounds, shape ``(frames,)``."""
        return np.isfinite(self.f0)

    @property
    def harmonicity_db(self) -> Floats:
        """Harmonics-to-noise ratio of the voiced frames, ``10 log10(r / (1 - r))``, at most 30 dB (Boersma 1993)."""
        r = np.clip(self.strength[self.voiced], 1e-3, 1 - 1e-3)
        return 10 * np.log10(r / (1 - r))


def hz_to_semitones(hz: npt.ArrayLike, *, reference: float = 100.0) -> Floats:
    """Semitones above a reference frequency.

    >>> float(hz_to_semitones(200.0))
    12.0
    """
    return 12 * np.log2(np.asarray(hz, np.float64) / reference)


def loudness_db(y: npt.NDArray[np.floating], *, rate: int) -> Floats:
    """Level of 40 ms frames every 10 ms, dB relative to full scale, not below -100, shape ``(frames,)``."""
    frames = _frames(y, rate)
    power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    return 10 * np.log10(np.maximum(power, 1e-10))


def auditory_loudness(power: npt.NDArray[np.floating], *, rate: int) -> Floats:
    """Loudness as the ear has it: the auditory spectrum of perceptual linear prediction, summed (Hermansky 1990).

    26 mel bands up to 8 kHz, weighted by the equal-loudness curve at 40 phon and compressed by the power law of
    hearing, exponent 0.33: the loudness of GeMAPS (Eyben et al. 2016). The unit is arbitrary, 10 times the power gives
    2.14 times the loudness.

    Args:
        power: Power spectra, shape ``(frames, bins)``.
        rate: Samples per second.

    Returns:
        Shape ``(frames,)``.
    """
    weights, emphasis = _auditory(rate, 2 * (power.shape[1] - 1))
    return np.power((power @ weights).astype(np.float64) * emphasis, 0.33).sum(axis=1)


def semitone_range(f0: Floats, *, low: float = 10.0, high: float = 90.0) -> float:
    """Distance between two percentiles of the fundamental frequency, semitones; 0 without a voiced frame.

    Args:
        f0: Hz, NaN where unvoiced, shape ``(frames,)``.
        low: Lower percentile.
        high: Upper percentile.
    """
    heard = f0[np.isfinite(f0)]
    if not len(heard):
        return 0.0
    bottom, top = np.percentile(heard, [low, high])
    return float(hz_to_semitones(top, reference=bottom))


def semitone_slope(f0: Floats) -> float:
    """Semitones a second by which the melody rises, by regression on its voiced frames; 0 with fewer than two.

    Args:
        f0: Hz every 10 ms, NaN where unvoiced, shape ``(frames,)``.
    """
    frames = np.flatnonzero(np.isfinite(f0))
    if len(frames) < 2:
        return 0.0
    away = (frames - frames.mean()) * _HOP_SECONDS
    return float(away @ hz_to_semitones(f0[frames]) / (away @ away))


def pitch_track(
    y: npt.NDArray[np.floating],
    *,
    rate: int,
    fmin: float = 65.0,
    fmax: float = 500.0,
    voicing: float = 0.45,
    level: Floats | None = None,
) -> PitchTrack:
    """Fundamental frequency by autocorrelation, corrected for the window (Boersma 1993), median-filtered over 50 ms.

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second.
        fmin: Lowest frequency looked for, Hz.
        fmax: Highest frequency looked for, Hz.
        voicing: Height of the autocorrelation peak from which a frame counts as voiced.
        level: Its :func:`loudness_db`, where that is known already.

    Raises:
        ValueError: If the limits are not ``50 <= fmin < fmax <= rate / 4``: a frame holds two periods of 50 Hz.
    """
    if not 2 / _FRAME_SECONDS <= fmin < fmax <= rate / 4:
        raise ValueError(f"limits {fmin} and {fmax} Hz: give {2 / _FRAME_SECONDS:.0f} <= fmin < fmax <= {rate / 4}")
    frames = _frames(y, rate)
    level = loudness_db(y, rate=rate) if level is None else level
    lag, height = np.ones(len(frames)), np.zeros(len(frames))
    loud = np.flatnonzero((level > level.max() - _SILENCE_DB) & (level > -90))
    for first in range(0, len(loud), _BATCH):
        rows = loud[first : first + _BATCH]
        lag[rows], height[rows] = _highest_peaks(frames[rows], int(rate / fmax), int(rate / fmin))
    f0 = np.where(height > voicing, rate / lag, np.nan)
    return PitchTrack(_median_filter(f0), height)


@cache
def _auditory(rate: int, n_fft: int) -> tuple[npt.NDArray[np.float32], Floats]:
    """The bands of :func:`auditory_loudness` and the equal-loudness weight of each one's centre."""
    highest = min(8000.0, rate / 2)
    filters = mel_filterbank(n_mels=26, n_fft=n_fft, rate=rate, fmin=20.0, fmax=highest)
    squared = np.square(2 * np.pi * (filters @ np.linspace(0, rate / 2, filters.shape[1])) / filters.sum(axis=1))
    weight = (squared + 56.8e6) * squared**2 / ((squared + 6.3e6) ** 2 * (squared + 0.38e9))
    return filters.T.copy(), weight


def _frames(y: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.floating]:
    length = round(_FRAME_SECONDS * rate)
    if len(y) < length:
        y = np.pad(y, (0, length - len(y)))
    return frame_signal(y, frame_length=length, hop_length=round(_HOP_SECONDS * rate))


def _highest_peaks(frames: npt.NDArray[np.floating], shortest: int, longest: int) -> tuple[Floats, Floats]:
    """Lag (interpolated) and height of each frame's highest autocorrelation peak at these lags; height 0 for none."""
    frames = frames.astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    window, fading = _window(frames.shape[1], shortest, longest)
    correlation = _autocorrelation(frames * window, shortest, longest) / fading
    before, at, after = correlation[:, :-2], correlation[:, 1:-1], correlation[:, 2:]
    lags = _grid(shortest, longest)[1:-1]
    # A peak at twice the period is as high as the true one; a small cost for long lags takes the shorter.
    cost = (_OCTAVE_COST * np.log2(lags / lags[0])).astype(np.float32)
    best = np.where((at > before) & (at >= after), at - cost, -np.inf).argmax(axis=1)
    left, centre, right = (part[np.arange(len(best)), best].astype(np.float64) for part in (before, at, after))
    peak = (centre > left) & (centre >= right)
    shift = np.where(peak, 0.5 * (left - right) / np.where(peak, left - 2 * centre + right, 1.0), 0.0)
    return lags[best] + shift / _FINER, np.where(peak, np.clip(centre, 0.0, 1.0), 0.0)


@cache
def _window(length: int, shortest: int, longest: int) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """The window of a frame, and its own autocorrelation at these lags."""
    window = np.hanning(length).astype(np.float32)
    return window, _autocorrelation(window[None], shortest, longest)


def _autocorrelation(frames: npt.NDArray[np.floating], shortest: int, longest: int) -> npt.NDArray[np.floating]:
    """Autocorrelation of each frame at the lags of :func:`_grid`, as a share of that at lag 0."""
    size = 1 << (frames.shape[1] + longest + 1).bit_length()  # long enough that the end does not wrap onto these lags
    spectrum = np.fft.rfft(frames, size, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    energy, cosines = _transform(size, shortest, longest)
    return (power @ cosines) / np.maximum(power @ energy, np.float32(1e-12))[:, None]


@cache
def _transform(size: int, shortest: int, longest: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What makes autocorrelation of a power spectrum, at lag 0 and at some alone: faster than a transform for all."""
    bins = np.arange(size // 2 + 1)
    share = np.where(bins, 2.0, 1.0) / size
    cosines = np.cos(2 * np.pi / size * np.outer(bins, _grid(shortest, longest)))
    return share.astype(np.float32), (share[:, None] * cosines).astype(np.float32)


def _grid(shortest: int, longest: int) -> Floats:
    """Lags from one to the other, ``_FINER`` values a sample, and a neighbour on either side."""
    return np.arange(shortest * _FINER - 1, longest * _FINER + 2) / _FINER


def _median_filter(f0: Floats, width: int = 5) -> Floats:
    """Median of the voiced neighbours; lone voiced frames are taken as unvoiced."""
    padded = np.pad(f0, width // 2, constant_values=np.nan)
    neighbours = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)  # NaN last
    count = np.isfinite(neighbours).sum(axis=1)
    rows = np.arange(len(f0))
    median = 0.5 * (
        neighbours[rows, np.maximum(count - 1, 0) // 2] + neighbours[rows, np.minimum(count // 2, width - 1)]
    )
    return np.where(np.isfinite(f0) & (count >= 2), median, np.nan)
