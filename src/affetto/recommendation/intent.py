"""What the listener wants of the music, and where each wish leads on the circumplex."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from affetto.affect import Affect, Emotion, circumplex
from affetto.errors import OptionError
from affetto.recommendation.options import one_of
from affetto.voice.reading import Reading

__all__ = [
    "INTENTS",
    "Intent",
    "Plan",
    "Start",
    "chosen_plan",
    "default_plan",
    "goal",
    "parse_intent",
    "parse_intents",
    "start_affect",
    "start_emotion",
]

Start = Reading | Affect | Emotion
"""Where a playlist may start: what was heard, a point, or an emotion by name."""

_UNSURE_BELOW = 0.3
_MOST = 4  # intents of one playlist
# Where music offends nobody: between calm and easygoing. The start when nothing at all is known.
_UNKNOWN = Affect(0.3, -0.05, ((0.1, 0.0), (0.0, 0.1)))


class Intent(StrEnum):
    """What the music is for."""

    STAY = "stay"
    LIFT = "lift"
    CALM = "calm"
    ENERGIZE = "energize"
    LET_OUT = "let_out"
    COMFORT = "comfort"
    FOCUS = "focus"


INTENTS: Mapping[Intent, str] = MappingProxyType(
    {
        Intent.STAY: "music that stays with the mood",
        Intent.LIFT: "towards brighter, livelier music",
        Intent.CALM: "towards slow, peaceful music",
        Intent.ENERGIZE: "towards bright, driving music",
        Intent.LET_OUT: "music with the energy to let it out",
        Intent.COMFORT: "tender, soothing music that keeps company",
        Intent.FOCUS: "even, unobtrusive music to work by",
    }
)
"""Each intent in a few words. They follow the strategies that people use music for (Saarikallio 2012): entertainment,
revival, relaxation, strong sensation, discharge, solace, mental work."""


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


# Each goal keeps what the listener already has of it: someone already livelier than the goal is not slowed down.
_GOALS: Mapping[Intent, Callable[[float, float], tuple[float, float]]] = MappingProxyType(
    {
        Intent.STAY: lambda v, a: (v, a),
        Intent.LIFT: lambda v, a: (max(v, 0.6), _within(a, 0.2, 0.45)),
        Intent.CALM: lambda v, a: (_within(v, 0.4, 0.6), min(a, -0.45)),
        Intent.ENERGIZE: lambda v, a: (_within(v, 0.35, 0.65), max(a, 0.6)),
        Intent.LET_OUT: lambda v, a: (_within(v, -0.55, 0.6), max(a, 0.6)),
        Intent.COMFORT: lambda v, a: (_within(v, 0.25, 0.5), _within(a, -0.45, -0.25)),
        Intent.FOCUS: lambda v, a: (_within(v, 0.2, 0.45), _within(a, -0.25, -0.1)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Intents in the order they are served, and why.

    Attributes:
        intents: One or two intents.
        explanation: Why, in a sentence for the listener.
    """

    intents: tuple[Intent, ...]
    explanation: str

    @property
    def words(self) -> str:
        """The intents as one phrase.

        >>> Plan(intents=(Intent.LET_OUT, Intent.CALM), explanation="").words
        'let out, then calm'
        """
        return ", then ".join(intent.replace("_", " ") for intent in self.intents)


# Solace before lift and discharge before calm follow the iso principle (match, then shift: Starcke et al. 2021), which
# is plausible and not proven; most listeners name happiness or relaxation as the goal (van Goethem & Sloboda 2011).
_DEFAULTS: Mapping[Emotion, Plan] = MappingProxyType(
    {
        emotion: Plan(intents=intents, explanation=explanation)
        for emotion, intents, explanation in (
            (Emotion.NEUTRAL, (Intent.LIFT,), "Sounds neutral: the music starts level and brightens a little."),
            (Emotion.CALM, (Intent.STAY,), "Sounds calm, a good place to be: the music stays there."),
            (Emotion.HAPPY, (Intent.STAY,), "Sounds happy, a good place to be: the music keeps it up."),
            (
                Emotion.SAD,
                (Intent.COMFORT, Intent.LIFT),
                "Sounds sad: the music keeps company first, tender and unhurried, then turns brighter.",
            ),
            (
                Emotion.ANGRY,
                (Intent.LET_OUT, Intent.CALM),
                "Sounds angry: the music lets it out first, with energy to match, then winds down.",
            ),
            (
                Emotion.FEARFUL,
                (Intent.CALM,),
                "Sounds fearful: the music meets the energy without the fright and slows towards calm.",
            ),
            (Emotion.DISGUST, (Intent.LIFT,), "Sounds like disgust: the music leads somewhere more pleasant."),
            (
                Emotion.SURPRISED,
                (Intent.LIFT,),
                "Sounds surprised: the music takes up the energy and turns it into something bright.",
            ),
        )
    }
)
_UNSURE = "The voice could be heard in several ways, so the music plays safe: it starts gently and brightens."
_NO_READING = "No emotion was heard ({reason}), so the music plays safe: it starts easygoing and brightens."


