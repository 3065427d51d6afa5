"""What "not this mood" teaches: where a track lies for this listener."""

import math
from dataclasses import dataclass

from affetto.recommendation.taste.columns import CONTENT
from affetto.recommendation.taste.events import Event

__all__ = ["MoodShift", "shifted"]

_STEP = 0.25  # what mood estimates resolve
_FARTHEST = 0.75
_DOUBT = 0.05
# Of the standardized content back to the circumplex: centre and spread of valence and arousal.
_BACK = ((0.1, 0.35), (0.0, 0.35))


@dataclass(frozen=True, slots=True)
class MoodShift:
    """What to add to the mood of a track for a listener.

    Attributes:
        valence: To its valence.
        arousal: To its arousal.
        variance: To the variance of both: a mood that was wrong once is known less well.
    """

    valence: float = 0.0
    arousal: float = 0.0
    variance: float = 0.0


def shifted(before: MoodShift, event: Event) -> MoodShift:
    """The shift after one more "not this mood".

    The track goes a step of .25, the least that mood estimates resolve, away from the waypoint it was played for, at
    most .75 in all. Where it was played for no mood, or lies on the waypoint, only the doubt grows.
    """
    valence, arousal, variance = before.valence, before.arousal, before.variance + _DOUBT
    if event.context is None or len(event.content) < len(CONTENT):
        return MoodShift(valence, arousal, variance)
    here = [value * spread + centre for value, (centre, spread) in zip(event.content[:2], _BACK, strict=True)]
    away = (here[0] + valence - event.context[0], here[1] + arousal - event.context[1])
    apart = math.hypot(*away)
    if not (math.isfinite(apart) and apart > 1e-6):
        return MoodShift(valence, arousal, variance)
    valence, arousal = valence + _STEP * away[0] / apart, arousal + _STEP * away[1] / apart
    scale = min(1.0, _FARTHEST / math.hypot(valence, arousal))
    return MoodShift(valence * scale, arousal * scale, variance)
