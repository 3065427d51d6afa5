"""Classical models: functionals of a clip, a pipeline of scikit-learn, probabilities that mean what they say."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from imblearn.pipeline import Pipeline

from affetto.corpora.table import Clip
from affetto.errors import CorpusError, ModelError
from affetto.features.functionals import FEATURES_VERSION, functional_names, functionals
from affetto.learning.augment import change_speed
from affetto.learning.cached import cached
from affetto.learning.calibrate import softmax
from affetto.learning.estimators import estimator_versions, read_estimator, write_estimator
from affetto.learning.held_out import Features, Table, fit_scale, fit_table, held_out_scores, mean_recall, score
from affetto.learning.importance import permutation_importance
from affetto.learning.model import Floats, Progress
from affetto.learning.pipeline import answer_in_blocks
from affetto.learning.recipe import Recipe
from affetto.learning.recipe.classical import ClassicalRecipe
from affetto.learning.store import Saved, read_saved, save_model
from affetto.voice.audio import Samples

__all__ = ["ClassicalModel"]

_log = logging.getLogger(__name__)

_ESTIMATOR = "pipeline.bin"
_KEPT = "model"  # in the folder of a fit


@dataclass(frozen=True, slots=True)
class _AtSpeed:
    """The functionals of a clip played faster or slower."""

    speed: float

    def __call__(self, samples: Samples) -> Features:
        return functionals(change_speed(samples, self.speed))


class ClassicalModel:
    """One of the families of :class:`~affetto.learning.recipe.ClassicalRecipe`.

    A fit tries the recipe's grid, if it has one, by cross-validation over the training speakers, and calibrates the
    probabilities on the same held-out answers: no temperature and no choice comes from a speaker that was learnt from.

    Attributes:
        jobs: Processes that compute functionals.
    """

    needs_validation = False  # it divides the training speakers itself

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        assert isinstance(recipe.model, ClassicalRecipe)
        self._recipe, self._family, self._cache = recipe, recipe.model, cache
        self.jobs = 1
        self._values: dict[float, dict[Path, Features]] = {}
        self._labels: tuple[str, ...] = ()
        self._pipeline: Pipeline | None = None
        self._scale = 1.0
        self._chosen: dict[str, Any] = {}
        self._training: tuple[Table, int] | None = None
        self._facts: dict[str, Any] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The targets of the clips that were learnt from, sorted."""
        self._fitted()
        return self._labels

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The values of the grid that were best for speakers who were held out; empty without a grid."""
        return dict(self._chosen)

    def _fitted(self) -> Pipeline:
        if self._pipeline is None:
            raise ModelError("the model is not fitted; call fit() first")
        return self._pipeline

    def prepare(self, clips: Sequence[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
        """Computes and keeps the functionals of each clip.

        Returns:
            The clips that can be used; those that cannot be decoded are left out, each logged as a warning.
        """
        usable = tuple(clips)
        for speed in self._speeds:
            self._compute(usable, speed, progress)
            usable = tuple(clip for clip in usable if clip.path in self._values[speed])
        return usable

    @property
    def _speeds(self) -> tuple[float, ...]:
        return tuple(dict.fromkeys((1.0, *self._family.speeds)))

    def _compute(self, clips: Sequence[Clip], speed: float, progress: Progress | None = None) -> None:
        values = self._values.setdefault(speed, {})
        missing = [clip for clip in clips if clip.path not in values]
        if not missing:
            return
        plain = speed == 1.0
        values |= cached(
            missing,
            functionals if plain else _AtSpeed(speed),
            name="functionals" if plain else f"functionals-{speed:g}",
            version=FEATURES_VERSION,
            cache=self._cache,
            jobs=self.jobs,
            progress=progress,
        ).values

    def _features(self, clips: Sequence[Clip], speed: float = 1.0) -> Features:
        values = self._values[speed]
        return np.stack([values[clip.path] for clip in clips]).astype(np.float32)

    def fit(
        self,
        clips: Sequence[Clip],
        *,
        validation: Sequence[Clip] = (),
        folder: Path,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        """Learns from clips; an interrupted search goes on, a finished fit of the same clips is kept.

        Args:
            clips: What is learnt from; those that cannot be decoded are left out, each logged as a warning.
            validation: Not looked at: the training speakers are divided instead.
            folder: Where the answers of the search and the fitted model are kept.
            seed: Decides every random choice.
            progress: Whether to log what is tried.

        Raises:
            CorpusError: If the clips have one label only.
            ModelError: If ``folder`` cannot be written to.
        """
        del validation
        usable = self.prepare(clips)
        table = self._table(usable)
        self._labels = table.labels
        if len(self._labels) < 2:
            heard = f"only {self._labels[0]!r}" if self._labels else "none"
            raise CorpusError(f"{len(usable)} clip(s) with {heard} as label; a model needs clips of two labels or more")
        self._training = (table, seed)
        stamp = self._stamp(usable, seed)
        if self._resume(folder / _KEPT, stamp):
            return
        best: tuple[float, ClassicalRecipe, dict[str, Any], Floats] | None = None
        for changes, candidate in self._family.candidates():
            held_out = held_out_scores(candidate, table, seed=seed, folder=folder / stamp)
            quality = mean_recall(held_out, table)
            if progress and changes:
                _log.info("%s: mean recall %.3f", changes, quality)
            if best is None or quality > best[0] + 1e-9:
                best = (quality, candidate, changes, held_out)
        assert best is not None  # a grid has at least one combination
        _, family, self._chosen, held_out = best
        self._scale = fit_scale(held_out, table)
        self._pipeline = fit_table(family, table, seed)
        self._facts = {"stamp": stamp}
        self.save(folder / _KEPT)

    def _table(self, clips: Sequence[Clip]) -> Table:
        if not clips:
            raise CorpusError("no clip that can be learnt from; 'affetto corpus check' shows what is there")
        speeds = self._speeds
        return Table(
            x=np.concatenate([self._features(clips, speed) for speed in speeds]),
            y=np.array([clip.target for clip in clips] * len(speeds)),
            speakers=np.array([f"{clip.corpus}/{clip.speaker}" for clip in clips] * len(speeds)),
            originals=len(clips),
        )

    def _stamp(self, clips: Sequence[Clip], seed: int) -> str:
        names = [(clip.corpus, clip.speaker, clip.path.name, clip.target) for clip in clips]
        text = repr((self._family.model_dump_json(), FEATURES_VERSION, estimator_versions(), seed, names))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _resume(self, folder: Path, stamp: str) -> bool:
        try:
            saved = read_saved(folder)
            if saved.facts.get("stamp") != stamp:
                return False
            self._accept(saved)
        except ModelError:
            return False
        return True

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``.

        Raises:
            CorpusError: If a clip cannot be decoded.
        """
        pipeline = self._fitted()
        if not clips:
            return np.zeros((0, len(self._labels)))
        return softmax(score(pipeline, self._asked(clips), self._labels), self._scale)

    def embed(self, clips: Sequence[Clip]) -> Floats:
        """What the classifier is given: the features scaled, chosen and put together, ``(clips, values)``.

        Raises:
            CorpusError: If a clip cannot be decoded.
        """
        # adding clips to rare labels is for learning alone
        steps = [step for _, step in self._fitted().steps[:-1] if hasattr(step, "transform")]

        def transform(x: Floats) -> Floats:
            for step in steps:
                x = step.transform(x)
            return x

        return answer_in_blocks(transform, self._asked(clips))

    def _asked(self, clips: Sequence[Clip]) -> Features:
        self._compute(clips, 1.0)  # copies at other speeds are for learning alone
        lost = next((clip for clip in clips if clip.path not in self._values[1.0]), None)
        if lost is not None:
            raise CorpusError(f"{lost.path.name} cannot be used; leave out what prepare() leaves out")
        return self._features(clips)

    def importance(self) -> dict[str, float]:
        """How much each descriptor matters, most first: what shuffling all its functionals costs held-out speakers.

        The mean probability of the right label is compared before and after (permutation importance, Breiman 2001),
        for a pipeline that learnt from the other training speakers.

        Raises:
            ModelError: If the model was loaded: it no longer has the clips that it learnt from.
        """
        self._fitted()
        if self._training is None:
            raise ModelError("importance is measured on the training clips, which a loaded model lacks; call fit()")
        table, seed = self._training
        return permutation_importance(self._best(), table, functional_names(), scale=self._scale, seed=seed)

    def _best(self) -> ClassicalRecipe:
        return next(recipe for changes, recipe in self._family.candidates() if changes == self._chosen)

    def save(self, folder: Path) -> None:
        """Writes the pipeline and the recipe, whole or not at all.

        Raises:
            ModelError: If the model is not fitted, or the folder cannot be written to.
        """
        pipeline = self._fitted()
        save_model(
            folder,
            recipe=self._recipe,
            labels=self._labels,
            write=lambda partial: write_estimator(pipeline, partial / _ESTIMATOR),
            facts={
                **self._facts,
                "features": FEATURES_VERSION,
                "versions": estimator_versions(),
                "scale": self._scale,
                "chosen": self._chosen,
            },
        )

    @classmethod
    def load(cls, saved: Saved, cache: Path) -> Self:
        """The model that :meth:`save` wrote.

        Raises:
            ModelError: If it is damaged, or of other features or another version of scikit-learn.
        """
        model = cls(saved.recipe, cache)
        model._accept(saved)
        return model

    def _accept(self, saved: Saved) -> None:
        facts = saved.facts
        if facts.get("features") != FEATURES_VERSION:
            raise ModelError(
                f"{saved.folder} learnt from version {facts.get('features')} of the functionals, this affetto computes "
                f"version {FEATURES_VERSION}; train it again with 'affetto train'"
            )
        for name, version in estimator_versions().items():
            other = (facts.get("versions") or {}).get(name)
            if other != version:
                raise ModelError(
                    f"{saved.folder} was saved with {name} {other}, here is {version}, which reads its estimators "
                    f"differently; install that version, or train it again with 'affetto train'"
                )
        scale, chosen = facts.get("scale"), facts.get("chosen")
        if not isinstance(scale, float) or not scale > 0 or not isinstance(chosen, dict):
            raise ModelError(f"{saved.folder}/model.json is damaged: scale = {scale!r}, chosen = {chosen!r}")
        pipeline = read_estimator(saved.file(_ESTIMATOR), Pipeline)
        if not set(saved.labels) >= {str(label) for label in pipeline.classes_}:
            raise ModelError(f"{saved.folder}/model.json is damaged: the labels are not those of the pipeline")
        self._pipeline, self._labels, self._scale, self._chosen = pipeline, saved.labels, scale, chosen
        self._facts = {"stamp": facts.get("stamp")}

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Refuses: what a classical model hears cannot be written as ONNX.

        Raises:
            ModelError: Always; the message says why.
        """
        del temperature, facts
        raise ModelError(
            f"family {self._family.family!r} cannot be exported to {path.name}: its functionals need operators that "
            "ONNX lacks (pitch tracking by dynamic programming, percentiles and peaks of runs of unknown length); "
            "keep it as a folder with save(), or train a network"
        )
