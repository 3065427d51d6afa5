"""Answers about speakers that were not learnt from: what a search chooses by, and what probabilities are scaled by."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from imblearn.pipeline import Pipeline

from affetto.errors import ModelError
from affetto.learning.calibrate import fit_temperature
from affetto.learning.model import Floats
from affetto.learning.pipeline import build_pipeline, fit_pipeline, scores
from affetto.learning.recipe.classical import ClassicalRecipe

__all__ = ["Features", "Labels", "Table", "divide", "fit_scale", "fit_table", "held_out_scores", "mean_recall", "score"]

_log = logging.getLogger(__name__)

_SHORTEST = 1e-6  # spread of scores that is divided by

Labels = npt.NDArray[np.str_]
Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Table:
    """Training clips: the first ``originals`` rows as they are, then the copies.

    Attributes:
        x: Features, shape ``(rows, features)``.
        y: Labels, shape ``(rows,)``.
        speakers: Who speaks, shape ``(rows,)``.
        originals: How many rows are clips as they were recorded.
    """

    x: Features
    y: Labels
    speakers: Labels
    originals: int

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> "Table":
        return Table(self.x[rows], self.y[rows], self.speakers[rows], int(rows[: self.originals].sum()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted(set(self.y.tolist())))


def fit_table(recipe: ClassicalRecipe, table: Table, seed: int) -> Pipeline:
    """The pipeline of a recipe, fitted to all rows."""
    pipeline = build_pipeline(recipe, features=table.x.shape[1], seed=seed)
    return fit_pipeline(pipeline, table.x, table.y, table.speakers)


def divide(table: Table, folds: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Which rows are held out, fold by fold: whole speakers, or clips where there is only one speaker."""
    rng = np.random.default_rng(seed)
    people = np.unique(table.speakers)
    if len(people) > 1:
        part = dict(zip(rng.permutation(people).tolist(), np.arange(len(people)) % folds, strict=True))
        place = np.array([part[speaker] for speaker in table.speakers.tolist()])
    else:
        _log.warning("one speaker only: held-out clips are of the same one, probabilities will be too sure")
        copies = len(table.x) // table.originals
        place = np.tile(rng.permutation(table.originals) % folds, copies)
    for fold in np.unique(place):
        yield place == fold


def score(pipeline: Pipeline, x: Features, labels: Sequence[str]) -> Floats:
    """Scores by label, shape ``(rows, labels)``; a label that the pipeline never met gets less than the lowest."""
    known = scores(pipeline, x)
    every = np.repeat(known.min(axis=1, keepdims=True) - 1.0, len(labels), axis=1)
    every[:, [labels.index(str(label)) for label in pipeline.classes_]] = known
    return every


def held_out_scores(recipe: ClassicalRecipe, table: Table, *, seed: int, folder: Path) -> Floats:
    """Scores of the original clips by pipelines that did not learn from their speaker; kept, and taken again.

    Args:
        recipe: What is fitted.
        table: The training clips.
        seed: Decides how speakers are divided, and every random choice of the pipelines.
        folder: Where answers are kept, a file for each recipe.

    Raises:
        ModelError: If ``folder`` cannot be written to.
    """
    name = hashlib.sha256(recipe.model_dump_json(exclude={"grid"}).encode()).hexdigest()[:16]
    file = folder / f"{name}.npy"
    labels = table.labels
    try:
        kept = np.load(file, allow_pickle=False)
        if kept.shape == (table.originals, len(labels)):
            return kept
    except (OSError, ValueError, EOFError):
        pass  # not tried yet, or interrupted while it was written
    found = np.zeros((table.originals, len(labels)))
    for held in divide(table, recipe.folds, seed):
        if len(set(table.y[~held].tolist())) < 2:
            continue
        pipeline = fit_table(recipe, table[~held], seed)
        originals = held[: table.originals]
        found[originals] = score(pipeline, table.x[: table.originals][originals], labels)
    partial = file.with_suffix(".partial.npy")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(partial, found)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelError(f"cannot write to {folder}: {error.strerror}; make room there") from error
    return found


def mean_recall(found: Floats, table: Table) -> float:
    """Unweighted mean, over labels, of the share of original clips that got the right one."""
    y, labels = table.y[: table.originals], table.labels
    guesses = np.array(labels)[found.argmax(axis=1)]
    return float(np.mean([np.mean(guesses[y == label] == label) for label in labels]))


def fit_scale(found: Floats, table: Table) -> float:
    """What scores are divided by to be logits: their spread, then a temperature."""
    spread = max(float((found - found.mean(axis=1, keepdims=True)).std()), _SHORTEST)
    right = np.array([table.labels.index(label) for label in table.y[: table.originals].tolist()])
    return spread * fit_temperature(found / spread, right)
