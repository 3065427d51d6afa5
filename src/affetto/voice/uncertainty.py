"""How sure a reading is: which emotions are plausible, and when it is unclear."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import ModelError

__all__ = ["PLAIN", "Uncertainty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """What a model's out-of-fold predictions say about its probabilities (``affetto uncertainty``).

    Attributes:
        coverage: How often the emotion is to be among the plausible ones.
        method: ``cumulative``: the likeliest emotions until their probabilities sum to ``level`` (after Romano et al.
            2020). ``threshold``: those that are at least as probable as ``level`` (Sadinle et al. 2019).
        level: Chosen so that the set covers as promised, by split conformal prediction.
        unclear_below: A reading whose likeliest emotion is less probable is unclear.
    """

    coverage: float = 0.9
    method: Literal["cumulative", "threshold"] = "cumulative"
    level: float = 0.9
    unclear_below: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in ("cumulative", "threshold"):
            raise ValueError(f"method {self.method!r}")
        for name in ("coverage", "level", "unclear_below"):
            value = float(getattr(self, name))
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{name} {value}")

    def plausible(self, probabilities: Mapping[Emotion, float]) -> tuple[Emotion, ...]:
        """The plausible emotions, likeliest first; never none.

        >>> p = {Emotion.SAD: 0.5, Emotion.CALM: 0.3, Emotion.HAPPY: 0.15, Emotion.ANGRY: 0.05}
        >>> ", ".join(Uncertainty(level=0.85).plausible(p))
        'sad, calm, happy'
        """
        order = sorted(EMOTIONS, key=lambda emotion: -probabilities.get(emotion, 0.0))
        kept, likelier = [order[0]], probabilities.get(order[0], 0.0)
        for emotion in order[1:]:
            p = probabilities.get(emotion, 0.0)
            if likelier > self.level if self.method == "cumulative" else p < self.level:
                break
            kept.append(emotion)
            likelier += p
        return tuple(kept)

    def to_json(self) -> str:
        """For the metadata of a model."""
        return json.dumps(asdict(self))

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Uncertainty":
        """What a model file says of itself under ``conformal``; :data:`PLAIN` where it says nothing.

        Raises:
            ModelError: If it says what cannot be.
        """
        text = metadata.get("conformal")
        if text is None:
            return PLAIN
        try:
            raw: dict[str, Any] = json.loads(text)
            numbers = {name: float(raw[name]) for name in ("coverage", "level", "unclear_below")}
            return cls(method=raw["method"], **numbers)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"metadata conformal = {text[:80]!r}: {error}; export the model again") from error


PLAIN = Uncertainty()
"""For a model that says nothing: the likeliest emotions that sum to 90 %, and no reading is unclear."""
