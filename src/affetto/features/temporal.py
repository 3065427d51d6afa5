"""Rhythm: syllables and pauses."""

import numpy as np
import numpy.typing as npt

from affetto.features.prosodic import PitchTrack

__all__ = ["pause_share", "syllable_rate"]

_FRAMES_PER_SECOND = 100
_DIP_DB = 2.0
_PAUSE_DB = 25.0
_SHORTEST_PAUSE = 15  # frames: shorter silences are stop consonants


def syllable_rate(level_db: npt.NDArray[np.float64], pitch: PitchTrack) -> float:
    """Syllables per second: loudness peaks in voiced frames, with dips of 2 dB between (de Jong & Wempe 2009).

    Args:
        level_db: Level every 10 ms (:func:`~affetto.features.prosodic.loudness_db`), shape ``(frames,)``.
        pitch: The pitch track of the same frames.
    """
    smooth = np.convolve(np.pad(level_db, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    threshold = np.percentile(smooth, 99) - _PAUSE_DB
    peaks = place = 0
    valley = candidate = float("inf")
    rising = True
    for frame, level in enumerate(smooth):
        if rising:
            if level > candidate or candidate == float("inf"):
                candidate, place = level, frame
            elif level < candidate - _DIP_DB:
                near = slice(max(0, place - 3), place + 4)
                peaks += bool(candidate > threshold and pitch.voiced[near].any())
                rising, valley = False, level
        elif level < valley:
            valley = level
        elif level > valley + _DIP_DB:
            rising, candidate, place = True, level, frame
    if rising and np.isfinite(candidate) and candidate > threshold:
        peaks += bool(pitch.voiced[max(0, place - 3) : place + 4].any())
    return peaks / max(len(smooth) / _FRAMES_PER_SECOND, 1e-9)


def pause_share(level_db: npt.NDArray[np.float64]) -> float:
    """Share of the time in pauses: at least 0.15 s more than 25 dB under the loudest speech, in [0, 1]."""
    quiet = np.concatenate([[False], level_db < np.percentile(level_db, 99) - _PAUSE_DB, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(int)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= _SHORTEST_PAUSE].sum() / len(level_db))
