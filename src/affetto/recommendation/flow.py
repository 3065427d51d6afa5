"""How well one track follows another: tempo, key and loudness."""

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats

__all__ = ["fifths", "key_step", "loudness_step", "tempo_step"]

_KEY = re.compile(r"^\s*([A-Ga-g])\s*(#|♯|b|♭)?\s*(m(?:in(?:or)?)?|M|maj(?:or)?)?\s*$")
_PITCH = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MODES_APART = 1.0  # steps between a key and its relative: they share all notes, but not the mood
_FARTHEST = 7.0
_LOUD = 12.0  # LU between two tracks that count as far apart as can be


def tempo_step(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Distance of two tempos in octaves after folding: 72 and 144 bpm are 0 apart, 72 and 102 nearly half an octave.

    Args:
        one: log2 of a tempo.
        other: log2 of a tempo; the two are broadcast. NaN where a tempo is unknown, and so is the step.

    >>> float(tempo_step(np.log2(72), np.log2(144)))
    0.0
    """
    apart = np.abs(np.asarray(one, dtype=np.float32) - np.asarray(other, dtype=np.float32)) % 1.0
    return np.minimum(apart, 1.0 - apart)


def fifths(keys: Iterable[str]) -> Floats:
    """Places of keys on the circle of fifths, and their modes: shape (n, 2), NaN where a key is none.

    A minor key lies where its relative major lies. Modes are 0 for major and 1 for minor.

    >>> fifths(["C major", "G major", "A minor", "Bbm", ""]).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [7.0, 1.0], [nan, nan]]
    """
    found: list[tuple[float, float]] = []
    for key in keys:
        match = _KEY.match(key)
        if match is None:
            found.append((np.nan, np.nan))
            continue
        letter, accidental, mode = match.groups()
        minor = bool(mode) and mode != "M" and not mode.startswith("maj")
        pitch = _PITCH[letter.lower()] + {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(accidental, 0) + 3 * minor
        found.append((float(7 * pitch % 12), float(minor)))
    return np.array(found, dtype=np.float32).reshape(-1, 2)


def key_step(one: Floats, other: Floats) -> Floats:
    """Distance of keys in steps around the circle of fifths, 1 more between major and minor, over 7: from 0 to 1.

    Args:
        one: Keys as `fifths` gives them, shape (..., 2).
        other: Likewise; the two are broadcast. NaN where a key is unknown, and so is the step.

    >>> c, g, a_minor, f_sharp = fifths(["C", "G", "Am", "F#"])
    >>> [round(float(key_step(c, key)), 2) for key in (g, a_minor, f_sharp)]
    [0.14, 0.14, 0.86]
    """
    around = np.abs(one[..., 0] - other[..., 0])
    steps = np.minimum(around, 12.0 - around) + np.float32(_MODES_APART) * np.abs(one[..., 1] - other[..., 1])
    return steps / np.float32(_FARTHEST)


def loudness_step(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Distance of loudness as a share of 12 LU, at most 1; NaN where one is unknown.

    >>> round(float(loudness_step(-14.0, -11.0)), 2)
    0.25
    """
    apart = np.abs(np.asarray(one, dtype=np.float32) - np.asarray(other, dtype=np.float32))
    return np.minimum(apart / np.float32(_LOUD), np.float32(1.0))
