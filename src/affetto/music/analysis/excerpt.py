"""What one excerpt of a track sounds like."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.music.analysis.decode import Samples
from affetto.music.analysis.harmony import chroma, constant_q_chroma, key_of, tonal_centroid, tuning_of
from affetto.music.analysis.rhythm import MODULATIONS, beat, modulation, onset_envelope, onsets_of
from affetto.music.analysis.spectra import HOP, RATE, WINDOW, Floats, Spectra, contrast, frequencies, spectra

__all__ = ["EXCERPT_FEATURES", "TABLE_FEATURES", "Excerpt", "hear"]

_COEFFICIENTS = 40


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}{number}" for number in range(1, count + 1)]


TABLE_FEATURES: tuple[str, ...] = (
    *_numbered("mfcc", _COEFFICIENTS),
    *_numbered("chroma", 12),
    *_numbered("mel", 128),
    *_numbered("contrast", 7),
    *_numbered("tonnetz", 6),
    "poly0",
    "poly1",
    "rolloff",
    "bandwidth",
    "zcr",
)
"""Means over the frames as published for DEAM; the mel bands are logarithms (of power + 1e-6)."""

_TIMBRE = (
    *_numbered("mfcc_sd", 20),
    *_numbered("mfcc_change", 13),
    *_numbered("contrast_sd", 7),
    "centroid",
    "centroid_sd",
    "rolloff_sd",
    "bandwidth_sd",
    "flatness",
    "flatness_sd",
    "zcr_sd",
    "zcr_skew",
)
_DYNAMICS = ("level_sd", "level_p05", "level_p25", "level_p75", "level_p95", "quiet_share", "level_change")
_FLUX = (*_numbered("flux", 8), *_numbered("flux_sd", 8))
_RHYTHM = (
    "onset_density",
    "onset_mean",
    "onset_sd",
    "onset_p90",
    "beat_strength",
    *(f"beating{group}_{band}" for group in range(1, 9) for band in range(1, len(MODULATIONS) + 1)),
)
_HARMONY = (
    "majorness",
    "key_clarity",
    "key_confidence",
    "chroma_entropy",
    "chroma_flatness",
    "chroma_change",
    "harmony_change",
    *_numbered("degree", 12),
    "steadiness",
    "percussiveness",
)

EXCERPT_FEATURES: tuple[str, ...] = (*TABLE_FEATURES, *_TIMBRE, *_DYNAMICS, *_FLUX, *_RHYTHM, *_HARMONY)
"""The name of each of the `Excerpt.features`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excerpt:
    """One excerpt.

    Attributes:
        seconds: Its length.
        features: One value for each of `EXCERPT_FEATURES`.
        onsets: The onset envelope, at `FRAME_RATE`.
        pitches: Mean strength of the twelve pitches.
    """

    seconds: float
    features: npt.NDArray[np.float64]
    onsets: Floats
    pitches: Floats


@cache
def _cosines() -> Floats:
    """The orthonormal DCT-II of 128 bands, shape (128, 40)."""
    bands = np.arange(128)
    basis = np.cos(np.pi / 128 * (bands[:, None] + 0.5) * np.arange(_COEFFICIENTS)) * np.sqrt(2 / 128)
    basis[:, 0] /= np.sqrt(2)
    return basis.astype(np.float32)


@cache
def _line_fit() -> Floats:
    """Least squares of a straight line over the spectrum: slope and offset, shape (1025, 2)."""
    return np.linalg.pinv(np.vander(frequencies().astype(np.float64), 2)).T.astype(np.float32)


