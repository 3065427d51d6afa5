"""Cross-validation of a mood recipe: songs held out on DEAM, artists held out on Emotify."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.music.estimator import belief, blend
from affetto.music.process import Process
from affetto.music_learning.data import RATED_GROUPS, TABLE_GROUPS, TARGETS, Rated, Table
from affetto.music_learning.gaussian import fit_process
from affetto.music_learning.recipe import MoodRecipe

__all__ = ["Prediction", "cross_validate", "on_circumplex", "read_predictions", "widening", "write_predictions"]

_Array: TypeAlias = npt.NDArray[np.float64]
Progress: TypeAlias = Callable[[str, int, int], None]

_Z90 = 1.6449


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One rating of one track that was held out.

    Attributes:
        source: "deam" or "emotify".
        repeat: Draw of the folds.
        fold: Fold it was held out in.
        track: Name of the track.
        genre: Its genre, as far as known.
        target: What was predicted.
        truth: Mean rating.
        predicted: The prediction.
        low: Lower end of the 90 % interval.
        high: Upper end.
        by_genre: Mean of the training tracks of its genre (of all where there is none).
        error: Variance of ``truth`` from the number of raters, or 0 where it is not known.
    """

    source: str
    repeat: int
    fold: int
    track: str
    genre: str
    target: str
    truth: float
    predicted: float
    low: float
    high: float
    by_genre: float
    error: float


