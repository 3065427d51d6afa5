"""Pitch, voicing and loudness along an utterance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.features.spectral import frame_signal

__all__ = ["PitchTrack", "hz_to_semitones", "loudness_db", "pitch_track"]

_FRAME_SECONDS, _HOP_SECONDS = 0.040, 0.010
_SILENCE_DB = 35.0
_OCTAVE_COST = 0.03

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """Fundamental frequency, one value every 10 ms.

    Attributes:
        f0: Hz, shape ``(frames,)``; NaN where the voice does not sound.
        strength: Height of the autocorrelation peak in [0, 1], shape ``(frames,)``.
    """

    f0: Floats
    strength: Floats

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Where the voice sounds, shape ``(frames,)``."""
        return np.isfinite(self.f0)

    @property
    def harmonicity_db(self) -> Floats:
        """Harmonics-to-noise ratio of the voiced frames, ``10 log10(r / (1 - r))`` (Boersma 1993)."""
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
    return 10 * np.log10(np.maximum(np.mean(np.square(frames, dtype=np.float64), axis=1), 1e-10))


def pitch_track(
    y: npt.NDArray[np.floating], *, rate: int, fmin: float = 65.0, fmax: float = 500.0, voicing: float = 0.45
) -> PitchTrack:
    """Fundamental frequency by autocorrelation, corrected for the window (Boersma 1993), median-filtered over 50 ms.

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second.
        fmin: Lowest frequency looked for, Hz.
        fmax: Highest frequency looked for, Hz.
        voicing: Height of the autocorrelation peak from which a frame counts as voiced.
    """
    frames = _frames(y, rate).astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    window = np.hanning(frames.shape[1])
    size = 1 << int(np.ceil(np.log2(2 * frames.shape[1])))
    shortest, longest = int(rate / fmax), int(rate / fmin)
    lags = np.arange(shortest, longest + 1)
    correlation = _autocorrelation(frames * window, size)[:, : longest + 2]
    correlation /= _autocorrelation(window[None], size)[:, : longest + 2]
    # A peak at twice the period is as high as the true one; a small cost for long lags takes the shorter.
    found = correlation[:, lags] - _OCTAVE_COST * np.log2(lags / shortest)
    best = np.clip(found.argmax(axis=1), 1, len(lags) - 2)
    rows = np.arange(len(frames))
    left, centre, right = (correlation[rows, lags[best] + offset] for offset in (-1, 0, 1))
    bend = left - 2 * centre + right
    shift = np.where(np.abs(bend) > 1e-12, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0.0)
    level = loudness_db(y, rate=rate)
    sounds = (centre > voicing) & (level > level.max() - _SILENCE_DB) & (level > -90)
    f0 = np.where(sounds, rate / (lags[best] + np.clip(shift, -0.5, 0.5)), np.nan)
    return PitchTrack(_median_filter(f0), np.clip(centre, 0.0, 1.0))


def _frames(y: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.floating]:
    length = round(_FRAME_SECONDS * rate)
    padded = np.pad(y, (0, max(0, length - len(y))))
    return frame_signal(padded, frame_length=length, hop_length=round(_HOP_SECONDS * rate))


def _autocorrelation(frames: Floats, size: int) -> Floats:
    power = np.abs(np.fft.rfft(frames, size, axis=1)) ** 2
    correlation = np.fft.irfft(power, axis=1)
    return correlation / np.maximum(correlation[:, :1], 1e-12)


def _median_filter(f0: Floats, width: int = 5) -> Floats:
    """Median of the voiced neighbours; lone voiced frames are taken as unvoiced."""
    padded = np.pad(f0, width // 2, constant_values=np.nan)
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, width)
    enough = np.isfinite(neighbours).sum(axis=1) >= 2
    filled = np.where(np.isfinite(neighbours).any(axis=1, keepdims=True), neighbours, 0.0)
    return np.where(np.isfinite(f0) & enough, np.nanmedian(filled, axis=1), np.nan)
