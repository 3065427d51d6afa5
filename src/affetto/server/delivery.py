"""How a recording is spoken: pitch, level, pace and pauses along it, for a chart."""

from typing import Any

import numpy as np

from affetto.features.prosodic import loudness_db, pitch_track
from affetto.features.temporal import syllable_nuclei
from affetto.voice.audio import RATE
from affetto.voice.speech import Utterance

__all__ = ["Delivery"]

_FRAMES = 10  # of 10 ms in a point of the chart


class Delivery:
    """Gathers the delivery of the utterances of one recording; what it keeps is ten points a second of speech."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._pitch: list[float | None] = []
        self._level: list[float] = []
        self._spans: list[tuple[float, float]] = []
        self._spoken = 0.0
        self._syllables = 0

    def add(self, utterance: Utterance) -> None:
        """Takes in the next stretch of speech."""
        level = loudness_db(utterance.samples, rate=RATE)
        pitch = pitch_track(utterance.samples, rate=RATE, level=level)
        self._syllables += len(syllable_nuclei(level, pitch))
        self._spoken += utterance.speech_seconds
        start = utterance.start / RATE
        self._spans.append((start, utterance.end / RATE))
        for first in range(0, min(len(level), len(pitch.f0)), _FRAMES):
            some = pitch.f0[first : first + _FRAMES]
            voiced = some[np.isfinite(some)]
            self._times.append(round(start + first / 100, 2))
            self._pitch.append(round(float(np.median(voiced)), 1) if len(voiced) >= _FRAMES // 3 else None)
            self._level.append(round(float(level[first : first + _FRAMES].max()), 1))

    def to_dict(self, seconds: float) -> dict[str, Any]:
        """The points, and figures of the whole.

        Args:
            seconds: Length of the recording.
        """
        voiced = np.array([value for value in self._pitch if value is not None])
        gaps = [after - before for (_, before), (after, _) in zip(self._spans, self._spans[1:], strict=False)]
        pauses = [gap for gap in gaps if gap > 0]
        low, middle, high = np.percentile(voiced, [10, 50, 90]) if len(voiced) else (0.0, 0.0, 0.0)
        return {
            "times": self._times,
            "pitch": self._pitch,
            "level": self._level,
            "speech_share": min(1.0, self._spoken / seconds) if seconds > 0 else 0.0,
            "syllables_per_second": self._syllables / self._spoken if self._spoken > 0 else None,
            "pitch_median": float(middle) if len(voiced) else None,
            "pitch_range_semitones": float(12 * np.log2(high / low)) if len(voiced) and low > 0 else None,
            "pauses": len(pauses),
            "longest_pause": max(pauses, default=0.0),
        }
