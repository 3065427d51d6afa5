"""Who likes this also likes that: artists a listener may like, from the likes of others on the same server.

Factors come from ``implicit`` (the ``collaborative`` extra) where it is installed; neighbours need nothing but scipy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.errors import AffettoError, OptionError
from affetto.music.library import Floats
from affetto.recommendation.taste.columns import TasteColumns, name_key
from affetto.recommendation.taste.events import Event

__all__ = ["FEWEST", "Affinity", "Likeness", "Others", "learn_others"]

FEWEST = 20
"""Listeners from which on the likes of others are more than chance, and count in full."""

_FACTORS, _RIDGE, _CONFIDENCE, _ITERATIONS = 32, 20.0, 10.0, 15
_SHRINK, _POPULARITY = 10.0, 0.3
_SHARE = 0.5
_WORTH = 0.15  # reward of an artist one spread above the others


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Others:
    """What many listeners like together.

    Attributes:
        artists: Place of each artist that someone likes, by `name_key`.
        popularity: How many like each.
        together: Sparse, how many like both of two artists.
        factors: Shape (artists, factors), from implicit; None where it is not installed.
    """

    artists: Mapping[str, int]
    popularity: npt.NDArray[np.float64]
    together: Any
    factors: npt.NDArray[np.float64] | None

    def neighbours(self, liked: Sequence[int]) -> npt.NDArray[np.float64]:
        """Score of every artist: how many who like one of these like it too, popular ones weighing less."""
        shared = self.together[list(liked)]
        each = np.asarray(shared.T @ (1 / (self.popularity[list(liked)] + _SHRINK))).ravel()
        return each * (self.popularity + _SHRINK) ** -_POPULARITY

    def factorized(self, liked: Sequence[int]) -> npt.NDArray[np.float64]:
        """Score of every artist by alternating least squares, the listener folded in (Hu, Koren & Volinsky 2008).

        Raises:
            AffettoError: If implicit is not installed.
        """
        if self.factors is None:
            raise AffettoError("implicit is not installed: pip install 'affetto[collaborative]'")
        own = self.factors[list(liked)]
        normal = self.factors.T @ self.factors + _RIDGE * np.eye(self.factors.shape[1])
        normal += (_CONFIDENCE - 1) * own.T @ own
        return self.factors @ np.linalg.solve(normal, _CONFIDENCE * own.sum(0))

    def scores(self, liked: Sequence[int]) -> npt.NDArray[np.float64]:
        """Score of every artist, both ways together, in spreads; 0 for all where nothing is liked."""
        if not len(liked):
            return np.zeros(len(self.popularity))
        near = _spread(self.neighbours(liked))
        return near if self.factors is None else _SHARE * near + (1 - _SHARE) * _spread(self.factorized(liked))

    def for_listener(self, liked: Iterable[str], *, trust: float = 1.0) -> "Affinity":
        """A baseline for the taste of a listener who likes these artists.

        Args:
            liked: The artists.
            trust: How much of it counts, from 0 to 1.
        """
        places = [self.artists[key] for key in map(name_key, liked) if key in self.artists]
        reward = trust * np.clip(_WORTH * self.scores(places), -2 * _WORTH, 4 * _WORTH)
        return Affinity({key: float(reward[place]) for key, place in self.artists.items()} if places else {})


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """What the likes of others say about each artist, as a baseline of taste (`affetto.recommendation.taste.Baseline`).

    Attributes:
        reward: Expected reward of each artist, by `name_key`.
    """

    reward: Mapping[str, float]

    @property
    def reason(self) -> str:
        """Why what it rewards is played."""
        return "others who like what you like also like this artist"

    def of(self, event: Event) -> float:
        """The reward that is expected of an event."""
        return self.reward.get(name_key(event.artist), 0.0)

    def scores(self, columns: TasteColumns) -> Floats:
        """The reward that is expected of every row."""
        table = np.zeros(max(1, len(columns.artists)), dtype=np.float32)
        for code, name in enumerate(columns.artists):
            table[code] = self.reward.get(name_key(name), 0.0)
        return table[columns.artist] if len(columns) else np.zeros(0, dtype=np.float32)


Likeness = Mapping[str, Iterable[str]]
"""The artists that each listener likes."""


def _spread(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (values - values.mean()) / (values.std() or 1.0)


def learn_others(likes: Likeness, *, seed: int = 0, fewest: int = FEWEST) -> Others:
    """What many listeners like together.

    Args:
        likes: The artists that each listener likes.
        seed: Seed of the factors.
        fewest: Listeners that there must be.

    Raises:
        OptionError: If there are fewer listeners.
    """
    from scipy.sparse import csr_matrix

    if len(likes) < fewest:
        raise OptionError(f"{len(likes)} listeners: the likes of others tell something from {fewest} listeners on")
    artists: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for row, liked in enumerate(likes.values()):
        for key in dict.fromkeys(map(name_key, liked)):
            rows.append(row)
            columns.append(artists.setdefault(key, len(artists)))
    table: Any = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(likes), len(artists)))
    return Others(
        artists=artists,
        popularity=np.asarray(table.sum(axis=0), dtype=np.float64).ravel(),
        together=(table.T @ table).tocsr(),
        factors=_factors(table, seed),
    )


def _factors(table: Any, seed: int) -> npt.NDArray[np.float64] | None:
    try:
        from implicit.als import AlternatingLeastSquares  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    from threadpoolctl import threadpool_limits  # comes with implicit, which asks for it

    with threadpool_limits(1, "blas"):
        model: Any = AlternatingLeastSquares(
            factors=_FACTORS,
            regularization=_RIDGE,
            alpha=_CONFIDENCE,
            iterations=_ITERATIONS,
            num_threads=1,
            random_state=seed,
        )
        model.fit(table, show_progress=False)
    return np.asarray(model.item_factors, dtype=np.float64)
