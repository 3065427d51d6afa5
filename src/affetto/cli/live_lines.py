"""A live session as lines: of JSON for programs, of text for pipes, and what the whole came to."""

import json
from typing import Protocol

from affetto.affect import EMOTIONS
from affetto.cli import show
from affetto.recommendation.replan import Change
from affetto.voice.audio import Samples
from affetto.voice.reading import Reading
from affetto.voice.stream import SCHEMA_VERSION, Event, LiveRecognizer

__all__ = ["JsonLines", "Output", "PlainLines", "Tally", "clock", "music_words", "utterance_line"]


class Tally:
    """What a whole session came to."""

    def __init__(self) -> None:
        self.utterances = self.plans = 0
        self.seconds = 0.0
        self._speech = 0.0
        self._total = dict.fromkeys(EMOTIONS, 0.0)

    def add(self, event: Event) -> None:
        """Counts a final reading."""
        if event.final and event.reading is not None:
            self.utterances += 1
            if not event.reading.abstained:
                self._speech += event.reading.seconds
                for emotion, p in event.reading.probabilities.items():
                    self._total[emotion] += p * event.reading.seconds

    @property
    def reading(self) -> Reading:
        """The mean of the readings, each weighed by its speech."""
        if not self._speech:
            return Reading.abstain("no speech was heard" if not self.utterances else "no utterance could be read")
        return Reading(probabilities={e: p / self._speech for e, p in self._total.items()}, seconds=self._speech)

    @property
    def words(self) -> str:
        """The summary in a line or two."""
        heard = "1 utterance" if self.utterances == 1 else f"{self.utterances} utterances"
        words = [f"Listened for {clock(self.seconds)}: {heard}, {self._speech:.1f} s of speech."]
        reading = self.reading
        if self._speech:
            affect = reading.affect
            words.append(f"On the whole it {reading.words}.")
            words.append(f"Valence {affect.valence:+.2f}, arousal {affect.arousal:+.2f}.")
        if self.plans:
            words.append(f"The music was planned {'once' if self.plans == 1 else f'{self.plans} times'}.")
        return "\n".join(words)


class Output(Protocol):
    """Where a live session goes."""

    def sound(self, block: Samples, live: LiveRecognizer) -> None:
        """A block has been listened to."""
        ...

    def event(self, event: Event) -> None:
        """Something was heard."""
        ...

    def music(self, change: Change, *, at: float) -> None:
        """The music was planned anew, ``at`` seconds into the sound."""
        ...

    def end(self, tally: Tally) -> None:
        """The session is over."""
        ...


class JsonLines:
    """Each event as one JSON object a line, and each plan of the music as one of type ``playlist``."""

    def __init__(self, *, explain: bool = False) -> None:
        self._explain = explain

    def sound(self, block: Samples, live: LiveRecognizer) -> None:
        """Nothing: the levels are for people."""

    def event(self, event: Event) -> None:
        """Prints the event."""
        fields = event.to_dict()
        if self._explain and event.final and event.reading is not None:
            fields["reading"]["cues"] = [cue.to_dict() for cue in event.reading.cues]
        print(json.dumps(fields), flush=True)

    def music(self, change: Change, *, at: float) -> None:
        """Prints the plan."""
        fields = {
            "schema": SCHEMA_VERSION,
            "type": "playlist",
            "audio_end_ms": round(1_000 * at),
            "before": change.before and str(change.before),
            "emotion": change.emotion and str(change.emotion),
            "switch_probability": change.probability,
            "playlist": change.playlist.to_dict(),
        }
        print(json.dumps(fields), flush=True)

    def end(self, tally: Tally) -> None:
        """Nothing: a program can count."""


class PlainLines:
    """A line for each utterance and each plan of the music, for pipes and terminals that cannot be redrawn."""

    def __init__(self, *, explain: bool = False) -> None:
        self._explain = explain

    def sound(self, block: Samples, live: LiveRecognizer) -> None:
        """Nothing: a pipe has no meters."""

    def event(self, event: Event) -> None:
        """Prints final readings and errors."""
        if event.type == "error":
            show.line(f"{clock(event.audio_start_ms / 1_000)}  {event.message}")
        if event.final and event.reading is not None:
            show.line(utterance_line(event))
            if self._explain:
                for cue in event.reading.cues:
                    show.line(f"           {cue.words}")

    def music(self, change: Change, *, at: float) -> None:
        """Prints what the music does now."""
        playlist = change.playlist
        show.line(f"{clock(at)}  music: {playlist.plan.words}, as the voice {music_words(change)}")
        for item in playlist.items[:3]:
            show.line(f"           {item.track.title} · {item.track.artist}   {item.track.uri}")

    def end(self, tally: Tally) -> None:
        """Prints the summary."""
        show.line(tally.words)


def clock(seconds: float) -> str:
    """``1:23`` for 83 seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def utterance_line(event: Event) -> str:
    """An utterance in a line: when, what it sounds like, where that lies."""
    reading = event.reading
    assert reading is not None
    span = f"{clock(event.audio_start_ms / 1_000)} to {clock(event.audio_end_ms / 1_000)}"
    if reading.abstained:
        return f"{span}  {reading.words}"
    affect = reading.affect
    return f"{span}  {reading.words}   valence {affect.valence:+.2f}   arousal {affect.arousal:+.2f}"


def music_words(change: Change) -> str:
    """Why the music was planned: ``sounds sad, no longer angry (92 %)``."""
    return "has no clear emotion yet" if change.emotion is None else change.words
