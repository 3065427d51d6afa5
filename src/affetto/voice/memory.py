"""What is remembered of a voice: running statistics that forget, and never its sound."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

__all__ = ["FORGETTING_SECONDS", "Heard", "Moments", "Trace"]

FORGETTING_SECONDS = 600.0
"""Seconds of speech after which what was heard before weighs 1/e as much."""

Vector: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and variance of a quality of a voice.

    Attributes:
        weight: Seconds of speech that they rest on; those long past count less.
        mean: The mean.
        variance: The variance between windows of some seconds.
    """

    weight: float
    mean: float
    variance: float = 0.0

    def then(self, later: "Moments", *, kept: float) -> "Moments":
        """These moments after more has been heard; ``kept`` is the share of their weight that is not forgotten."""
        before = kept * self.weight
        total = before + later.weight
        if total <= 0:
            return later
        step = later.mean - self.mean
        mean = self.mean + step * later.weight / total
        within = (before * self.variance + later.weight * later.variance) / total
        return Moments(total, mean, within + step**2 * before * later.weight / total**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What some speech was like, in numbers that no sound can be made from.

    Attributes:
        seconds: Seconds of speech heard, forgotten ones too.
        model: Identity of the model that made the embedding, or ``""``.
        embedding: Mean of what the network made of the speech, or empty where the model does not tell.
        weight: Seconds of speech that the embedding rests on; those long past count less.
        cues: Moments of each cue (see :data:`affetto.voice.cues.CUES`).
    """

    seconds: float = 0.0
    model: str = ""
    embedding: Vector = ()
    weight: float = 0.0
    cues: Mapping[str, Moments] = field(default_factory=dict[str, Moments])

    def then(self, later: "Heard") -> "Heard":
        """What is remembered after more speech; it does not matter how the speech is divided.

        An embedding by another model is kept as it is: two models' embeddings cannot be mixed.
        """
        kept = math.exp(-later.seconds / FORGETTING_SECONDS)
        cues = {name: Moments(kept * old.weight, old.mean, old.variance) for name, old in self.cues.items()}
        for name, new in later.cues.items():
            cues[name] = self.cues[name].then(new, kept=kept) if name in self.cues else new
        joined = replace(self, seconds=self.seconds + later.seconds, cues=cues)
        if not later.embedding or later.weight <= 0 or (self.embedding and self.model != later.model):
            return joined
        if not self.embedding:
            return replace(joined, model=later.model, embedding=later.embedding, weight=later.weight)
        before = kept * self.weight
        share = later.weight / (before + later.weight)
        mean = tuple(a + share * (b - a) for a, b in zip(self.embedding, later.embedding, strict=True))
        return replace(joined, embedding=mean, weight=before + later.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a reading leaves to a voice profile.

    Attributes:
        model: Identity of the model that read it.
        probabilities: Its probabilities before any correction, in the order of the emotions.
        heard: What the speech was like.
    """

    model: str
    probabilities: Vector
    heard: Heard
