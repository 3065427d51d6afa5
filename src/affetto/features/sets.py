"""The features by name: what is known of a recording frame by frame, and in one row.

A set is what one would put in a table: ``prosody``, ``spectral`` and ``temporal`` hold named values in known units,
``functionals`` the vector that models are trained on, ``all`` everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affetto.features.chroma import chroma
from affetto.features.formants import formants
from affetto.features.functionals import functional_names, functionals
from affetto.features.periods import find_periods, jitter, shimmer_db
from affetto.features.prosodic import (
    PitchTrack,
    auditory_loudness,
    hz_to_semitones,
    loudness_db,
    pitch_track,
    semitone_range,
    semitone_slope,
)
from affetto.features.shape import (
    band_ratio_db,
    contrast,
    entropy,
    flatness,
    flux,
    hammarberg_index,
    moments,
    rolloff,
    slope,
)
from affetto.features.spectral import (
    cepstrum,
    deltas,
    frame_signal,
    mel_filterbank,
    power_spectrogram,
    rms,
    zero_crossing_rate,
)
from affetto.features.statistics import STATISTICS, summarize
from affetto.features.temporal import (
    articulation_rate,
    modulation_share,
    pairwise_variability,
    pauses,
    run_lengths,
    syllable_rate,
)

__all__ = ["FEATURE_SETS", "contour_names", "contours", "extract", "feature_names"]

FEATURE_SETS: tuple[str, ...] = ("prosody", "spectral", "temporal", "functionals", "all")
"""The sets that :func:`extract` knows."""

Floats = npt.NDArray[np.float64]

RATE = 16_000
_FRAME, _HOP, _PITCH_FRAME = 512, 160, 640
_BANDS, _CEPSTRUM = 32, 13
_SILENT = 1e-7
_FLOOR = 1e-10
_CONTRAST_EDGES = (0, 250, 500, 1000, 2000, 4000, 8000)
_NOTES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")

_PROSODY_VOICED = ("f0_semitones", "harmonicity_db")
_PROSODY = ("level_db", "loudness", *_PROSODY_VOICED)
_PROSODY_SCALARS = (
    "seconds", "voiced_share", "f0_median_hz", "f0_range_semitones", "f0_slope_semitones_per_second",
    "jitter", "shimmer_db", "rhythm_npvi", "syllabic_modulation",
)  # fmt: skip
_MFCC = tuple(f"mfcc_{number}" for number in range(1, _CEPSTRUM + 1))
_SPECTRAL_VOICED = tuple(f"f{number}{what}" for what in ("_hz", "_bandwidth_hz") for number in (1, 2, 3))
_SPECTRAL = (
    *_MFCC, *(f"{name}_delta" for name in _MFCC), *(f"{name}_delta2" for name in _MFCC),
    *(f"mel_{band}_db" for band in range(_BANDS)),
    "centroid_hz", "bandwidth_hz", "spectral_skewness", "spectral_kurtosis", "rolloff_85_hz",
    *(f"contrast_{band}_db" for band in range(6)), "flatness", "entropy", "flux",
    "slope_0_500_db_per_khz", "slope_500_1500_db_per_khz", "alpha_ratio_db", "hammarberg_db",
    *(f"chroma_{note}" for note in _NOTES), "zero_crossing_rate", "rms", *_SPECTRAL_VOICED,
)  # fmt: skip
_TEMPORAL_SCALARS = (
    "speech_rate", "articulation_rate", "pauses", "pause_mean_seconds", "pause_longest_seconds", "pause_share",
    "voiced_segments_per_second", "voiced_segment_mean_seconds", "voiced_segment_sd_seconds",
)  # fmt: skip
_CONTOURS = {"prosody": _PROSODY, "spectral": _SPECTRAL}
_SCALARS = {"prosody": _PROSODY_SCALARS, "temporal": _TEMPORAL_SCALARS}
_VOICED = frozenset(_PROSODY_VOICED + _SPECTRAL_VOICED)


@dataclass(frozen=True, slots=True)
class _Sound:
    """What the sets share: one analysis of one recording. The unit signal has its largest sample at 1."""

    unit: npt.NDArray[np.float32]
    peak: float
    level_db: Floats
    pitch: PitchTrack
    power: npt.NDArray[np.float32]

    @property
    def hz(self) -> npt.NDArray[np.float32]:
        return np.linspace(0.0, RATE / 2, self.power.shape[1], dtype=np.float32)


def feature_names(name: str = "all", *, statistics: Sequence[str] = STATISTICS) -> tuple[str, ...]:
    """Names of the values that :func:`extract` gives, in their order; a contour's carry their statistic's.

    Args:
        name: One of :data:`FEATURE_SETS`.
        statistics: Some of :data:`~affetto.features.statistics.STATISTICS`.

    Raises:
        ValueError: If the set is unknown.

    >>> feature_names("prosody", statistics=["mean"])[:3]
    ('level_db.mean', 'loudness.mean', 'f0_semitones.mean')
    """
    found: list[str] = []
    for part in _parts(name):
        found += [f"{contour}.{statistic}" for statistic in statistics for contour in _CONTOURS.get(part, ())]
        found += _SCALARS.get(part, ())
        found += functional_names() if part == "functionals" else ()
    return tuple(found)


def extract(samples: npt.NDArray[np.floating], name: str = "all", *, statistics: Sequence[str] = STATISTICS) -> Floats:
    """One row for a recording: finite for finite samples, however short, quiet or loud.

    Statistics of pitch, harmonicity and formants are those of the voiced frames, 0 where the voice never sounds.

    Args:
        samples: Mono at 16 kHz, any length.
        name: One of :data:`FEATURE_SETS`.
        statistics: What becomes of each contour: some of :data:`~affetto.features.statistics.STATISTICS`.

    Returns:
        Shape ``(len(feature_names(name)),)``.

    Raises:
        ValueError: If the set or a statistic is unknown.
    """
    parts = _parts(name)
    sound = _analyse(samples) if set(parts) - {"functionals"} else None
    values: list[npt.NDArray[np.floating]] = []
    for part in parts:
        if sound is None or part == "functionals":
            values.append(functionals(samples))
            continue
        if part in _CONTOURS:
            values.append(_summarize(_contours(sound, part), sound.pitch.voiced, _CONTOURS[part], statistics))
        if part in _SCALARS:
            values.append(_prosody_scalars(sound) if part == "prosody" else _temporal_scalars(sound))
    return np.concatenate([np.asarray(value, np.float64).ravel() for value in values])


def contour_names(name: str = "all") -> tuple[str, ...]:
    """Names of the columns that :func:`contours` gives.

    Raises:
        ValueError: If the set is unknown, or holds nothing frame by frame.
    """
    names = tuple(column for part in _parts(name) for column in _CONTOURS.get(part, ()))
    if not names:
        raise ValueError(f"the set {name!r} holds nothing frame by frame: give prosody, spectral or all")
    return names


def contours(samples: npt.NDArray[np.floating], name: str = "all") -> Floats:
    """What is known of a recording every 10 ms: frames of 40 ms, the first one's centre at 20 ms.

    Args:
        samples: Mono at 16 kHz, any length; one shorter than a frame is padded with zeros.
        name: ``prosody``, ``spectral`` or ``all``.

    Returns:
        Shape ``(frames, len(contour_names(name)))``; pitch, harmonicity and formants are 0 where there is none.

    Raises:
        ValueError: If the set is unknown, or holds nothing frame by frame.
    """
    contour_names(name)
    sound = _analyse(samples)
    values = np.concatenate([_contours(sound, part) for part in _parts(name) if part in _CONTOURS], axis=1)
    return np.where(np.isfinite(values), values, 0.0)


def _parts(name: str) -> tuple[str, ...]:
    if name not in FEATURE_SETS:
        raise ValueError(f"unknown set {name!r}: give one of {', '.join(FEATURE_SETS)}")
    return FEATURE_SETS[:-1] if name == "all" else (name,)


def _analyse(samples: npt.NDArray[np.floating]) -> _Sound:
    y = np.asarray(samples, np.float64)
    y = np.pad(y, (0, max(0, _PITCH_FRAME - len(y))))
    peak = float(np.abs(y).max())
    unit = (y / peak if peak > _SILENT else np.zeros(len(y))).astype(np.float32)
    lead = (_PITCH_FRAME - _FRAME) // 2  # so that the spectra have the centres of the pitch's frames
    pitch = pitch_track(unit, rate=RATE)
    power = power_spectrogram(unit[lead:], frame_length=_FRAME, hop_length=_HOP)[: len(pitch.f0)]
    return _Sound(unit, max(peak, _SILENT), loudness_db(y, rate=RATE), pitch, power)


def _contours(sound: _Sound, part: str) -> Floats:
    return _prosody(sound) if part == "prosody" else _spectral(sound)


def _prosody(sound: _Sound) -> Floats:
    voiced = sound.pitch.voiced
    harmonicity = np.full(len(voiced), np.nan)
    harmonicity[voiced] = sound.pitch.harmonicity_db
    loudness = auditory_loudness(sound.power, rate=RATE) * sound.peak**0.66
    return np.stack([sound.level_db, loudness, hz_to_semitones(sound.pitch.f0), harmonicity], axis=1)


def _spectral(sound: _Sound) -> Floats:
    power, hz = sound.power, sound.hz
    filters = mel_filterbank(n_mels=_BANDS, n_fft=_FRAME, rate=RATE, fmin=50.0, fmax=7800.0)
    bands = np.log(power @ filters.T + np.float32(_FLOOR))
    mfcc = cepstrum(bands, count=_CEPSTRUM + 1)[:, 1:]
    first = deltas(mfcc)
    lead = (_PITCH_FRAME - _FRAME) // 2
    frames = frame_signal(sound.unit[lead:], frame_length=_FRAME, hop_length=_HOP)[: len(power)]
    sure = power + np.float32(_FLOOR)
    columns = [
        *moments(power, hz), rolloff(power, hz)[:, 0], *contrast(sure, hz, edges=_CONTRAST_EDGES).T,
        flatness(sure), entropy(sure), flux(power),
        slope(sure, hz, low=0, high=500), slope(sure, hz, low=500, high=1500),
        band_ratio_db(sure, hz, (1000, 5000), (50, 1000)), hammarberg_index(sure, hz),
        *chroma(power, rate=RATE).T, zero_crossing_rate(frames), rms(frames) * sound.peak,
    ]  # fmt: skip
    tract = np.full((len(power), 6), np.nan)
    voiced = sound.pitch.voiced
    found = formants(power[voiced], rate=RATE)
    tract[voiced] = np.concatenate([found.frequency, found.bandwidth], axis=1)
    decibel = 10 / np.log(10) * bands + 20 * np.log10(sound.peak)
    return np.concatenate([mfcc, first, deltas(first), decibel, np.stack(columns, axis=1), tract], axis=1)


def _prosody_scalars(sound: _Sound) -> Floats:
    pitch, voiced = sound.pitch, sound.pitch.voiced
    periods = find_periods(sound.unit, pitch, rate=RATE)
    return np.array([
        len(sound.unit) / RATE, voiced.mean(), np.median(pitch.f0[voiced]) if voiced.any() else 0.0,
        semitone_range(pitch.f0), semitone_slope(pitch.f0), jitter(periods), shimmer_db(sound.unit, periods),
        pairwise_variability(run_lengths(voiced)), modulation_share(sound.level_db),
    ])  # fmt: skip


def _temporal_scalars(sound: _Sound) -> Floats:
    level, pitch = sound.level_db, sound.pitch
    seconds = len(level) * _HOP / RATE
    silent, sounding = pauses(level), run_lengths(pitch.voiced)
    return np.array([
        syllable_rate(level, pitch), articulation_rate(level, pitch), len(silent),
        silent.mean() if len(silent) else 0.0, silent.max(initial=0.0), silent.sum() / seconds,
        len(sounding) / seconds, sounding.mean() if len(sounding) else 0.0, sounding.std() if len(sounding) else 0.0,
    ])  # fmt: skip


def _summarize(
    values: Floats, voiced: npt.NDArray[np.bool_], names: Sequence[str], statistics: Sequence[str]
) -> Floats:
    summary = np.zeros((len(statistics), len(names)))
    always = np.array([name not in _VOICED for name in names])
    summary[:, always] = summarize(values[:, always], statistics)
    for column in np.flatnonzero(~always):
        known = values[voiced, column]
        known = known[np.isfinite(known)]
        if len(known):
            summary[:, column] = summarize(known[:, None], statistics)[:, 0]
    return summary
