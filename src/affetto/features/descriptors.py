"""What changes along an utterance: some ninety values every 10 ms, none of which depends on the recording's level."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.features.formants import formants
from affetto.features.prosodic import hz_to_semitones, loudness_db, pitch_track
from affetto.features.shape import band_ratio_db, contrast, entropy, flatness, flux, hammarberg_index, moments, rolloff
from affetto.features.shape import slope as tilt
from affetto.features.spectral import cepstrum, frame_signal, mel_filterbank, power_spectrogram, zero_crossing_rate

__all__ = ["DESCRIPTORS", "Descriptors", "describe"]

RATE = 16_000
_FRAME, _HOP, _PITCH_FRAME = 512, 160, 640
_BANDS, _CEPSTRUM = 32, 15
_SPEECH_DB = 40.0  # what lies further under the loudest frame, before and after, is not the utterance
_DYNAMIC_DB = 60.0  # what lies further under the speech is floor: noise and codecs differ there
_SILENT = 1e-7
_SHORTEST = _PITCH_FRAME + 4 * _HOP

_MEL = tuple(f"mel_{band}" for band in range(_BANDS))
_MFCC = tuple(f"mfcc_{number}" for number in range(1, _CEPSTRUM))
_SHAPE = (
    "centroid", "bandwidth", "spectral_skewness", "spectral_kurtosis",
    "rolloff_25", "rolloff_50", "rolloff_75", "rolloff_90",
    "flux", "flatness", "entropy", "slope_0_500", "slope_500_1500", "slope_0_5000",
    "alpha_ratio", "hammarberg", "energy_250_650", "energy_1000_4000",
    *(f"contrast_{band}" for band in range(6)),
    "zero_crossings",
)  # fmt: skip
_LOUDNESS = ("level", "loudness")
_VOICE = (
    "f0", "voicing", "harmonicity", "h1_h2", "h1_a3",
    "f1", "f2", "f3", "f1_bandwidth", "f2_bandwidth", "f3_bandwidth", "jitter", "shimmer",
)  # fmt: skip
DESCRIPTORS: tuple[str, ...] = (*_LOUDNESS, *_MEL, *_MFCC, *_SHAPE, *_VOICE)
"""Names of the columns of :attr:`Descriptors.values`."""

VOICE_ONLY = len(_VOICE)
"""So many of the last columns mean something in voiced frames alone."""


@dataclass(frozen=True, slots=True)
class Descriptors:
    """An utterance, frame by frame.

    Attributes:
        values: Shape ``(frames, len(DESCRIPTORS))``; finite everywhere. The last :data:`VOICE_ONLY` columns are 0 where
            the voice does not sound.
        voiced: Where it sounds, shape ``(frames,)``.
        f0: Hz, NaN where unvoiced, shape ``(frames,)``.
        level_db: Level of each frame, shape ``(frames,)``.
    """

    values: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.bool_]
    f0: npt.NDArray[np.float64]
    level_db: npt.NDArray[np.float64]


def describe(samples: npt.NDArray[np.floating]) -> Descriptors:
    """Describes an utterance: from its first to its last frame within 40 dB of the loudest, at a level of its own.

    Args:
        samples: Mono at 16 kHz, any length, finite.
    """
    y = _level(samples)
    level = loudness_db(y, rate=RATE)
    y, level = _cut(y, level)
    pitch = pitch_track(y, rate=RATE, fmin=60.0, fmax=620.0)
    frames = len(level)
    lead = (_PITCH_FRAME - _FRAME) // 2  # so that both frames have the same centre
    power = power_spectrogram(y[lead:], frame_length=_FRAME, hop_length=_HOP)[:frames]
    hz = np.linspace(0.0, RATE / 2, power.shape[1], dtype=np.float32)
    floor = np.float32(10 ** (-_DYNAMIC_DB / 10)) * np.float32(power.sum(axis=1).max() / power.shape[1] + 1e-20)
    power = power + floor
    bands = np.log(power @ _filters())
    voiced = pitch.voiced
    f0 = np.where(voiced, pitch.f0, 100.0)
    columns = [
        _loudness(level, bands),
        bands - bands.mean(axis=1).max(),
        cepstrum(bands, count=_CEPSTRUM)[:, 1:],
        _shape(power, hz, y[lead:], frames),
        np.where(voiced[:, None], _voice(power, hz, f0, pitch.strength, level, voiced), 0.0),
    ]
    values = np.concatenate(columns, axis=1).astype(np.float32)
    return Descriptors(values, voiced, pitch.f0, level)


def _level(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """The signal without offset, as loud as any other; silence stays silence."""
    y = np.asarray(samples, np.float64)
    peak = np.abs(y).max(initial=0.0)
    if peak > _SILENT:
        y = y / peak
        y = y - y.mean()
        y = y / max(float(np.sqrt(np.mean(np.square(y)))), 1e-3) * 0.1
    else:
        y = np.zeros(len(y))
    return np.pad(y, (0, max(0, _SHORTEST - len(y)))).astype(np.float32)


def _cut(
    y: npt.NDArray[np.float32], level: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    heard = np.flatnonzero(level > level.max() - _SPEECH_DB)
    first, last = heard[0], heard[-1] + 1
    shortest = (_SHORTEST - _PITCH_FRAME) // _HOP + 1
    last = min(len(level), max(last, first + shortest))
    first = max(0, min(first, last - shortest))
    return y[first * _HOP : (last - 1) * _HOP + _PITCH_FRAME], level[first:last]


def _loudness(level: npt.NDArray[np.float64], bands: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    """Level under the loudest, and the sum of the bands' specific loudness (power 0.23, Zwicker), largest 1."""
    loudness = np.exp(0.23 * bands).sum(axis=1)
    return np.stack([level - level.max(), loudness / loudness.max()], axis=1)


