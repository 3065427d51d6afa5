"""The candidates of a playlist and what each would cost at each waypoint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats, Indices, Library, smallest
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import Journey

__all__ = ["LOW", "Pool", "gather"]

LOW = (-0.15, -0.1)
"""Valence and arousal below which a track counts as low: long runs of such tracks can deepen a low mood
(Garrido & Schubert 2015)."""

# A track this far from the waypoint (one standard deviation of a mood estimate) costs 1.
_TOLERANCE = 0.25
# Doubt about the start draws towards music that offends nobody; with a spread of .45 on each axis it weighs a third.
_SAFE = (0.3, -0.05)
_SAFE_WEIGHT = 8.0
_PER_WAYPOINT = 48
_SPARE = 64
# A list should not hang on one very short or very long track: cost 1 for each doubling outside 1.5 to 8 minutes.
_USUAL_SECONDS = (90.0, 480.0)

_FRIGHT = {"horror": 1.2, "unnerving": 1.2, "eerie": 1.0}
_CHARACTER: Mapping[Intent, Mapping[str, float]] = MappingProxyType(
    {
        Intent.STAY: {"horror": 0.6, "unnerving": 0.5, "eerie": 0.4},
        Intent.LIFT: {**_FRIGHT, "aggressive": 0.5, "suspenseful": 0.4, "dark": 0.3},
        Intent.CALM: {**_FRIGHT, "aggressive": 0.6, "suspenseful": 0.5, "humorous": 0.3},
        Intent.ENERGIZE: {**_FRIGHT, "aggressive": 0.3, "suspenseful": 0.3, "humorous": 0.2},
        Intent.LET_OUT: {**_FRIGHT, "suspenseful": 0.3, "humorous": 0.6, "driving": -0.3, "aggressive": -0.3},
        Intent.COMFORT: {**_FRIGHT, "aggressive": 0.8, "suspenseful": 0.6, "humorous": 0.6, "dark": 0.2},
        Intent.FOCUS: {**_FRIGHT, "aggressive": 0.6, "humorous": 0.6, "epic": 0.4, "action": 0.4, "suspenseful": 0.4},
    }
)
"""What a feel or genre adds to the cost under an intent: two tracks at one place of the circumplex can differ in
what they are good for (fear and anger share theirs)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Candidates as arrays, one row for each.

    Attributes:
        places: Where they are in the library, ascending.
        cost: Shape (waypoints, candidates): mismatch of mood, character and length, 0 or more (apt character less).
        octave: log2 of the tempo, NaN when unknown.
        artist: Code of the artist.
        genre: Code of the genre.
        work: Code of the piece: versions share it.
        feels: Shape (candidates, feels): 1 where the track has the feel.
        low: Whether the mood is low in valence and in arousal.
    """

    places: Indices
    cost: Floats
    octave: Floats
    artist: Indices
    genre: Indices
    work: Indices
    feels: Floats
    low: npt.NDArray[np.bool_]


def _codes(values: Iterable[str]) -> Indices:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.intp)


def _mood_cost(journey: Journey, library: Library) -> Floats:
    """Expected squared Mahalanobis distance to each waypoint, plus the pull to safety while the start is in doubt.

    ``E[(x - w)^T (S_w + .25^2 I)^-1 (x - w)] + 8 mean(diag S_w) E|x - safe|^2`` with the track's mood as ``x``: the
    doubt about the listener (``S_w``) lets tracks lie farther off, the doubt about a track makes it dearer.
    """
    points = [(point.affect.valence, point.affect.arousal) for point in journey.waypoints]
    spread = np.array([point.affect.covariance for point in journey.waypoints])
    cost = library.mismatch(points, np.linalg.inv(spread + _TOLERANCE**2 * np.eye(2)))
    doubt = np.trace(spread, axis1=1, axis2=2) / 2
    if doubt.any():
        pull = _SAFE_WEIGHT * doubt[:, None, None] * np.eye(2)
        cost += library.mismatch([_SAFE] * len(points), pull)
    return cost


def _length_cost(seconds: Floats) -> Floats:
    low, high = _USUAL_SECONDS
    outside = np.maximum(np.log2(low / seconds), np.log2(seconds / high))
    return np.nan_to_num(np.maximum(outside, 0.0), nan=0.0).astype(np.float32)


def gather(journey: Journey, library: Library, length: int, among: Indices | None = None) -> Pool:
    """The candidates for a playlist: the best for each waypoint, enough over all, and some that are not low.

    Args:
        journey: The way to follow.
        library: Where to look.
        length: Tracks wanted.
        among: Places to choose from; None for the whole library.
    """
    cost = _mood_cost(journey, library)
    if among is not None:
        outside = np.ones(len(library), dtype=np.bool_)
        outside[among] = False
        cost[:, outside] = np.inf
    columns = library.columns
    low = (columns.valence < LOW[0]) & (columns.arousal < LOW[1])
    overall = cost.min(axis=0)
    chosen = [smallest(overall, length + _SPARE), smallest(np.where(low, np.inf, overall), length // 3 + _SPARE // 4)]
    chosen += [smallest(row, _PER_WAYPOINT) for row in cost]
    places = np.unique(np.concatenate(chosen))
    places = places[np.isfinite(overall[places])]
    tracks = library.take(places.tolist())
    names = sorted({feel for track in tracks for feel in track.feels})
    column = {feel: number for number, feel in enumerate(names)}
    feels = np.zeros((len(tracks), len(names)), dtype=np.float32)
    for row, track in enumerate(tracks):
        feels[row, [column[feel] for feel in track.feels]] = 1
    extra = _length_cost(columns.seconds[places])
    character = {
        intent: np.array(
            [
                sum(_CHARACTER[intent].get(label, 0.0) for label in (track.genre.casefold(), *track.feels))
                for track in tracks
            ],
            dtype=np.float32,
        )
        for intent in {waypoint.intent for waypoint in journey.waypoints}
    }
    fit = [row[places] + extra + character[point.intent] for row, point in zip(cost, journey.waypoints, strict=True)]
    return Pool(
        places=places,
        cost=np.stack(fit),
        octave=columns.octave[places],
        artist=_codes(track.artist.casefold() for track in tracks),
        genre=columns.genre[places],
        work=_codes(track.work for track in tracks),
        feels=feels,
        low=low[places],
    )
