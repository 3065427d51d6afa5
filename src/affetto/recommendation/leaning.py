"""How a listener leans at this moment: what is liked, known, just heard or not wanted, for every track of a library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np

from affetto.affect import Affect
from affetto.music.library import Floats, Indices, Library
from affetto.music.traits import traits
from affetto.recommendation.taste import Taste, TasteColumns, standardized

__all__ = ["Leaning", "Moved", "lean", "taste_columns"]

_DAY = 86_400.0
_RECENT = 1.0  # days after which having heard a track counts half against it
_RECENT_COST = 3.0
_NOVELTY_COST = 2.0
_cache: WeakKeyDictionary[Library, dict[str, TasteColumns]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """Tracks that lie elsewhere for this listener.

    Attributes:
        places: Where they are in the library.
        points: Shape (n, 2), valence and arousal.
        covariance: Shape (n, 3), as in `affetto.music.library.Columns`.
    """

    places: Indices
    points: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaning:
    """A listener and a library at one moment.

    Attributes:
        taste: What was learnt.
        columns: The library as taste sees it.
        liking: Reward expected of each track under one draw of what is believed; None while taste is cold.
        known: Places of the tracks that were heard, with ``recent`` and ``novelty``, what that costs each.
        recent: Cost for having been heard of late.
        novelty: Cost for being known (for what is new), or gain (for what is familiar).
        barred: Places that are not played: never again.
        moved: Where "not this mood" put tracks.
        adventurous: How much of its doubt taste acts on.
    """

    taste: Taste
    columns: TasteColumns
    liking: Floats | None
    known: Indices
    recent: Floats
    novelty: Floats
    barred: Indices
    moved: Moved | None
    adventurous: float

    def take(self, places: Indices) -> "Leaning":
        """The same for some tracks of the library, as a library of their own."""
        columns = _take(self.columns, places)
        _, here, there = np.intersect1d(places, self.known, return_indices=True)
        return replace(
            self,
            columns=columns,
            liking=None if self.liking is None else self.liking[places],
            known=here,
            recent=self.recent[there],
            novelty=self.novelty[there],
            barred=np.zeros(0, dtype=np.intp),
            moved=None,
        )

    def towards(self, waypoints: Sequence[Affect]) -> Floats:
        """What is liked for each waypoint beyond what is liked for any, shape (waypoints, tracks)."""
        plain, trust = self.taste.mean(self.columns), np.float32(self.taste.trust)
        return trust * np.stack(
            [self.taste.mean(self.columns, context=(at.valence, at.arousal)) - plain for at in waypoints]
        )

    def draws(self, count: int, rng: np.random.Generator) -> Floats:
        """So many further draws of ``liking``, shape (count, tracks)."""
        return np.stack([self.taste.scores(self.columns, rng, adventurous=self.adventurous) for _ in range(count)])


def taste_columns(library: Library, name: str) -> TasteColumns:
    """The tracks of a library as taste sees them.

    Args:
        library: The library.
        name: What its tracks are called by in feedback ("own"), see `affetto.recommendation.source`.
    """
    known = _cache.setdefault(library, {})
    if name not in known:
        known[name] = _columns(library, name)
    return known[name]


def _columns(library: Library, name: str) -> TasteColumns:
    held, found = library.columns, traits(library)
    prefix = f"{name}:"

    def place(key: str) -> int | None:
        return library.find(key.removeprefix(prefix)) if key.startswith(prefix) else None

    return TasteColumns(
        content=standardized(np.column_stack([held.valence, held.arousal, held.octave, found.loudness, found.timbre])),
        artist=found.artist,
        artists=found.artists,
        genre=held.genre,
        genres=held.genres,
        cluster=found.region,
        clusters=found.regions,
        place=place,
    )


def _take(columns: TasteColumns, places: Indices) -> TasteColumns:
    rows = {int(place): row for row, place in enumerate(places)}
    artists, artist = np.unique(columns.artist[places], return_inverse=True)

    @cache
    def row(key: str) -> int | None:
        place = columns.place(key)
        return None if place is None else rows.get(place)

    return replace(
        columns,
        content=columns.content[places],
        artist=artist.astype(np.intp),
        artists=tuple(columns.artists[code] for code in artists),
        genre=columns.genre[places],
        cluster=columns.cluster[places],
        place=row,
    )


def _placed(columns: TasteColumns, keys: Iterable[str]) -> dict[str, int]:
    return {key: place for key in keys if (place := columns.place(key)) is not None}


def _moved(taste: Taste, columns: TasteColumns, library: Library) -> Moved | None:
    held = _placed(columns, taste.mood_shifts)
    if not held:
        return None
    places = np.array(list(held.values()), dtype=np.intp)
    shifts = [taste.mood_shift(key) for key in held]
    by = np.array([(shift.valence, shift.arousal) for shift in shifts], dtype=np.float32)
    wider = np.array([(shift.variance, shift.variance, 0.0) for shift in shifts], dtype=np.float32)
    return Moved(
        places=places,
        points=np.clip(library.points[places] + by, -1, 1).astype(np.float32),
        covariance=(library.columns.covariance[places] + wider).astype(np.float32),
    )


def lean(
    taste: Taste, library: Library, name: str, *, rng: np.random.Generator, novelty: float, adventurous: float
) -> Leaning:
    """How a listener leans towards the tracks of a library.

    Args:
        taste: What was learnt about the listener.
        library: The music.
        name: As in `taste_columns`.
        rng: Source of the draw.
        novelty: From -1, what is well known, to 1, what was never heard.
        adventurous: How much of its doubt taste acts on.
    """
    columns = taste_columns(library, name)
    held = _placed(columns, taste.familiarity.last)
    ages = np.array([max(0.0, taste.now - taste.familiarity.last[key]) / _DAY for key in held])
    familiar = np.array([taste.familiarity.of(key, taste.now) for key in held], dtype=np.float32)
    recent = _RECENT_COST * np.exp2(-ages / _RECENT)
    if novelty < 0:  # who wants what they know does not mind hearing it again
        recent *= 1 + 0.75 * novelty
    return Leaning(
        taste=taste,
        columns=columns,
        liking=None if taste.cold else taste.scores(columns, rng, adventurous=adventurous),
        known=np.array(list(held.values()), dtype=np.intp),
        recent=recent.astype(np.float32),
        novelty=np.float32(_NOVELTY_COST * novelty) * familiar,
        barred=np.array(sorted(_placed(columns, taste.never).values()), dtype=np.intp),
        moved=_moved(taste, columns, library),
        adventurous=adventurous,
    )
