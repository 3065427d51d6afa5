"""What the network hears at once, and why it answers as it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from affetto.affect import Emotion
from affetto.voice.audio import RATE, Samples
from affetto.voice.explanation import Cue, Explanation
from affetto.voice.saliency import log_mel_picture, weigh

__all__ = ["Passage", "explain_passage"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Some seconds of speech that the network heard at once: utterances joined.

    Attributes:
        samples: Mono float32 at 16 kHz.
        seconds: Seconds in which the voice is active.
        pieces: Where each utterance starts, in the passage and in the recording, in samples.
    """

    samples: Samples
    seconds: float
    pieces: tuple[tuple[int, int], ...] = ((0, 0),)

    def in_recording(self, seconds: float) -> float:
        """The moment of the recording that a moment of the passage comes from, both in seconds."""
        place = round(seconds * RATE)
        offset, start = max(piece for piece in self.pieces if piece[0] <= max(place, 0))
        return (start + place - offset) / RATE


def explain_passage(
    passage: Passage,
    probability: Callable[[Samples], float],
    *,
    emotion: Emotion,
    cues: Sequence[Cue],
    against: str,
) -> Explanation:
    """Explains the answer for a passage.

    Args:
        passage: What the network heard.
        probability: Its probability of the emotion for some speech.
        emotion: The emotion that was read.
        cues: Every cue, strongest first.
        against: What they are told against.
    """
    saliency = weigh(passage.samples, probability)
    begin = saliency.strongest
    end = begin + saliency.span
    return Explanation(
        emotion=emotion,
        against=against,
        cues=tuple(cues),
        start=passage.in_recording(0.0),
        seconds=tuple(passage.in_recording(place * saliency.step) for place in range(len(saliency.curve))),
        strongest=(passage.in_recording(begin), passage.in_recording(end)),
        weight=max(saliency.curve),
        saliency=saliency,
        picture=log_mel_picture(passage.samples),
    )
