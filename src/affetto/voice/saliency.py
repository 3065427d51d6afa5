"""Which moments and which frequencies an answer rests on: what changes when they are hidden.

Occlusion (Zeiler & Fergus 2014) on the sound itself, so that any recognizer can be asked. A part is hidden by taking it
down to how quiet its frequencies are in the quietest tenth of the same speech; that is less of a shock to a network
than silence, which it has never heard within a word.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.features.spectral import even_in_mel, mel_filterbank
from affetto.voice.audio import RATE, Samples
from affetto.voice.explanation import Picture, Saliency

__all__ = ["log_mel_picture", "log_odds", "weigh", "without"]

_FRAME, _HOP = 512, 256
_QUIET = 0.1
_STEP, _MOST_STEPS = 0.25, 32
_SPAN = 1.0
_BANDS = 6
_LOW, _HIGH = 50.0, 7600.0
_LEAST = 1e-4  # of a probability, before its log-odds are taken
_MELS, _MOST_COLUMNS, _RANGE_DB = 40, 240, 60.0

Floats = npt.NDArray[np.floating]


def weigh(speech: Samples, probability: Callable[[Samples], float], *, bands: int = _BANDS) -> Saliency:
    """Asks again and again, each time with another part hidden.

    Args:
        speech: Mono float32 at 16 kHz.
        probability: The probability of the answer for some speech of that length.
        bands: Bands of the map; 0 for the curve alone, which takes a few questions only.
    """
    seconds = len(speech) / RATE
    step = max(_STEP, seconds / _MOST_STEPS)
    span = min(_SPAN, seconds / 2)
    edges = tuple(even_in_mel(_LOW, _HIGH, bands + 1).tolist()) if bands else ()
    hiding = _Hiding(speech)
    whole = log_odds(probability(speech))

    def fall(start: float, end: float, low: float, high: float) -> float:
        return whole - log_odds(probability(hiding.without(start, end, low, high)))

    places = max(1, round(seconds / step))
    starts = [step * place for place in range(places) if step * place + span <= seconds + 1e-6] or [0.0]
    curve = tuple(fall(start, start + span, 0.0, RATE) for start in starts)
    drawn = tuple(
        tuple(fall(step * place, step * (place + 1), low, high) for place in range(places))
        for low, high in zip(edges, (*edges[1:-1], float(RATE)), strict=False)
    )
    return Saliency(step=step, span=span, curve=curve, edges=edges, map=drawn)


def without(speech: Samples, start: float, end: float) -> Samples:
    """The speech with a stretch cut out, in seconds; its ends are joined over 10 ms."""
    first, last = max(round(start * RATE), 0), min(round(end * RATE), len(speech))
    before, after = speech[:first], speech[last:]
    overlap = min(RATE // 100, len(before), len(after))
    if overlap == 0:
        return np.concatenate([before, after])
    fade = np.linspace(0, 1, overlap)
    joint = (before[-overlap:] * (1 - fade) + after[:overlap] * fade).astype(np.float32)
    return np.concatenate([before[:-overlap], joint, after[overlap:]])


def log_mel_picture(speech: Samples) -> Picture:
    """The spectrogram of some speech, for people."""
    frames = np.abs(_stft(speech)) ** 2
    bank = mel_filterbank(n_mels=_MELS, n_fft=_FRAME, rate=RATE, fmin=_LOW, fmax=_HIGH)
    power = bank @ frames
    group = -(-power.shape[1] // _MOST_COLUMNS)
    whole = np.pad(power, ((0, 0), (0, -power.shape[1] % group)), mode="edge").reshape(_MELS, -1, group).mean(axis=2)
    level = 10 * np.log10(np.maximum(whole, 1e-12))
    below = np.clip(level - level.max(), -_RANGE_DB, 0).round().astype(int)
    centres = even_in_mel(_LOW, _HIGH, _MELS + 2)[1:-1]
    return Picture(
        step=group * _HOP / RATE,
        hertz=tuple(round(hz) for hz in centres),
        decibels=tuple(tuple(map(int, row)) for row in below),
    )


def log_odds(probability: float) -> float:
    """Of a probability that is kept off 0 and 1.

    >>> round(log_odds(0.9), 2), round(log_odds(1.0), 1)
    (2.2, 9.2)
    """
    p = min(max(probability, _LEAST), 1 - _LEAST)
    return float(np.log(p / (1 - p)))


def _stft(speech: Samples) -> npt.NDArray[np.complexfloating[Any, Any]]:
    from scipy.signal import stft

    return np.asarray(stft(speech, nperseg=_FRAME, noverlap=_FRAME - _HOP, fs=RATE)[2])


class _Hiding:
    """Some speech, ready to have parts of it hidden."""

    def __init__(self, speech: Samples) -> None:
        self._length = len(speech)
        self._spectrum = _stft(speech)
        size = np.abs(self._spectrum)
        quiet = np.minimum(size, np.quantile(size, _QUIET, axis=1, keepdims=True))
        self._hidden = self._spectrum * (quiet / np.maximum(size, 1e-12))
        self._bins = np.fft.rfftfreq(_FRAME, 1 / RATE)

    def without(self, start: float, end: float, low: float, high: float) -> Samples:
        """The speech with a stretch of time (seconds) in a band of frequencies (Hz) hidden."""
        from scipy.signal import istft

        frames = slice(max(round(start * RATE / _HOP), 0), round(end * RATE / _HOP) + 1)
        rows = (self._bins >= low) & (self._bins < high)
        changed = self._spectrum.copy()
        changed[rows, frames] = self._hidden[rows, frames]
        found = istft(changed, nperseg=_FRAME, noverlap=_FRAME - _HOP, fs=RATE)[1]
        return np.asarray(found[: self._length], np.float32)
