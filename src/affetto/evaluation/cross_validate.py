"""Cross-validation: every clip of a protocol predicted by models that learnt from other clips."""

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.corpora import CORPORA, load_corpora
from affetto.corpora.splits import Fold, ProtocolOptions, divide, find_protocol, validation_notes
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, OptionError
from affetto.evaluation.folds import Enrols, Task, result_of, train_folds
from affetto.evaluation.kept import Kept
from affetto.evaluation.predictions import DECIMALS, Prediction, label_order
from affetto.learning.calibrate import fit_temperature, softmax
from affetto.learning.families import build_model
from affetto.learning.model import Model, Progress, SharesWork
from affetto.learning.recipe import Recipe

__all__ = ["CrossValidation", "Plan", "cross_validate", "plan_folds"]

_OUTSIDE = -1e9  # logit of a label that is no answer
_LEAST = 1e-12  # probability, before its logarithm is taken
_log = logging.getLogger(__name__)

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The outcome of a protocol.

    Attributes:
        predictions: Calibrated, each by temperatures fitted on the other folds.
        temperature: Fitted on all folds: the one for a model trained on all data.
        notes: What a reader of the figures should know: clips left out, labels that a fold lacks, leaks.
        logs: Folders of the trained folds, with what their models wrote while learning.
    """

    predictions: tuple[Prediction, ...]
    temperature: float
    notes: tuple[str, ...] = ()
    logs: tuple[Path, ...] = ()


def cross_validate(
    recipe: Recipe,
    protocol: str,
    *,
    cache: Path,
    runs: Path,
    options: ProtocolOptions | None = None,
    seeds: Sequence[int] = (0,),
    folds: Sequence[str] | None = None,
    jobs: int = 1,
    keep: Path | None = None,
    insight: bool = True,
    progress: Progress | None = None,
) -> CrossValidation:
    """Trains and tests every fold; folds finished earlier are taken from ``runs``, an interrupted one goes on.

    A fold is known by the clips on its two sides: one whose clips have changed is trained anew.

    Args:
        recipe: What is trained, and on which corpora.
        protocol: Name in :data:`~affetto.corpora.splits.PROTOCOLS`.
        cache: Folder of prepared examples.
        runs: Folder of checkpoints and fold results, of this very recipe.
        options: What may be chosen about the protocol.
        seeds: Seeds; every fold is trained once with each.
        folds: Names of the folds to run; None for all.
        jobs: Folds trained at the same time, in a process each.
        keep: Folder in which the model of every fold and seed is kept (see :mod:`affetto.evaluation.kept`); None for
            predictions only. A fold that was finished without is taken up again for it.
        insight: Whether models also show where they place clips and what their answers depend on, for the report's
            page; of some it costs more than the training.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        OptionError: If the protocol or a fold is unknown.
        CorpusError: If the clips cannot be divided so.
        ModelError: If results cannot be written.
    """
    plan = plan_folds(
        recipe, protocol, cache=cache, runs=runs, options=options, seeds=seeds, folds=folds, jobs=jobs, keep=keep,
        insight=insight, progress=progress,
    )  # fmt: skip
    train_folds(plan.tasks, jobs=jobs, model=plan.model, report=progress or _silent)
    answers = _answers(plan.clips, plan.folds)
    results = {
        (task.fold.name, task.seed): _masked(task.folder / result_of(task.fold), answers[task.fold.name])
        for task in plan.tasks
    }
    rule = find_protocol(protocol)
    notes = [rule.warning] if rule.warning else []
    notes += _left_out(plan.clips, plan.usable)
    notes += _lacking(plan.folds, answers)
    if plan.model.needs_validation:
        notes += dict.fromkeys(note for fold in plan.folds for note in validation_notes(fold.train))
    predictions, temperature = _assemble(plan.folds, seeds, answers, results)
    return CrossValidation(predictions, temperature, tuple(notes), tuple(task.folder for task in plan.tasks))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a protocol asks for.

    Attributes:
        model: A model of the recipe, prepared.
        clips: All clips of the corpora.
        usable: Those that could be prepared.
        folds: The folds that are run.
        tasks: Their trainings.
    """

    model: Model
    clips: tuple[Clip, ...]
    usable: tuple[Clip, ...]
    folds: tuple[Fold, ...]
    tasks: tuple[Task, ...]


