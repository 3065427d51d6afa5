"""Networks on the frames of a clip, as models among the others."""

from collections.abc import Sequence
from functools import cache as remember
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.corpora.table import Clip
from affetto.learning.batches import Blend, Make, pad
from affetto.learning.cached import Cached, cached
from affetto.learning.examples import speech_of
from affetto.learning.export import export_network, voice_of_recipe
from affetto.learning.model import Progress
from affetto.learning.networks import MelPower
from affetto.learning.neural import NeuralModel
from affetto.learning.recipe import Recipe, SequenceRecipe
from affetto.learning.recipe.sequence import FramesRecipe
from affetto.learning.sequence_networks import SequenceNetwork, mel_power
from affetto.learning.variation import Powers, vary
from affetto.voice.audio import Samples

__all__ = ["SequenceModel"]

_VERSION = 1  # raise when what is computed of a clip changes
_FLOOR = 1e-10

Half = npt.NDArray[np.float16]
Power = npt.NDArray[np.float32]


class _LogMel:
    """Log mel power of the speech of a clip, ``(n_mels, frames)``, by the very module that is exported."""

    def __init__(self, recipe: FramesRecipe) -> None:
        self._recipe = recipe

    def __call__(self, samples: Samples) -> Half:
        module = _front_end(self._recipe.frame_ms, self._recipe.hop_ms, self._recipe.n_mels)
        speech = speech_of(samples)
        if len(speech) < module.frame_length:
            speech = np.pad(speech, (0, module.frame_length - len(speech)))
        with torch.inference_mode():
            power = module(torch.from_numpy(np.ascontiguousarray(speech))[None])[0].numpy()
        return np.log(power + np.float32(_FLOOR)).astype(np.float16)

    @property
    def name(self) -> str:
        recipe = self._recipe
        return f"log-mel-{recipe.n_mels}-{recipe.frame_ms:g}-{recipe.hop_ms:g}"


@remember
def _front_end(frame_ms: float, hop_ms: float, n_mels: int) -> MelPower:
    return mel_power(FramesRecipe(frame_ms=frame_ms, hop_ms=hop_ms, n_mels=n_mels))


class SequenceModel(NeuralModel[SequenceNetwork]):
    """A network on log-mel or MFCC frames: one of the families of :class:`~affetto.learning.recipe.SequenceRecipe`."""

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        assert isinstance(recipe.model, SequenceRecipe)
        super().__init__(recipe, recipe.model.training, cache)
        self._family = recipe.model
        self._log_mel = _LogMel(recipe.model.frames)

    @classmethod
    def _of(cls, recipe: Recipe, cache: Path) -> Self:
        return cls(recipe, cache)

    def _compute(self, clips: Sequence[Clip], progress: Progress | None) -> Cached:
        return cached(
            clips,
            self._log_mel,
            name=self._log_mel.name,
            version=_VERSION,
            cache=self._cache,
            jobs=self.jobs,
            progress=progress,
        )

    def _build(self, labels: int) -> SequenceNetwork:
        return SequenceNetwork(self._family, labels=labels)

    def _adapt(self, network: SequenceNetwork, values: Sequence[Half]) -> None:
        network.frames.standardize(_power(value) for value in values)

    def _make(self, clips: Sequence[Clip], values: Sequence[Half], where: torch.device) -> Make:
        recipe = self._family.augment
        corpora = np.array([clip.corpus for clip in clips])
        powers = Powers(values, where)

        def make(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> tuple[tuple[Tensor, ...], Blend]:
            blend = _blend(corpora[rows], recipe.mixup, rng)
            return vary(powers, rows, rng, recipe, partners=rows[blend.partner], shares=blend.share), blend

        return make

    def _inputs(self, values: Sequence[Half]) -> tuple[Tensor, ...]:
        return pad([_power(value) for value in values])

    def _length(self, value: Half) -> int:
        return value.shape[1]

    def _embed(self, network: SequenceNetwork, inputs: tuple[Tensor, ...]) -> Tensor:
        power, mask = inputs
        return network.embed(power, mask)

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Writes one ONNX file that takes the raw waveform (see :func:`~affetto.learning.export.export_network`).

        Raises:
            ModelError: If the labels are not among the eight emotions, or the file answers differently.
        """
        network = self._fitted()
        every: dict[str, Any] = {"recipe": self._recipe.name, "family": self._family.family, **(facts or {})}
        every["corpora"] = ", ".join(self._recipe.data.corpora)
        export_network(
            _Waveform(network),
            path,
            labels=self.labels,
            temperature=temperature,
            baseline=voice_of_recipe(self._recipe, self._cache),
            facts=every,
        )


class _Waveform(torch.nn.Module):
    def __init__(self, network: SequenceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, waveform: Tensor) -> Tensor:
        return self.network.recognize(waveform)


def _power(value: Half) -> Power:
    return np.exp(value.astype(np.float32))


def _blend(corpora: npt.NDArray[np.str_], share: float, rng: np.random.Generator) -> Blend:
    """Whom each clip is blended with: another of the same corpus, whose labels it shares."""
    partner = np.arange(len(corpora))
    for corpus in np.unique(corpora):
        rows = np.flatnonzero(corpora == corpus)
        partner[rows] = rng.permutation(rows)
    blended = rng.random(len(corpora)) < share
    return Blend(partner, (blended * rng.uniform(0.0, 0.5, len(corpora))).astype(np.float32))
