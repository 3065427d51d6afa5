"""What the laboratory's neural families share: from clips to a trained network, and from there to answers and files."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn

from affetto.corpora.table import Clip
from affetto.errors import CorpusError, ModelError
from affetto.learning.batches import Batch, Epochs, Make, Targets, bucket
from affetto.learning.cached import Cached
from affetto.learning.calibrate import softmax
from affetto.learning.checkpoints import CHECKPOINT_VERSION, check_stamp, read_checkpoint, stamped, write_checkpoint
from affetto.learning.device import device
from affetto.learning.loop import Examples, train
from affetto.learning.model import Floats, Progress
from affetto.learning.recipe import Recipe
from affetto.learning.recipe.loop import LoopRecipe
from affetto.learning.store import Saved, save_model

__all__ = ["NeuralModel"]

_WEIGHTS = "network.pt"
_STAMP = "saved model"

Network = TypeVar("Network", bound=nn.Module)
Array = npt.NDArray[Any]


class NeuralModel(ABC, Generic[Network]):
    """A network that is trained over epochs; a family says what it sees of a clip and what the network is.

    Attributes:
        needs_validation: Whether the recipe stops early (``patience`` above 0), for which it wants further speakers.
        threads: Processor threads of training and answering.
        jobs: Processes that compute what the network sees of clips.
    """

    _at_once = 64  # clips in a batch that is only answered

    def __init__(self, recipe: Recipe, training: LoopRecipe, cache: Path) -> None:
        self._recipe, self._training, self._cache = recipe, training, cache
        self.needs_validation: bool = training.patience > 0
        self.threads = 1
        self.jobs = 1
        self._labels: tuple[str, ...] = ()
        self._network: Network | None = None
        self._values: dict[Path, Array] = {}

    @abstractmethod
    def _compute(self, clips: Sequence[Clip], progress: Progress | None) -> Cached:
        """What the network sees of clips."""

    @abstractmethod
    def _build(self, labels: int) -> Network:
        """An untrained network."""

    def _adapt(self, network: Network, values: Sequence[Array]) -> None:
        """Fits what is not learnt by gradients to the clips that are learnt from."""

    @abstractmethod
    def _make(self, clips: Sequence[Clip], values: Sequence[Array], where: torch.device) -> Make:
        """Makes the varied inputs of clips that are learnt from, where they are needed if that saves time."""

    @abstractmethod
    def _inputs(self, values: Sequence[Array]) -> tuple[Tensor, ...]:
        """The inputs of clips as they are."""

    @abstractmethod
    def _length(self, value: Array) -> int:
        """Length of a clip."""

    @abstractmethod
    def _embed(self, network: Network, inputs: tuple[Tensor, ...]) -> Tensor:
        """What the network's answer is made from, ``(clips, features)``."""

    def _facts(self) -> dict[str, Any]:
        """What is noted beside the saved weights."""
        return {}

    def _accept(self, facts: dict[str, Any]) -> None:
        """Refuses saved weights that cannot be used here."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The targets of the clips that were learnt from, sorted."""
        if not self._labels:
            raise ModelError("the model is not fitted; call fit() first")
        return self._labels

    def _fitted(self) -> Network:
        if self._network is None:
            raise ModelError("the model is not fitted; call fit() first")
        return self._network

    def prepare(self, clips: Sequence[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
        """Computes and keeps what the network sees of each clip.

        Returns:
            The clips that can be used; those that cannot be decoded are left out, each logged as a warning.
        """
        missing = [clip for clip in clips if clip.path not in self._values]
        if missing:
            self._values |= self._compute(missing, progress).values
        return tuple(clip for clip in clips if clip.path in self._values)

    def fit(
        self,
        clips: Sequence[Clip],
        *,
        validation: Sequence[Clip] = (),
        folder: Path,
        seed: int = 0,
        progress: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Learns from clips; an interrupted fit goes on from its last epoch, a finished one is kept.

        Clips that cannot be decoded are left out, each logged as a warning. ``metrics.csv`` in the folder is the
        learning curve, TensorBoard reads the rest.

        Args:
            clips: What is learnt from.
            validation: Clips of other speakers, to know when to stop (see ``needs_validation``); without them training
                goes through all epochs of the recipe.
            folder: Where checkpoints and logs go.
            seed: Decides every random choice.
            progress: Whether to draw a progress bar.
            callbacks: Further Lightning callbacks.

        Raises:
            CorpusError: If the clips have one label only.
            ModelError: If ``folder`` holds a checkpoint of another version or training, or cannot be written to.
        """
        usable = self.prepare(clips)
        targets = Targets(usable, self._training)
        watched = [clip for clip in self.prepare(validation) if clip.target in targets.labels]
        values = [self._values[clip.path] for clip in usable]
        torch.manual_seed(seed)
        network = self._build(len(targets.labels))
        self._adapt(network, values)
        where = device()
        epochs = Epochs(
            usable,
            targets,
            self._make(usable, values, where),
            length=lambda row: self._length(values[row]),
            size=self._training.batch,
            seed=seed,
            device=where,
        )
        examples = Examples(epochs, self._watched(watched, targets), self._stamp(usable, watched))
        train(
            network,
            examples,
            self._training,
            folder=folder,
            seed=seed,
            device=where,
            threads=self.threads,
            progress=progress,
            callbacks=callbacks,
        )
        self._network, self._labels = network, targets.labels

    def _watched(self, clips: Sequence[Clip], targets: Targets) -> list[Batch]:
        values = [self._values[clip.path] for clip in clips]
        batches: list[Batch] = []
        for rows in bucket(len(clips), self._at_once, lambda row: self._length(values[row])):
            some = [clips[row] for row in rows]
            batches.append(
                Batch(
                    self._inputs([values[row] for row in rows]),
                    torch.from_numpy(targets.probabilities(some)),
                    torch.from_numpy(targets.known(some)),
                    torch.from_numpy(targets.weights(some)),
                )
            )
        return batches

    def _stamp(self, clips: Sequence[Clip], validation: Sequence[Clip]) -> str:
        names = [[(clip.corpus, clip.path.name, clip.target) for clip in part] for part in (clips, validation)]
        text = self._recipe.model.model_dump_json() + repr(names)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``.

        Raises:
            CorpusError: If a clip cannot be decoded.
        """
        network = self._fitted()
        return softmax(self._answers(clips, network, lambda inputs: network(*inputs), len(self._labels)))

    def embed(self, clips: Sequence[Clip]) -> Floats:
        """What the answers are made from, the layer before the last: shape ``(clips, features)``.

        Raises:
            CorpusError: If a clip cannot be decoded.
        """
        network = self._fitted()
        return self._answers(clips, network, lambda inputs: self._embed(network, inputs), 0)

    def _answers(
        self, clips: Sequence[Clip], network: nn.Module, ask: Callable[[tuple[Tensor, ...]], Tensor], width: int
    ) -> Floats:
        usable = self.prepare(clips)
        if len(usable) < len(clips):
            lost = next(clip for clip in clips if clip.path not in self._values)
            raise CorpusError(f"{lost.path.name} cannot be used; leave out what prepare() leaves out")
        values = [self._values[clip.path] for clip in clips]
        found: list[Floats] = [np.zeros(width, np.float32)] * len(clips)
        threads, where = torch.get_num_threads(), device()
        torch.set_num_threads(self.threads)
        try:
            network.to(where)
            with torch.inference_mode():
                for rows in bucket(len(clips), self._at_once, lambda row: self._length(values[row])):
                    inputs = self._inputs([values[row] for row in rows])
                    answer = ask(tuple(one.to(where) for one in inputs)).float().cpu().numpy()
                    for row, one in zip(rows, answer, strict=True):
                        found[row] = one
        finally:
            network.cpu()
            torch.set_num_threads(threads)
        return np.stack(found) if found else np.zeros((0, width), np.float32)

    def save(self, folder: Path) -> None:
        """Writes the weights and the recipe, whole or not at all.

        Raises:
            ModelError: If the model is not fitted, or the folder cannot be written to.
        """
        state = self._fitted().state_dict()
        save_model(
            folder,
            recipe=self._recipe,
            labels=self._labels,
            write=lambda partial: write_checkpoint(stamped({"state": state}, _STAMP), partial / _WEIGHTS),
            facts={"weights": CHECKPOINT_VERSION, **self._facts()},
        )

    @classmethod
    @abstractmethod
    def _of(cls, recipe: Recipe, cache: Path) -> Self:
        """The unfitted model of a recipe."""

    @classmethod
    def load(cls, saved: Saved, cache: Path) -> Self:
        """The model that :meth:`save` wrote.

        Raises:
            ModelError: If the weights are damaged, or of another version.
        """
        model = cls._of(saved.recipe, cache)
        file = saved.file(_WEIGHTS)
        content = read_checkpoint(file)
        check_stamp(content, _STAMP, file)
        model._accept(dict(saved.facts))
        network = model._build(len(saved.labels))
        try:
            network.load_state_dict(content["state"])
        except (RuntimeError, KeyError) as error:
            raise ModelError(
                f"{file}: weights of another version of family {saved.recipe.model.family}; train the model again"
            ) from error
        model._network, model._labels = network.eval(), saved.labels
        return model
