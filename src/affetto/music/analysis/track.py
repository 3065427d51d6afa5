"""The analysis of one file: excerpts spread over the track, listened to one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError
from affetto.music.analysis.decode import Samples, open_sound
from affetto.music.analysis.excerpt import EXCERPT_FEATURES, Excerpt, hear
from affetto.music.analysis.harmony import key_of
from affetto.music.analysis.loudness import LoudnessMeter
from affetto.music.analysis.music_or_not import music_probability
from affetto.music.analysis.rhythm import beat
from affetto.music.analysis.spectra import RATE

__all__ = ["ANALYSIS_VERSION", "FEATURES", "Analysis", "analyse"]

ANALYSIS_VERSION = 1
"""Grows whenever the same file would give other numbers; analyses of another version are made again."""

_WHOLE = ("loudness", "loudness_range", "peak_over_loudness", "tempo_octave", "tempo_strength")

FEATURES: tuple[str, ...] = (*EXCERPT_FEATURES, *_WHOLE)
"""The name of each of the `Analysis.features`."""

_EXCERPT = 30 * RATE
_SHORTEST = 5 * RATE  # the end of a track is an excerpt of its own from here on
_MOST = 8
_STEADY = 110.0  # stands in for the tempo of music without a beat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """What one track sounds like.

    Attributes:
        seconds: Length of the sound.
        tempo: Beats per minute, the likelier of the two; None where there is no beat.
        tempo_alternative: The other reading of the same beat, an octave up or down; None where there is no beat.
        tempo_strength: How clear the beat is, 0 to 1.
        key: Tonic ("C", "F#"); None where no key fits.
        mode: "major" or "minor"; None where no key fits.
        key_confidence: How far the key is ahead of the next one, 0 to 1.
        loudness: Integrated loudness in LUFS (ITU-R BS.1770-4); -70 for silence.
        loudness_range: Loudness range in LU (EBU Tech 3342).
        onset_density: Note onsets in a second.
        features: Float32 values, one for each of `FEATURES`: timbre, harmony, rhythm and dynamics.
        music_probability: How likely it is music, 0 to 1; low for speech and sound effects.
    """

    seconds: float
    tempo: float | None
    tempo_alternative: float | None
    tempo_strength: float
    key: str | None
    mode: str | None
    key_confidence: float
    loudness: float
    loudness_range: float
    onset_density: float
    features: npt.NDArray[np.float32]
    music_probability: float


class _Listener:
    """Takes the sound as it streams by and keeps at most eight excerpts of it, evenly spread.

    Nothing need be known of the length: when there are too many, every second one is let go and from then on only
    every second one is heard.
    """

    def __init__(self) -> None:
        self.excerpts: list[Excerpt] = []
        self._held: list[Samples] = []
        self._waiting = 0
        self._number = 0
        self._stride = 1

    def add(self, samples: Samples) -> None:
        self._held.append(samples)
        self._waiting += len(samples)
        while self._waiting >= _EXCERPT:
            joined = np.concatenate(self._held)
            self._held, self._waiting = [joined[_EXCERPT:]], len(joined) - _EXCERPT
            self._hear(joined[:_EXCERPT])

    def finish(self) -> None:
        if self._waiting >= _SHORTEST or not self.excerpts:
            self._hear(np.concatenate([np.zeros(0, np.float32), *self._held]))

    def _hear(self, samples: Samples) -> None:
        if self._number % self._stride == 0:
            self.excerpts.append(hear(samples))
            if len(self.excerpts) > _MOST:
                del self.excerpts[1::2]
                self._stride *= 2
        self._number += 1


def _mono(blocks: Iterator[Samples], rate: int, meter: LoudnessMeter | None) -> Iterator[Samples]:
    import soxr

    stream = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="MQ")
    for block in blocks:
        if meter is not None:
            meter.add(block)
        mono = block[:, 0] if block.shape[1] == 1 else sum(block.T[1:], block[:, 0]) / np.float32(block.shape[1])
        yield mono if stream is None else stream.resample_chunk(np.ascontiguousarray(mono))
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def analyse(path: Path) -> Analysis:
    """Listens to a file; memory does not grow with its length.

    Loudness is that of the whole track. All else comes from at most eight excerpts of 30 s, evenly spread over the
    track; what comes after two hours is not heard.

    Raises:
        AudioError: If the file cannot be decoded or holds no sound.
    """
    listener, heard = _Listener(), 0
    with open_sound(path) as sound:
        blocks = iter(sound.blocks)
        first = next(blocks, None)
        if first is None:
            raise AudioError(f"{path.name!r}: holds no sound; copy it again")
        meter = LoudnessMeter(sound.rate, first.shape[1])
        for mono in _mono(_chained(first, blocks), sound.rate, meter):
            heard += len(mono)
            listener.add(mono)
    listener.finish()
    return _summary(listener.excerpts, meter, heard / RATE)


def _chained(first: Samples, rest: Iterator[Samples]) -> Iterator[Samples]:
    yield first
    yield from rest


def _summary(excerpts: list[Excerpt], meter: LoudnessMeter, seconds: float) -> Analysis:
    weights = np.array([excerpt.seconds for excerpt in excerpts], np.float64)
    weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
    means = weights @ np.stack([excerpt.features for excerpt in excerpts])
    rhythm = beat([excerpt.onsets for excerpt in excerpts])
    key = key_of(weights @ np.stack([excerpt.pitches for excerpt in excerpts]))
    loudness, spread = meter.integrated(), meter.range()
    peak = 20 * float(np.log10(max(meter.peak, 1e-5)))
    whole = (loudness, spread, peak - loudness, np.log2((rhythm.tempo or _STEADY) / _STEADY), rhythm.strength)
    features = np.nan_to_num(np.concatenate([means, whole])).astype(np.float32)
    return Analysis(
        seconds=seconds,
        tempo=rhythm.tempo,
        tempo_alternative=rhythm.alternative,
        tempo_strength=rhythm.strength,
        key=key.tonic,
        mode=key.mode,
        key_confidence=key.confidence,
        loudness=loudness,
        loudness_range=spread,
        onset_density=float(means[EXCERPT_FEATURES.index("onset_density")]),
        features=features,
        music_probability=music_probability(dict(zip(EXCERPT_FEATURES, means.tolist(), strict=True))),
    )
