"""What listeners have in common, apart from what is each one's own: where the taste of somebody else starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats
from affetto.recommendation.taste.columns import CONTENT, TasteColumns, name_key
from affetto.recommendation.taste.events import Event, Kind, reward_of
from affetto.recommendation.taste.evidence import FIXED, features_of
from affetto.recommendation.taste.model import Prior
from affetto.recommendation.taste.scoring import Named

__all__ = ["CROWD", "OWN", "Common", "learn_common"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Key: TypeAlias = tuple[str, ...]

_DAY = 86400.0
_TOLERANCE = 1e-5

CROWD = Prior(
    noise=0.35, generosity=1.0, content=0.08, context=0.08, genre=0.16, cluster=0.03, track=0.15, half_life=250
)
"""How far tracks differ for everyone."""

OWN = Prior(noise=0.35, generosity=0.6, content=0.06, context=0.03, genre=0.15, cluster=0.1, track=0.35, half_life=250)
"""How far a listener differs from the others. Both were chosen on early ratings of SiTunes
(docs/decisions/0025-recommendation-measured.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What listeners like together, as a baseline of the taste of one (`affetto.recommendation.taste.Baseline`).

    Attributes:
        weights: What the crowd likes.
    """

    weights: Named

    @property
    def reason(self) -> str:
        """Why what it rewards is played."""
        return "others who listen here like it"

    def of(self, event: Event) -> float:
        """The reward that the crowd would give."""
        return self.weights.event(event)

    def scores(self, columns: TasteColumns) -> Floats:
        """The reward that the crowd would give each row, less its generosity."""
        return self.weights.rows(columns)


def _spreads(prior: Prior) -> dict[str, float]:
    return {"genre": prior.genre, "cluster": prior.cluster, "artist": prior.artist, "track": prior.track}


def _fixed(prior: Prior) -> _Floats:
    context = FIXED - 1 - len(CONTENT)
    return np.array([prior.generosity, *[prior.content] * len(CONTENT), *[prior.context] * context])


@dataclass(slots=True, eq=False)
class _Design:
    """A sparse matrix of one row for each event: features over the spread of their weights."""

    places: dict[_Key, int] = field(default_factory=dict[_Key, int])
    spread: list[float] = field(default_factory=list[float])
    row: list[int] = field(default_factory=list[int])
    column: list[int] = field(default_factory=list[int])
    value: list[float] = field(default_factory=list[float])

    def put(self, row: int, key: _Key, value: float, spread: float) -> None:
        place = self.places.setdefault(key, len(self.places))
        if place == len(self.spread):
            self.spread.append(spread)
        if value:
            self.row.append(row)
            self.column.append(place)
            self.value.append(value * spread)

    def event(self, row: int, owner: _Key, event: Event, prior: Prior) -> None:
        artist = name_key(event.artist)
        names = {"genre": name_key(event.genre), "cluster": name_key(event.cluster), "artist": artist}
        if event.kind in (Kind.ARTIST_MORE, Kind.ARTIST_LESS):
            names = {"artist": artist}
        else:
            values = zip(features_of(event.content, event.context), _fixed(prior), strict=True)
            for number, (value, spread) in enumerate(values):
                self.put(row, (*owner, "fixed", str(number)), float(value), float(spread))
            if event.track:
                self.put(row, (*owner, "track", event.track, artist), 1.0, prior.track)
        for group, name in names.items():
            if name:
                self.put(row, (*owner, group, name), 1.0, _spreads(prior)[group])


def _ridge(design: _Design, weight: _Floats, reward: _Floats, noise: float) -> _Floats:
    """Mean weights under independent normal priors: conjugate gradients on the normal equations."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator, cg

    size = len(design.places)
    matrix: Any = csr_matrix((design.value, (design.row, design.column)), shape=(len(weight), size))
    precision = weight / noise**2

    def apply(vector: _Floats) -> _Floats:
        return matrix.T @ (precision * (matrix @ vector)) + vector

    operator = LinearOperator((size, size), matvec=apply, dtype=np.float64)  # pyright: ignore[reportCallIssue]
    scaled, _ = cg(operator, matrix.T @ (precision * reward), rtol=_TOLERANCE, maxiter=500)
    return scaled * np.array(design.spread)


def learn_common(
    histories: Mapping[str, Sequence[Event]], *, now: float, crowd: Prior = CROWD, own: Prior = OWN
) -> Common:
    """What listeners like together.

    With ``y = crowd(x) + own[listener](x) + e`` all weights are found together, as one sparse ridge regression, and
    those of the crowd are kept. What is one listener's own is then the `Taste` of their events under ``own``, with
    this as its baseline: for one of those who were learnt from, both together are the mean of the joint posterior.

    Args:
        histories: Events of each listener.
        now: The present, in seconds since 1970.
        crowd: What is believed of the crowd before; its noise and half-life hold for the regression.
        own: What is believed of a listener's own part before.
    """
    design, weight, reward = _Design(), list[float](), list[float]()
    for name, events in histories.items():
        for event in events:
            said = reward_of(event)
            if said is None:
                continue
            age = max(0.0, now - event.time) / (crowd.half_life * _DAY)
            design.event(len(weight), ("crowd",), event, crowd)
            design.event(len(weight), ("own", name), event, own)
            weight.append(said.weight * event.trust * 2.0**-age)
            reward.append(said.value)
    return Common(_named(design, np.array(weight), np.array(reward), crowd.noise))


def _named(design: _Design, weight: _Floats, reward: _Floats, noise: float) -> Named:
    fixed = np.zeros(FIXED)
    levels, artists, tracks = dict[tuple[str, str], float](), dict[str, float](), dict[tuple[str, str], float]()
    if len(weight):
        found = _ridge(design, weight, reward, noise)
        for key, place in design.places.items():
            value = float(found[place])
            match key:
                case ("crowd", "fixed", number):
                    fixed[int(number)] = value
                case ("crowd", "artist", name):
                    artists[name] = value
                case ("crowd", "track", track, name):
                    tracks[track, name] = value
                case ("crowd", group, name):
                    levels[group, name] = value
                case _:
                    pass
    return Named(fixed=fixed, levels=levels, artists=artists, tracks=tracks)
