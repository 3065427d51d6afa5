"""Emotion as it is spoken: samples in, events out."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import Emotion
from affetto.errors import AudioError, OptionError
from affetto.voice.audio import RATE, Samples
from affetto.voice.intake import Intake
from affetto.voice.profile import VoiceProfile
from affetto.voice.reading import Reading
from affetto.voice.recognizer import MIN_SPEECH_SECONDS, Recognizer
from affetto.voice.smoothing import Smoother
from affetto.voice.speech import FRAME, MIN_UTTERANCE_SECONDS, Utterance, UtteranceFinder

__all__ = ["SCHEMA_VERSION", "Event", "EventType", "LiveRecognizer"]

SCHEMA_VERSION = 1
"""Version of the JSON form of events."""

EventType: TypeAlias = Literal["utterance.start", "reading", "utterance.end", "error"]

_FIRST = 1.0  # seconds from the onset of the voice to the first partial reading
_SAME_BREATH = 0.5  # seconds: an utterance that follows sooner is the same speech, cut at its greatest length
_SILENCE_DB = -100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something heard in a stream.

    Attributes:
        type: ``utterance.start``; ``reading``, partial or final; ``utterance.end``; ``error``.
        sequence: Number of the event in its session, from 0.
        utterance: Number of the utterance, from 1; an error carries that of the last one, 0 before the first.
        audio_start_ms: Where in the source the sound that the event is about starts, in milliseconds.
        audio_end_ms: Where it ends.
        final: Whether a reading is that of the whole utterance.
        reading: What was heard. Partial readings are smoothed and have no cues; the final one is that of
            :meth:`Recognizer.read_utterances`.
        label: The emotion to show: it follows partial readings without flicker. None where there is no reading.
        message: What went wrong, in one line, for people.
    """

    type: EventType
    sequence: int
    utterance: int
    audio_start_ms: int
    audio_end_ms: int
    final: bool = False
    reading: Reading | None = None
    label: Emotion | None = None
    message: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The event as plain values, in the documented JSON form; every key is always there."""
        return {
            "schema": SCHEMA_VERSION,
            "type": self.type,
            "sequence": self.sequence,
            "utterance": self.utterance,
            "audio_start_ms": self.audio_start_ms,
            "audio_end_ms": self.audio_end_ms,
            "final": self.final,
            "reading": None if self.reading is None else self.reading.to_dict(),
            "label": None if self.label is None else str(self.label),
            "message": self.message,
        }


class LiveRecognizer:
    """Reads a voice while it speaks.

    The events do not depend on how the stream is divided into blocks. The work per second of sound is bounded, and so
    is memory, however long the stream.

    Args:
        recognizer: The recognizer, which streams may share; None for one with the shipped model.
        rate: Samples per second of what is pushed, 1,000 to 768,000.
        channels: Channels of what is pushed, 1 to 64; they are averaged.
        interval: Seconds of sound between partial readings, at least 0.1.
        window: Seconds of speech that a partial reading rests on, 1 to 8.
        profile: Who speaks, if that is known.

    Attributes:
        profile: The same; another takes its place from the next samples on.

    Raises:
        AudioError: If the rate or the number of channels is impossible.
        OptionError: If the interval or the window is out of range.
        ModelError: If the shipped model cannot be used.

    >>> live = LiveRecognizer(rate=48_000)
    >>> live.push(np.zeros(4_800)), live.close()
    ([], [])
    """

    def __init__(
        self,
        recognizer: Recognizer | None = None,
        *,
        rate: int = RATE,
        channels: int = 1,
        interval: float = 0.5,
        window: float = 3.0,
        profile: VoiceProfile | None = None,
    ) -> None:
        if not 0.1 <= interval <= 60:
            raise OptionError(f"interval = {interval}: give 0.1 to 60 seconds between partial readings")
        if not 1 <= window <= 8:
            raise OptionError(f"window = {window}: give 1 to 8 seconds of speech for a partial reading")
        self._intake = Intake(rate, channels)
        self._recognizer = recognizer or Recognizer()
        self.profile = profile
        self._interval, self._window = round(interval * RATE), window
        self._finder = UtteranceFinder()
        self._rest = np.zeros(0, np.float32)
        self._sequence = self._utterance = 0
        self._started = False  # whether the open utterance has been announced
        self._next = 0  # sample at which the next partial reading is due
        self._smoother, self._ended = Smoother(), 0
        self._level = _SILENCE_DB
        self._warned = self._closed = False

    @property
    def speech_probability(self) -> float:
        """Probability that the last 32 ms are speech, for a meter."""
        return self._finder.probability

    @property
    def level(self) -> float:
        """Level of the last 32 ms in dB relative to full scale, not below -100, for a meter."""
        return self._level

    @property
    def seconds(self) -> float:
        """Seconds of the source that have been listened to."""
        return self._finder.position / RATE

    def push(self, samples: npt.ArrayLike) -> list[Event]:
        """Listens to the next samples.

        Args:
            samples: ``(n,)`` or ``(n, channels)``, any n; floats in [-1, 1] or integers. Samples that are not finite
                are taken as silence, and reported once in a session.

        Returns:
            What was heard, oldest first.

        Raises:
            AudioError: If the samples cannot be sound, have another number of channels, or the stream is closed.
        """
        if self._closed:
            raise AudioError("the live stream is closed; start another LiveRecognizer")
        sound, broken = self._intake(samples)
        events: list[Event] = []
        if broken is not None and not self._warned:
            self._warned = True
            place = round(1_000 * broken)
            message = "samples that are NaN or infinite are taken as silence; check the source"
            events.append(self._event("error", place, place, message=message))
        return events + self._listen(sound)

    def close(self) -> list[Event]:
        """Ends the stream: what is left of it, with the final reading of the utterance still open. Safe to repeat."""
        if self._closed:
            return []
        self._closed = True
        events = self._listen(self._intake.end())
        if len(self._rest):
            self._finder.push(self._rest)
        for utterance in self._finder.flush():
            events += self._finish(utterance)
        return events

    def _listen(self, sound: Samples) -> list[Event]:
        """Follows whole frames one by one, so that events fall at the same places whatever the blocks."""
        sound = np.concatenate([self._rest, sound])
        whole = len(sound) // FRAME * FRAME
        self._rest = sound[whole:]
        events: list[Event] = []
        for frame, ended in zip(sound[:whole].reshape(-1, FRAME), self._finder.follow(sound[:whole]), strict=True):
            power = float(np.dot(frame, frame)) / FRAME
            self._level = max(_SILENCE_DB, 10 * float(np.log10(max(power, 1e-10))))
            for utterance in ended:
                events += self._finish(utterance)
            events += self._follow()
        return events

    def _follow(self) -> list[Event]:
        """The start of an utterance, and a partial reading where one is due."""
        active, now = self._finder.in_speech, self._finder.position
        events: list[Event] = []
        if active is None or active < MIN_UTTERANCE_SECONDS:
            return events
        if not self._started:
            spoken = self._finder.peek(self._window)
            assert spoken is not None
            self._started, self._utterance = True, self._utterance + 1
            self._next = spoken.onset + round(_FIRST * RATE)
            if spoken.start - self._ended > _SAME_BREATH * RATE:
                self._smoother = Smoother()
            events.append(self._event("utterance.start", _ms(spoken.start), _ms(now)))
        if now >= self._next and active >= MIN_SPEECH_SECONDS:
            events += self._partial()
        return events

    def _partial(self) -> list[Event]:
        spoken, now = self._finder.peek(self._window), self._finder.position
        assert spoken is not None
        self._next += self._interval * (1 + max(0, now - self._next) // self._interval)
        end = spoken.window_start + len(spoken.samples)
        if now - end > self._interval or spoken.window_seconds < MIN_SPEECH_SECONDS:
            return []  # a pause: nothing new has been said
        reading = self._recognizer.read_window(spoken.samples, seconds=spoken.window_seconds, profile=self.profile)
        if not reading.abstained:
            smooth = self._smoother.update(reading.probabilities, time=now / RATE)
            reading = replace(reading, probabilities=smooth)
        label = None if reading.abstained else self._smoother.label
        return [self._event("reading", _ms(spoken.window_start), _ms(end), reading=reading, label=label)]

    def _finish(self, utterance: Utterance) -> list[Event]:
        """The final reading, and the end."""
        events: list[Event] = []
        start, end = _ms(utterance.start), _ms(utterance.end)
        self._ended = utterance.end
        if not self._started:
            self._utterance += 1
            events.append(self._event("utterance.start", start, end))
        self._started = False
        reading = self._recognizer.read_utterances([utterance], profile=self.profile)
        events.append(self._event("reading", start, end, final=True, reading=reading, label=reading.emotion))
        return [*events, self._event("utterance.end", start, end)]

    def _event(self, kind: EventType, start: int, end: int, **more: Any) -> Event:
        event = Event(
            type=kind,
            sequence=self._sequence,
            utterance=self._utterance,
            audio_start_ms=start,
            audio_end_ms=end,
            **more,
        )
        self._sequence += 1
        return event


def _ms(sample: int) -> int:
    return round(1_000 * sample / RATE)
