"""Rating prediction and ranking on SiTunes: listeners in their days, split by time within each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste import Event, Prior
from affetto.recommendation.taste.shared import CROWD, OWN, learn_together
from affetto.recommendation_evaluation.figures import Figure, Report
from affetto.recommendation_evaluation.metrics import auc, bootstrap, ndcg
from affetto.recommendation_evaluation.ratings import LIKED, Rating, Tunes, in_time, read_ratings, read_tunes

__all__ = ["evaluate_situnes"]

_Scores: TypeAlias = npt.NDArray[np.float64]
Progress: TypeAlias = Callable[[str, int, int], None]

_DRAWS = 500
_TRAINED = 0.7
_INNER = (0.4, 0.6, 0.8)
_INNER_PART = 0.2
_ITEM_FOLDS = 2
_CHOICES: Mapping[str, tuple[Prior, Prior, float]] = {
    f"{name}, trust in stage 1 {trust:g}": (*priors, trust)
    for name, priors in {
        "as shipped": (CROWD, OWN),
        "more of each one's own": (CROWD, replace(OWN, content=0.06, genre=0.15, cluster=0.1)),
        "less of each track": (replace(CROWD, track=0.1), replace(OWN, track=0.2)),
    }.items()
    for trust in (1.0, 0.3, 0.1)
}


def hybrid(
    train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes, choice: tuple[Prior, Prior, float]
) -> _Scores:
    """Stars that the crowd's taste and the listener's own predict together."""
    crowd, own, trust = choice
    events: dict[str, list[Event]] = {}
    for rating in train:
        event = tunes.event(rating)
        events.setdefault(rating.listener, []).append(event if rating.mood else replace(event, trust=trust))
    now = max(rating.time for rating in train)
    common, tastes = learn_together(events, now=now, crowd=crowd, own=own)
    found: list[float] = []
    for rating in test:
        event = tunes.event(replace(rating, time=now))
        known = tastes.get(rating.listener)
        found.append(common.of(event) if known is None else known.expected(event))
    return 3 + 2 * np.array(found)


def _means(train: Sequence[Rating], of: Callable[[Rating], str], shrink: float) -> tuple[dict[str, float], float]:
    everywhere = float(np.mean([rating.stars for rating in train]))
    sums: dict[str, list[float]] = {}
    for rating in train:
        sums.setdefault(of(rating), []).append(rating.stars)
    return {key: (sum(stars) + shrink * everywhere) / (len(stars) + shrink) for key, stars in sums.items()}, everywhere


def baselines(train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes) -> dict[str, _Scores]:
    """Scores of what is known of everybody: chance, popularity, means, and how near the mood is."""
    users, everywhere = _means(train, lambda rating: rating.listener, 0.0)
    items, _ = _means(train, lambda rating: rating.track, 1.0)
    played: dict[str, int] = {}
    for rating in train:
        played[rating.track] = played.get(rating.track, 0) + 1
    user = np.array([users.get(rating.listener, everywhere) for rating in test])
    item = np.array([items.get(rating.track, everywhere) for rating in test])
    apart = [
        np.hypot(*np.subtract(rating.mood or (0.0, 0.0), tunes.points.get(rating.track, (0.0, 0.0)))) for rating in test
    ]
    return {
        "random": np.random.default_rng(0).random(len(test)),
        "popularity": np.array([float(played.get(rating.track, 0)) for rating in test]),
        "popularity in the world": np.array([tunes.popularity.get(rating.track, 0.0) for rating in test]),
        "user mean": user,
        "item mean": item,
        "user and item mean": user + item - everywhere,
        "mood only": -np.array(apart, dtype=float),
    }


_PREDICTS = frozenset({"user mean", "item mean", "user and item mean", "ours"})


class _Judge:
    """All measures of some scores, over all rows or over drawn ones.

    Args:
        test: The ratings.
        folds: Model that scored each rating; only scores of one model are compared.
        draws: Draws of an interval.
    """

    def __init__(
        self, test: Sequence[Rating], folds: npt.NDArray[np.intp] | None = None, *, draws: int = _DRAWS
    ) -> None:
        self.draws = draws
        self.folds = np.zeros(len(test), dtype=np.intp) if folds is None else folds
        self.listeners = np.array([rating.listener for rating in test])
        self.stars = np.array([rating.stars for rating in test])
        self.liked = self.stars >= LIKED
        lists = np.array([f"{rating.listener}/{fold}" for rating, fold in zip(test, self.folds, strict=True)])
        self.lists = lists
        self.rows = {name: np.flatnonzero(lists == name) for name in np.unique(lists)}

    def pooled(self, scores: _Scores, rows: npt.NDArray[np.intp]) -> float:
        """AUC over all ratings that one model scored, mean over the models."""
        parts = [rows[self.folds[rows] == fold] for fold in np.unique(self.folds)]
        return float(np.nanmean([auc(self.liked[part], scores[part]) for part in parts]))

    def per_listener(self, measure: Callable[[npt.ArrayLike, npt.ArrayLike], float], scores: _Scores) -> _Scores:
        each = {name: measure(self.liked[rows], scores[rows]) for name, rows in self.rows.items()}
        counts = {name: len(rows) for name, rows in self.rows.items()}
        # One value at each row, weighed so that every list counts once.
        return np.array([[each[name], 1 / counts[name]] for name in self.lists])

    def figures(self, what: str, method: str, scores: _Scores, targets: Mapping[str, float]) -> list[Figure]:
        inside, top = self.per_listener(auc, scores), self.per_listener(ndcg, scores)

        def mean_of(each: _Scores) -> Callable[[npt.NDArray[np.intp]], float]:
            def mean(rows: npt.NDArray[np.intp]) -> float:
                known = rows[np.isfinite(each[rows, 0])]
                return float(np.average(each[known, 0], weights=each[known, 1])) if len(known) else float("nan")

            return mean

        measures: dict[str, Callable[[npt.NDArray[np.intp]], float]] = {
            "AUC": lambda rows: self.pooled(scores, rows),
            "AUC within a listener": mean_of(inside),
            "nDCG@5": mean_of(top),
        }
        if method in _PREDICTS:
            measures["RMSE in stars"] = lambda rows: float(np.sqrt(np.mean((scores[rows] - self.stars[rows]) ** 2)))
        everyone = np.arange(len(self.stars))
        found: list[Figure] = []
        for metric, measure in measures.items():
            low, high = bootstrap(self.listeners.tolist(), measure, draws=self.draws)
            value, target = measure(everyone), targets.get(metric)
            found.append(
                Figure(what=what, method=method, metric=metric, value=value, low=low, high=high, target=target)
            )
        return found

    def lead(self, what: str, ours: _Scores, others: Mapping[str, _Scores]) -> list[Figure]:
        """How far ours is ahead of each other, listener by listener."""
        found: list[Figure] = []
        mine = self.per_listener(ndcg, ours)
        for name, scores in others.items():
            theirs = self.per_listener(ndcg, scores)

            def ahead(rows: npt.NDArray[np.intp], theirs: _Scores = theirs) -> float:
                known = rows[np.isfinite(theirs[rows, 0])]
                gap = mine[known, 0] - theirs[known, 0]
                return float(np.average(gap, weights=mine[known, 1])) if len(known) else float("nan")

            low, high = bootstrap(self.listeners.tolist(), ahead, draws=self.draws)
            value = ahead(np.arange(len(mine)))
            found.append(
                Figure(what=what, method=f"ours less {name}", metric="nDCG@5", value=value, low=low, high=high)
            )
        return found


def choose(early: Sequence[Rating], more: Sequence[Rating], tunes: Tunes, progress: Progress) -> tuple[str, float]:
    """The choice that predicts later ratings best, in splits by time within what is learnt from.

    The second value is how far it is ahead of the item mean there, in nDCG@5.
    """
    errors, lead = dict.fromkeys(_CHOICES, 0.0), dict.fromkeys(_CHOICES, 0.0)
    for number, share in enumerate(_INNER):
        known, later = in_time(early, share)
        held, _ = in_time(later, min(1.0, _INNER_PART / (1 - share)))
        judge = _Judge(held, draws=1)
        item = baselines([*more, *known], held, tunes)["item mean"]
        for name, choice in _CHOICES.items():
            scores = hybrid([*more, *known], held, tunes, choice)
            within = judge.per_listener(auc, scores)[:, 0]
            errors[name] += float(np.sqrt(np.mean((scores - judge.stars) ** 2))) - float(np.nanmean(within))
            lead[name] += judge.lead("", scores, {"item mean": item})[0].value / len(_INNER)
        progress("choosing", number + 1, len(_INNER))
    best = min(errors, key=lambda name: errors[name])
    return best, lead[best]


def _new_items(
    train: Sequence[Rating],
    test: Sequence[Rating],
    tunes: Tunes,
    choice: tuple[Prior, Prior, float],
    progress: Progress,
) -> tuple[dict[str, _Scores], npt.NDArray[np.intp]]:
    """Scores of each tested track by models that never met it, and the model of each."""
    tracks = sorted({rating.track for rating in test})
    fold_of = dict(zip(tracks, np.random.default_rng(0).permutation(len(tracks)) % _ITEM_FOLDS, strict=True))
    found: dict[str, _Scores] = {}
    for fold in range(_ITEM_FOLDS):
        rows = [row for row, rating in enumerate(test) if fold_of[rating.track] == fold]
        known = [rating for rating in train if fold_of.get(rating.track) != fold]
        held = [test[row] for row in rows]
        for name, scores in (baselines(known, held, tunes) | {"ours": hybrid(known, held, tunes, choice)}).items():
            found.setdefault(name, np.zeros(len(test)))[rows] = scores
        progress("holding tracks out", fold + 1, _ITEM_FOLDS)
    return found, np.array([fold_of[rating.track] for rating in test], dtype=np.intp)


def evaluate_situnes(folder: Path, *, exam: Path | None = None, draws: int = _DRAWS, progress: Progress) -> Report:
    """Judges the hybrid on what each listener rated later.

    Stage 1 and the first 70 % of each listener's ratings of stage 2 are learnt from, the rest is the test. Priors are
    chosen from a handful by splits in time within what is learnt from. "New tracks" repeats the test with each track
    held out of everything that is learnt from.

    Args:
        folder: Holds ``tracks.csv``, ``stage1.csv`` and ``stage2.csv``.
        exam: A later stage to be the test instead; then all of stages 1 and 2 is learnt from.
        draws: Draws of the listeners for each interval.
        progress: Told of each step.

    Raises:
        CorpusError: If a file is missing or damaged.
    """
    tunes = read_tunes(folder / "tracks.csv")
    lab, field = read_ratings(folder / "stage1.csv"), read_ratings(folder / "stage2.csv")
    early, test = in_time(field, _TRAINED) if exam is None else (field, read_ratings(exam))
    chosen, inside = choose(early, lab, tunes, progress)
    train, choice = [*lab, *early], _CHOICES[chosen]
    judge, others = _Judge(test, draws=draws), baselines(train, test, tunes)
    ours = hybrid(train, test, tunes, choice)
    best = max(judge.figures("", "", scores, {})[2].value for name, scores in others.items() if name in _ASKED)
    figures: list[Figure] = []
    for name, scores in others.items():
        figures += judge.figures("later ratings", name, scores, {})
    figures += judge.figures("later ratings", "ours", ours, {"AUC": 0.65, "nDCG@5": best})
    figures += judge.lead("later ratings", ours, others)
    held, folds = _new_items(train, test, tunes, choice, progress)
    strict = _Judge(test, folds, draws=draws)
    for name, scores in held.items():
        figures += strict.figures("later ratings of new tracks", name, scores, {})
    facts = {
        "listeners": len(set(judge.listeners)),
        "learnt from": len(train),
        "tested": len(test),
        "liked": f"{LIKED} stars or more",
        "chosen": chosen,
        "ahead of the item mean where it was chosen (nDCG@5)": round(inside, 3),
        "interval": "95 %, listeners drawn with replacement",
    }
    return Report(study="situnes", command="affetto evaluate-recommender situnes", facts=facts, figures=figures)


_ASKED = frozenset({"random", "popularity", "user mean", "item mean", "mood only"})
