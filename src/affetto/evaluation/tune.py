"""Searching a recipe's options with Optuna, on speakers who are set aside for choosing and never on those tested."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from affetto.corpora import load_corpora
from affetto.corpora.splits import ProtocolOptions, divide, validation_split
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, OptionError, RecipeError
from affetto.evaluation.metrics import unweighted_average_recall
from affetto.evaluation.search_space import Choice, Range, Space
from affetto.evaluation.toml import recipe_key
from affetto.learning.families import build_model
from affetto.learning.model import Progress
from affetto.learning.recipe import Recipe, override

if TYPE_CHECKING:
    import optuna

__all__ = ["Tuned", "changed", "choosing_clips", "tune"]

_WATCHED = 0.25  # of the clips that may be chosen by


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The outcome of a search.

    Attributes:
        recipe: The best recipe.
        values: What was chosen.
        uar: Its UAR on the watched speakers, mean over seeds.
        before: UAR of the recipe as it was, or None where it lies outside the space.
        trials: How many recipes were tried, earlier sessions included.
        watched: Speakers that the choice was made on; figures on them are no longer honest.
    """

    recipe: Recipe
    values: Mapping[str, Any]
    uar: float
    before: float | None
    trials: int
    watched: tuple[str, ...]


def choosing_clips(
    clips: Sequence[Clip],
    protocol: str | None,
    fold: str | None = None,
    options: ProtocolOptions | None = None,
) -> tuple[Clip, ...]:
    """The clips that a choice may look at, when figures will be reported by a protocol.

    Args:
        clips: All clips of the recipe.
        protocol: The protocol of the report; None if it will be on other corpora.
        fold: The one fold that will be reported; None for all of them.
        options: What may be chosen about the protocol.

    Raises:
        CorpusError: If every clip is tested in some fold, so that nothing is left to choose by.
        OptionError: If there is no such fold.
    """
    if protocol is None:
        return tuple(clips)
    folds = {one.name: one for one in divide(clips, protocol, options)}
    if fold is not None and fold not in folds:
        raise OptionError(f"unknown fold {fold!r}; the protocol has {', '.join(folds)}")
    chosen = [folds[fold]] if fold is not None else list(folds.values())
    left = set.intersection(*({clip.path for clip in one.train} for one in chosen))
    if not left:
        raise CorpusError(
            f"protocol {protocol} tests every speaker in some fold; choose on other corpora (--corpus), "
            "or for one fold only (--fold)"
        )
    return tuple(clip for clip in clips if clip.path in left)


def tune(
    recipe: Recipe,
    space: Space,
    *,
    trials: int,
    cache: Path,
    runs: Path,
    protocol: str | None = None,
    fold: str | None = None,
    options: ProtocolOptions | None = None,
    seeds: Sequence[int] = (0,),
    progress: Progress | None = None,
    best: Callable[[int, float], None] = lambda _trial, _uar: None,
) -> Tuned:
    """Searches the space for the recipe with the best UAR on watched speakers (TPE, Bergstra et al. 2011).

    A quarter of the speakers who may be looked at are watched, others with each seed; a model that needs to know when
    to stop stops by further speakers. The first trial is the recipe as it is. Trials are kept in a SQLite file in
    ``runs``: the same search goes on where it was stopped.

    Args:
        recipe: Where the search starts.
        space: The options to search, by their key in the recipe.
        trials: How many recipes to try, earlier sessions included.
        cache: Folder of prepared examples.
        runs: Folder of the trials.
        protocol: The protocol that figures will be reported by; what it tests is not looked at.
        fold: The one fold of it that will be reported; None for all.
        options: What may be chosen about the protocol.
        seeds: Each trial is the mean of as many trainings.
        progress: Called with what is being done, how much is done and how much there is.
        best: Called with number and UAR of every trial that is better than all before.

    Raises:
        OptionError: If the space is empty, a key is not in the recipe, or the protocol is unknown.
        CorpusError: If there are no speakers to choose by.
    """
    import optuna

    if not space:
        raise OptionError("nothing to search; give --vary key=low..high or --space FILE")
    _check(recipe, space)
    clips = load_corpora(recipe.data.corpora, recipe.data.root / recipe.data.speech)
    clips = choosing_clips(clips, protocol, fold, options)
    objective = _Objective(recipe, clips, cache=cache, runs=runs, seeds=seeds)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = _study(recipe, space, runs, (protocol, fold, repr(options), tuple(seeds), len(clips)))
    report: Progress = progress or (lambda _stage, _done, _total: None)
    finished = _finished(study)
    report("trials", min(finished, trials), trials)
    while finished < trials:
        trial = study.ask()
        values = {key: _suggest(trial, key, what) for key, what in space.items()}
        try:
            uar = objective(values, trial)
        except (RecipeError, optuna.TrialPruned) as error:
            logging.getLogger(__name__).info("trial %d: %s", trial.number, error)
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, uar)
            if study.best_trial.number == trial.number:
                best(trial.number, uar)
        finished = _finished(study)
        report("trials", min(finished, trials), trials)
    complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        raise OptionError("no trial gave a valid recipe; narrow the space")
    values = {key: study.best_params[key] for key in space}
    start = _current(recipe, space)
    return Tuned(
        recipe=changed(recipe, values),
        values=values,
        uar=study.best_value,
        before=next((t.value for t in complete if t.params == start), None),
        trials=finished,
        watched=objective.watched,
    )


