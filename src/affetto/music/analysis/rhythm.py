"""Onsets, tempo and the slow beating of the bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.music.analysis.spectra import HOP, RATE, Floats

__all__ = ["FRAME_RATE", "MODULATIONS", "Beat", "beat", "modulation", "onset_envelope", "onsets_of"]

FRAME_RATE = RATE / HOP

MODULATIONS = ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0))
"""Edges in Hz of the bands of `modulation`."""

_SLOWEST, _FASTEST = 40.0, 220.0
_MEDIAN, _OCTAVES = 112.0, 0.75  # where tempos lie: log-normal
_LONGEST_LAG = 8.0  # seconds
_CLEAR = 0.1
_GAP = 0.06  # seconds between onsets at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The beat, as far as there is one.

    Attributes:
        tempo: Beats per minute, or None.
        alternative: The other octave, or None.
        strength: 0 to 1.
    """

    tempo: float | None
    alternative: float | None
    strength: float


def onset_envelope(mel_db: Floats) -> Floats:
    """How much louder the bands become from frame to frame, in decibels, shape (frames,) (Böck & Widmer 2013)."""
    rise = np.maximum(np.diff(mel_db, axis=0, prepend=mel_db[:1]), 0)
    return rise.mean(1)


def onsets_of(envelope: Floats) -> int:
    """Number of onsets: peaks that stand out from the second around them."""
    if len(envelope) < 8:
        return 0
    span = round(FRAME_RATE / 2)
    total = np.concatenate([[0.0], np.cumsum(envelope, dtype=np.float64)])
    places = np.arange(len(envelope))
    low, high = np.maximum(places - span, 0), np.minimum(places + span, len(envelope))
    local = (total[high] - total[low]) / (high - low)
    gap = max(1, round(_GAP * FRAME_RATE))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(envelope, gap, constant_values=-1), 2 * gap + 1)
    # Half a decibel over all bands is the least that a note makes; noise makes less.
    peaks = (envelope >= windows.max(1)) & (envelope > 1.4 * local + 0.5)
    return int(peaks.sum())


def _autocorrelation(envelope: Floats) -> npt.NDArray[np.float64]:
    from scipy.fft import irfft, rfft

    x = envelope.astype(np.float64)
    span = round(2 * FRAME_RATE)
    x = x - np.convolve(np.pad(x, span // 2, mode="edge"), np.ones(span) / span, "valid")[: len(x)]
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum: Any = rfft(x, size)
    found: Any = irfft(np.abs(spectrum) ** 2, size)[: round(_LONGEST_LAG * FRAME_RATE) + 2]
    # Fewer pairs lie far apart: without the correction slow beats would seem weaker.
    found = found[: len(x)] / (len(x) - np.arange(min(len(found), len(x)))) * len(x)
    return np.pad(found, (0, round(_LONGEST_LAG * FRAME_RATE) + 2 - len(found)))


def _at(values: npt.NDArray[np.float64], places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.interp(places, np.arange(len(values)), values)


def beat(envelopes: Sequence[Floats]) -> Beat:
    """The beat that the onsets of several excerpts share.

    The autocorrelation at a period and its multiples (1, 2, 3 and 4 beats; halves weigh against an octave that is too
    slow) is weighed by how common a tempo is; the octave that comes second is the alternative.
    """
    long_enough = [envelope for envelope in envelopes if len(envelope) >= 4 * FRAME_RATE]
    if not long_enough:
        return Beat(tempo=None, alternative=None, strength=0.0)
    total: Any = np.stack([_autocorrelation(one) for one in long_enough]).sum(axis=0)
    if total[0] <= 1e-9:
        return Beat(tempo=None, alternative=None, strength=0.0)
    total = total / total[0]
    tempos = np.exp(np.arange(np.log(_SLOWEST), np.log(_FASTEST), 0.002))
    lags = 60 * FRAME_RATE / tempos
    comb: Any = sum(weight * _at(total, lags * times) for times, weight in ((1, 0.4), (2, 0.25), (3, 0.1), (4, 0.25)))
    between = 0.5 * (_at(total, lags * 0.5) + _at(total, lags * 1.5))
    likely = np.exp(-0.5 * (np.log2(tempos / _MEDIAN) / _OCTAVES) ** 2)
    score = np.maximum(comb - 0.15 * np.maximum(between, 0), 0) * likely
    best = int(score.argmax())
    strength = float(np.clip(comb[best], 0, 1))
    if strength < _CLEAR:
        return Beat(tempo=None, alternative=None, strength=strength)
    others = [tempos[best] * ratio for ratio in (0.5, 2.0)]
    others = [tempo for tempo in others if _SLOWEST <= tempo <= _FASTEST] or others[:1]
    alternative = max(others, key=lambda tempo: float(np.interp(tempo, tempos, score)))
    tempo = _refined(total, float(tempos[best]))
    return Beat(tempo=tempo, alternative=tempo * (2 if alternative > tempo else 0.5), strength=strength)


def _refined(total: npt.NDArray[np.float64], tempo: float) -> float:
    """A finer tempo from the peak at the largest multiple of the beat that still stands out."""
    for times in (8, 4, 2, 1):
        lag = 60 * FRAME_RATE / tempo * times
        if lag >= len(total) - 3:
            continue
        reach = max(1, round(0.03 * lag / times * 1.5))
        start = max(1, round(lag) - reach)
        near = total[start : round(lag) + reach + 1]
        peak = start + int(near.argmax())
        if total[peak] < 0.3 * total[max(1, round(lag / times))] or not start < peak < start + len(near) - 1:
            continue
        left, middle, right = total[peak - 1 : peak + 2]
        bend = 2 * middle - left - right
        exact = peak + (0.5 * (right - left) / bend if bend > 1e-12 else 0.0)
        return float(60 * FRAME_RATE * times / exact)
    return tempo


@cache
def _bands() -> tuple[slice, ...]:
    return tuple(slice(start, start + 16) for start in range(0, 128, 16))


def modulation(mel_db: Floats) -> Floats:
    """How much eight groups of mel bands beat at each of `MODULATIONS`, log of the share of variance, shape (8, 5).

    After the fluctuation patterns of Pampalk et al. 2002.
    """
    from scipy.fft import rfft

    groups = np.stack([mel_db[:, band].mean(1) for band in _bands()])
    groups = groups - groups.mean(1, keepdims=True)
    count = groups.shape[1]
    window = np.hanning(count).astype(np.float32)
    spectrum: Any = rfft(groups * window, axis=1)
    power = np.abs(spectrum) ** 2
    hz = np.arange(power.shape[1]) * FRAME_RATE / count
    parts = [power[:, (hz >= low) & (hz < high)].sum(1) for low, high in MODULATIONS]
    whole = power.sum(1) + 1e-6 * count * count
    return np.log(np.stack(parts, 1) / whole[:, None] + 1e-3).astype(np.float32)
