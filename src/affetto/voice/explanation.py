"""What a reading rests on: the cues of the voice with their weight, and the moment the network went by most."""

from dataclasses import dataclass
from typing import Any

from affetto.affect import Emotion

__all__ = ["Cue", "Explanation", "Picture", "Saliency"]

_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One measurable quality of the voice that stands out and agrees with the reading.

    Attributes:
        name: The quality ("pitch", "loudness changes", ...).
        value: Its value in ``unit``.
        unit: The unit of the value.
        deviation: Standard deviations above (positive) or below the average voice, or the speaker's own usual one.
        contribution: Evidence for the emotion read, in nats of log-odds against the average emotion.
        words: The cue in plain words ("pitch 4 semitones above the average voice").
    """

    name: str
    value: float
    unit: str
    deviation: float
    contribution: float
    words: str

    def to_dict(self) -> dict[str, Any]:
        """The cue as plain values for JSON."""
        return {name: getattr(self, name) for name in ("name", "value", "unit", "deviation", "contribution", "words")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saliency:
    """What hiding parts of some speech does to an answer.

    Attributes:
        step: Seconds from one place to the next.
        span: Seconds that are hidden for ``curve``: one, or half of shorter speech.
        curve: By how many nats the log-odds of the answer fall when the span that starts at each place is hidden.
        edges: Edges of the frequency bands in Hz, one more than there are bands.
        map: The same for each band and step alone, ``[band][step]``.
    """

    step: float
    span: float
    curve: tuple[float, ...]
    edges: tuple[float, ...]
    map: tuple[tuple[float, ...], ...]

    @property
    def strongest(self) -> float:
        """Where the span starts that the answer rests on most, in seconds."""
        return self.step * max(range(len(self.curve)), key=self.curve.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A log-mel spectrogram small enough to send and draw.

    Attributes:
        step: Seconds a column.
        hertz: Centre of each row.
        decibels: Level below the loudest, ``[row][column]``, from -60 to 0.
    """

    step: float
    hertz: tuple[float, ...]
    decibels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a reading rests on.

    Two things that should not be taken for one another: ``saliency`` asks the network itself, by hiding parts of what
    it heard; ``cues`` are a companion model that people can check by ear (see :mod:`affetto.voice.cues`).

    Attributes:
        emotion: The emotion that is explained.
        against: What the cues are told against: ``"the average voice"``, or whose usual voice.
        cues: Every cue that could be measured, strongest first; a negative contribution speaks against the emotion.
        start: Second of the recording at which the passage begins that was asked about: of a long recording, the one
            that speaks most for the emotion.
        seconds: Seconds of the recording at which each place of ``saliency.curve`` begins.
        strongest: Start and end, in seconds of the recording, of what weighed most.
        weight: By how many nats the log-odds of the emotion fall without it.
        saliency: What hiding each part does to the answer.
        picture: The spectrogram of the passage.
    """

    emotion: Emotion
    against: str
    cues: tuple[Cue, ...]
    start: float
    seconds: tuple[float, ...]
    strongest: tuple[float, float]
    weight: float
    saliency: Saliency
    picture: Picture

    @property
    def words(self) -> str:
        """Where the network listened, in a few words."""
        low, high = self.strongest
        return f"what weighed most was heard from {low:.1f} to {high:.1f} s"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        saliency, picture = self.saliency, self.picture
        return {
            "emotion": str(self.emotion),
            "against": self.against,
            "cues": [cue.to_dict() for cue in self.cues],
            "strongest": {
                "start": round(self.strongest[0], _DIGITS),
                "end": round(self.strongest[1], _DIGITS),
                "weight": round(self.weight, _DIGITS),
            },
            "saliency": {
                "start": round(self.start, _DIGITS),
                "step": round(saliency.step, 4),
                "span": round(saliency.span, 4),
                "seconds": [round(second, _DIGITS) for second in self.seconds],
                "curve": [round(value, _DIGITS) for value in saliency.curve],
                "edges": [round(edge) for edge in saliency.edges],
                "map": [[round(value, _DIGITS) for value in row] for row in saliency.map],
            },
            "spectrogram": {
                "step": round(picture.step, 4),
                "hertz": list(picture.hertz),
                "decibels": [list(row) for row in picture.decibels],
            },
        }