def _shape(
    power: npt.NDArray[np.float32], hz: npt.NDArray[np.float32], y: npt.NDArray[np.float32], frames: int
) -> npt.NDArray[np.floating]:
    centre, width, skewness, kurtosis = moments(power, hz)
    sound = frame_signal(y, frame_length=_FRAME, hop_length=_HOP)[:frames]
    crossings = zero_crossing_rate(sound)
    total = power.sum(axis=1)
    parts = [power[:, (hz >= a) & (hz < b)].sum(axis=1) / total for a, b in ((250, 650), (1000, 4000))]
    columns = [
        np.log(centre + 50.0), width / 1000, skewness, np.log1p(kurtosis),
        *np.log(rolloff(power, hz, shares=(0.25, 0.5, 0.75, 0.9)) + 50.0).T,
        flux(power), np.log(flatness(power)), entropy(power),
        *(tilt(power, hz, low=a, high=b) for a, b in ((0, 500), (500, 1500), (0, 5000))),
        band_ratio_db(power, hz, (1000, 5000), (50, 1000)), hammarberg_index(power, hz), *parts,
        *contrast(power, hz, edges=(0, 250, 500, 1000, 2000, 4000, 8000)).T, crossings,
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def _voice(
    power: npt.NDArray[np.float32],
    hz: npt.NDArray[np.float32],
    f0: npt.NDArray[np.float64],
    strength: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64],
    voiced: npt.NDArray[np.bool_],
) -> npt.NDArray[np.floating]:
    decibel = 10 * np.log10(power)
    r = np.clip(strength, 1e-3, 1 - 1e-3)
    tract = formants(power, rate=RATE, count=3)
    frequency = np.where(np.isfinite(tract.frequency), tract.frequency, (500.0, 1500.0, 2500.0))
    wide = np.log(np.where(np.isfinite(tract.bandwidth), tract.bandwidth, 700.0).clip(0, 2000) + 20.0)
    first, second, third = (_near(decibel, hz, place, f0) for place in (f0, 2 * f0, frequency[:, 2]))
    semitones = hz_to_semitones(f0)
    both = np.concatenate([[False], voiced[1:] & voiced[:-1]])
    jitter = np.where(both, np.abs(np.diff(semitones, prepend=semitones[0])).clip(0, 3), 0.0)
    shimmer = np.where(both, np.abs(np.diff(level, prepend=level[0])).clip(0, 12), 0.0)
    columns = [semitones, strength, 10 * np.log10(r / (1 - r)), first - second, first - third]
    return np.concatenate(
        [np.stack(columns, axis=1), np.log(frequency), wide, np.stack([jitter, shimmer], axis=1)], axis=1
    )


def _near(
    decibel: npt.NDArray[np.floating],
    hz: npt.NDArray[np.float32],
    place: npt.NDArray[np.float64],
    f0: npt.NDArray[np.float64],
) -> npt.NDArray[np.floating]:
    """Strongest of the bins within a third of the fundamental frequency of a place in each spectrum."""
    step = float(hz[1])
    centre = np.round(place / step)
    reach = np.maximum(1, np.round(f0 / 3 / step))
    widest = int(reach.max())
    rows = np.arange(len(decibel))
    best = np.full(len(decibel), -np.inf)
    for shift in range(-widest, widest + 1):
        column = np.clip(centre + np.clip(shift, -reach, reach), 0, len(hz) - 1).astype(int)
        best = np.maximum(best, decibel[rows, column])
    return best


@cache
def _filters() -> npt.NDArray[np.float32]:
    return mel_filterbank(n_mels=_BANDS, n_fft=_FRAME, rate=RATE, fmin=50.0, fmax=7800.0).T.copy()