def plan_folds(
    recipe: Recipe,
    protocol: str,
    *,
    cache: Path,
    runs: Path,
    options: ProtocolOptions | None = None,
    seeds: Sequence[int] = (0,),
    folds: Sequence[str] | None = None,
    jobs: int = 1,
    keep: Path | None = None,
    insight: bool = True,
    progress: Progress | None = None,
) -> Plan:
    """Prepares the clips of a protocol and says what is to be trained; see :func:`cross_validate`."""
    rule = find_protocol(protocol)
    clips = load_corpora(recipe.data.corpora, recipe.data.root / recipe.data.speech)
    divide(clips, protocol, options)  # refused before anything is computed
    model = build_model(recipe, cache)
    if rule.enrols and not isinstance(model, Enrols):
        raise OptionError(
            f"protocol {protocol}: models of family {recipe.model.family} do not know speakers; use a recipe of family "
            f"recognizer, or the protocol {rule.folds_of}"
        )
    if isinstance(model, SharesWork):
        model.jobs = jobs
    usable = model.prepare(clips, progress=progress)
    chosen = _choose(divide(usable, protocol, options), folds)
    tasks = tuple(
        Task(
            recipe=recipe,
            cache=cache,
            fold=fold,
            seed=seed,
            folder=_folder(runs, fold, seed),
            kept=Kept(keep, rule.folds_of or protocol, fold, seed) if keep else None,
            insight=insight,
        )
        for seed in seeds
        for fold in chosen
    )
    return Plan(model, tuple(clips), usable, tuple(chosen), tasks)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _choose(folds: Sequence[Fold], names: Sequence[str] | None) -> list[Fold]:
    known = [fold.name for fold in folds]
    for name in names or ():
        if name not in known:
            raise OptionError(f"unknown fold {name!r}; the protocol has {', '.join(known)}")
    return [fold for fold in folds if names is None or fold.name in names]


def _folder(runs: Path, fold: Fold, seed: int) -> Path:
    clips = repr([[(clip.corpus, clip.speaker, clip.stem) for clip in side] for side in (fold.train, fold.held)])
    name = re.sub(r"[^\w-]", "-", fold.name)
    return runs / f"seed{seed}-fold{name}-{hashlib.sha256(clips.encode()).hexdigest()[:8]}"


def _answers(clips: Sequence[Clip], folds: Sequence[Fold]) -> dict[str, list[tuple[str, ...]]]:
    """For every fold, the answers that are possible for each tested clip: the labels of its corpus."""
    of_corpus: dict[str, tuple[str, ...]] = {}
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        found = {clip.target for clip in clips if clip.corpus == corpus}
        known = CORPORA[corpus].targets if corpus in CORPORA else ()
        of_corpus[corpus] = label_order({*found, *known})
    return {fold.name: [fold.labels or of_corpus[clip.corpus] for clip in fold.test] for fold in folds}


def _masked(file: Path, answers: Sequence[tuple[str, ...]]) -> Floats:
    """Log-probabilities of the answers of a fold, shape ``(clips, all answers)``; others are out of the question."""
    with np.load(file) as kept:
        labels, probabilities = [str(label) for label in kept["labels"]], kept["probabilities"]
    columns = label_order({label for possible in answers for label in possible})
    place = {label: column for column, label in enumerate(labels)}
    logits = np.full((len(answers), len(columns)), np.log(_LEAST))
    for column, label in enumerate(columns):
        if label in place:
            logits[:, column] = np.log(np.maximum(probabilities[:, place[label]], _LEAST))
    outside = np.array([[label not in possible for label in columns] for possible in answers])
    logits[outside] = _OUTSIDE
    return logits