def parse_intent(name: str) -> Intent:
    """The intent of that name; ``let out`` and ``let-out`` mean ``let_out``.

    Raises:
        OptionError: If there is none; the message names the choices and the nearest.

    >>> parse_intent("Let out")
    <Intent.LET_OUT: 'let_out'>
    """
    return Intent(one_of("intent", name, [str(intent) for intent in Intent]))


def parse_intents(names: "Intent | str") -> tuple[Intent, ...]:
    """One intent, or several in order with commas between them.

    Raises:
        OptionError: If one is not known, or there are more than four.

    >>> parse_intents("let out, calm")
    (<Intent.LET_OUT: 'let_out'>, <Intent.CALM: 'calm'>)
    """
    found = tuple(parse_intent(name) for name in str(names).split(","))
    if len(found) > _MOST:
        raise OptionError(f"intent {str(names)!r}: {len(found)} of them; give at most {_MOST}")
    return found


def goal(intent: Intent, start: Affect) -> Affect:
    """Where an intent leads from a start, as a point known exactly.

    >>> goal(Intent.CALM, Affect(-0.5, 0.6))
    Affect(valence=0.4, arousal=-0.45, covariance=((0.0, 0.0), (0.0, 0.0)))
    """
    return Affect(*_GOALS[intent](start.valence, start.arousal))


def start_affect(start: Start) -> Affect:
    """The point that a start stands for: an abstained reading knows nothing, so it starts where music is easy to like.

    >>> start_affect(Reading.abstain("no speech was heard")).valence
    0.3
    """
    if isinstance(start, Affect):
        return start
    if isinstance(start, Emotion):
        return circumplex()[start]
    return _UNKNOWN if start.abstained else start.affect


def start_emotion(start: Start) -> Emotion | None:
    """The emotion nearest to a start; None for an abstained reading.

    A point is never disgust: that is heard in a voice, and nobody means it by a mood.

    >>> start_emotion(Affect(0.8, 0.4))
    <Emotion.HAPPY: 'happy'>
    """
    if isinstance(start, Emotion):
        return start
    if isinstance(start, Reading):
        return start.emotion
    moods = [emotion for emotion in circumplex() if emotion is not Emotion.DISGUST]
    return min(moods, key=lambda emotion: circumplex()[emotion].distance(start))


def default_plan(start: Start) -> Plan:
    """What to play when the listener names no intent, and why.

    An abstained reading, and one where no emotion reaches 30 %, get the safe plan: lift, gently.

    >>> default_plan(Emotion.SAD).words
    'comfort, then lift'
    """
    if isinstance(start, Reading):
        if start.abstained:
            return Plan(intents=(Intent.LIFT,), explanation=_NO_READING.format(reason=start.reason))
        if start.confidence < _UNSURE_BELOW:
            return Plan(intents=(Intent.LIFT,), explanation=_UNSURE)
    return _DEFAULTS[start_emotion(start) or Emotion.NEUTRAL]


def chosen_plan(intents: Sequence[Intent], *, before: Emotion | None = None) -> Plan:
    """The plan that somebody chose.

    Args:
        intents: What they chose, in order.
        before: The emotion for which they chose it an earlier time; None when they chose it now.

    >>> chosen_plan([Intent.CALM], before=Emotion.SAD).explanation
    'As you chose the last time it sounded sad: towards slow, peaceful music.'
    """
    words = ", then ".join(INTENTS[intent] for intent in intents)
    lead = "As asked" if before is None else f"As you chose the last time it sounded {before}"
    return Plan(intents=tuple(intents), explanation=f"{lead}: {words}.")
