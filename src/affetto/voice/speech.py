"""Where the speech is: voice activity and the utterances it forms, the same for files and for live sound."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.voice.audio import RATE, Samples
from affetto.voice.runtime import load_session

__all__ = [
    "FRAME",
    "MIN_UTTERANCE_SECONDS",
    "OpenUtterance",
    "Utterance",
    "UtteranceFinder",
    "VoiceActivity",
    "find_utterances",
]

FRAME = 512
"""Samples of one voice activity decision (32 ms)."""

MIN_UTTERANCE_SECONDS = 0.2
"""Utterances with less speech are clicks and are dropped."""

_CONTEXT = 64
_BATCH = 256  # frames the model takes at once: a long recording given whole does not fill the memory
_START, _STOP = 0.2, 0.08  # a quiet or sad voice is no surer; what else is heard with it, the recognizer's gate refuses
_SURE_START, _SURE_STOP = 0.5, 0.35  # once a voice was this sure, a fainter one behind it does not keep it going
_PAD = round(0.15 * RATE / FRAME)
_PAUSE = round(0.8 * RATE / FRAME)
_LONGEST = round(10.0 * RATE / FRAME)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech.

    Attributes:
        start: Its first sample, counted from the start of the recording.
        samples: Mono float32 at 16 kHz, with a little of the sound around it.
        speech_seconds: Seconds in which the voice is active.
    """

    start: int
    samples: Samples
    speech_seconds: float

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """The latest part of a stretch of speech that goes on.

    Attributes:
        start: First sample of the utterance, counted from the start of the recording.
        onset: Sample at which the voice was first heard; ``start`` is a little before.
        window_start: First sample of ``samples``.
        samples: Its last seconds, without the silence after the last speech, mono float32 at 16 kHz.
        window_seconds: Seconds of ``samples`` in which the voice is active.
        speech_seconds: Seconds of the whole utterance in which the voice is active.
    """

    start: int
    onset: int
    window_start: int
    samples: Samples
    window_seconds: float
    speech_seconds: float


@cache
def _session() -> Any:
    return load_session(resources.files("affetto.voice.weights").joinpath("silero_vad.onnx").read_bytes())


class VoiceActivity:
    """Probability of speech in each 32 ms frame (Silero VAD 6.2, https://github.com/snakers4/silero-vad, MIT).

    Keeps the model's state between calls: pushing a recording in pieces or at once gives the same numbers.
    """

    def __init__(self) -> None:
        self._context = np.zeros(_CONTEXT, np.float32)
        self._h = self._c = np.zeros((1, 1, 128), np.float32)

    def __call__(self, frames: Samples) -> npt.NDArray[np.float32]:
        """Probabilities, shape ``(n,)``, for ``n * FRAME`` consecutive samples at 16 kHz."""
        speech = [np.zeros(0, np.float32)]
        for first in range(0, len(frames), _BATCH * FRAME):
            block = frames[first : first + _BATCH * FRAME].reshape(-1, FRAME)
            before = np.concatenate([self._context[None], block[:-1, -_CONTEXT:]])
            self._context = block[-1, -_CONTEXT:].copy()
            windows = np.concatenate([before, block], axis=1)
            found, self._h, self._c = _session().run(None, {"input": windows, "h": self._h, "c": self._c})
            speech.append(np.asarray(found, np.float32))
        return np.concatenate(speech)


