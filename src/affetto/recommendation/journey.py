"""The way from where the listener is to where the intent leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from affetto.affect import Affect, Covariance
from affetto.music.library import Library
from affetto.music.words import mood_word
from affetto.recommendation.intent import Intent, goal
from affetto.recommendation.shape import Shape

__all__ = ["SMALLEST_STEP", "Journey", "Waypoint", "leads_somewhere", "plan_journey"]

SMALLEST_STEP = 0.25
"""Two moods closer than this cannot be told apart by the mood estimates: their order is right 85 % of the time at .25
(DESIGN section 5), so a smaller step would be noise."""

_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A place on the way and how many tracks play there.

    Attributes:
        affect: The place; its covariance is what is left of the doubt about where the listener is.
        intent: The intent being served.
        tracks: How many tracks play here, at least 1.
        progress: Share of its leg that is behind it: 0 at the start, 1 at the goal (and all along when staying).
    """

    affect: Affect
    intent: Intent
    tracks: int
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Waypoints from a start to a goal.

    Attributes:
        start: Where the listener is.
        waypoints: Places at least .25 apart (wider when the playlist is too short for them).
        notes: What the listener should know ("the library holds little ...").
    """

    start: Affect
    waypoints: tuple[Waypoint, ...]
    notes: tuple[str, ...] = ()

    @property
    def goal(self) -> Affect:
        """Where it ends."""
        return self.waypoints[-1].affect

    @property
    def steps(self) -> tuple[int, ...]:
        """For each track the number of its waypoint."""
        return tuple(number for number, waypoint in enumerate(self.waypoints) for _ in range(waypoint.tracks))

    def to_list(self) -> list[dict[str, float]]:
        """The waypoints as plain values for JSON."""
        return [
            {"valence": round(point.affect.valence, 4), "arousal": round(point.affect.arousal, 4)}
            for point in self.waypoints
        ]


def _within_reach(aim: Affect, library: Library) -> tuple[Affect, bool]:
    """The aim, or the middle of the tracks nearest to it when the library holds none close by."""
    nearest = library.points[library.nearest(aim, _NEIGHBOURS)].mean(0)
    held = Affect(float(nearest[0]), float(nearest[1]))
    near = aim.distance(held) <= SMALLEST_STEP
    return (aim, True) if near else (held, False)


def _fading(covariance: Covariance, left: float) -> Covariance:
    """The doubt about the start counts less the more of the way is behind: the goal was chosen, not heard."""
    (vv, va), (_, aa) = covariance
    return ((vv * left**2, va * left**2), (va * left**2, aa * left**2))


def _arrived(start: Affect, end: Affect, intent: Intent, tracks: int) -> Waypoint:
    """The goal of an intent, with what is left of the doubt at the end of a way: none."""
    return Waypoint(
        affect=Affect(end.valence, end.arousal, _fading(start.covariance, 0.0)),
        intent=intent,
        tracks=tracks,
        progress=1.0,
    )


def _shares(tracks: int, places: int) -> list[int]:
    """Tracks for each place: evenly, what is left over first to arriving, then to setting out."""
    even, over = divmod(tracks, places)
    shares = [even] * places
    shares[0] += over // 2
    shares[-1] += over - over // 2
    return shares


def _leg(start: Affect, end: Affect, intent: Intent, tracks: int, *, first: bool) -> list[Waypoint]:
    """The waypoints of one intent. Only the first leg holds its own start: a later one has just been there."""
    steps = int(start.distance(end) / SMALLEST_STEP)
    shares = [step / steps for step in range(0 if first else 1, steps + 1)] if steps else [0.0]
    if len(shares) > tracks:
        shares = [shares[round((n + 1) * len(shares) / tracks) - 1] for n in range(tracks)]
        if first and tracks > 1:
            shares[0] = 0.0
    return [
        Waypoint(
            affect=Affect(
                start.valence + share * (end.valence - start.valence),
                start.arousal + share * (end.arousal - start.arousal),
                _fading(start.covariance, 1 - share),
            ),
            intent=intent,
            tracks=held,
            progress=share if steps else 1.0,
        )
        for share, held in zip(shares, _shares(tracks, len(shares)), strict=True)
    ]


def plan_journey(
    start: Affect, intents: Sequence[Intent], length: int, library: Library, *, shape: Shape = Shape.GRADUAL
) -> Journey:
    """Waypoints for ``length`` tracks that serve the intents one after the other.

    A direct journey plays at the goal of each intent. In a gradual one each leg is a straight line in equal steps of at
    least `SMALLEST_STEP`; a goal closer than one step is stayed at. Goals that the library does not hold move to the
    nearest mood that it does hold. The tracks are shared evenly among the legs, and within a leg among its waypoints.

    Args:
        start: Where the listener is, with covariance.
        intents: At least one.
        length: Tracks, at least 1.
        library: Not empty.
        shape: How it gets there.

    >>> from affetto.music import starter
    >>> journey = plan_journey(Affect(-0.5, 0.5), [Intent.CALM], 12, starter())
    >>> [(round(point.affect.arousal, 2), point.tracks) for point in journey.waypoints]
    [(0.5, 2), (0.31, 2), (0.12, 2), (-0.07, 2), (-0.26, 2), (-0.45, 2)]
    """
    legs = intents[-length:]
    waypoints: list[Waypoint] = []
    notes: list[str] = []
    here = start
    for number, intent in enumerate(legs):
        aim = goal(intent, here)
        end, held = _within_reach(aim, library)
        if not held and intent is not Intent.STAY:
            notes.append(
                f"This library holds little {mood_word(aim)} music; the journey ends at the nearest it has: "
                f"{mood_word(end)}."
            )
        tracks = length // len(legs) + (number == len(legs) - 1) * (length % len(legs))
        end = aim if intent is Intent.STAY else end
        if shape is Shape.DIRECT and end != here:
            leg = [_arrived(here, end, intent, tracks)]
        else:
            leg = _leg(here, end, intent, tracks, first=not waypoints)
        if waypoints and leg[0].affect == here:
            last = waypoints.pop()
            leg = [replace(last, tracks=last.tracks + tracks)]
        waypoints += leg
        here = leg[-1].affect
    return Journey(start=start, waypoints=tuple(waypoints), notes=tuple(dict.fromkeys(notes)))


def leads_somewhere(journey: Journey) -> bool:
    """Whether the way is far enough that its shape matters: some waypoint lies a step or more from the start."""
    return any(point.affect.distance(journey.start) >= SMALLEST_STEP for point in journey.waypoints)
