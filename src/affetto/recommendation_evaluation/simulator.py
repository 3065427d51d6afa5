"""Made-up listeners with a hidden taste, and how much of it a way of choosing misses.

A listener has hidden weights for the sound, the genres and the artists of a made-up library. At each of 200 plays a
waypoint is drawn; what lies within .3 of it and was not among the last twenty plays may be played. The hidden liking of
the track with some noise decides what the listener does: likes it, lets it end, skips it sooner or later, dislikes it.
The regret of a play is the liking of the best track that could have been played less that of the one that was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats
from affetto.recommendation.taste import ADVENTUROUS, CONTENT, Event, Kind, Taste, TasteColumns
from affetto.recommendation_evaluation.figures import Figure, Report
from affetto.recommendation_evaluation.metrics import bootstrap

__all__ = ["POLICIES", "Hidden", "evaluate_simulator", "listen", "made_up_library"]

_Floats: TypeAlias = npt.NDArray[np.float64]
Progress: TypeAlias = Callable[[str, int, int], None]
Policy: TypeAlias = Callable[[Taste, TasteColumns, np.random.Generator], npt.NDArray[Any]]

PLAYS = 200
_LISTENERS = 24
_TRACKS, _ARTISTS, _GENRES, _CLUSTERS = 800, 120, 12, 8
_BAND = 0.3
_LAST = 20
_APART = 43_200.0  # two plays a day
_NOISE = 0.3
_FIT = 0.1  # what the border of the band costs, in rewards
_SECONDS = 200.0


def _nearest(_taste: Taste, columns: TasteColumns, _rng: np.random.Generator) -> _Floats:
    return np.zeros(len(columns))


def _any(_taste: Taste, columns: TasteColumns, rng: np.random.Generator) -> _Floats:
    return 10 * rng.random(len(columns))


def _greedy(taste: Taste, columns: TasteColumns, _rng: np.random.Generator) -> Floats:
    return taste.mean(columns)


def _thompson(adventurous: float) -> Policy:
    def scores(taste: Taste, columns: TasteColumns, rng: np.random.Generator) -> Floats:
        return taste.scores(columns, rng, adventurous=adventurous)

    return scores


POLICIES: Mapping[str, Policy] = {
    "mood only": _nearest,
    "random": _any,
    "greedy": _greedy,
    "ours": _thompson(ADVENTUROUS),
    "bold": _thompson(1.0),
}
"""Ways of choosing: the nearest to the waypoint; any; what is expected to be liked; a draw of what may be liked, its
deviation from the expected shrunk as it is by default; the same draw in full."""


def made_up_library(seed: int) -> tuple[TasteColumns, _Floats]:
    """Columns of a library and the moods of its tracks, shape (n, 2)."""
    rng = np.random.default_rng(seed)
    moods = np.clip(rng.normal(0.05, 0.4, (_TRACKS, 2)), -1, 1)
    content = rng.standard_normal((_TRACKS, len(CONTENT)))
    content[:, :2] = (moods - 0.05) / 0.4
    centres = rng.normal(0.05, 0.4, (_CLUSTERS, 2))
    artist = rng.integers(_ARTISTS, size=_TRACKS)
    columns = TasteColumns(
        content=content.astype(np.float32),
        artist=artist,
        artists=tuple(f"artist {n}" for n in range(_ARTISTS)),
        genre=(artist % _GENRES).astype(np.intp),
        genres=tuple(f"genre {n}" for n in range(_GENRES)),
        cluster=np.linalg.norm(moods[:, None] - centres, axis=2).argmin(1),
        clusters=tuple(f"region {n}" for n in range(_CLUSTERS)),
        place={str(n): n for n in range(_TRACKS)}.get,
    )
    return columns, moods


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """What a made-up listener likes.

    Attributes:
        liking: Liking of each track.
        hostile: Whether what they do has nothing to do with it.
    """

    liking: _Floats
    hostile: bool = False

    @classmethod
    def draw(cls, columns: TasteColumns, rng: np.random.Generator, *, hostile: bool = False) -> "Hidden":
        """A listener: the sound explains about a third of the liking, artists half, genres the rest."""
        sound = rng.normal(0, 0.12, len(CONTENT))
        artists, genres = rng.normal(0, 0.35, _ARTISTS), rng.normal(0, 0.2, _GENRES)
        return cls(columns.known @ sound + artists[columns.artist] + genres[columns.genre], hostile)

    def deed(self, place: int, rng: np.random.Generator) -> tuple[Kind, float | None]:
        """What the listener does with a track, and the second of a skip."""
        felt = rng.normal(0, 0.6) if self.hostile else self.liking[place] + rng.normal(0, _NOISE)
        if felt > 0.6:
            return Kind.LIKE, None
        if felt > -0.1:
            return Kind.COMPLETED, None
        if felt < -0.9:
            return Kind.DISLIKE, None
        return Kind.SKIP, float(_SECONDS * np.clip(felt + 0.95, 0.02, 0.9))


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """What came of some plays: regret and distance to the waypoint of each."""

    regret: _Floats
    distance: _Floats


def listen(
    policy: Policy, before: Hidden, after: Hidden, *, seed: int, plays: int = PLAYS, library: int = 0
) -> Listening:
    """Plays music to a listener by a policy.

    Args:
        policy: How to choose.
        before: The listener in the first half.
        after: The listener in the second half.
        seed: Seed of the waypoints and of chance; the same for policies that are compared.
        plays: How many tracks.
        library: Seed of the library.
    """
    columns, moods = made_up_library(library)
    world, chance = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    taste, last = Taste.from_events((), now=0.0), list[int]()
    regret, distance = np.zeros(plays), np.zeros(plays)
    for play in range(plays):
        hidden = before if play < plays // 2 else after
        at = np.clip(world.normal(0.05, 0.4, 2), -1, 1)
        apart = np.hypot(*(moods - at).T)
        apart[last[-_LAST:]] = np.inf
        within = np.flatnonzero(apart <= max(_BAND, float(np.sort(apart)[4])))
        value = policy(taste, columns, chance)[within] - _FIT * (apart[within] / _BAND) ** 2
        place = int(within[np.argmax(value)])
        regret[play] = hidden.liking[within].max() - hidden.liking[place]
        distance[play] = apart[place]
        kind, second = hidden.deed(place, world)
        now = play * _APART
        event = Event(
            kind=kind,
            time=now,
            track=str(place),
            artist=columns.artists[columns.artist[place]],
            genre=columns.genres[columns.genre[place]],
            cluster=columns.clusters[columns.cluster[place]],
            content=tuple(columns.content[place].tolist()),
            second=second,
            length=_SECONDS,
            context=(float(at[0]), float(at[1])),
        )
        taste = taste.update(event, now=now)
        last.append(place)
    return Listening(regret, distance)


def _figures(what: str, runs: Mapping[str, list[Listening]], part: slice, measure: str) -> list[Figure]:
    totals = {
        name: np.array([getattr(one, measure)[part].sum() for one in each])
        if measure == "regret"
        else np.array([getattr(one, measure)[part].mean() for one in each])
        for name, each in runs.items()
    }
    people = list(range(len(totals["ours"])))
    metric = "regret" if measure == "regret" else "distance to waypoint"
    figures: list[Figure] = []
    for name, each in totals.items():
        low, high = bootstrap(people, lambda drawn, each=each: float(each[drawn].mean()))
        figures.append(Figure(what=what, method=name, metric=metric, value=float(each.mean()), low=low, high=high))
    if measure == "regret":
        for name in ("mood only", "greedy"):
            share = totals["ours"] / totals[name]
            low, high = bootstrap(people, lambda drawn, share=share: float(share[drawn].mean()))
            # A hostile listener's deeds tell nothing, so no more can be asked than that nothing is lost by them.
            target = 1.0 if name == "mood only" else None
            value = float(share.mean())
            figures.append(
                Figure(
                    what=what,
                    method=f"ours over {name}",
                    metric="ratio",
                    value=value,
                    low=low,
                    high=high,
                    target=target,
                    at_least=False,
                )
            )
    return figures


def evaluate_simulator(*, listeners: int = _LISTENERS, plays: int = PLAYS, seed: int = 0, progress: Progress) -> Report:
    """Regret of every policy for steady, changing and hostile listeners.

    Args:
        listeners: How many of each.
        plays: How many plays of each.
        seed: Seed of everything.
        progress: Told of each step.
    """
    columns, _ = made_up_library(seed)
    figures: list[Figure] = []
    kinds = ("steady", "changes at the half", "hostile")
    for number, kind in enumerate(kinds):
        runs: dict[str, list[Listening]] = {name: [] for name in POLICIES}
        for person in range(listeners):
            rng = np.random.default_rng([seed, number, person])
            before = Hidden.draw(columns, rng, hostile=kind == "hostile")
            after = Hidden.draw(columns, rng) if kind == "changes at the half" else before
            for name, policy in POLICIES.items():
                runs[name].append(
                    listen(policy, before, after, seed=1000 * number + 2 * person, plays=plays, library=seed)
                )
            progress(f"{kind} listeners", person + 1, listeners)
        parts = {f"{kind}, {plays} plays": slice(None), f"{kind}, last 50 plays": slice(-50, None)}
        for what, part in parts.items():
            figures += _figures(what, runs, part, "regret")
        figures += _figures(f"{kind}, {plays} plays", runs, slice(None), "distance")
    facts = {
        "listeners of each kind": listeners,
        "seed": seed,
        "tracks": _TRACKS,
        "interval": "95 %, listeners drawn with replacement",
    }
    return Report(study="simulator", command="affetto evaluate-recommender simulator", facts=facts, figures=figures)
