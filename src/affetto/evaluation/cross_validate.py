"""Cross-validation: every clip of a protocol predicted by models that never met its speaker."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS
from affetto.corpora import CORPORA
from affetto.corpora.splits import PROTOCOLS, Fold
from affetto.errors import OptionError
from affetto.evaluation.predictions import Prediction
from affetto.learning.calibrate import fit_temperature, softmax
from affetto.learning.data import PreparedData, prepare
from affetto.learning.fit import fit, predict_logits
from affetto.learning.recipe import Recipe

__all__ = ["CrossValidation", "cross_validate"]

_OUTSIDE = -1e9  # logit of an emotion that the corpus does not have

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The outcome of a protocol.

    Attributes:
        predictions: Calibrated, each by temperatures fitted on the other folds.
        temperature: Fitted on all folds: the one for a model trained on all data.
    """

    predictions: tuple[Prediction, ...]
    temperature: float


def cross_validate(
    recipe: Recipe,
    protocol: str,
    *,
    cache: Path,
    runs: Path,
    seeds: Sequence[int] = (0,),
    folds: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> CrossValidation:
    """Trains and tests every fold; folds finished earlier are taken from ``runs``, an interrupted one goes on.

    Args:
        recipe: What is trained.
        protocol: Name in :data:`~affetto.corpora.splits.PROTOCOLS`.
        cache: Folder of prepared spectrograms.
        runs: Folder of checkpoints and fold results.
        seeds: Seeds; every fold is trained once with each.
        folds: Names of the folds to run; None for all.
        jobs: Folds trained at the same time, one thread each.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        OptionError: If the protocol or a fold is unknown.
    """
    if protocol not in PROTOCOLS:
        raise OptionError(f"unknown protocol {protocol!r}; known are {', '.join(PROTOCOLS)}")
    data = prepare(recipe, cache, progress=progress)
    chosen = _choose(PROTOCOLS[protocol](data.clips), folds)
    work = [(fold, seed) for seed in seeds for fold in chosen]
    files = {(fold.name, seed): runs / f"seed{seed}-fold{fold.name}" / "logits.npy" for fold, seed in work}
    todo = [(fold, seed) for fold, seed in work if not files[fold.name, seed].is_file()]
    report = progress or _silent
    report("training folds", len(work) - len(todo), len(work))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        arguments = [(recipe, protocol, fold.name, seed, cache, files[fold.name, seed]) for fold, seed in todo]
        for done, future in enumerate(as_completed([pool.submit(_run, *a) for a in arguments]), start=1):
            future.result()
            report("training folds", len(work) - len(todo) + done, len(work))
    logits = {key: np.load(file) for key, file in files.items()}
    return _assemble(data, chosen, seeds, logits)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _choose(folds: Sequence[Fold], names: Sequence[str] | None) -> list[Fold]:
    known = [fold.name for fold in folds]
    for name in names or ():
        if name not in known:
            raise OptionError(f"unknown fold {name!r}; the protocol has {', '.join(known)}")
    return [fold for fold in folds if names is None or fold.name in names]


def _run(recipe: Recipe, protocol: str, name: str, seed: int, cache: Path, file: Path) -> None:
    data = prepare(recipe, cache)
    (fold,) = _choose(PROTOCOLS[protocol](data.clips), [name])
    network = fit(data.training_set(fold.train), recipe, folder=file.parent, seed=seed, progress=False)
    logits = predict_logits(network, data.speech["plain"], data.rows(fold.test))
    partial = file.with_name("partial.npy")
    np.save(partial, logits)
    partial.replace(file)


def _assemble(
    data: PreparedData, folds: Sequence[Fold], seeds: Sequence[int], logits: dict[tuple[str, int], Floats]
) -> CrossValidation:
    rows = {fold.name: data.rows(fold.test) for fold in folds}
    known = {fold.name: _known(data, rows[fold.name]) for fold in folds}
    labels = {fold.name: _labels(data, rows[fold.name]) for fold in folds}
    masked = {key: value[:, : len(EMOTIONS)] + known[key[0]] for key, value in logits.items()}

    def temperature(fold_names: Sequence[str], seed: int) -> float:
        if not fold_names:  # a protocol of one fold has no other to calibrate on
            return 1.0
        return fit_temperature(
            np.concatenate([masked[name, seed] for name in fold_names]),
            np.concatenate([labels[name] for name in fold_names]),
        )

    predictions: list[Prediction] = []
    for seed in seeds:
        for fold in folds:
            others = [other.name for other in folds if other is not fold]
            probabilities = softmax(masked[fold.name, seed], temperature(others, seed))
            for row, p in zip(rows[fold.name], probabilities, strict=True):
                clip = data.clips[row]
                assert clip.emotion is not None
                predictions.append(
                    Prediction(
                        stem=clip.stem,
                        corpus=clip.corpus,
                        speaker=clip.speaker,
                        fold=fold.name,
                        seed=seed,
                        label=clip.emotion,
                        probabilities=p,
                    )
                )
    everything = [fold.name for fold in folds]
    return CrossValidation(tuple(predictions), float(np.mean([temperature(everything, seed) for seed in seeds])))


def _labels(data: PreparedData, rows: Sequence[int]) -> npt.NDArray[np.int64]:
    emotions = [data.clips[row].emotion for row in rows]
    return np.array([EMOTIONS.index(emotion) for emotion in emotions if emotion is not None])


def _known(data: PreparedData, rows: Sequence[int]) -> Floats:
    masks = np.array([CORPORA[data.clips[row].corpus].mask for row in rows])
    return np.where(masks, 0.0, _OUTSIDE)
