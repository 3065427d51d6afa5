"""Pretrained speech encoders, and what is learnt on top of their hidden states."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from affetto.errors import ModelError
from affetto.learning.device import device
from affetto.learning.recipe.encoder import EncoderRecipe, HeadRecipe
from affetto.voice.audio import RATE, Samples

__all__ = ["EncoderHead", "EncoderWaveform", "SpeechEncoder", "TunedEncoder", "load_encoder", "pool"]

_KEPT = ("feature_extractor.", "conv1.", "conv2.", "embed_positions.")
"""Where the parameters stand that fine-tuning leaves alone: the front ends, learnt from far more sound."""

_FINGERPRINT_VALUES = 64
_PATIENCE = 10.0  # seconds
_SHORTEST = RATE // 2  # samples: the convolutions need some


class SpeechEncoder:
    """A pretrained encoder, from samples to hidden states.

    Attributes:
        module: The network.
        kind: Its architecture, as Hugging Face names it.
        layers: Hidden states it gives, the input of the first layer among them.
        width: Length of a hidden state.
        fingerprint: Tells its weights from others.
    """

    def __init__(self, module: nn.Module, extractor: Any, config: Any) -> None:
        self.module, self._extractor = module.eval(), extractor
        self.kind: str = config.model_type
        self.layers: int = getattr(config, "encoder_layers", None) or config.num_hidden_layers
        self.layers += 1
        self.width: int = config.hidden_size
        self.normalizes = bool(getattr(extractor, "do_normalize", False))
        self.fingerprint = _fingerprint(module)

    @property
    def hears_windows(self) -> bool:
        """Whether it takes windows of one length (Whisper's 30 s) rather than what there is."""
        return self.kind == "whisper"

    def inputs(self, speech: Samples) -> tuple[Tensor, int]:
        """What the network takes of some speech, a batch of one, and the frames of its answer that are speech.

        0 frames stand for all.
        """
        if len(speech) < _SHORTEST:
            speech = np.pad(speech, (0, _SHORTEST - len(speech)))
        found = self._extractor(speech, sampling_rate=RATE, return_tensors="pt")
        if not self.hears_windows:
            return found["input_values" if "input_values" in found else "input_features"].float(), 0
        hop = 2 * int(self._extractor.hop_length)  # its second convolution halves the frames
        return found["input_features"].float(), max(1, -(-len(speech) // hop))

    def pooled(self, speech: Samples) -> npt.NDArray[np.float32]:
        """Mean and deviation over time of every hidden state: ``(layers, 2, width)``."""
        inputs, frames = self.inputs(speech)
        where = device()
        self.module.to(where)
        with torch.inference_mode():
            return pool(self.module, inputs.to(where), torch.tensor([frames], device=where))[0].float().cpu().numpy()


def pool(encoder: nn.Module, inputs: Tensor, frames: Tensor) -> Tensor:
    """Mean and deviation over time of every hidden state of a batch.

    Args:
        encoder: The network.
        inputs: What it takes, clips first.
        frames: How many frames of each clip are speech, ``(clips,)``; 0 for all.

    Returns:
        Shape ``(clips, layers, 2, width)``.
    """
    states = torch.stack(encoder(inputs, output_hidden_states=True, return_dict=True).hidden_states, dim=1)
    if int(frames[0]) == 0:
        mean = states.mean(dim=2)
        return torch.stack([mean, ((states - mean[:, :, None]).square().mean(dim=2) + 1e-6).sqrt()], dim=2)
    heard = (torch.arange(states.shape[2], device=frames.device) < frames[:, None])[:, None, :, None].to(states.dtype)
    count = heard.sum(dim=2)
    mean = (states * heard).sum(dim=2) / count
    square = ((states - mean[:, :, None]).square() * heard).sum(dim=2) / count
    return torch.stack([mean, (square + 1e-6).sqrt()], dim=2)


class EncoderHead(nn.Module):
    """Pooled hidden states, their layers weighed by learnt weights (Yang et al. 2021, SUPERB), to logits."""

    def __init__(self, recipe: HeadRecipe, *, layers: int, width: int, labels: int) -> None:
        super().__init__()
        self.layers = nn.Parameter(torch.zeros(layers))
        self.normalize = nn.LayerNorm(2 * width)
        hidden = recipe.hidden or 2 * width
        self.hidden = nn.Sequential(nn.Linear(2 * width, hidden), nn.ReLU()) if recipe.hidden else nn.Identity()
        self.dropout = nn.Dropout(recipe.dropout)
        self.answer = nn.Linear(hidden, labels)

    def embed(self, pooled: Tensor) -> Tensor:
        """``(clips, layers, 2, width)`` to what the answer is made from, ``(clips, features)``."""
        weighed = (pooled * self.layers.softmax(dim=0)[:, None, None]).sum(dim=1)
        return self.hidden(self.normalize(weighed.flatten(1)))

    def forward(self, pooled: Tensor) -> Tensor:
        """``(clips, layers, 2, width)`` to logits ``(clips, labels)``."""
        return self.answer(self.dropout(self.embed(pooled)))


class TunedEncoder(nn.Module):
    """An encoder and its head, learning together."""

    def __init__(self, encoder: SpeechEncoder, head: EncoderHead) -> None:
        super().__init__()
        self.encoder, self.head = encoder.module, head
        for name, parameter in self.encoder.named_parameters():
            parameter.requires_grad = not name.startswith(_KEPT)

    def embed(self, inputs: Tensor, frames: Tensor) -> Tensor:
        """What the encoder takes, and its frames of speech, to what the answer is made from."""
        return self.head.embed(pool(self.encoder, inputs, frames))

    def forward(self, inputs: Tensor, frames: Tensor) -> Tensor:
        """What the encoder takes, and its frames of speech, to logits ``(clips, labels)``."""
        return self.head(pool(self.encoder, inputs, frames))


class EncoderWaveform(nn.Module):
    """What is exported: speech to logits.

    Raises:
        ModelError: If the encoder takes windows that are made outside the network.
    """

    def __init__(self, encoder: SpeechEncoder, module: nn.Module, head: EncoderHead) -> None:
        super().__init__()
        if encoder.hears_windows:
            raise ModelError(
                "a Whisper encoder cannot be exported: it takes log-mel windows of 30 s that are made outside the "
                "network; export wav2vec2, HuBERT or WavLM, or any other family"
            )
        self.encoder, self.head, self.normalizes = module, head, encoder.normalizes

    def forward(self, waveform: Tensor) -> Tensor:
        """Speech ``(batch, samples)`` at 16 kHz to logits ``(batch, labels)``."""
        if self.normalizes:
            mean = waveform.mean(dim=1, keepdim=True)
            variance = (waveform - mean).square().mean(dim=1, keepdim=True)
            waveform = (waveform - mean) / torch.sqrt(variance + 1e-7)
        states = torch.stack(self.encoder(waveform, output_hidden_states=True, return_dict=True).hidden_states, dim=1)
        mean = states.mean(dim=2)
        deviation = ((states - mean[:, :, None]).square().mean(dim=2) + 1e-6).sqrt()
        return self.head(torch.stack([mean, deviation], dim=2))


def load_encoder(recipe: EncoderRecipe) -> SpeechEncoder:
    """The encoder of a recipe: from a folder, from what was fetched before, or from the hub.

    The hub is asked only for what is not on this machine, and once before anything is fetched: its own client waits for
    half a minute and more where it cannot be reached.

    Raises:
        ModelError: If the ``pretrained`` extra is missing, or the checkpoint: it is not there, cannot be fetched, is
            damaged, or is no speech encoder.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import transformers
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ModelError("a pretrained encoder needs an extra: pip install 'affetto[pretrained]'") from error
    name = recipe.checkpoint
    is_folder = Path(name).is_dir()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        try:
            return _read(name, on_this_machine=True)
        except (OSError, ValueError):
            if is_folder or recipe.local_files_only:
                raise
        HfApi().model_info(name, timeout=_PATIENCE)
        return _read(name, on_this_machine=False)
    except ModelError:
        raise
    except Exception as error:  # a dozen kinds, from the network, the hub, the reader of the weights
        raise ModelError(_missing(recipe, is_folder, error)) from error


def _read(name: str, *, on_this_machine: bool) -> SpeechEncoder:
    import transformers

    options: dict[str, Any] = {"local_files_only": on_this_machine}
    config = transformers.AutoConfig.from_pretrained(name, **options)
    if not hasattr(config, "hidden_size") or not _is_speech(config):
        raise ModelError(
            f"checkpoint {name} is of kind {config.model_type}, not a speech encoder; "
            "give one of wav2vec2, HuBERT, WavLM or Whisper"
        )
    for key in ("apply_spec_augment", "layerdrop", "encoder_layerdrop"):
        # they draw from generators of their own, which an interrupted training could not resume
        if hasattr(config, key):
            setattr(config, key, False if key == "apply_spec_augment" else 0.0)
    extractor = transformers.AutoFeatureExtractor.from_pretrained(name, **options)
    module = transformers.AutoModel.from_pretrained(
        name, config=config, attn_implementation="eager", dtype=torch.float32, **options
    )
    return SpeechEncoder(module.encoder if config.model_type == "whisper" else module, extractor, config)


def _is_speech(config: Any) -> bool:
    return (
        config.model_type == "whisper" or hasattr(config, "conv_dim") or hasattr(config, "feature_projection_input_dim")
    )


def _missing(recipe: EncoderRecipe, is_folder: bool, error: Exception) -> str:
    why = next(iter(str(error).strip().splitlines()), type(error).__name__)
    name = recipe.checkpoint
    if is_folder:
        return f"checkpoint {name} cannot be read: {why}"
    if recipe.local_files_only:
        return (
            f"checkpoint {name} is not on this machine and local_files_only is set; give the folder that holds it, or "
            "fetch it once with model.local_files_only=false"
        )
    return (
        f"checkpoint {name} is no folder, and could not be fetched from the hub ({why}); go online, or give the folder "
        "that holds it"
    )


def _fingerprint(module: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, parameter in sorted(module.named_parameters()):
        values = parameter.detach().flatten()
        some = torch.cat([values[:_FINGERPRINT_VALUES], values[-_FINGERPRINT_VALUES:]]).float()
        digest.update(f"{name}{tuple(parameter.shape)}".encode() + some.numpy().tobytes())
    return digest.hexdigest()
