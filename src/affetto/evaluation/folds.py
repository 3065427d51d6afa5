"""Training the folds of a cross-validation: in turn or in several processes, each kept when it is finished."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from affetto.corpora.splits import Fold, validation_split
from affetto.corpora.table import Clip
from affetto.errors import ModelError
from affetto.evaluation.kept import Kept, is_kept, keep_fold
from affetto.learning.cached import one_thread
from affetto.learning.families import build_model
from affetto.learning.model import Model, Progress
from affetto.learning.recipe import Recipe

__all__ = ["INSIGHT", "RESULT", "Embeds", "Enrols", "Explains", "Task", "result_of", "train_folds"]

RESULT = "probabilities.npz"
"""What is kept of a fold, in its folder."""

INSIGHT = "insight.npz"
"""What the fold's model shows of itself, beside it."""

_log = logging.getLogger(__name__)

Floats = npt.NDArray[np.floating]


@runtime_checkable
class Embeds(Protocol):
    """A model that tells where it places clips."""

    def embed(self, clips: Sequence[Clip]) -> Floats:
        """What the model has made of each clip before it answers, shape ``(clips, values)``."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A model that tells what its answers depend on."""

    def importance(self) -> Mapping[str, float]:
        """How much each named feature matters."""
        ...


@runtime_checkable
class Enrols(Protocol):
    """A model that answers better for speakers of whom it knows a few clips."""

    def predict_enrolled(self, clips: Sequence[Clip], enrolment: Mapping[str, Sequence[Clip]]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``.

        Args:
            clips: What to answer for.
            enrolment: Other clips of each of their speakers. Their labels are not to be looked at.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A training.

    Attributes:
        recipe: What is trained.
        cache: Folder of prepared examples.
        fold: What is learnt from and tested.
        seed: Decides every random choice.
        folder: Where checkpoints and the result go.
        kept: Where the model is kept besides; None for nowhere.
        insight: Whether the model also shows where it places clips and what its answers depend on, where it can.
    """

    recipe: Recipe
    cache: Path
    fold: Fold
    seed: int
    folder: Path
    kept: Kept | None = None
    insight: bool = True

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        wanted = [result_of(self.fold), *([INSIGHT] if self.insight else [])]
        return all((self.folder / name).is_file() for name in wanted) and (self.kept is None or is_kept(self.kept))


def result_of(fold: Fold) -> str:
    """Name of the file with what the fold's model answered: answers for enrolled speakers lie beside the plain ones."""
    if not fold.enrolment:
        return RESULT
    known = repr(sorted(clip.stem for clip in fold.enrolment))
    return f"enrolled-{hashlib.sha256(known.encode()).hexdigest()[:8]}.npz"


def train_folds(
    tasks: Sequence[Task],
    *,
    jobs: int = 1,
    model: Model | None = None,
    report: Progress,
    finished: Callable[[Task], None] = lambda _: None,
    pass_over: bool = False,
) -> None:
    """Trains what is not finished yet.

    Args:
        tasks: The trainings, of one recipe or several; they are begun in this order.
        jobs: How many go on at the same time, in a process each.
        model: A prepared model of the recipe, if all tasks are of one; used if they go on in this process.
        report: Called with what is being done, how much is done and how much there is.
        finished: Called with each training that is finished.
        pass_over: Whether a training that fails is logged and left for later, rather than raised.
    """
    todo = [task for task in tasks if not task.finished]
    before = len(tasks) - len(todo)
    report("training folds", before, len(tasks))
    if jobs == 1 or len(todo) < 2:
        for done, task in enumerate(todo, start=before + 1):
            _run(model or _prepared(task), task)
            report("training folds", done, len(tasks))
            finished(task)
        return
    with ProcessPoolExecutor(min(jobs, len(todo)), mp_context=get_context("spawn"), initializer=one_thread) as pool:
        futures = {pool.submit(_run_here, task): task for task in todo}
        try:
            for done, future in enumerate(as_completed(futures), start=before + 1):
                error = future.exception()
                if error is not None and not pass_over:
                    raise error
                report("training folds", done, len(tasks))
                if error is None:
                    finished(futures[future])
                else:
                    _log.warning("%s: %s", futures[future].folder, error)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_here: dict[tuple[str, Path], Model] = {}
"""The latest model of a worker process: the next training is often of the same recipe."""


def _run_here(task: Task) -> None:
    _run(_prepared(task), task)


def _prepared(task: Task) -> Model:
    key = task.recipe.model_dump_json(), task.cache
    if key not in _here:
        _here.clear()
        _here[key] = build_model(task.recipe, task.cache)
    model = _here[key]
    model.prepare((*task.fold.train, *task.fold.held))
    return model


def _run(model: Model, task: Task) -> None:
    fold, folder, seed = task.fold, task.folder, task.seed
    train, validation = fold.train, ()
    if model.needs_validation:
        train, validation = validation_split(fold.train, seed=seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.fit(train, validation=validation, folder=folder, seed=seed)
        if not (folder / RESULT).is_file():
            _keep(folder / RESULT, **_answers(model, model.predict_proba(fold.held)))
        if task.insight and not (folder / INSIGHT).is_file():
            _keep(folder / INSIGHT, **_insight(model, fold.held))
        if fold.enrolment:
            assert isinstance(model, Enrols)
            _keep(folder / result_of(fold), **_answers(model, _answer_known(model, fold)))
        if task.kept is not None:
            keep_fold(model, task.kept)
    except OSError as error:
        raise ModelError(f"{folder}: {error}; finished folds are kept, run the same command again") from error


def _answer_known(model: Enrols, fold: Fold) -> Floats:
    """Corpus by corpus, since two may call different people the same."""
    found: list[tuple[int, Floats]] = []
    for corpus in dict.fromkeys(clip.corpus for clip in fold.test):
        places = [place for place, clip in enumerate(fold.test) if clip.corpus == corpus]
        known: dict[str, list[Clip]] = {}
        for clip in fold.enrolment:
            if clip.corpus == corpus:
                known.setdefault(clip.speaker, []).append(clip)
        found += zip(places, model.predict_enrolled([fold.test[place] for place in places], known), strict=True)
    return np.stack([answer for _, answer in sorted(found, key=lambda pair: pair[0])])


def _answers(model: Model, probabilities: Floats) -> dict[str, Any]:
    return {"labels": np.array(model.labels), "probabilities": probabilities}


def _keep(file: Path, **arrays: Any) -> None:
    """Writes what a fold's model gave, whole or not at all."""
    partial = file.with_name(f"partial-{file.name}")
    try:
        np.savez(partial, **arrays)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _insight(model: Model, clips: Sequence[Clip]) -> dict[str, Any]:
    """What the model shows of itself, where its family does: where it places clips, and what its answers depend on."""
    found: dict[str, Any] = {}
    if isinstance(model, Embeds):
        found["embedding"] = np.asarray(model.embed(clips), np.float16)
    if isinstance(model, Explains):
        try:
            importance = model.importance()
        except ModelError as error:  # of a fit that was taken up again, without what it measures by
            _log.info("no feature importance: %s", error)
        else:
            found["features"], found["importance"] = np.array(list(importance)), np.array(list(importance.values()))
    return found