class UtteranceFinder:
    """Cuts a stream of samples into utterances.

    An utterance starts when a frame may well be speech, and ends after 0.8 s without speech or at 10 s;
    what holds less than 0.2 s of speech is a click and is dropped. The cuts do not depend on how the stream is
    divided into blocks.

    Args:
        sure: Whether to leave out what may be no speech.
    """

    def __init__(self, *, sure: bool = False) -> None:
        self._start, self._stop = (_SURE_START, _SURE_STOP) if sure else (_START, _STOP)
        self._activity = VoiceActivity()
        self._rest = np.zeros(0, np.float32)
        self._frames: list[Samples] = []  # what may still belong to an utterance, oldest first
        self._first = 0  # index of self._frames[0] in the stream
        self._open: int | None = None  # frame at which the utterance began, padding included
        self._active: list[int] = []  # frames of the open utterance in which the voice is active
        self._sure = False  # whether the open utterance has been surely speech
        self._last = 0  # frame that keeps it open
        self._probability = 0.0

    @property
    def position(self) -> int:
        """Samples judged so far."""
        return (self._first + len(self._frames)) * FRAME

    @property
    def probability(self) -> float:
        """Probability of speech in the last frame judged, 0 before the first."""
        return self._probability

    @property
    def in_speech(self) -> float | None:
        """Seconds in which the voice was active in the open utterance, or None where none is open.

        An utterance that closes with less than 0.2 s is dropped.
        """
        return None if self._open is None else len(self._active) * FRAME / RATE

    def push(self, samples: Samples) -> list[Utterance]:
        """Utterances that ended within these samples (mono float32 at 16 kHz, any number of them)."""
        return [utterance for ended in self.follow(samples) for utterance in ended]

    def follow(self, samples: Samples) -> Iterator[list[Utterance]]:
        """The same frame by frame: the utterances that ended with each, while the finder stands where it ends.

        All frames are judged at once, which takes a fraction of the time; none may be left unasked for.
        """
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // FRAME * FRAME
        self._rest = joined[whole:]
        return self._advance(joined[:whole])

    def flush(self) -> list[Utterance]:
        """Ends the stream: the utterance still open, if there is one."""
        missing = -len(self._rest) % FRAME
        tail = np.concatenate([self._rest, np.zeros(missing, np.float32)])
        self._rest = self._rest[:0]
        done = [utterance for ended in self._advance(tail) for utterance in ended]
        if self._open is not None:
            done += self._close()
        return done

    def peek(self, seconds: float) -> OpenUtterance | None:
        """The last ``seconds`` of the utterance that is open, or None where none is."""
        if self._open is None:
            return None
        end = self._end()
        begin = max(self._open, end - round(seconds * RATE / FRAME))
        window = sum(frame >= begin for frame in self._active)
        return OpenUtterance(
            start=self._open * FRAME,
            onset=self._active[0] * FRAME,
            window_start=begin * FRAME,
            samples=self._samples(begin, end),
            window_seconds=window * FRAME / RATE,
            speech_seconds=len(self._active) * FRAME / RATE,
        )

    def _advance(self, samples: Samples) -> Iterator[list[Utterance]]:
        for frame, speech in zip(samples.reshape(-1, FRAME), self._activity(samples), strict=True):
            self._frames.append(frame)
            self._probability = float(speech)
            now = self._first + len(self._frames) - 1
            if self._open is None:
                if speech < self._start:
                    self._forget(now - _PAD + 1)
                    yield []
                    continue
                self._open, self._active, self._sure = max(now - _PAD, self._first), [], False
            if speech >= self._stop:
                self._active.append(now)
            self._sure = self._sure or speech >= _SURE_START
            if speech >= (_SURE_STOP if self._sure else self._stop):
                self._last = now
            over = now - self._last >= _PAUSE or now - self._open >= _LONGEST
            yield self._close() if over else []

    def _close(self) -> list[Utterance]:
        assert self._open is not None
        end = self._end()
        seconds = len(self._active) * FRAME / RATE
        utterance = Utterance(self._open * FRAME, self._samples(self._open, end), seconds)
        self._open = None
        self._forget(end)
        return [utterance] if seconds >= MIN_UTTERANCE_SECONDS else []

    def _end(self) -> int:
        return min(self._active[-1] + 1 + _PAD, self._first + len(self._frames))

    def _samples(self, start: int, end: int) -> Samples:
        return np.concatenate(self._frames[start - self._first : end - self._first])

    def _forget(self, before: int) -> None:
        drop = before - self._first
        if drop > 0:
            del self._frames[:drop]
            self._first = before


def find_utterances(blocks: Iterable[Samples], *, sure: bool = False) -> Iterator[Utterance]:
    """The utterances of a recording given as blocks of mono float32 samples at 16 kHz.

    Args:
        blocks: The recording.
        sure: Whether to leave out what may be no speech.
    """
    finder = UtteranceFinder(sure=sure)
    for block in blocks:
        yield from finder.push(block)
    yield from finder.flush()
