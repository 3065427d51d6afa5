"""The batches of the recognizer: clips of several corpora, varied and blended, among sounds that are not speech."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.corpora.table import Clip
from affetto.learning.augment import add_bursts, add_noise, change_channel, change_throat, hide_bands
from affetto.learning.bank import Bank
from affetto.learning.device import send
from affetto.learning.examples import VARIANTS
from affetto.learning.groups import Chosen, Groups
from affetto.learning.networks import HOP_LENGTH
from affetto.learning.recipe import RecognizerRecipe
from affetto.voice.audio import RATE

__all__ = ["Batch", "Batches", "TrainingSet", "partners", "smoothed"]

_STEP = 32  # frames: a step is recorded anew for every length, so there are few


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples to learn from.

    Attributes:
        clips: What is known of each clip.
        speech: The clips in one variant after another, each time in their order.
        noise: Sounds that are not speech.
        labels: What can be answered: the eight emotions, then further labels of the corpora.
        chosen: Indices of the clips that may be learnt from.
    """

    clips: Sequence[Clip]
    speech: Bank
    noise: Bank
    labels: tuple[str, ...]
    chosen: npt.NDArray[np.int64]

    @property
    def learnt_from(self) -> list[tuple[str, str, str]]:
        """Corpus, file name and target of each clip that may be learnt from: what a checkpoint is known by."""
        return [(clip.corpus, clip.path.name, clip.target) for clip in (self.clips[i] for i in self.chosen)]


def smoothed(examples: TrainingSet, smoothing: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """What is to be answered to each clip, and what can be.

    Args:
        examples: The clips.
        smoothing: Probability spread over the labels of the corpus.

    Returns:
        Target probabilities and the labels that the clip's corpus has, ``(clips, labels)`` each.
    """
    place = {label: number for number, label in enumerate(examples.labels)}
    hard = np.eye(len(place), dtype=np.float32)[[place[clip.target] for clip in examples.clips]]
    knows = {corpus: np.zeros(len(place), np.bool_) for corpus in {clip.corpus for clip in examples.clips}}
    for clip in examples.clips:
        knows[clip.corpus][place[clip.target]] = True
    known = np.stack([knows[clip.corpus] for clip in examples.clips])
    soft = known / known.sum(axis=1, keepdims=True)
    return ((1 - smoothing) * hard + smoothing * soft).astype(np.float32), known


def partners(corpora: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Another example of the same corpus for each, ``(examples,)``."""
    partner = np.arange(len(corpora))
    for corpus in np.unique(corpora):
        rows = np.flatnonzero(corpora == corpus)
        partner[rows] = rng.permutation(rows)
    return partner


class Batch(NamedTuple):
    """Some examples; those that are speech come first, and where there are second views, all first views before them.

    Attributes:
        power: Mel power, ``(examples, mels, frames)``.
        targets: Target probabilities of the clips, ``(clips, labels)``.
        known: The labels that each clip's corpus has, ``(clips, labels)`` as booleans.
        profiles: What is known of the speaker of each clip, as weights of the clips, ``(clips, clips)``; zeros for one
            who is not known.
        speech: Whether each example is speech, ``(examples,)``.
    """

    power: Tensor
    targets: Tensor
    known: Tensor
    profiles: Tensor
    speech: Tensor


class Batches:
    """Augmented batches, each a pure function of the seed and its number, so that training resumes to the same result.

    Args:
        examples: What is learnt from.
        recipe: How.
        seed: Decides every random choice.
    """

    def __init__(self, examples: TrainingSet, recipe: RecognizerRecipe, *, seed: int) -> None:
        self._recipe, self._seed = recipe, seed
        self._speech, self._noise, self._device = examples.speech, examples.noise, examples.speech.device
        training = recipe.training
        self._groups = Groups(
            examples.clips, examples.chosen, shares=recipe.shares, size=training.group, unknown=training.unknown
        )
        self._count = len(examples.clips)
        self._targets, self._known = (
            torch.from_numpy(values).to(self._device) for values in smoothed(examples, training.label_smoothing)
        )

    def batch(self, number: int) -> Batch:
        """One batch: the same for the same seed and number."""
        rng = np.random.default_rng([self._seed, number])
        augment, training = self._recipe.augment, self._recipe.training
        length = max(int(rng.uniform(*augment.crop_seconds) * RATE / HOP_LENGTH / _STEP), 1) * _STEP
        silent = round(training.non_speech_share * training.batch)
        chosen = self._draw(training.batch - silent, rng)
        clips = len(chosen.rows)
        power = self._speech.crops(rng.integers(len(VARIANTS), size=clips) * self._count + chosen.rows, length, rng)
        power = change_throat(power, rng, augment) if augment.throat else power
        power = power / (power.mean(dim=(1, 2), keepdim=True) + 1e-12)
        rows = send(chosen.rows, self._device)
        noise = self._noise.crops(rng.integers(len(self._noise), size=clips + silent), length, rng)
        around = self._babble(power, noise[silent:], rng)
        power, targets = self._blend(power, self._targets[rows], chosen, rng)
        power = add_bursts(add_noise(power, around, rng, augment), noise[silent:].flip(0), rng, augment)
        power = torch.cat([power, noise[:silent]])
        return Batch(
            hide_bands(change_channel(power, rng, augment), rng, augment),
            targets,
            self._known[rows],
            send(chosen.profiles, self._device),
            (torch.arange(clips + silent, device=self._device) < clips).float(),
        )

    def _draw(self, count: int, rng: np.random.Generator) -> Chosen:
        if not self._recipe.training.consistency:
            return self._groups.draw(count, rng)
        once = self._groups.draw(count // 2, rng)
        profiles = np.kron(np.eye(2, dtype=np.float32), once.profiles)
        return Chosen(np.tile(once.rows, 2), np.tile(once.corpora, 2), profiles)

    def _babble(self, power: Tensor, noise: Tensor, rng: np.random.Generator) -> Tensor:
        """The noise around each clip: for some, three other voices."""
        first, second, third = (power[send(rng.permutation(len(power)), self._device)] for _ in range(3))
        babble = send(rng.random((len(power), 1, 1)) < self._recipe.augment.babble, self._device)
        return torch.where(babble, first + second + third, noise)

    def _blend(self, power: Tensor, targets: Tensor, chosen: Chosen, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Blends some clips with another of the same corpus, power and target alike (mixup, Zhang et al. 2018)."""
        views = 2 if self._recipe.training.consistency else 1
        clips = len(power) // views  # both views of a clip are blended alike
        once = partners(chosen.corpora[:clips], rng)
        partner = np.concatenate([once + view * clips for view in range(views)])
        blended = rng.random(clips) < self._recipe.augment.mixup
        amount = np.tile((blended * rng.uniform(0.0, 0.5, clips)).astype(np.float32), views)
        share, other = send(amount, self._device), send(partner, self._device)
        mixed = power + share[:, None, None] * (power[other] - power)
        return mixed, targets + share[:, None] * (targets[other] - targets)
