"""Cold start on Last.fm: from a few artists that a listener likes to the rest of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.errors import AffettoError, CorpusError
from affetto.recommendation.collaborative import Others, learn_others
from affetto.recommendation_evaluation.figures import Figure, Report
from affetto.recommendation_evaluation.metrics import bootstrap, recall

__all__ = ["evaluate_lastfm", "read_likes"]

Progress: TypeAlias = Callable[[str, int, int], None]

_LIKES = (5, 10, 20)
_COUNT = 20
_FEWEST = 40  # artists of a listener: twenty to like and as many to hide
_CHOICE = 0.2  # listeners the settings of `affetto.recommendation.collaborative` were chosen on, and who are not tested
_FOLDS = 4
_TWICE = 2.0


def read_likes(path: Path) -> dict[str, list[str]]:
    """The artists that each listener plays most, as HetRec 2011 lists them.

    Raises:
        CorpusError: If it cannot be read.
    """
    likes: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8") as file:
            next(file)
            for line in file:
                listener, artist, _ = line.split("\t")
                likes.setdefault(listener, []).append(artist)
    except (OSError, UnicodeDecodeError, StopIteration, ValueError) as error:
        raise CorpusError(f"{path}: {error}; --data names the folder that holds music/lastfm") from error
    return likes


def _recalls(others: Others, own: list[str], rng: np.random.Generator) -> dict[tuple[str, int], float]:
    """Recall of one listener by every method, from 5, 10 and 20 likes; the same artists are hidden each time."""
    order = rng.permutation(len(own))
    hidden = [others.artists.get(own[n], -1) for n in order[max(_LIKES) :]]
    found: dict[tuple[str, int], float] = {}
    for count in _LIKES:
        liked = [others.artists[own[n]] for n in order[:count] if own[n] in others.artists]
        methods: dict[str, npt.NDArray[np.float64]] = {
            "random": rng.random(len(others.popularity)),
            "popularity": others.popularity.copy(),
            "implicit ALS": others.factorized(liked),
            "neighbours": others.neighbours(liked),
            "ours": others.scores(liked),
        }
        for name, scores in methods.items():
            scores[liked] = -np.inf
            found[name, count] = recall(hidden, scores, _COUNT)
    return found


def evaluate_lastfm(folder: Path, *, progress: Progress) -> Report:
    """Recall among 20 of the artists that a new listener was not asked about.

    The listeners are split in five: one part chose the settings, each of the others is tested in turn by what all the
    rest like.

    Args:
        folder: Holds ``user_artists.dat``.
        progress: Told of each step.

    Raises:
        CorpusError: If the file is missing or damaged.
        AffettoError: If implicit is not installed.
    """
    likes = read_likes(folder / "user_artists.dat")
    names = np.array(sorted(likes, key=int))
    names = names[np.random.default_rng(20).permutation(len(names))]
    tested = names[int(_CHOICE * len(names)) :]
    rows: list[tuple[str, str, int, float]] = []
    for fold in range(_FOLDS):
        held = set(tested[fold::_FOLDS].tolist())
        others = learn_others({name: own for name, own in likes.items() if name not in held})
        if others.factors is None:
            raise AffettoError("this study compares with implicit: pip install 'affetto[collaborative]'")
        rng = np.random.default_rng(fold)
        for name in sorted(held):
            if len(likes[name]) >= _FEWEST:
                found = _recalls(others, likes[name], rng)
                rows += [(name, method, count, value) for (method, count), value in found.items()]
        progress("listeners held out", fold + 1, _FOLDS)
    return Report(
        study="lastfm",
        command="affetto evaluate-recommender lastfm",
        facts={
            "listeners": len(likes),
            "tested": len({name for name, *_ in rows}),
            "hidden": f"all but {max(_LIKES)} artists of each listener, {_FEWEST} or more in all",
            "interval": "95 %, listeners drawn with replacement",
        },
        figures=_figures(rows),
    )


def _figures(rows: list[tuple[str, str, int, float]]) -> list[Figure]:
    figures: list[Figure] = []
    for count in _LIKES:
        values: dict[str, npt.NDArray[np.float64]] = {}
        for _, method, likes, value in rows:
            if likes == count:
                values[method] = np.append(values.get(method, np.zeros(0)), value)
        what, people = f"{count} likes", list(range(len(next(iter(values.values())))))
        for method, each in values.items():
            low, high = bootstrap(people, lambda drawn, each=each: float(each[drawn].mean()))
            figures.append(
                Figure(what=what, method=method, metric="recall@20", value=float(each.mean()), low=low, high=high)
            )
        ours, popular = values["ours"], values["popularity"]
        low, high = bootstrap(people, _Ratio(ours, popular))
        figures.append(
            Figure(
                what=what,
                method="ours over popularity",
                metric="ratio",
                value=float(ours.mean() / popular.mean()),
                low=low,
                high=high,
                target=_TWICE if count == 10 else None,
            )
        )
    return figures


@dataclass(frozen=True, slots=True, eq=False)
class _Ratio:
    above: npt.NDArray[np.float64]
    below: npt.NDArray[np.float64]

    def __call__(self, drawn: npt.NDArray[np.intp]) -> float:
        return float(self.above[drawn].mean() / self.below[drawn].mean())