def _crossings(samples: Samples) -> Floats:
    """Share of zero crossings in each window, shape (frames,)."""
    signs = np.signbit(np.pad(samples, WINDOW // 2, mode="edge"))
    count = np.concatenate([[0], np.cumsum(signs[1:] != signs[:-1])])
    starts = np.arange(0, len(signs) - WINDOW + 1, HOP)
    return ((count[np.minimum(starts + WINDOW - 1, len(count) - 1)] - count[starts]) / WINDOW).astype(np.float32)


def hear(samples: Samples) -> Excerpt:
    """Listens to an excerpt, mono at 22.05 kHz."""
    seconds = len(samples) / RATE
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    sound = spectra(samples)
    mfcc = sound.mel_db @ _cosines()
    contrasts = contrast(sound.magnitude)
    tuning = tuning_of(sound.power[::4])
    pitches = chroma(sound.power, tuning)
    long_pitches = constant_q_chroma(samples, tuning)
    tonal = tonal_centroid(long_pitches)
    shape = _shape(sound)
    crossings = _crossings(samples)
    onsets = onset_envelope(sound.mel_db)
    table = np.concatenate(
        [
            mfcc.mean(0),
            pitches.mean(0),
            np.log(sound.mel.mean(0, dtype=np.float64) + 1e-6),
            contrasts.mean(0),
            tonal.mean(0),
            (sound.magnitude.mean(0) @ _line_fit())[::1],
            [shape["rolloff"].mean(), shape["bandwidth"].mean(), crossings.mean()],
        ]
    )
    timbre = np.concatenate(
        [
            mfcc[:, :20].std(0),
            np.abs(np.diff(mfcc[:, :13], axis=0)).mean(0),
            contrasts.std(0),
            [
                shape["centroid"].mean(),
                shape["centroid"].std(),
                shape["rolloff"].std(),
                shape["bandwidth"].std(),
                shape["flatness"].mean(),
                shape["flatness"].std(),
                crossings.std(),
                _skew(crossings),
            ],
        ]
    )
    features = np.concatenate(
        [
            table,
            timbre,
            _dynamics(sound),
            _flux(sound),
            _rhythm(sound, onsets, seconds),
            _harmony(pitches, long_pitches, tonal),
            _texture(sound),
        ]
    ).astype(np.float64)
    return Excerpt(seconds=seconds, features=features, onsets=onsets, pitches=long_pitches.mean(0))


def _shape(sound: Spectra) -> dict[str, Floats]:
    lines = frequencies()
    total = np.maximum(sound.magnitude.sum(1), 1e-10)
    centroid = sound.magnitude @ lines / total
    second = sound.magnitude @ (lines * lines) / total
    summed = np.cumsum(sound.magnitude, axis=1)
    rolloff = lines[(summed < 0.85 * summed[:, -1:]).sum(1).clip(0, len(lines) - 1)]
    power = np.maximum(sound.power, np.float32(1e-10))
    flatness = np.log(power).mean(1) - np.log(power.mean(1))
    return {
        "centroid": centroid,
        "bandwidth": np.sqrt(np.maximum(second - centroid * centroid, 0)),
        "rolloff": rolloff,
        "flatness": flatness,
    }


def _skew(values: Floats) -> float:
    spread = float(values.std())
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread > 1e-9 else 0.0


def _dynamics(sound: Spectra) -> list[float]:
    level = 10 * np.log10(np.maximum(sound.power.sum(1), 1e-7))
    mean_power = 10 * np.log10(max(float(sound.power.sum(1).mean()), 1e-7))
    relative = np.maximum(level - mean_power, -40)
    return [
        float(relative.std()),
        *(float(value) for value in np.percentile(relative, [5, 25, 75, 95])),
        float((relative < -6).mean()),
        float(np.abs(np.diff(relative)).mean()) if len(relative) > 1 else 0.0,
    ]


def _flux(sound: Spectra) -> Floats:
    rise = np.maximum(np.diff(sound.mel_db, axis=0, prepend=sound.mel_db[:1]), 0)
    groups = rise.reshape(len(rise), 8, 16).mean(2)
    return np.concatenate([groups.mean(0), groups.std(0)])


def _rhythm(sound: Spectra, onsets: Floats, seconds: float) -> list[float]:
    return [
        onsets_of(onsets) / max(seconds, 0.1),
        float(onsets.mean()),
        float(onsets.std()),
        float(np.percentile(onsets, 90)),
        beat([onsets]).strength,
        *(float(value) for value in modulation(sound.mel_db).ravel()),
    ]


def _harmony(pitches: Floats, long_pitches: Floats, tonal: Floats) -> list[float]:
    mean = long_pitches.mean(0)
    key = key_of(mean)
    share = mean / max(float(mean.sum()), 1e-9)
    tonic = int(np.argmax([_fits(mean, number) for number in range(12)]))
    return [
        key.majorness,
        key.clarity,
        key.confidence,
        float(-(share * np.log(share + 1e-9)).sum()),
        float(long_pitches.mean()),
        float(np.abs(np.diff(pitches, axis=0)).mean()) if len(pitches) > 1 else 0.0,
        float(np.linalg.norm(np.diff(tonal, axis=0), axis=1).mean()) if len(tonal) > 1 else 0.0,
        *(float(value) for value in np.roll(share, -tonic)),
    ]


def _fits(mean: Floats, tonic: int) -> float:
    turned = np.roll(mean, -tonic)
    return float(turned[0] + turned[7] + 0.5 * (turned[4] + turned[3]))


def _texture(sound: Spectra) -> list[float]:
    """How steady the lines are in time, and how broad in frequency: harmonic against percussive."""
    db = sound.mel_db
    if len(db) < 5:
        return [0.0, 0.0]
    return [float(np.abs(db[2:] - db[:-2]).mean()), float(np.abs(db[:, 2:] - db[:, :-2]).mean())]
