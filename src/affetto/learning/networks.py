"""The network: waveform in, emotion logits and a speech gate out."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from affetto.affect import EMOTIONS
from affetto.features.spectral import mel_filterbank
from affetto.learning.recipe import NetworkRecipe
from affetto.voice.audio import RATE

__all__ = ["FRAME_LENGTH", "HOP_LENGTH", "N_MELS", "AttentivePooling", "EmotionNetwork", "MelPower", "Recognition"]

FRAME_LENGTH, HOP_LENGTH, N_MELS = 512, 256, 64
_FMIN, _FMAX = 50.0, 7600.0
_FLOOR = 1e-5  # 50 dB under the utterance's mean: fainter sounds, and the level of the recording, do not matter


class MelPower(nn.Module):
    """Mel power spectrogram as one convolution with a windowed Fourier basis, so that any ONNX runtime computes it."""

    def __init__(self, *, frame_length: int = FRAME_LENGTH, hop_length: int = HOP_LENGTH, n_mels: int = N_MELS) -> None:
        super().__init__()
        self.frame_length, self.hop_length = frame_length, hop_length
        window = np.hanning(frame_length + 1)[:-1]
        angle = 2 * np.pi / frame_length * np.outer(np.arange(frame_length // 2 + 1), np.arange(frame_length))
        basis = np.concatenate([np.cos(angle), np.sin(angle)]) * window
        filters = mel_filterbank(n_mels=n_mels, n_fft=frame_length, rate=RATE, fmin=_FMIN, fmax=_FMAX)
        self.basis = nn.Buffer(torch.tensor(basis[:, None], dtype=torch.float32), persistent=False)
        self.filters = nn.Buffer(torch.tensor(filters), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """``(batch, samples)`` at 16 kHz to mel power ``(batch, n_mels, frames)``."""
        real, imaginary = functional.conv1d(waveform[:, None], self.basis, stride=self.hop_length).chunk(2, dim=1)
        return self.filters @ (real.square() + imaginary.square())


class AttentivePooling(nn.Module):
    """Mean and standard deviation over time, each head weighing the frames by itself (Okabe et al. 2018)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Sequential(nn.Conv1d(channels, 64, 1), nn.Tanh(), nn.Conv1d(64, heads, 1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """``(batch, channels, frames)`` to ``(batch, 2 * channels)``; each head pools its share of the channels.

        Frames at which ``mask`` ``(batch, frames)`` is 0 are passed over.
        """
        batch, channels, frames = x.shape
        score = self.score(x)
        if mask is not None:
            score = score.masked_fill(mask[:, None] == 0, -1e4)
        weights = score.softmax(dim=2)[:, :, None]
        split = x.reshape(batch, self.heads, channels // self.heads, frames)
        mean = (weights * split).sum(dim=3)
        variance = (weights * split.square()).sum(dim=3) - mean.square()
        return torch.cat([mean, variance.clamp(min=1e-5).sqrt()], dim=2).reshape(batch, 2 * channels)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.layers(x))


def _stage(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class EmotionNetwork(nn.Module):
    """A small convolutional network on two views of the log-mel spectrogram.

    It answers with the eight emotions and, where corpora have further labels, those after them.

    The first view keeps the shape of the spectrum (only the level of the recording is taken out), the second takes the
    mean of every band out, which removes the microphone and much of the speaker.
    """

    def __init__(self, recipe: NetworkRecipe, *, labels: int = len(EMOTIONS)) -> None:
        super().__init__()
        a, b, c, d, e = recipe.channels
        self.mel_power = MelPower()
        self.convolutions = nn.Sequential(
            _stage(2, a, (5, 5), (2, 1), (2, 2)),
            _stage(a, b, (3, 3), (2, 2), (1, 1)),
            _stage(b, c, (3, 3), (2, 1), (1, 1)),
            _Residual(c),
            _stage(c, d, (3, 3), (2, 2), (1, 1)),
            _Residual(d),
            _stage(d, e, (4, 3), (1, 1), (0, 1)),
        )
        self.pooling = AttentivePooling(e, recipe.attention_heads)
        self.normalize = nn.BatchNorm1d(2 * e)
        self.dropout = nn.Dropout(recipe.dropout)
        self.emotion = nn.Linear(2 * e, labels)
        self.speech = nn.Linear(2 * e, 1)

    def embed(self, power: Tensor) -> Tensor:
        """Mel power ``(batch, N_MELS, frames)`` to what the answers are made from, ``(batch, features)``."""
        shape = torch.log(power / power.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12) + _FLOOR) * 0.25 + 1.0
        change = shape - shape.mean(dim=2, keepdim=True)
        x = torch.stack([shape, change], dim=1)
        x = self.convolutions(x.contiguous(memory_format=torch.channels_last))
        return self.normalize(self.pooling(x.squeeze(2)))

    def forward(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Mel power ``(batch, N_MELS, frames)`` to logits ``(batch, labels)`` and the speech logit ``(batch,)``."""
        pooled = self.embed(power)
        return self.emotion(self.dropout(pooled)), self.speech(pooled)[:, 0]


class Recognition(nn.Module):
    """What is exported: raw waveform in, calibrated probabilities and the probability of speech out."""

    def __init__(self, network: EmotionNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, samples)`` at 16 kHz to probabilities of the emotions ``(batch, 8)`` and of speech ``(batch,)``."""
        emotion, speech = self.network(self.network.mel_power(waveform))
        emotion = emotion[:, : len(EMOTIONS)]  # a label that is no emotion (boredom) only helps to learn
        return torch.softmax(emotion / self.temperature, dim=1), torch.sigmoid(speech)
