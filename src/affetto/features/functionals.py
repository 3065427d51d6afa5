"""One fixed vector for an utterance of any length: statistics of everything that changes along it.

In the spirit of ComParE 2016 (Schuller et al. 2016; Weninger et al. 2013) and eGeMAPS (Eyben et al. 2016), with
definitions of our own. The descriptors are seen from several sides: the whole utterance, their change over 40 ms and
over 160 ms, its voiced frames alone, its thirds; the melody and the quality of the voice also as lines drawn through
what is unvoiced. The modulation spectrum of the mel bands and the timing complete the vector.
"""

import itertools
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.features.descriptors import DESCRIPTORS, VOICE_ONLY, Descriptors, describe
from affetto.features.spectral import deltas
from affetto.features.statistics import (
    curvature,
    kurtosis,
    level_shares,
    linear_fit,
    mean,
    mean_crossings,
    peaks,
    percentiles,
    rise_share,
    skewness,
    standard_deviation,
)

__all__ = ["FEATURES_VERSION", "functional_names", "functionals"]

FEATURES_VERSION = 3
"""Rises whenever a value of the vector changes: what was computed before is not comparable then."""

_ALWAYS = len(DESCRIPTORS) - VOICE_ONLY
_DRAWN = 5  # of the voice's columns, those seen as a line over the whole utterance: from f0 to h1_a3
_WIDE = 8  # frames either side of the wide change
_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
_LEVELS = (0.25, 0.5, 0.75, 0.9)
_MODULATIONS = (0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 13.0, 20.0, 50.0)  # Hz: edges of the modulation bands
_MODULATION_FRAMES = 512
_GROUPS = 2  # mel bands joined for one modulation spectrum
_PAUSE_DB = 25.0
_TIMING = (
    "seconds", "voiced_share", "voiced_segments_per_second", "voiced_segment_mean", "voiced_segment_sd",
    "unvoiced_segment_mean", "unvoiced_segment_sd", "pause_share", "pauses_per_second", "level_peaks_per_second",
)  # fmt: skip

_GLOBAL = (
    "mean", "sd", "skewness", "kurtosis", *(f"p{p:02d}" for p in _PERCENTILES), "range_90", "iqr",
    "change", "residual", "curvature", "rise_share", *(f"above_{int(100 * s)}" for s in _LEVELS),
    "crossings", "peak_rate", "peak_height",
)  # fmt: skip
_MOVING = ("sd", "skewness", "kurtosis", "p05", "p25", "p75", "p95", "mean_rise", "mean_fall", "crossings")
_VOICED = ("mean", "sd", "skewness", "kurtosis", "p05", "p25", "p50", "p75", "p95", "change", "residual", "curvature")


