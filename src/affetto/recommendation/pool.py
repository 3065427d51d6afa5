"""The candidates of a playlist and what each would cost at each waypoint."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats, Indices, Library, mismatch, moments, smallest
from affetto.music.track import Track
from affetto.recommendation.flow import fifths
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import Journey
from affetto.recommendation.leaning import Leaning, Moved

__all__ = ["LIKING", "LOW", "Pool", "gather", "total"]

LIKING = 6.0
"""What an expected reward of 1, a like, weighs: inside the band of the mood more than any difference in mood."""

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
        tracks: The tracks there.
        layers: What each candidate costs at each waypoint, by what it costs for; each of shape (waypoints, candidates):
            "mood", "character" (of the feels and the genre; apt ones cost less than nothing), "length", and where
            there is a listener "liking" (negative for what is liked), "recent", "novelty".
        octave: log2 of the tempo, NaN when unknown.
        fifths: Key on the circle of fifths, shape (candidates, 2), NaN when unknown.
        loudness: In LUFS, NaN when unknown.
        artist: Code of the artist.
        album: Code of the album; -1 when unknown.
        genre: Code of the genre.
        work: Code of the piece: versions share it.
        feels: Shape (candidates, feels): 1 where the track has the feel.
        low: Whether the mood is low in valence and in arousal.
        leaning: The listener and these candidates; None without a listener.
    """

    places: Indices
    tracks: Sequence[Track]
    layers: Mapping[str, Floats]
    octave: Floats
    fifths: Floats
    loudness: Floats
    artist: Indices
    album: Indices
    genre: Indices
    work: Indices
    feels: Floats
    low: npt.NDArray[np.bool_]
    leaning: Leaning | None

    @property
    def cost(self) -> Floats:
        """What each candidate costs at each waypoint, shape (waypoints, candidates)."""
        return total(self.layers.values())


def total(layers: Iterable[Floats]) -> Floats:
    """The sum of costs of one shape."""
    first, *others = layers
    found = first.astype(np.float32)
    for layer in others:
        found += layer
    return found


def _codes(values: Iterable[str]) -> Indices:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.intp)


class _Way:
    """A journey as what moods are held against.

    The cost of a mood at a waypoint is the expected squared Mahalanobis distance, plus the pull to safety while the
    start is in doubt: ``E[(x - w)^T P (x - w)] + 8 mean(diag S_w) E|x - safe|^2`` with the track's mood as ``x`` and
    ``P = (S_w + .25^2 I)^-1``. The doubt about the listener (``S_w``) lets tracks lie farther off, the doubt about a
    track makes it dearer.
    """

    def __init__(self, journey: Journey) -> None:
        self._points = np.array([(point.affect.valence, point.affect.arousal) for point in journey.waypoints])
        spread = np.array([point.affect.covariance for point in journey.waypoints])
        self._precisions = np.linalg.inv(spread + _TOLERANCE**2 * np.eye(2))
        self._doubt = np.trace(spread, axis1=1, axis2=2) / 2

    def costs(self, moods: Floats) -> Floats:
        """What moods (as `affetto.music.library.moments` gives them) cost, shape (waypoints, moods)."""
        cost = mismatch(moods, self._points, self._precisions)
        if self._doubt.any():
            pull = _SAFE_WEIGHT * self._doubt[:, None, None] * np.eye(2)
            cost += mismatch(moods, [_SAFE] * len(self._points), pull)
        return cost

    def bands(self, moods: Floats) -> Floats:
        """How far moods are inside the band of each waypoint: 1 inside, less the farther outside.

        The band reaches as far as the tolerance and the doubt about the listener (``(t - w)^T P (t - w) <= 1``) and
        then as far as the doubt about the track (``+ trace(P S)``).
        """
        exact = np.concatenate([moods[3:] ** 2, moods[3:4] * moods[4:], moods[3:]])  # the same moods without doubt
        squared = np.maximum(mismatch(exact, self._points, self._precisions), np.float32(1e-6))
        band = mismatch(moods, self._points, self._precisions)  # with doubt it is larger by trace(P S)
        band -= squared
        band += np.float32(1.0)
        band /= squared
        return np.minimum(band, np.float32(1.0), out=band)


