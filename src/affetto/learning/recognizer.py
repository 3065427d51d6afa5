"""The recognizer that ships, as a model among the others."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from affetto.corpora.table import Clip
from affetto.errors import ModelError
from affetto.learning.baseline import cue_baseline
from affetto.learning.calibrate import softmax
from affetto.learning.data import PreparedData, prepare
from affetto.learning.export import export
from affetto.learning.fit import fit, predict_logits
from affetto.learning.model import Floats, Progress
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import Recipe, RecognizerRecipe

__all__ = ["RecognizerModel"]

_WEIGHTS = "network.pt"


class RecognizerModel:
    """A convolutional network on mel power for several corpora (see :mod:`affetto.learning.networks`).

    It is prepared with all clips of its recipe at once, whichever of them it then learns from.
    """

    needs_validation = False  # a fixed number of steps, averaged weights

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        assert isinstance(recipe.model, RecognizerRecipe)
        self._recipe, self._family, self._cache = recipe, recipe.model, cache
        self._data: PreparedData | None = None
        self._network: EmotionNetwork | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The eight emotions, then the further labels of the corpora."""
        return self._prepared().labels

    def _prepared(self, progress: Progress | None = None) -> PreparedData:
        if self._data is None:
            self._data = prepare(self._recipe, self._cache, progress=progress)
        return self._data

    def _fitted(self) -> EmotionNetwork:
        if self._network is None:
            raise ModelError("the model is not fitted; call fit() first")
        return self._network

    def prepare(self, clips: Sequence[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
        """Prepares the spectrograms of all the recipe's clips; those that could not be decoded are left out."""
        usable = {clip.path for clip in self._prepared(progress).clips}
        return tuple(clip for clip in clips if clip.path in usable)

    def fit(
        self,
        clips: Sequence[Clip],
        *,
        validation: Sequence[Clip] = (),
        folder: Path,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        """Learns for the recipe's number of steps; ``validation`` is not looked at."""
        del validation
        examples = self._prepared().training_set(clips)
        self._network = fit(examples, self._family, folder=folder, seed=seed, progress=progress)

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``."""
        data = self._prepared()
        logits = predict_logits(self._fitted(), data.speech["plain"], data.rows(clips))
        return softmax(logits[:, : len(data.labels)])

    def save(self, folder: Path) -> None:
        """Writes the weights and the recipe."""
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        torch.save(self._fitted().state_dict(), partial / _WEIGHTS)
        (partial / "recipe.json").write_text(self._recipe.model_dump_json(), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Writes the ONNX file of the eight emotions and the speech gate, with the average voice for explanations."""
        data = self._prepared()
        every = {"recipe": self._recipe.name, "corpora": ", ".join(self._recipe.data.corpora), **(facts or {})}
        baseline = cue_baseline([clip for clip in data.clips if clip.emotion is not None], self._cache)
        export(self._fitted(), path, temperature=temperature, baseline=baseline, facts=every)
