"""Rating prediction and ranking on SiTunes: listeners in their days, split by time within each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste.shared import CROWD, OWN
from affetto.recommendation_evaluation.figures import Figure, Report
from affetto.recommendation_evaluation.metrics import auc, bootstrap, ndcg
from affetto.recommendation_evaluation.mixed import mixed_effects
from affetto.recommendation_evaluation.raters import Choice, alone, baselines, hybrid
from affetto.recommendation_evaluation.ratings import LIKED, Rating, Tunes, in_time, read_ratings, read_tunes

__all__ = ["evaluate_situnes"]

_Scores: TypeAlias = npt.NDArray[np.float64]
_Split: TypeAlias = tuple[list[Rating], list[Rating]]
_Rater: TypeAlias = Callable[[Sequence[Rating], Sequence[Rating]], Mapping[str, _Scores]]
Progress: TypeAlias = Callable[[str, int, int], None]

_DRAWS = 500
_TRAINED = 0.7
_INNER = (0.35, 0.45, 0.55)
_INNER_PART = 0.45  # of what is learnt from: about as many ratings of each listener as the test has
_ITEM_FOLDS = 2
_CHOICES: Mapping[str, Choice] = {
    "as shipped": Choice(trust=0.1),
    "trust in stage 1 1": Choice(trust=1.0),
    "trust in stage 1 0.3": Choice(trust=0.3),
    "more of each one's own": Choice(trust=0.1, own=replace(OWN, content=0.1, genre=0.25, cluster=0.15)),
    "less of each one's own": Choice(trust=0.1, own=replace(OWN, content=0.03, genre=0.07, cluster=0.05)),
    "less of each track": Choice(trust=0.1, crowd=replace(CROWD, track=0.1), own=replace(OWN, track=0.2)),
}
_PREDICTS = frozenset({"user mean", "item mean", "user and item mean", "mixed effects", "ours", "ours, each alone"})
_ASKED = frozenset({"random", "popularity", "user mean", "item mean", "mood only"})


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


def _inside(early: Sequence[Rating], more: Sequence[Rating]) -> list[_Split]:
    """Splits by time within what is learnt from: what is known, and what came after."""
    found: list[_Split] = []
    for share in _INNER:
        known, later = in_time(early, share)
        held, _ = in_time(later, min(1.0, _INNER_PART / (1 - share)))
        found.append(([*more, *known], held))
    return found


def _choose(kinds: Sequence[Sequence[_Split]], tunes: Tunes, progress: Progress) -> str:
    """The choice that predicts best, by each kind of splits as much: later ratings, and those of new tracks."""
    errors = dict.fromkeys(_CHOICES, 0.0)
    for number, splits in enumerate(kinds):
        for known, held in splits:
            judge = _Judge(held, draws=1)
            for name, choice in _CHOICES.items():
                scores = hybrid(known, held, tunes, choice)
                within = float(np.nanmean(judge.per_listener(auc, scores)[:, 0]))
                error = float(np.sqrt(np.mean((scores - judge.stars) ** 2)))
                errors[name] += (error - within) / len(splits)
        progress("choosing", number + 1, len(kinds))
    return min(errors, key=lambda name: errors[name])


def _by_models(splits: Sequence[_Split], rate: _Rater) -> tuple[list[Rating], npt.NDArray[np.intp], dict[str, _Scores]]:
    """All ratings that are predicted, the split of each, and its scores by the models of that split."""
    held = [rating for _, part in splits for rating in part]
    folds = np.repeat(np.arange(len(splits)), [len(part) for _, part in splits])
    found: dict[str, list[_Scores]] = {}
    for known, part in splits:
        for name, scores in rate(known, part).items():
            found.setdefault(name, []).append(scores)
    return held, folds, {name: np.concatenate(scores) for name, scores in found.items()}


def _without_tracks(train: Sequence[Rating], test: Sequence[Rating]) -> list[_Split]:
    """The same test in parts, with each tested track held out of what its part is learnt from."""
    tracks = sorted({rating.track for rating in test})
    fold_of = dict(zip(tracks, np.random.default_rng(0).permutation(len(tracks)) % _ITEM_FOLDS, strict=True))
    return [
        (
            [rating for rating in train if fold_of.get(rating.track) != fold],
            [rating for rating in test if fold_of[rating.track] == fold],
        )
        for fold in range(_ITEM_FOLDS)
    ]


def evaluate_situnes(folder: Path, *, exam: Path | None = None, draws: int = _DRAWS, progress: Progress) -> Report:
    """Judges the hybrid on what each listener rated later.

    Stage 1 and the first 70 % of each listener's ratings of stage 2 are learnt from, the rest is the test. Priors are
    chosen from a handful by splits in time within what is learnt from, where all rivals are judged too, and a
    mixed-effects model with variances of its own. "New tracks" repeats each with the tracks that are judged held out of
    everything that is learnt from.

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
    train, inside = [*lab, *early], _inside(early, lab)
    inside_new = [part for known, held in inside for part in _without_tracks(known, held)]
    chosen = _choose([inside, inside_new], tunes, progress)

    def rate(known: Sequence[Rating], held: Sequence[Rating]) -> dict[str, _Scores]:
        ours = {"ours, each alone": alone(known, held, tunes, _CHOICES[chosen])}
        return baselines(known, held, tunes) | ours | {"ours": hybrid(known, held, tunes, _CHOICES[chosen])}

    def rate_inside(known: Sequence[Rating], held: Sequence[Rating]) -> dict[str, _Scores]:
        return {"mixed effects": mixed_effects(known, held, tunes)} | rate(known, held)

    parts = {
        "later ratings": ([(train, test)], rate),
        "later ratings of new tracks": (_without_tracks(train, test), rate),
        "inside what is learnt from": (inside, rate_inside),
        "new tracks inside what is learnt from": (inside_new, rate_inside),
    }
    figures: list[Figure] = []
    for number, (what, (splits, rater)) in enumerate(parts.items()):
        held, folds, scored = _by_models(splits, rater)
        judge = _Judge(held, folds, draws=draws)
        targets: dict[str, float] = {}
        if what == "later ratings":
            best = max(judge.figures("", "", scored[name], {})[2].value for name in sorted(_ASKED))
            targets = {"AUC": 0.65, "nDCG@5": best}
        for name, scores in scored.items():
            figures += judge.figures(what, name, scores, targets if name == "ours" else {})
        figures += judge.lead(what, scored["ours"], {name: each for name, each in scored.items() if name != "ours"})
        progress("judging", number + 1, len(parts))
    facts = {
        "listeners": len({rating.listener for rating in test}),
        "learnt from": len(train),
        "tested": len(test),
        "liked": f"{LIKED} stars or more",
        "chosen": chosen,
        "interval": "95 %, listeners drawn with replacement",
    }
    return Report(study="situnes", command="affetto evaluate-recommender situnes", facts=facts, figures=figures)
