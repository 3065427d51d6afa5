"""The analysis of one file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError

__all__ = ["ANALYSIS_VERSION", "FEATURES", "Analysis", "analyse"]

ANALYSIS_VERSION = 1
"""Grows whenever the same file would give other numbers; analyses of another version are made again."""

FEATURES: tuple[str, ...] = ()
"""The name of each of the `Analysis.features`."""


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


def analyse(path: Path) -> Analysis:
    """Listens to a file; memory does not grow with its length.

    Raises:
        AudioError: If the file cannot be decoded.
    """
    raise AudioError(f"{path}: cannot be analysed yet")
