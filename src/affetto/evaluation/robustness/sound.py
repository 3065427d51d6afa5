"""What the changes of the battery share: levels and mixing."""

import numpy as np
import numpy.typing as npt

from affetto.voice.audio import Samples

__all__ = ["Floats", "Rng", "as_loud_as", "level", "mix", "within"]

Floats = npt.NDArray[np.floating]
Rng = np.random.Generator

_SILENT = 1e-9


def level(samples: Floats) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def within(samples: Floats) -> Samples:
    """The same in float32, made quieter where it would be clipped."""
    peak = float(np.abs(samples).max(initial=0.0))
    return (samples / peak if peak > 1 else samples).astype(np.float32)


def as_loud_as(samples: Floats, like: Samples) -> Samples:
    """Brought to the level of another recording, then kept within -1 and 1."""
    return within(samples * (level(like) / max(level(samples), _SILENT)))


def mix(speech: Samples, noise: Floats, *, snr_db: float) -> Samples:
    """Speech with noise of the same length at a ratio of their levels, as loud as the speech was before."""
    loud = level(noise)
    if loud < _SILENT or level(speech) < _SILENT:
        return speech
    scaled = noise * (level(speech) / loud * 10 ** (-snr_db / 20))
    return as_loud_as(speech + scaled, speech)
