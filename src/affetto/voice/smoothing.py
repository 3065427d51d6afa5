"""Readings that follow a voice without flicker."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, Emotion

__all__ = ["Smoother"]

_FLOOR = 1e-4  # a probability of zero in one window would stay for seconds


class Smoother:
    """Smooths probabilities over time, and names an emotion that changes only for a reason.

    The probabilities are averaged exponentially in their logarithm. The label stays until another emotion is likelier
    by ``margin`` (.7: twice as likely), and never changes twice within ``dwell`` seconds.

    A real change of emotion shows some seconds later: the average and the window that is read must both follow.
    ``make bench`` counts the changes of the label on steady speech.

    Args:
        memory: Time constant of the average in seconds; 0 for none.
        margin: Log-odds in nats by which another emotion must lead.
        dwell: Seconds between two changes of the label.
    """

    def __init__(self, *, memory: float = 1.0, margin: float = 0.7, dwell: float = 2.0) -> None:
        self._memory, self._margin, self._dwell = memory, margin, dwell
        self._log: npt.NDArray[np.float64] | None = None
        self._time = 0.0
        self._changed = -math.inf
        self._label: int | None = None

    @property
    def label(self) -> Emotion | None:
        """The emotion named now, None before the first update."""
        return None if self._label is None else EMOTIONS[self._label]

    def update(self, probabilities: Mapping[Emotion, float], *, time: float) -> dict[Emotion, float]:
        """Takes a reading in and gives the smoothed probabilities, which sum to 1.

        Args:
            probabilities: One for each emotion.
            time: Where in the audio it was read, in seconds; never before the last.
        """
        log = np.log(np.maximum([probabilities[emotion] for emotion in EMOTIONS], _FLOOR))
        if self._log is None:
            self._log = log
        else:
            keep = math.exp(-(time - self._time) / self._memory) if self._memory > 0 else 0.0
            self._log = keep * self._log + (1 - keep) * log
        self._time = time
        self._relabel(time)
        weights = np.exp(self._log - self._log.max())
        smooth = weights / weights.sum()
        return {emotion: float(p) for emotion, p in zip(EMOTIONS, smooth, strict=True)}

    def _relabel(self, time: float) -> None:
        assert self._log is not None
        best = int(self._log.argmax())
        if self._label is None:
            self._label = best
        elif self._log[best] - self._log[self._label] > self._margin and time - self._changed >= self._dwell:
            self._label, self._changed = best, time