def folds_of(groups: Sequence[str], count: int, seed: int) -> npt.NDArray[np.intp]:
    """The fold of each row: groups stay together, folds are about equally large."""
    names, sizes = np.unique(np.asarray(groups), return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load, home = np.zeros(count, int), dict[str, int]()
    for place in order:
        fold = int(load.argmin())
        home[str(names[place])] = fold
        load[fold] += sizes[place]
    return np.array([home[group] for group in groups])


def on_circumplex(ratings: _Array, table: _Array) -> _Array:
    """Composites as valence and arousal in [-1, 1]: given the mean and the spread that songs have on DEAM."""
    mapped = ratings.copy()
    own = ratings[:, :2]
    mapped[:, :2] = (own - own.mean(0)) / own.std(0) * table.std(0) + table.mean(0)
    return mapped


def fit_table(recipe: MoodRecipe, table: Table, rows: npt.NDArray[np.intp], like: Process | None = None) -> Process:
    """The process of the table, from some of its rows."""
    fit = recipe.fit
    return fit_process(
        table.features[rows],
        table.ratings[rows],
        groups=TABLE_GROUPS,
        anchors=fit.anchors,
        evidence_rows=fit.evidence_rows,
        iterations=fit.iterations,
        seed=fit.seed,
        like=like,
    )


def fit_rated(
    recipe: MoodRecipe, rated: Rated, ratings: _Array, rows: npt.NDArray[np.intp], like: Process | None = None
) -> Process:
    """The process of the rated sound, from some of its rows; every row is an anchor."""
    fit = recipe.fit
    return fit_process(
        rated.features[rows],
        ratings[rows],
        groups=RATED_GROUPS,
        anchors=None,
        evidence_rows=fit.evidence_rows,
        iterations=fit.iterations,
        seed=fit.seed,
        like=like,
    )


def _both(table: Process, rated: Process, features: _Array, share: _Array) -> tuple[_Array, _Array]:
    """Means and standard deviations of all `TARGETS`: valence and arousal of both processes, the rest of the second."""
    mean, covariance = blend(belief(table, features), belief(rated, features), share)
    own, variance = rated.predict(features)
    own_sd = np.sqrt(variance[:, None] * np.diag(rated.covariance))
    sd = np.sqrt(np.stack([covariance[:, 0, 0], covariance[:, 1, 1]], 1))
    return np.hstack([mean, own[:, 2:]]).astype(float), np.hstack([sd, own_sd[:, 2:]]).astype(float)


def widening(truth: _Array, predicted: _Array, sd: _Array) -> _Array:
    """What standard deviations must be multiplied by for 1.645 of them to hold 90 % (split conformal, Vovk 2005)."""
    count = len(truth)
    level = min(1.0, np.ceil((count + 1) * 0.9) / count)
    return np.quantile(np.abs(truth - predicted) / sd, level, axis=0, method="higher") / _Z90


def cross_validate(recipe: MoodRecipe, table: Table, rated: Rated, *, progress: Progress) -> list[Prediction]:
    """Predictions for every song and track while it, and on Emotify its artist, is held out.

    Kernels and the widths of intervals come from the training folds alone: the widths from folds inside them.
    """
    found = list(_table_predictions(recipe, table, progress))
    whole = fit_table(recipe, table, np.arange(len(table.ids)))
    for repeat in range(recipe.evaluation.repeats):
        found += _rated_predictions(recipe, table, rated, whole, repeat, progress)
    return found


def _table_predictions(recipe: MoodRecipe, table: Table, progress: Progress) -> Iterator[Prediction]:
    count = recipe.evaluation.table_folds
    fold_of = folds_of(table.ids, count, recipe.fit.seed)
    for fold in range(count):
        train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        process = fit_table(recipe, table, train)
        wide = table_widening(recipe, table, train, process)
        mean, variance = process.predict(table.features[test])
        reach = _Z90 * wide * np.sqrt(variance[:, None] * np.diag(process.covariance))
        everywhere = table.ratings[train].mean(0)
        for row, place in enumerate(test):
            for axis, target in enumerate(TARGETS[:2]):
                yield Prediction(
                    source="deam",
                    repeat=0,
                    fold=fold,
                    track=table.ids[place],
                    genre="",
                    target=target,
                    truth=float(table.ratings[place, axis]),
                    predicted=float(mean[row, axis]),
                    low=float(mean[row, axis] - reach[row, axis]),
                    high=float(mean[row, axis] + reach[row, axis]),
                    by_genre=float(everywhere[axis]),
                    error=0.0,
                )
        progress("songs held out", fold + 1, count)


def table_widening(recipe: MoodRecipe, table: Table, rows: npt.NDArray[np.intp], process: Process) -> _Array:
    """`widening` from folds inside some rows of the table."""
    inner = folds_of([table.ids[row] for row in rows], recipe.evaluation.inner_folds, 1)
    mean, sd = np.zeros((len(rows), 2)), np.ones((len(rows), 2))
    for fold in range(recipe.evaluation.inner_folds):
        part = fit_table(recipe, table, rows[inner != fold], like=process)
        mean[inner == fold], variance = part.predict(table.features[rows[inner == fold]])
        sd[inner == fold] = np.sqrt(variance[:, None] * np.diag(part.covariance))
    return widening(table.ratings[rows], mean, sd)


def judged(
    recipe: MoodRecipe, rated: Rated, ratings: _Array, rows: npt.NDArray[np.intp], table: Process, process: Process
) -> tuple[_Array, _Array]:
    """The table's share (least squares, in [0, 1]) and `widening`, from artists' folds inside some rows."""
    inner = folds_of([rated.artists[row] for row in rows], recipe.evaluation.inner_folds, 1)
    parts = [
        (rows[inner == fold], fit_rated(recipe, rated, ratings, rows[inner != fold], like=process))
        for fold in range(recipe.evaluation.inner_folds)
    ]
    order = np.concatenate([held for held, _ in parts])
    own = np.vstack([part.predict(rated.features[held])[0][:, :2] for held, part in parts])
    other = table.predict(rated.features[order])[0]
    away, gap = ratings[order, :2] - own, other - own
    share = np.clip((away * gap).sum(0) / (gap * gap).sum(0), 0, 1)
    both = [_both(table, part, rated.features[held], share) for held, part in parts]
    mean, sd = (np.vstack(values) for values in zip(*both, strict=True))
    return share, widening(ratings[order], mean, sd)


def _rated_predictions(
    recipe: MoodRecipe, table: Table, rated: Rated, whole: Process, repeat: int, progress: Progress
) -> Iterator[Prediction]:
    count = recipe.evaluation.rated_folds
    fold_of = folds_of(rated.artists, count, recipe.fit.seed + repeat)
    # The map to the circumplex is linear, the same for all folds, and changes no correlation.
    ratings = on_circumplex(rated.ratings, table.ratings)
    stretch = np.ones(len(TARGETS))
    stretch[:2] = table.ratings.std(0) / rated.ratings[:, :2].std(0)
    genres = np.array(rated.genres)
    for fold in range(count):
        train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        process = fit_rated(recipe, rated, ratings, train)
        share, wide = judged(recipe, rated, ratings, train, whole, process)
        mean, sd = _both(whole, process, rated.features[test], share)
        reach = _Z90 * wide * sd
        for row, place in enumerate(test):
            same = train[genres[train] == genres[place]]
            by_genre = ratings[same if len(same) else train].mean(0)
            for axis, target in enumerate(TARGETS):
                yield Prediction(
                    source="emotify",
                    repeat=repeat,
                    fold=fold,
                    track=rated.ids[place],
                    genre=rated.genres[place],
                    target=target,
                    truth=float(ratings[place, axis]),
                    predicted=float(mean[row, axis]),
                    low=float(mean[row, axis] - reach[row, axis]),
                    high=float(mean[row, axis] + reach[row, axis]),
                    by_genre=float(by_genre[axis]),
                    error=float(rated.error[place, axis] * stretch[axis] ** 2),
                )
        progress("artists held out", repeat * count + fold + 1, recipe.evaluation.repeats * count)


def write_predictions(predictions: Sequence[Prediction], path: Path) -> None:
    """Writes predictions as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([field.name for field in fields(Prediction)])
        for one in predictions:
            rows.writerow([f"{value:.4g}" if isinstance(value, float) else value for value in astuple(one)])
    partial.replace(path)


def read_predictions(path: Path) -> list[Prediction]:
    """Reads what `write_predictions` wrote.

    Raises:
        CorpusError: If it cannot be read.
    """
    kinds = {field.name: field.type for field in fields(Prediction)}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Prediction(**{name: kinds[name](value) for name, value in row.items()})  # type: ignore[operator]
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: no predictions of a mood model ({error})") from error
