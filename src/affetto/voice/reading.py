"""What was heard in one utterance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from affetto.affect import EMOTIONS, Affect, Emotion, posterior_affect
from affetto.voice.explanation import Cue, Explanation
from affetto.voice.memory import Trace
from affetto.voice.uncertainty import PLAIN, Uncertainty

__all__ = ["Reading"]

_PLAIN_CONFIDENCE = 0.5
_UNIFORM = dict.fromkeys(EMOTIONS, 1 / len(EMOTIONS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The emotion expressed in one utterance, or the reason why there is no answer.

    Attributes:
        probabilities: Calibrated probability of each of the eight emotions; they sum to 1. Uniform when abstained.
        seconds: Seconds of speech the reading rests on.
        reason: Why the recognizer abstained, or None.
        cues: What stands out in the voice, strongest first.
        uncertainty: How the model's probabilities are to be taken.
        profile: Name of the voice profile that it was read with, or None.
        trace: What it leaves to a voice profile; None where it leaves nothing.
        explanation: What it rests on, where that was asked for; None otherwise, and when abstained.
    """

    probabilities: Mapping[Emotion, float]
    seconds: float
    reason: str | None = None
    cues: tuple[Cue, ...] = ()
    uncertainty: Uncertainty = field(default=PLAIN, repr=False, compare=False)
    profile: str | None = None
    trace: Trace | None = field(default=None, repr=False, compare=False)
    explanation: Explanation | None = field(default=None, repr=False, compare=False)
    affect: Affect = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "affect", posterior_affect(self.probabilities))

    @classmethod
    def abstain(cls, reason: str, *, seconds: float = 0.0) -> "Reading":
        """A reading that says nothing about the emotion: uniform probabilities and the reason.

        >>> Reading.abstain("no speech was heard").words
        'no reading: no speech was heard'
        """
        return cls(probabilities=_UNIFORM, seconds=seconds, reason=reason)

    @property
    def abstained(self) -> bool:
        """Whether the recognizer declined to answer."""
        return self.reason is not None

    @property
    def emotion(self) -> Emotion | None:
        """The likeliest emotion, or None when abstained."""
        return None if self.abstained else max(EMOTIONS, key=lambda emotion: self.probabilities.get(emotion, 0.0))

    @property
    def confidence(self) -> float:
        """Probability of the likeliest emotion; 0 when abstained."""
        return 0.0 if self.emotion is None else self.probabilities[self.emotion]

    @property
    def plausible(self) -> tuple[Emotion, ...]:
        """The emotions that cannot be ruled out, likeliest first; all when abstained.

        For a model that was measured, one of them is what is expressed in 90 % of such recordings; for others they are
        the likeliest emotions whose probabilities sum to 90 %.

        >>> reading = Reading(probabilities={Emotion.SAD: 0.6, Emotion.CALM: 0.35, Emotion.HAPPY: 0.05}, seconds=2.0)
        >>> ", ".join(reading.plausible)
        'sad, calm'
        """
        return self.uncertainty.plausible(self.probabilities)

    @property
    def unclear(self) -> bool:
        """Whether there is an answer, but none that the model is sure enough of."""
        return not self.abstained and self.confidence < self.uncertainty.unclear_below

    @property
    def words(self) -> str:
        """The reading in a few words, hedged when no emotion is likelier than not.

        >>> Reading(probabilities={Emotion.ANGRY: 0.71, Emotion.HAPPY: 0.29}, seconds=2.0).words
        'sounds angry, 71 %'
        >>> Reading(probabilities={Emotion.SAD: 0.4, Emotion.CALM: 0.35, Emotion.HAPPY: 0.25}, seconds=2.0).words
        'sounds sad (40 %) or calm (35 %)'
        """
        if self.abstained:
            return f"no reading: {self.reason}"
        first, second = sorted(self.probabilities, key=lambda emotion: -self.probabilities[emotion])[:2]
        if self.confidence >= _PLAIN_CONFIDENCE:
            return f"sounds {first}, {self.probabilities[first]:.0%}".replace("%", " %")
        either = f"{first} ({self.probabilities[first]:.0%}) or {second} ({self.probabilities[second]:.0%})"
        return f"{'unclear, perhaps' if self.unclear else 'sounds'} {either}".replace("%", " %")

    def to_dict(self) -> dict[str, Any]:
        """The reading as plain values, in the documented JSON form."""
        (vv, va), (_, aa) = self.affect.covariance
        return {
            "emotion": None if self.emotion is None else str(self.emotion),
            "probabilities": {str(emotion): self.probabilities.get(emotion, 0.0) for emotion in EMOTIONS},
            "valence": self.affect.valence,
            "arousal": self.affect.arousal,
            "covariance": [[vv, va], [va, aa]],
            "confidence": self.confidence,
            "plausible": [str(emotion) for emotion in self.plausible],
            "unclear": self.unclear,
            "abstained": self.abstained,
            "reason": self.reason,
            "seconds": self.seconds,
            "profile": self.profile,
            **({"explanation": self.explanation.to_dict()} if self.explanation else {}),
        }