def functionals(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """The vector of an utterance: finite for finite samples, and the same for a louder or quieter recording of it.

    Args:
        samples: Mono at 16 kHz, any length.

    Returns:
        Shape ``(len(functional_names()),)``.
    """
    found = describe(samples)
    x, voiced = found.values, found.voiced
    lines = np.concatenate([x[:, :_ALWAYS], _lines(x[:, _ALWAYS:], voiced)], axis=1)
    change = deltas(lines)
    parts = [
        _whole(lines[:, : _ALWAYS + _DRAWN]),
        _motion(change),
        _motion(deltas(change[:, :_ALWAYS])),
        _motion(deltas(lines, width=_WIDE)),
        _motion(np.diff(x[:, _ALWAYS:], axis=0)[voiced[1:] & voiced[:-1]]),
        _sounding(x[voiced]),
        _thirds(x[:, :_ALWAYS]),
        _contrast(x[:, :_ALWAYS], voiced),
        _modulation(x),
        _timing(found),
    ]
    return np.concatenate([part.ravel() for part in parts]).astype(np.float32)


@cache
def functional_names() -> tuple[str, ...]:
    """What each value of the vector is, such as ``mel_3.whole.p95``."""
    always, voice = DESCRIPTORS[:_ALWAYS], DESCRIPTORS[_ALWAYS:]
    names = [f"{d}.whole.{s}" for s in _GLOBAL for d in DESCRIPTORS[: _ALWAYS + _DRAWN]]
    names += [f"{d}.change.{s}" for s in _MOVING for d in DESCRIPTORS]
    names += [f"{d}.change2.{s}" for s in _MOVING for d in always]
    names += [f"{d}.wide_change.{s}" for s in _MOVING for d in DESCRIPTORS]
    names += [f"{d}.voiced_change.{s}" for s in _MOVING for d in voice]
    names += [f"{d}.voiced.{s}" for s in _VOICED for d in DESCRIPTORS]
    names += [f"{d}.thirds.{s}" for s in ("first", "middle", "last") for d in always]
    names += [f"{d}.unvoiced.mean" for d in always]
    names += [f"mel_{g}.modulation.{m:g}" for g in range(_groups()) for m in _MODULATIONS[:-1]]
    names += [f"timing.{t}" for t in _TIMING]
    return tuple(names)


def _whole(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    at = percentiles(x, _PERCENTILES)
    change, residual = linear_fit(x)
    rate, height = peaks(x)
    return np.stack([
        mean(x), standard_deviation(x), skewness(x), kurtosis(x), *at, at[5] - at[1], at[4] - at[2],
        change, residual, curvature(x), rise_share(x), *level_shares(x, _LEVELS), mean_crossings(x), rate, height,
    ])  # fmt: skip


def _lines(voice: npt.NDArray[np.float32], voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Straight lines through the unvoiced frames, from the last voiced one to the next."""
    if not voiced.any():
        return np.zeros_like(voice)
    time, known = np.arange(len(voice)), np.flatnonzero(voiced)
    return np.stack([np.interp(time, known, column[known]) for column in voice.T], axis=1).astype(np.float32)


def _motion(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    rising, falling = np.maximum(x, 0), np.maximum(-x, 0)
    return np.stack([
        standard_deviation(x), skewness(x), kurtosis(x), *percentiles(x, (5, 25, 75, 95)), mean(rising), mean(falling),
        mean_crossings(x),
    ])  # fmt: skip


def _sounding(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    change, residual = linear_fit(x)
    at = percentiles(x, (5, 25, 50, 75, 95))
    return np.stack([
        mean(x), standard_deviation(x), skewness(x), kurtosis(x), *at, change, residual, curvature(x),
    ])  # fmt: skip


def _thirds(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    edges = np.linspace(0, len(x), 4).astype(int)
    middle = mean(x)
    return np.stack([mean(x[a:b]) - middle for a, b in itertools.pairwise(edges)])


def _contrast(x: npt.NDArray[np.float32], voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return mean(x[~voiced]) - mean(x[voiced]) if voiced.any() and not voiced.all() else np.zeros(x.shape[1])


def _groups() -> int:
    return sum(name.startswith("mel_") for name in DESCRIPTORS) // _GROUPS


def _modulation(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Share of each band's variance that lies in each range of modulation frequency, as a logarithm."""
    first = DESCRIPTORS.index("mel_0")
    bands = x[:, first : first + _groups() * _GROUPS].reshape(len(x), _groups(), _GROUPS).mean(axis=2)
    away = (bands - bands.mean(axis=0)) * np.hanning(len(bands) + 2)[1:-1, None]
    size = max(_MODULATION_FRAMES, 1 << (len(away) - 1).bit_length())
    power = np.abs(np.fft.rfft(away, size, axis=0)) ** 2
    hz = np.fft.rfftfreq(size, 0.01)
    ranges = itertools.pairwise(_MODULATIONS)
    energy = np.stack([power[(hz >= low) & (hz < high)].sum(axis=0) for low, high in ranges], axis=1)
    return np.log(energy / (energy.sum(axis=1, keepdims=True) + 1e-12) + 1e-3)


def _timing(found: Descriptors) -> npt.NDArray[np.float64]:
    seconds = len(found.voiced) / 100
    sounding, silent = _runs(found.voiced), _runs(~found.voiced)
    quiet = _runs(found.level_db < np.percentile(found.level_db, 99) - _PAUSE_DB)
    pauses = quiet[quiet >= 0.15]
    smooth = np.convolve(found.level_db, np.ones(7) / 7, mode="same")
    tops = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & (smooth[1:-1] > smooth.max() - _PAUSE_DB)
    return np.array([
        np.log(seconds), found.voiced.mean(), len(sounding) / seconds, *_centre(sounding), *_centre(silent),
        pauses.sum() / seconds, len(pauses) / seconds, tops.sum() / seconds,
    ])  # fmt: skip


def _runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return (edges[1::2] - edges[::2]) / 100


def _centre(lengths: npt.NDArray[np.float64]) -> tuple[float, float]:
    return (float(lengths.mean()), float(lengths.std())) if len(lengths) else (0.0, 0.0)
