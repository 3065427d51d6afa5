"""The recognizer that ships, as a model among the others."""

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from affetto.corpora.table import Clip
from affetto.errors import ModelError
from affetto.learning.calibrate import softmax
from affetto.learning.checkpoints import CHECKPOINT_VERSION, check_stamp, read_checkpoint, stamped, write_checkpoint
from affetto.learning.data import PreparedData, prepare
from affetto.learning.export import export, voice_of_recipe
from affetto.learning.fit import embed, fit, predict_logits
from affetto.learning.model import Floats, Progress
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import Recipe, RecognizerRecipe
from affetto.learning.statistics_fit import fit_statistics
from affetto.learning.statistics_views import Views, prepare_views
from affetto.learning.store import Saved, save_model

__all__ = ["RecognizerModel"]

_WEIGHTS = "network.pt"
_STAMP = "saved model"


class RecognizerModel:
    """A convolutional network on mel power for several corpora (see :mod:`affetto.learning.networks`).

    It is prepared with all clips of its recipe at once, whichever of them it then learns from.

    Attributes:
        threads: Processor threads of training.
    """

    needs_validation = False  # a fixed number of steps, averaged weights

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        assert isinstance(recipe.model, RecognizerRecipe)
        self._recipe, self._family, self._cache = recipe, recipe.model, cache
        self._data: PreparedData | None = None
        self._views: Views | None = None
        self._network: EmotionNetwork | None = None
        self._embedded: dict[Path, npt.NDArray[np.float32]] = {}  # by this network
        self.threads = 1
        self._labels: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The eight emotions, then the further labels of the corpora."""
        return self._labels or self._prepared().labels

    def _prepared(self, progress: Progress | None = None) -> PreparedData:
        if self._data is None:
            self._data = prepare(self._recipe, self._cache, progress=progress)
        return self._data

    def _seen(self, progress: Progress | None = None) -> Views:
        if self._views is None:
            data = self._prepared(progress)
            self._views = prepare_views(data, self._family, self._cache, progress=progress)
        return self._views

    def _fitted(self) -> EmotionNetwork:
        if self._network is None:
            raise ModelError("the model is not fitted; call fit() first")
        return self._network

    def prepare(self, clips: Sequence[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
        """Prepares the spectrograms of all the recipe's clips; those that could not be decoded are left out."""
        usable = {clip.path for clip in self._prepared(progress).clips}
        if self._family.statistics.hidden:
            self._seen(progress)
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
        self._embedded = {}
        with _bar(progress) as report:
            network = fit(examples, self._family, folder=folder, seed=seed, threads=self.threads, progress=report)
        if self._family.statistics.hidden:
            with _bar(progress) as report:
                network.statistics = fit_statistics(
                    self._seen(), examples, self._family, folder=folder, seed=seed, progress=report
                )
        self._network = network

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``."""
        logits = predict_logits(self._fitted(), self._embed(clips))
        return softmax(logits[:, : len(self.labels)])

    def predict_enrolled(self, clips: Sequence[Clip], enrolment: Mapping[str, Sequence[Clip]]) -> Floats:
        """Probabilities of clips by speakers of whom other clips are known, shape ``(clips, labels)``.

        Args:
            clips: What is read.
            enrolment: Clips of each speaker, by :attr:`Clip.speaker`; their labels are not looked at. A speaker who is
                left out is not known.
        """
        data, network = self._prepared(), self._fitted()
        profiles = np.zeros((len(clips), network.embedding_size), np.float32)
        for speaker, known in enrolment.items():
            seconds = data.speech["plain"].lengths[data.rows(known)]
            of_speaker = [clip.speaker == speaker for clip in clips]
            profiles[of_speaker] = np.average(self._embed(known), axis=0, weights=seconds)
        logits = predict_logits(network, self._embed(clips), profiles=profiles)
        return softmax(logits[:, : len(self.labels)])

    def embed(self, clips: Sequence[Clip]) -> Floats:
        """What the answers are made from, the pooled layer: shape ``(clips, features)``."""
        return self._embed(clips)

    def _embed(self, clips: Sequence[Clip]) -> npt.NDArray[np.float32]:
        data = self._prepared()
        new = [clip for clip in clips if clip.path not in self._embedded]
        if new:
            found = embed(self._fitted(), data.speech["plain"], data.rows(new))
            self._embedded |= dict(zip((clip.path for clip in new), found, strict=True))
        return np.stack([self._embedded[clip.path] for clip in clips])

    def save(self, folder: Path) -> None:
        """Writes the weights and the recipe, whole or not at all."""
        state = self._fitted().state_dict()
        save_model(
            folder,
            recipe=self._recipe,
            labels=self.labels,
            write=lambda partial: write_checkpoint(stamped({"state": state}, _STAMP), partial / _WEIGHTS),
            facts={"weights": CHECKPOINT_VERSION},
        )

    @classmethod
    def load(cls, saved: Saved, cache: Path) -> Self:
        """The model that :meth:`save` wrote.

        Raises:
            ModelError: If the weights are damaged, or of another version.
        """
        model = cls(saved.recipe, cache)
        file = saved.file(_WEIGHTS)
        content = read_checkpoint(file)
        check_stamp(content, _STAMP, file)
        network = EmotionNetwork(model._family.network, labels=len(saved.labels), statistics=model._family.statistics)
        try:
            network.load_state_dict(content["state"])
        except (RuntimeError, KeyError) as error:
            raise ModelError(f"{file}: weights of another version of the recognizer; train the model again") from error
        model._network, model._labels = network.eval(), saved.labels
        return model

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Writes the ONNX file of the eight emotions and the speech gate, with the average voice for explanations."""
        every = {"recipe": self._recipe.name, "corpora": ", ".join(self._recipe.data.corpora), **(facts or {})}
        baseline = voice_of_recipe(self._recipe, self._cache)
        export(self._fitted(), path, temperature=temperature, baseline=baseline, facts=every)


@contextlib.contextmanager
def _bar(shown: bool) -> Generator[Callable[[int, int], None] | None]:
    """Draws how many steps are done, where that is wanted."""
    if not shown:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(TextColumn("learning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("learning", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