def _length_cost(seconds: Floats) -> Floats:
    low, high = _USUAL_SECONDS
    outside = np.maximum(np.log2(low / seconds), np.log2(seconds / high))
    return np.nan_to_num(np.maximum(outside, 0.0), nan=0.0).astype(np.float32)


def _lean(cost: Floats, way: _Way, library: Library, leaning: Leaning) -> None:
    """Adds to the cost of mood what the listener adds, where that is felt among all tracks of the library."""
    if leaning.moved is not None:
        cost[:, leaning.moved.places] = way.costs(moments(leaning.moved.points, leaning.moved.covariance))
    if leaning.liking is not None:
        band = way.bands(library.moments)
        band *= np.float32(-LIKING) * leaning.liking
        cost += band
    cost[:, leaning.known] += leaning.recent + leaning.novelty
    cost[:, leaning.barred] = np.inf


def gather(
    journey: Journey,
    library: Library,
    length: int,
    among: Indices | None = None,
    *,
    leaning: Leaning | None = None,
    heard: Indices | None = None,
) -> Pool:
    """The candidates for a playlist: the best for each waypoint, enough over all, and some that are not low.

    Args:
        journey: The way to follow.
        library: Where to look.
        length: Tracks wanted.
        among: Places to choose from; None for the whole library.
        leaning: The listener; None for anybody.
        heard: Places that were heard in this session and are left out.
    """
    way = _Way(journey)
    cost = way.costs(library.moments)
    if leaning is not None:
        _lean(cost, way, library, leaning)
    if heard is not None:
        cost[:, heard] = np.inf
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
    here = None if leaning is None else leaning.take(places)
    return Pool(
        places=places,
        tracks=tracks,
        layers=_layers(journey, way, library, places, tracks, here, None if leaning is None else leaning.moved),
        octave=columns.octave[places],
        fifths=fifths([track.key for track in tracks]),
        loudness=np.array([np.nan if t.loudness is None else t.loudness for t in tracks], dtype=np.float32),
        artist=_codes(track.artist.casefold() for track in tracks),
        album=np.where([not track.album for track in tracks], -1, _codes(track.album.casefold() for track in tracks)),
        genre=columns.genre[places],
        work=_codes(track.work for track in tracks),
        feels=_feels(tracks),
        low=low[places],
        leaning=here,
    )


def _layers(
    journey: Journey,
    way: _Way,
    library: Library,
    places: Indices,
    tracks: Sequence[Track],
    some: Leaning | None,
    moved: Moved | None,
) -> dict[str, Floats]:
    points, covariance = library.points[places], library.columns.covariance[places]
    if moved is not None:
        _, here, there = np.intersect1d(places, moved.places, return_indices=True)
        points[here], covariance[here] = moved.points[there], moved.covariance[there]
    shape, moods = (len(journey.waypoints), len(places)), moments(points, covariance)
    layers = {
        "mood": way.costs(moods),
        "character": np.stack([_character(waypoint.intent, tracks) for waypoint in journey.waypoints]),
        "length": np.broadcast_to(_length_cost(library.columns.seconds[places]), shape),
    }
    if some is not None:
        if some.liking is not None:
            wanted = some.liking + some.towards([waypoint.affect for waypoint in journey.waypoints])
            layers["liking"] = (-LIKING * way.bands(moods) * wanted).astype(np.float32)
        for name, cost in (("recent", some.recent), ("novelty", some.novelty)):
            spread = np.zeros(shape, dtype=np.float32)
            spread[:, some.known] = cost
            layers[name] = spread
    return layers


def _character(intent: Intent, tracks: Sequence[Track]) -> Floats:
    weights = _CHARACTER[intent]
    return np.array(
        [sum(weights.get(label, 0.0) for label in (track.genre.casefold(), *track.feels)) for track in tracks],
        dtype=np.float32,
    )


def _feels(tracks: Sequence[Track]) -> Floats:
    names = sorted({feel for track in tracks for feel in track.feels})
    column = {feel: number for number, feel in enumerate(names)}
    feels = np.zeros((len(tracks), len(names)), dtype=np.float32)
    for row, track in enumerate(tracks):
        feels[row, [column[feel] for feel in track.feels]] = 1
    return feels
