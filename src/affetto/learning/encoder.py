"""Classifiers on pretrained speech encoders, as models among the others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from affetto.corpora.table import Clip
from affetto.errors import ModelError
from affetto.learning.batches import Make
from affetto.learning.cached import Cached, cached
from affetto.learning.encoder_networks import EncoderHead, EncoderWaveform, SpeechEncoder, TunedEncoder, load_encoder
from affetto.learning.examples import speech_of
from affetto.learning.export import export_network, voice_of_recipe
from affetto.learning.model import Progress
from affetto.learning.neural import NeuralModel
from affetto.learning.recipe import EncoderRecipe, Recipe
from affetto.voice.audio import RATE, Samples

__all__ = ["EncoderModel"]

_VERSION = 1  # raise when what is computed of a clip changes

Array = npt.NDArray[Any]


class EncoderModel(NeuralModel[nn.Module]):
    """A classifier on the hidden states of a Hugging Face speech encoder, frozen or fine-tuned.

    A frozen encoder hears every clip once: mean and deviation over time of its hidden states are kept, and what is
    learnt is which layers to look at, and the answer. A fine-tuned one learns with it; the clips of a batch are cut to
    the shortest.
    """

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        assert isinstance(recipe.model, EncoderRecipe)
        super().__init__(recipe, recipe.model.training, cache)
        self._family = recipe.model
        self._loaded: SpeechEncoder | None = None
        if self._family.fine_tune:
            self._at_once = 1  # clips of different lengths cannot be heard together

    @classmethod
    def _of(cls, recipe: Recipe, cache: Path) -> Self:
        return cls(recipe, cache)

    @property
    def _encoder(self) -> SpeechEncoder:
        if self._loaded is None:
            self._loaded = load_encoder(self._family)
        return self._loaded

    def _speech(self, samples: Samples) -> Samples:
        return speech_of(samples)[: int(self._family.seconds * RATE)]

    def _compute(self, clips: Sequence[Clip], progress: Progress | None) -> Cached:
        length = f"{self._family.seconds:g}"
        if self._family.fine_tune:
            return cached(
                clips,
                lambda samples: (np.clip(self._speech(samples), -1, 1) * 32767).astype(np.int16),
                name=f"speech-{length}",
                version=_VERSION,
                cache=self._cache,
                progress=progress,
            )
        encoder = self._encoder
        return cached(
            clips,
            lambda samples: encoder.pooled(self._speech(samples)),
            name=f"encoder-{encoder.kind}-{encoder.fingerprint}-{length}",
            version=_VERSION,
            cache=self._cache,
            progress=progress,
        )

    def _build(self, labels: int) -> nn.Module:
        if self._family.fine_tune:
            self._loaded = None  # an earlier fit has changed its weights
        encoder = self._encoder
        head = EncoderHead(self._family.head, layers=encoder.layers, width=encoder.width, labels=labels)
        return TunedEncoder(encoder, head) if self._family.fine_tune else head

    def _make(self, clips: Sequence[Clip], values: Sequence[Array], where: torch.device) -> Make:
        del clips, where  # inputs travel as they are needed: waveforms of many clips may be too much to keep there

        def make(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> tuple[tuple[Tensor, ...], None]:
            some = [values[row] for row in rows]
            if self._family.fine_tune:
                shortest = min(map(len, some))
                starts = [int(rng.integers(0, len(one) - shortest + 1)) for one in some]
                some = [one[start : start + shortest] for one, start in zip(some, starts, strict=True)]
            return self._inputs(some), None

        return make

    def _inputs(self, values: Sequence[Array]) -> tuple[Tensor, ...]:
        if not self._family.fine_tune:
            return (torch.from_numpy(np.stack(values)),)
        heard = [self._encoder.inputs(value.astype(np.float32) / np.float32(32767)) for value in values]
        return torch.cat([inputs for inputs, _ in heard]), torch.tensor([frames for _, frames in heard])

    def _length(self, value: Array) -> int:
        return len(value)

    def _embed(self, network: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        return cast(EncoderHead | TunedEncoder, network).embed(*inputs)

    def _facts(self) -> dict[str, Any]:
        return {"encoder": "" if self._family.fine_tune else self._encoder.fingerprint}

    def _accept(self, facts: dict[str, Any]) -> None:
        if not self._family.fine_tune and facts.get("encoder") != self._encoder.fingerprint:
            raise ModelError(
                f"checkpoint {self._family.checkpoint} holds other weights than those the model was trained with; "
                "put the earlier checkpoint back, or train the model again"
            )

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Writes one ONNX file that takes the raw waveform, the encoder inside it.

        Raises:
            ModelError: If the encoder has a part that ONNX has no form for, or is a Whisper encoder, whose windows are
                made outside the network; if the labels are not among the eight emotions.
        """
        network = self._fitted()
        encoder = self._encoder
        if isinstance(network, TunedEncoder):
            waveform = EncoderWaveform(encoder, network.encoder, network.head)
        else:
            waveform = EncoderWaveform(encoder, encoder.module, cast(EncoderHead, network))
        every = {"recipe": self._recipe.name, "family": self._family.family, "encoder": self._family.checkpoint}
        every |= {"corpora": ", ".join(self._recipe.data.corpora), **(facts or {})}
        export_network(
            waveform.cpu(),
            path,
            labels=self.labels,
            temperature=temperature,
            baseline=voice_of_recipe(self._recipe, self._cache),
            facts=every,
        )
