"""Batches of clips of different lengths, each a pure function of the seed, the epoch and its number."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.corpora.table import Clip
from affetto.errors import CorpusError
from affetto.learning.recipe.loop import LoopRecipe

__all__ = ["Batch", "Blend", "Epochs", "Make", "Targets", "bucket", "pad"]

_BUCKET = 8  # batches that are sorted by length together: little padding, and still much chance in who meets whom
_HEAVIEST = 10.0  # a label of two clips must not drown the rest of its batch


class Batch(NamedTuple):
    """What one step learns from.

    Attributes:
        inputs: The arguments of the network, clips first.
        targets: Probabilities of the labels, ``(clips, labels)``.
        known: The labels that each clip's corpus has, ``(clips, labels)``.
        weights: Weight of each clip in the loss, ``(clips,)``.
    """

    inputs: tuple[Tensor, ...]
    targets: Tensor
    known: Tensor
    weights: Tensor


class Targets:
    """What clips are to be recognized as.

    Args:
        clips: The clips that are learnt from.
        recipe: Says how labels are weighed and smoothed.

    Attributes:
        labels: The targets of the clips, sorted.

    Raises:
        CorpusError: If the clips have one label only: there is nothing to tell apart.
    """

    def __init__(self, clips: Sequence[Clip], recipe: LoopRecipe) -> None:
        self.labels = tuple(sorted({clip.target for clip in clips}))
        if len(self.labels) < 2:
            found = f"only the label {self.labels[0]!r}" if self.labels else "no clip"
            raise CorpusError(f"there is {found} to learn from; give clips of at least two labels")
        self._smoothing = recipe.label_smoothing
        corpora: dict[str, dict[str, int]] = {}
        for clip in clips:
            counts = corpora.setdefault(clip.corpus, {})
            counts[clip.target] = counts.get(clip.target, 0) + 1
        self._known = {corpus: self._row(counts) for corpus, counts in corpora.items()}
        self._weights = {
            (corpus, label): min(sum(counts.values()) / (len(counts) * count), _HEAVIEST)
            if recipe.class_weights == "balanced"
            else 1.0
            for corpus, counts in corpora.items()
            for label, count in counts.items()
        }

    def _row(self, labels: dict[str, int]) -> npt.NDArray[np.bool_]:
        return np.array([label in labels for label in self.labels])

    def column(self, clip: Clip) -> int:
        """The number of a clip's label; -1 where it was not learnt."""
        return self.labels.index(clip.target) if clip.target in self.labels else -1

    def known(self, clips: Sequence[Clip]) -> npt.NDArray[np.bool_]:
        """The labels that each clip's corpus has, ``(clips, labels)``; all of them for a corpus that was not learnt."""
        every = np.ones(len(self.labels), np.bool_)
        return np.stack([self._known.get(clip.corpus, every) for clip in clips])

    def probabilities(self, clips: Sequence[Clip]) -> npt.NDArray[np.float32]:
        """Smoothed target probabilities, ``(clips, labels)``."""
        known = self.known(clips)
        hard = np.array([[clip.target == label for label in self.labels] for clip in clips])
        soft = known / known.sum(axis=1, keepdims=True)
        return ((1 - self._smoothing) * hard + self._smoothing * soft).astype(np.float32)

    def weights(self, clips: Sequence[Clip]) -> npt.NDArray[np.float32]:
        """Weight of each clip in the loss."""
        return np.array([self._weights.get((clip.corpus, clip.target), 1.0) for clip in clips], np.float32)


def bucket(
    count: int, size: int, length: Callable[[int], int], rng: np.random.Generator | None = None
) -> list[npt.NDArray[np.int64]]:
    """Rows of a table in batches of about the same length.

    Args:
        count: Rows there are.
        size: Rows in a batch.
        length: Length of a row.
        rng: Shuffles rows and batches; without it, rows are sorted by length alone.
    """
    order = np.arange(count) if rng is None else rng.permutation(count)
    span = count if rng is None else size * _BUCKET
    parts = [sorted(order[start : start + span].tolist(), key=length) for start in range(0, count, max(span, 1))]
    rows = np.array([row for part in parts for row in part], np.int64)
    batches = [rows[start : start + size] for start in range(0, count, size)]
    if len(batches) > 1 and len(batches[-1]) == 1:  # batch normalization needs two
        batches[-2:] = [np.concatenate(batches[-2:])]
    if rng is not None:
        batches = [batches[k] for k in rng.permutation(len(batches))]
    return batches


def pad(clips: Sequence[npt.NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Arrays ``(rows, frames)`` in one tensor ``(clips, rows, most frames)``, and the mask ``(clips, most frames)``."""
    frames = max(clip.shape[1] for clip in clips)
    padded = np.zeros((len(clips), clips[0].shape[0], frames), np.float32)
    mask = np.zeros((len(clips), frames), np.float32)
    for row, clip in enumerate(clips):
        padded[row, :, : clip.shape[1]] = clip
        mask[row, : clip.shape[1]] = 1.0
    return torch.from_numpy(padded), torch.from_numpy(mask)


class Blend(NamedTuple):
    """Which clip of the batch each clip is blended with, and how much of it is the other (mixup).

    Attributes:
        partner: Places in the batch.
        share: Share of the partner, 0 for a clip that stays itself.
    """

    partner: npt.NDArray[np.int64]
    share: npt.NDArray[np.float32]


Make = Callable[[npt.NDArray[np.int64], np.random.Generator], tuple[tuple[Tensor, ...], Blend | None]]
"""Makes the network's inputs of some rows, varied at random, and tells how they were blended."""


class Epochs:
    """The batches of every epoch of a training.

    Args:
        clips: What is learnt from, a row each.
        targets: What they are to be recognized as.
        make: Makes the network's inputs.
        length: Length of a row, so that clips of about the same length stand in a batch.
        size: Clips in a batch.
        seed: Decides every random choice.
        device: Where targets are kept; inputs are where ``make`` makes them.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        targets: Targets,
        make: Make,
        *,
        length: Callable[[int], int],
        size: int,
        seed: int,
        device: torch.device | None = None,
    ) -> None:
        self._count, self._make, self._length, self._size, self._seed = len(clips), make, length, size, seed
        self._device = device or torch.device("cpu")
        self._known, self._targets, self._weights = (
            torch.from_numpy(values).to(self._device)
            for values in (targets.known(clips), targets.probabilities(clips), targets.weights(clips))
        )
        self._latest: tuple[int, list[npt.NDArray[np.int64]]] = (-1, [])

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self._batches(0))

    def batch(self, epoch: int, number: int) -> Batch:
        """One batch: the same for the same seed, epoch and number."""
        rows = self._batches(epoch)[number]
        inputs, blend = self._make(rows, np.random.default_rng([self._seed, epoch, number]))
        chosen = self._send(rows)
        targets = self._targets[chosen]
        if blend is not None:
            partners = targets[self._send(blend.partner)]
            targets = targets + self._send(blend.share)[:, None] * (partners - targets)
        return Batch(inputs, targets, self._known[chosen], self._weights[chosen])

    def _send(self, values: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self._device, non_blocking=True)

    def _batches(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        if self._latest[0] != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            self._latest = (epoch, bucket(self._count, self._size, self._length, rng))
        return self._latest[1]