def changed(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with some of its options set.

    Raises:
        RecipeError: If the values do not go together, or a key is not one of the recipe.
    """
    raw: dict[str, Any] = recipe.model_dump(mode="json", exclude_unset=True)
    for key, value in values.items():
        raw = override(raw, f"{key}={_toml(value)}")
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecipeError(f"{', '.join(values)}: {where}: {first['msg']}") from error


def _toml(value: Any) -> str:
    from affetto.evaluation.toml import to_toml

    return to_toml({"value": value}).partition("=")[2].strip()


def _check(recipe: Recipe, space: Space) -> None:
    for key, what in space.items():
        tried = what.values[0] if isinstance(what, Choice) else what.low
        try:
            changed(recipe, {key: tried})
        except RecipeError as error:
            raise OptionError(f"cannot search {key}: {error}") from error


def _current(recipe: Recipe, space: Space) -> dict[str, Any] | None:
    """The values that the recipe has now, or None where one lies outside the space."""
    raw: Any = recipe.model_dump(mode="json")
    found: dict[str, Any] = {}
    for key, what in space.items():
        value = raw
        for name in key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        inside = (
            value in what.values
            if isinstance(what, Choice)
            else isinstance(value, int | float) and what.low <= value <= what.high
        )
        if not inside:
            return None
        found[key] = value
    return found


def _suggest(trial: "optuna.Trial", key: str, what: Range | Choice) -> Any:
    if isinstance(what, Choice):
        return trial.suggest_categorical(key, list(what.values))
    if isinstance(what.low, int) and isinstance(what.high, int):
        return trial.suggest_int(key, what.low, what.high, log=what.log)
    return trial.suggest_float(key, what.low, what.high, log=what.log)


def _study(recipe: Recipe, space: Space, runs: Path, facts: object) -> "optuna.Study":
    import hashlib

    import optuna

    runs.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(repr((recipe_key(recipe), sorted(space.items()), facts)).encode()).hexdigest()[:8]
    storage = f"sqlite:///{(runs / 'trials.db').resolve()}"
    study = optuna.create_study(
        study_name=key,
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    # seeded by the trials so far: a search that goes on does not draw its first trials again
    study.sampler = optuna.samplers.TPESampler(seed=len(study.trials))
    start = _current(recipe, space)
    if not study.trials and start is not None:
        study.enqueue_trial(start)
    for trial in study.trials:
        if trial.state == optuna.trial.TrialState.RUNNING:  # of a search that was interrupted
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params)
    return study


def _finished(study: "optuna.Study") -> int:
    from optuna.trial import TrialState

    return sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in study.trials)


class _Objective:
    """UAR of a changed recipe on watched speakers."""

    def __init__(self, recipe: Recipe, clips: Sequence[Clip], *, cache: Path, runs: Path, seeds: Sequence[int]) -> None:
        self._recipe, self._clips, self._cache, self._runs = recipe, clips, cache, runs
        self._splits = {seed: validation_split(clips, share=_WATCHED, seed=seed) for seed in seeds}

    @property
    def watched(self) -> tuple[str, ...]:
        """Everybody who was watched with some seed."""
        return tuple(sorted({f"{clip.corpus}:{clip.speaker}" for _, aside in self._splits.values() for clip in aside}))

    def __call__(self, values: Mapping[str, Any], trial: "optuna.Trial") -> float:
        import optuna

        recipe = changed(self._recipe, values)
        model = build_model(recipe, self._cache)
        usable = {clip.path for clip in model.prepare(self._clips)}
        scores: list[float] = []
        for step, (seed, (learnt, watched)) in enumerate(self._splits.items()):
            train, stop = tuple(clip for clip in learnt if clip.path in usable), tuple[Clip, ...]()
            watched = [clip for clip in watched if clip.path in usable]
            if model.needs_validation:
                train, stop = validation_split(train, seed=seed)
            folder = self._runs / f"{recipe_key(recipe)}-seed{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            model.fit(train, validation=stop, folder=folder, seed=seed)
            scores.append(_uar(watched, model.predict_proba(watched), model.labels))
            trial.report(float(np.mean(scores)), step)
            if step + 1 < len(self._splits) and trial.should_prune():
                raise optuna.TrialPruned(f"UAR {np.mean(scores):.3f} after {step + 1} seed(s)")
        return float(np.mean(scores))


def _uar(clips: Sequence[Clip], probabilities: Any, labels: Sequence[str]) -> float:
    """Mean over corpora of UAR among the corpus's own labels."""
    found: list[float] = []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        rows = [row for row, clip in enumerate(clips) if clip.corpus == corpus]
        known = sorted({clip.target for clip in clips if clip.corpus == corpus})
        columns = [labels.index(label) for label in known if label in labels]
        guesses = [known.index(labels[columns[int(np.argmax(probabilities[row, columns]))]]) for row in rows]
        truth = np.array([known.index(clips[row].target) for row in rows])
        found.append(unweighted_average_recall(truth, np.array(guesses)))
    return float(np.mean(found))
