"""Rhythm: syllables, pauses and the stretches in which the voice sounds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affetto.features.prosodic import PitchTrack

__all__ = [
    "articulation_rate",
    "modulation_share",
    "pairwise_variability",
    "pause_share",
    "pauses",
    "run_lengths",
    "syllable_nuclei",
    "syllable_rate",
]

Floats = npt.NDArray[np.float64]

_FRAMES_PER_SECOND = 100
_DIP_DB = 2.0
_PAUSE_DB = 25.0
_DYNAMIC_DB = 50.0
_SHORTEST_PAUSE = 15  # frames: shorter silences are stop consonants


def syllable_nuclei(level_db: Floats, pitch: PitchTrack) -> npt.NDArray[np.intp]:
    """Frames of the syllables' nuclei: loudness peaks in voiced frames, dips of 2 dB between (de Jong & Wempe 2009).

    Args:
        level_db: Level every 10 ms (:func:`~affetto.features.prosodic.loudness_db`), shape ``(frames,)``.
        pitch: The pitch track of the same frames.
    """
    smooth = np.convolve(np.pad(level_db, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    threshold = float(np.percentile(smooth, 99)) - _PAUSE_DB
    found: list[int] = []
    place = 0
    valley = candidate = float("inf")
    rising = True
    for frame, level in enumerate(smooth.tolist()):
        if rising:
            if level > candidate or candidate == float("inf"):
                candidate, place = level, frame
            elif level < candidate - _DIP_DB:
                if candidate > threshold and _voiced_near(pitch, place):
                    found.append(place)
                rising, valley = False, level
        elif level < valley:
            valley = level
        elif level > valley + _DIP_DB:
            rising, candidate, place = True, level, frame
    if rising and np.isfinite(candidate) and candidate > threshold and _voiced_near(pitch, place):
        found.append(place)
    return np.array(found, np.intp)


def syllable_rate(level_db: Floats, pitch: PitchTrack) -> float:
    """Syllables per second, pauses included: the speech rate (see :func:`syllable_nuclei`).

    Args:
        level_db: Level every 10 ms (:func:`~affetto.features.prosodic.loudness_db`), shape ``(frames,)``.
        pitch: The pitch track of the same frames.
    """
    return len(syllable_nuclei(level_db, pitch)) / max(len(level_db) / _FRAMES_PER_SECOND, 1e-9)


def articulation_rate(level_db: Floats, pitch: PitchTrack) -> float:
    """Syllables per second of phonation, pauses left out (de Jong & Wempe 2009); 0 where there is nothing but pause.

    Args:
        level_db: Level every 10 ms (:func:`~affetto.features.prosodic.loudness_db`), shape ``(frames,)``.
        pitch: The pitch track of the same frames.
    """
    spoken = len(level_db) / _FRAMES_PER_SECOND - float(pauses(level_db).sum())
    return len(syllable_nuclei(level_db, pitch)) / spoken if spoken > 1e-9 else 0.0


def pauses(level_db: Floats) -> Floats:
    """Seconds of each pause: at least 0.15 s more than 25 dB under the loudest speech.

    Args:
        level_db: Level every 10 ms, shape ``(frames,)``.
    """
    lengths = _runs(level_db < np.percentile(level_db, 99) - _PAUSE_DB)
    return lengths[lengths >= _SHORTEST_PAUSE] / _FRAMES_PER_SECOND


def pause_share(level_db: Floats) -> float:
    """Share of the time in pauses: at least 0.15 s more than 25 dB under the loudest speech, in [0, 1]."""
    lengths = _runs(level_db < np.percentile(level_db, 99) - _PAUSE_DB)
    return float(lengths[lengths >= _SHORTEST_PAUSE].sum() / len(level_db))


def run_lengths(flags: npt.NDArray[np.bool_]) -> Floats:
    """Seconds of each stretch of frames (10 ms apart) that are true.

    >>> run_lengths(np.array([True, True, False, True]))
    array([0.02, 0.01])
    """
    return _runs(flags) / _FRAMES_PER_SECOND


def pairwise_variability(lengths: Sequence[float] | Floats) -> float:
    """Normalized pairwise variability index, 0 to 200: how unlike neighbouring lengths are (Grabe & Low 2002, nPVI).

    Args:
        lengths: Of successive intervals, such as the voiced stretches; fewer than two give 0.

    >>> round(pairwise_variability([0.1, 0.1, 0.3]), 6)
    50.0
    """
    values = np.asarray(lengths, np.float64)
    if len(values) < 2:
        return 0.0
    first, second = values[:-1], values[1:]
    return float(100 * np.mean(np.abs(first - second) / np.maximum((first + second) / 2, 1e-12)))


def modulation_share(level_db: Floats, *, low: float = 3.0, high: float = 8.0) -> float:
    """Share of the level's variation that is as fast as syllables are, in [0, 1] (after Greenberg & Kingsbury 1997).

    What lies more than 50 dB under the loudest frame counts as that: how deep a silence is says nothing of rhythm.

    Args:
        level_db: Level every 10 ms, shape ``(frames,)``.
        low: Slowest modulation counted, Hz.
        high: Fastest, Hz.
    """
    heard = np.maximum(level_db, level_db.max() - _DYNAMIC_DB)
    away = (heard - heard.mean()) * np.hanning(len(heard) + 2)[1:-1]
    size = max(512, 1 << max(len(away) - 1, 1).bit_length())
    power = np.abs(np.fft.rfft(away, size))[1:] ** 2
    hz = np.fft.rfftfreq(size, 1 / _FRAMES_PER_SECOND)[1:]
    total = float(power.sum())
    return float(power[(hz >= low) & (hz <= high)].sum() / total) if total > 1e-12 else 0.0


def _voiced_near(pitch: PitchTrack, place: int) -> bool:
    return bool(pitch.voiced[max(0, place - 3) : place + 4].any())


def _runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int64)))
    return (edges[1::2] - edges[::2]).astype(np.int64)
