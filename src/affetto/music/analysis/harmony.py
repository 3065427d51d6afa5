"""Chroma, tonal centroids, key and mode."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from affetto.music.analysis.decode import Samples
from affetto.music.analysis.spectra import RATE, WINDOW, Floats, transform

__all__ = ["PITCHES", "Key", "chroma", "constant_q_chroma", "key_of", "tonal_centroid", "tuning_of"]

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

_LONG_WINDOW, _LONG_HOP = 8192, 2048
_LOWEST = 32.7032  # C1
_OCTAVES, _PER_OCTAVE = 7, 36
# Temperley's revision (1999) of the profiles of Krumhansl & Kessler (1982): how much each degree belongs to a key.
_MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
_MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)
_TONAL = 0.35  # correlation with the best key below which no key is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, as far as there is one.

    Attributes:
        tonic: One of `PITCHES`, or None.
        mode: "major" or "minor", or None.
        confidence: 0 to 1: how far it is ahead of the next key.
        clarity: Correlation of the pitches with its profile, -1 to 1.
        majorness: Best correlation with a major key less that with a minor key.
    """

    tonic: str | None
    mode: str | None
    confidence: float
    clarity: float
    majorness: float


@cache
def _filters(tuning: float) -> Floats:
    """Ellis's chroma filters for `WINDOW`, a Gaussian of two octaves around 440 Hz, shape (1025, 12)."""
    lines = np.linspace(0, RATE, WINDOW, endpoint=False)[1:]
    bins = 12 * np.log2(lines / (440.0 * 2 ** (tuning / 12) / 16))
    bins = np.concatenate([[bins[0] - 18], bins])
    widths = np.concatenate([np.maximum(np.diff(bins), 1.0), [1.0]])
    distance = np.remainder(bins[:, None] - np.arange(12) + 126, 12) - 6
    weights = np.exp(-0.5 * (2 * distance / widths[:, None]) ** 2)
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    weights *= np.exp(-0.5 * ((bins / 12 - 5) / 2) ** 2)[:, None]
    return np.roll(weights, -3, axis=1)[: WINDOW // 2 + 1].astype(np.float32)


@cache
def _constant_q_filters() -> Floats:
    """Triangles a third of a semitone wide at least, folded onto the twelve pitches, shape (4097, 12)."""
    lines = np.linspace(0, RATE / 2, _LONG_WINDOW // 2 + 1)
    centres = _LOWEST * 2 ** (np.arange(_OCTAVES * _PER_OCTAVE) / _PER_OCTAVE)
    widths = np.maximum(centres * (2 ** (1 / _PER_OCTAVE) - 1), RATE / _LONG_WINDOW)
    # The three thirds around a pitch count for it.
    pitches = ((np.arange(len(centres)) + 1) // 3) % 12
    found = np.zeros((len(lines), 12))
    for centre, width, pitch in zip(centres, widths, pitches, strict=True):
        response = np.maximum(0, 1 - np.abs(lines - centre) / width)
        found[:, pitch] += response / max(response.sum(), 1e-12)
    return found.astype(np.float32)


def _unit(rows: Floats, *, peak: bool) -> Floats:
    length = np.abs(rows).max(1) if peak else np.abs(rows).sum(1)
    return np.divide(rows, np.where(length > 1e-10, length, np.float32(1))[:, None])


def tuning_of(power: Floats) -> float:
    """How far the pitches lie off A = 440 Hz, in hundredths of a semitone, [-.5, .5).

    The commonest offset of the spectral peaks from 150 Hz to 4 kHz that are as strong as their median.
    """
    lines = slice(int(150 * WINDOW / RATE) + 1, int(4000 * WINDOW / RATE) + 1)
    before, here, after = (power[:, lines.start + step : lines.stop + step] for step in (-1, 0, 1))
    strong = here > 0.1 * power.max(1, keepdims=True)
    frame, line = np.nonzero(strong & (here > before) & (here >= after))
    if not len(line):
        return 0.0
    left, middle, right = before[frame, line], here[frame, line], after[frame, line]
    slope, bend = 0.5 * (right - left), 2 * middle - left - right
    shift = slope / np.where(np.abs(bend) > 1e-30, bend, 1)
    height = middle + 0.5 * slope * shift
    pitch = (line + lines.start + shift) * RATE / WINDOW
    loud = height >= np.median(height)
    offset = np.mod(12 * np.log2(pitch[loud] / (440.0 / 16)), 1)
    offset[offset >= 0.5] -= 1
    counts, edges = np.histogram(offset, np.linspace(-0.5, 0.5, 101))
    return round(float(edges[counts.argmax()]), 2)


def chroma(power: Floats, tuning: float) -> Floats:
    """Strength of the twelve pitches, each frame to a peak of 1, shape (frames, 12)."""
    return _unit(power @ _filters(tuning), peak=True)


def constant_q_chroma(samples: Samples, tuning: float) -> Floats:
    """The same from windows long enough to part bass notes; tuned by reading the spectrum off the grid."""
    return _unit(transform(samples, _LONG_WINDOW, _LONG_HOP) @ _tuned_filters(tuning), peak=True)


def _tuned_filters(tuning: float) -> Floats:
    """The constant-Q filters for a spectrum that is read between its lines, where the pitches lie, shape (4097, 12)."""
    filters = _constant_q_filters()
    lines = np.arange(len(filters)) * 2 ** (tuning / 12)
    low = np.minimum(lines.astype(np.intp), len(filters) - 2)
    part = (lines - low).clip(0, 1).astype(np.float32)[:, None]
    found = np.zeros_like(filters)
    np.add.at(found, low, filters * (1 - part))
    np.add.at(found, low + 1, filters * part)
    return found


@cache
def _tonal_basis() -> Floats:
    scale = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3])
    angles = np.multiply.outer(scale, np.arange(12.0))
    angles[::2] -= 0.5
    radius = np.array([1, 1, 1, 1, 0.5, 0.5])
    return (radius[:, None] * np.cos(np.pi * angles)).T.astype(np.float32)


def tonal_centroid(pitches: Floats) -> Floats:
    """Places of chords on the circles of fifths, minor and major thirds, shape (frames, 6) (Harte et al. 2006)."""
    return _unit(pitches, peak=False) @ _tonal_basis()


@cache
def _profiles() -> npt.NDArray[np.float64]:
    both = np.array([np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)])
    both -= both.mean(1, keepdims=True)
    return both / np.linalg.norm(both, axis=1, keepdims=True)


def key_of(pitches: npt.ArrayLike) -> Key:
    """The key whose profile the mean pitches match best (Krumhansl & Schmuckler), of shape (12,).

    >>> scale = [1, 0, 0.6, 0, 0.8, 0.5, 0, 0.9, 0, 0.5, 0, 0.4]
    >>> found = key_of(scale)
    >>> found.tonic, found.mode
    ('C', 'major')
    """
    mean = np.asarray(pitches, np.float64)
    mean = mean - mean.mean()
    length = float(np.linalg.norm(mean))
    match = _profiles() @ mean / length if length > 1e-9 else np.zeros(24)
    first, second = np.sort(match)[::-1][:2]
    best = int(match.argmax())
    tonal = bool(first >= _TONAL)
    return Key(
        tonic=PITCHES[best % 12] if tonal else None,
        mode=("major", "minor")[best // 12] if tonal else None,
        confidence=float(min(1.0, max(0.0, (first - second) * 5))) if tonal else 0.0,
        clarity=float(first),
        majorness=float(match[:12].max() - match[12:].max()),
    )