def _left_out(clips: Sequence[Clip], usable: Sequence[Clip]) -> list[str]:
    bad = sorted({clip.path for clip in clips} - {clip.path for clip in usable})
    if not bad:
        return []
    for path in bad:
        _log.warning("%s is left out: it cannot be used", path)
    return [f"{len(bad)} of {len(clips)} clips cannot be used and are left out: {', '.join(p.name for p in bad[:5])}"]


def _lacking(folds: Sequence[Fold], answers: dict[str, list[tuple[str, ...]]]) -> list[str]:
    untested: dict[tuple[str, str], list[str]] = {}
    unlearnt: dict[tuple[str, str], list[str]] = {}
    for fold in folds:
        learnt = {clip.target for clip in fold.train}
        possible = dict(zip((clip.corpus for clip in fold.test), answers[fold.name], strict=True))
        for corpus, labels in possible.items():
            tested = {clip.target for clip in fold.test if clip.corpus == corpus}
            for label in labels:
                if label not in tested:
                    untested.setdefault((corpus, label), []).append(fold.name)
                elif label not in learnt:
                    unlearnt.setdefault((corpus, label), []).append(fold.name)
    return [
        *_grouped(
            untested, "{corpus}: no clip of {labels} is tested in {folds}; UAR there is over the labels that are"
        ),
        *_grouped(unlearnt, "{corpus}: nothing labelled {labels} to learn from in {folds}; its clips count as missed"),
    ]


def _grouped(found: dict[tuple[str, str], list[str]], text: str) -> list[str]:
    """One note for all the labels of a corpus that the same folds lack."""
    together: dict[tuple[str, str], list[str]] = {}
    for (corpus, label), names in found.items():
        folds = f"fold{'s' * (len(names) > 1)} {', '.join(names)}"
        together.setdefault((corpus, folds), []).append(label)
    return [
        text.format(corpus=corpus, labels=", ".join(labels), folds=folds)
        for (corpus, folds), labels in together.items()
    ]


def _assemble(
    folds: Sequence[Fold],
    seeds: Sequence[int],
    answers: dict[str, list[tuple[str, ...]]],
    results: dict[tuple[str, int], Floats],
) -> tuple[tuple[Prediction, ...], float]:
    of_fold = {name: label_order({label for one in possible for label in one}) for name, possible in answers.items()}
    every = label_order({label for labels in of_fold.values() for label in labels})
    truth = {fold.name: np.array([every.index(clip.target) for clip in fold.test]) for fold in folds}
    logits = {key: _spread(value, of_fold[key[0]], every) for key, value in results.items()}

    def temperature(names: Sequence[str], seed: int) -> float:
        if not names:  # a protocol of one fold has no other to calibrate on
            return 1.0
        return fit_temperature(
            np.concatenate([logits[name, seed] for name in names]), np.concatenate([truth[name] for name in names])
        )

    predictions: list[Prediction] = []
    for seed in seeds:
        for fold in folds:
            others = [other.name for other in folds if other is not fold]
            probabilities = softmax(logits[fold.name, seed], temperature(others, seed))
            for clip, p in zip(fold.test, probabilities.round(DECIMALS), strict=True):  # as the file will tell
                predictions.append(_prediction(clip, fold, seed, every, p))
    everything = [fold.name for fold in folds]
    return tuple(predictions), float(np.mean([temperature(everything, seed) for seed in seeds]))


def _spread(logits: Floats, labels: tuple[str, ...], every: tuple[str, ...]) -> Floats:
    wide = np.full((len(logits), len(every)), _OUTSIDE)
    wide[:, [every.index(label) for label in labels]] = logits
    return wide


def _prediction(clip: Clip, fold: Fold, seed: int, labels: tuple[str, ...], p: Floats) -> Prediction:
    if clip.target not in labels:
        raise CorpusError(f"{clip.path}: label {clip.target!r} is not one of {', '.join(labels)}")
    return Prediction(
        stem=clip.stem,
        corpus=clip.corpus,
        speaker=clip.speaker,
        fold=fold.name,
        seed=seed,
        label=clip.target,
        probabilities=p,
        labels=labels,
        gender=clip.gender,
        seconds=clip.seconds,
    )
