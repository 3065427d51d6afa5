"""What the recordings themselves tell: length, level, clipping, silence, and whether two are the same."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from affetto.corpora.table import Clip
from affetto.errors import AudioError
from affetto.voice.audio import RATE, AudioFile

__all__ = ["Measure", "Progress", "measure", "measured"]

Progress = Callable[[str, int, int], None]

_CLIPPED = 10 ** (-0.1 / 20)  # of full scale: within 0.1 dB of it
_FRAME = RATE // 50  # samples: 20 ms
_QUIET = 10 ** (-40 / 20)  # of the loudest frame
_FLOOR_DB = -120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One recording, decoded to mono at 16 kHz.

    Attributes:
        seconds: Length.
        level: Root mean square over the whole recording, in dBFS (0 is a square wave at full scale), at least -120.
        peak: Largest sample, in dBFS, at least -120.
        clipped: Share of samples within 0.1 dB of full scale, in [0, 1].
        silent: Share of frames of 20 ms that are 40 dB or more below the loudest, in [0, 1]; 1 where all is silent.
        bytes_digest: Digest of the file.
        sound_digest: Digest of the samples, rounded to 16 bits: the same for the same sound in another lossless format.
    """

    seconds: float
    level: float
    peak: float
    clipped: float
    silent: float
    bytes_digest: str
    sound_digest: str


def measured(clips: Iterable[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
    """The same clips with their lengths from the headers; None stays where a header cannot be read or does not say."""
    listed = tuple(clips)
    lengths: list[Clip] = []
    for done, clip in enumerate(listed, start=1):
        lengths.append(clip if clip.seconds is not None else replace(clip, seconds=_seconds(clip.path)))
        if progress:
            progress("lengths", done, len(listed))
    return tuple(lengths)


def measure(path: Path) -> Measure:
    """Decodes a recording and measures it.

    Raises:
        AudioError: If it cannot be read to its end.
    """
    bytes_digest, sound_digest = hashlib.sha256(), hashlib.sha256()
    count = clipped = 0
    energy = peak = 0.0
    rest = np.zeros(0, np.float32)
    frames: list[float] = []
    for block in AudioFile(path):
        size = np.abs(block)
        count += len(block)
        energy += float(np.dot(block.astype(np.float64), block))
        peak = max(peak, float(size.max(initial=0.0)))
        clipped += int(np.count_nonzero(size >= _CLIPPED))
        sound_digest.update(np.clip(np.round(block * 32768), -32768, 32767).astype("<i2").tobytes())
        joined = np.concatenate([rest, block])
        whole = len(joined) // _FRAME * _FRAME
        frames.extend(np.sqrt(np.mean(np.square(joined[:whole].reshape(-1, _FRAME)), axis=1)).tolist())
        rest = joined[whole:]
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                bytes_digest.update(chunk)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); check your permissions") from error
    loudest = max(frames, default=0.0)
    quiet = sum(frame <= _QUIET * loudest for frame in frames)
    return Measure(
        seconds=count / RATE,
        level=_decibels(float(np.sqrt(energy / count)) if count else 0.0),
        peak=_decibels(peak),
        clipped=clipped / count if count else 0.0,
        silent=quiet / len(frames) if frames and loudest > 0 else float(peak == 0),
        bytes_digest=bytes_digest.hexdigest(),
        sound_digest=sound_digest.hexdigest(),
    )


def _seconds(path: Path) -> float | None:
    try:
        return AudioFile(path).seconds
    except AudioError:
        return None


def _decibels(amplitude: float) -> float:
    return max(_FLOOR_DB, 20 * float(np.log10(amplitude))) if amplitude > 0 else _FLOOR_DB
