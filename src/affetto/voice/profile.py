"""Voice profiles: what Affetto knows of one person's voice, and how it grows, forgets and is put right."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import OptionError
from affetto.voice.correction import FEWEST_CORRECTIONS, MOST_CORRECTIONS, Correction, Shift, learn_shift, shifted
from affetto.voice.cues import CUES, CueBaseline
from affetto.voice.memory import Heard, Moments, Trace
from affetto.voice.reading import Reading

__all__ = ["CONFIDENT", "VoiceProfile"]

CONFIDENT = 0.5
"""A profile adapts to readings that are at least as sure."""

_MOST_SECONDS = 30.0  # of one reading that a profile adapts to
_PRIOR_SECONDS = 60.0  # the spread of a voice is trusted like that of so much speech of the average voice
_ENOUGH_SECONDS = 4.0  # of speech in which a cue was measured, for a baseline of one's own
_FEWEST_SECONDS = 1.0  # a reading of less speech is not adapted to


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceProfile:
    """What is known of one person's voice: statistics of features, never sound.

    Attributes:
        name: What the person calls it.
        created: Date of the first enrolment, ISO 8601.
        updated: Date of the last change.
        heard: What the voice is like.
        adapt: Whether it goes on learning from what it is used on.
        corrections: Readings that the person put right, oldest first.
        last: The last reading it was used on, without its sound: what a correction is about. None before the first.
    """

    name: str
    created: str
    updated: str
    heard: Heard = field(default_factory=Heard)
    adapt: bool = True
    corrections: tuple[Correction, ...] = ()
    last: Trace | None = None

    @classmethod
    def of(cls, name: str, heard: Heard) -> "VoiceProfile":
        """A new profile."""
        return cls(name=name, created=now(), updated=now(), heard=heard)

    def embedding_for(self, model: str, size: int) -> tuple[float, ...]:
        """The embedding that a model is given of this speaker; empty where it has none of this model."""
        known = self.heard.embedding
        return known if self.heard.model == model and len(known) == size else ()

    def shift_for(self, model: str) -> Shift:
        """What corrections of this model's readings have taught; empty for nothing."""
        return _learnt(tuple(one for one in self.corrections if one.model == model))

    def note_for(self, model: str, size: int) -> str | None:
        """What the person should know before the profile is used with a model, or None."""
        if not size:
            return f"profile {self.name}: this model knows no speakers; only cues and corrections are used"
        if self.embedding_for(model, size):
            return None
        return (
            f"profile {self.name} was enrolled with another model: only its cues are used; "
            f"enrol again with 'affetto voice enrol --name {self.name}'"
        )

    def baseline(self, population: CueBaseline) -> CueBaseline:
        """The person's own usual voice, for the cues that have been heard long enough; the average voice for others."""
        mean, spread = dict(population.mean), dict(population.spread)
        usual: set[str] = set()
        for name in CUES:
            own = self.heard.cues.get(name)
            if own is None or own.weight < _ENOUGH_SECONDS or name not in mean:
                continue
            usual.add(name)
            mean[name] = own.mean
            total = own.weight * own.variance + _PRIOR_SECONDS * spread[name] ** 2
            spread[name] = (total / (own.weight + _PRIOR_SECONDS)) ** 0.5
        return CueBaseline(mean, spread, population.emotions, usual=frozenset(usual))

    def remembering(self, reading: Reading) -> "VoiceProfile":
        """The profile after a reading it was used on: adapted, where it may and the reading is sure.

        The reading is also kept for a correction, without what the voice was like. An abstention, an unclear or an
        unsure reading, and one of less than a second, teach nothing.
        """
        if reading.trace is None or reading.abstained:
            return self
        heard = self.heard
        if (
            self.adapt
            and reading.confidence >= CONFIDENT
            and not reading.unclear
            and reading.seconds >= _FEWEST_SECONDS
        ):
            heard = heard.then(_at_most(reading.trace.heard, _MOST_SECONDS))
        last = replace(reading.trace, heard=Heard(seconds=reading.seconds))
        return replace(self, heard=heard, last=last, updated=now())

    def enrolled(self, heard: Heard) -> "VoiceProfile":
        """The profile after an enrolment, which takes the place of what was known; corrections stay."""
        return replace(self, heard=heard, updated=now())

    def corrected(self, emotion: Emotion, reading: Reading | None = None) -> "VoiceProfile":
        """The profile after the person said what a reading should have been.

        Saying what was read already confirms it, and counts too.

        Args:
            emotion: What was expressed.
            reading: Which reading; None for the last that the profile was used on.

        Raises:
            OptionError: If there is no such reading, or it has been put right already.
        """
        trace = self.last if reading is None else reading.trace
        if trace is None:
            raise OptionError(
                f"profile {self.name}: no reading to correct; hear something with --profile {self.name} first"
            )
        done = [one for one in self.corrections if (one.model, one.probabilities) == (trace.model, trace.probabilities)]
        if done:
            raise OptionError(
                f"profile {self.name}: that reading was put right already, as {done[-1].emotion}; undo it first"
            )
        if len(self.corrections) >= MOST_CORRECTIONS:
            raise OptionError(
                f"profile {self.name}: holds {MOST_CORRECTIONS} corrections, which is the most; undo some"
            )
        correction = Correction(emotion=emotion, probabilities=trace.probabilities, model=trace.model, when=now())
        return replace(self, corrections=(*self.corrections, correction), updated=now())

    def undone(self) -> "VoiceProfile":
        """The profile without its last correction: readings are again as they were before it.

        Raises:
            OptionError: If there is none.
        """
        if not self.corrections:
            raise OptionError(f"profile {self.name}: no correction to undo")
        return replace(self, corrections=self.corrections[:-1], updated=now())

    def apply(self, probabilities: Mapping[Emotion, float], model: str) -> dict[Emotion, float]:
        """Probabilities after what the corrections taught."""
        return shifted(probabilities, self.shift_for(model))

    @property
    def effect(self) -> str:
        """What the corrections do, in words."""
        count = len(self.corrections)
        if not count:
            return "no corrections"
        counted = f"{count} correction{'s' * (count != 1)}"
        shift = self.shift_for(self.corrections[-1].model)
        if not shift:
            return f"{counted}; readings change from {FEWEST_CORRECTIONS} on"
        order = sorted(zip(shift, EMOTIONS, strict=True), reverse=True)
        more = [str(emotion) for value, emotion in order if value > 0.1][:2]
        less = [str(emotion) for value, emotion in order[::-1] if value < -0.1][:2]
        told = [f"{word} {' and '.join(names)}" for word, names in (("more", more), ("less", less)) if names]
        return f"{counted}: {', '.join(told) or 'they hardly change readings'}"

    def summary(self) -> dict[str, Any]:
        """What can be shown of it, as plain values for JSON."""
        return {
            "name": self.name,
            "created": self.created,
            "updated": self.updated,
            "seconds": round(self.heard.seconds, 1),
            "adapt": self.adapt,
            "model": self.heard.model,
            "enrolled": bool(self.heard.embedding),
            "cues": {
                name: {"mean": round(own.mean, 2), "spread": round(own.variance**0.5, 2), "unit": CUES[name].unit}
                for name, own in self.heard.cues.items()
                if name in CUES
            },
            "corrections": [
                {"emotion": str(one.emotion), "read": str(EMOTIONS[_likeliest(one.probabilities)]), "when": one.when}
                for one in self.corrections
            ],
            "effect": self.effect,
        }


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@lru_cache(maxsize=64)
def _learnt(corrections: tuple[Correction, ...]) -> Shift:
    return learn_shift(corrections)


def _likeliest(probabilities: tuple[float, ...]) -> int:
    return max(range(len(probabilities)), key=lambda place: probabilities[place])


def _at_most(heard: Heard, seconds: float) -> Heard:
    """What was heard, counted as no more than so many seconds: one long recording must not take over a profile."""
    share = min(1.0, seconds / heard.seconds) if heard.seconds > 0 else 1.0
    cues = {name: Moments(share * own.weight, own.mean, own.variance) for name, own in heard.cues.items()}
    return replace(heard, seconds=share * heard.seconds, weight=share * heard.weight, cues=cues)
