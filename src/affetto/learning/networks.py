"""The network: waveform in, emotion logits and a speech gate out."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from affetto.affect import EMOTIONS
from affetto.features.spectral import mel_filterbank
from affetto.learning.fourier import fourier_basis
from affetto.learning.recipe import NetworkRecipe, StatisticsRecipe
from affetto.learning.statistics import ClipStatistics
from affetto.voice.audio import RATE

__all__ = [
    "FMAX",
    "FMIN",
    "FRAME_LENGTH",
    "HOP_LENGTH",
    "N_MELS",
    "AttentivePooling",
    "EmotionNetwork",
    "MelPower",
    "Recognition",
    "StatisticsNetwork",
    "clip_statistics",
]

FRAME_LENGTH, HOP_LENGTH, N_MELS = 512, 256, 64
FMIN, FMAX = 50.0, 7600.0
_FARTHEST = 4.0  # deviations: what is further out says that it is far out, not how far


class MelPower(nn.Module):
    """Mel power spectrogram as one convolution with a windowed Fourier basis, so that any ONNX runtime computes it."""

    def __init__(self, *, frame_length: int = FRAME_LENGTH, hop_length: int = HOP_LENGTH, n_mels: int = N_MELS) -> None:
        super().__init__()
        self.frame_length, self.hop_length = frame_length, hop_length
        filters = mel_filterbank(n_mels=n_mels, n_fft=frame_length, rate=RATE, fmin=FMIN, fmax=FMAX)
        heard = np.flatnonzero(filters.any(axis=0))  # the frequencies beyond those of the bands need not be computed
        self.basis = nn.Buffer(torch.from_numpy(fourier_basis(heard, frame_length)), persistent=False)
        self.filters = nn.Buffer(torch.tensor(np.ascontiguousarray(filters[:, heard])), persistent=False)

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


class _Squeeze(nn.Module):
    """Weighs channels by their means over the whole clip (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Linear(channels, channels // 4), nn.ReLU(), nn.Linear(channels // 4, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x.mean(dim=(2, 3)))[:, :, None, None]


class _Residual(nn.Module):
    def __init__(self, channels: int, *, squeeze: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            _Squeeze(channels) if squeeze else nn.Identity(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.layers(x))


def _stage(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class _Member(nn.Module):
    """One network of those whose answers are averaged: from the two views to an embedding, and from it to answers."""

    def __init__(self, recipe: NetworkRecipe, labels: int) -> None:
        super().__init__()
        a, b, c, d, e = recipe.channels
        s1, s2, s3, s4, s5 = recipe.strides
        self.convolutions = nn.Sequential(
            _stage(2, a, (5, 5), (2, s1), (2, 2)),
            _stage(a, b, (3, 3), (2, s2), (1, 1)),
            _stage(b, c, (3, 3), (2, s3), (1, 1)),
            _Residual(c, squeeze=recipe.squeeze),
            _stage(c, d, (3, 3), (2, s4), (1, 1)),
            _Residual(d, squeeze=recipe.squeeze),
            _stage(d, e, (4, 3), (1, s5), (0, 1)),
        )
        self.pooling = AttentivePooling(e, recipe.attention_heads)
        self.normalize = nn.BatchNorm1d(2 * e)
        self.dropout = nn.Dropout(recipe.dropout)
        self.emotion = nn.Linear(2 * e, labels)
        self.difference = nn.Linear(2 * e, labels)
        self.speech = nn.Linear(2 * e, 1)

    def embed(self, views: Tensor) -> Tensor:
        """Views ``(batch, 2, N_MELS, frames)`` to embeddings ``(batch, 2 * channels)``."""
        return self.normalize(self.pooling(self.convolutions(views).squeeze(2)))

    def answer(self, embedding: Tensor, profile: Tensor | None) -> tuple[Tensor, Tensor]:
        """Embeddings, and what is known of each speaker, to logits of the labels and of speech."""
        logits = self.emotion(self.dropout(embedding))
        if profile is not None:
            known = (profile.abs().sum(dim=1, keepdim=True) > 0).to(logits.dtype)
            logits = logits + known * self.difference(self.dropout(embedding - profile))
        return logits, self.speech(embedding)[:, 0]


def clip_statistics() -> ClipStatistics:
    """What :class:`StatisticsNetwork` is told of a clip."""
    return ClipStatistics(N_MELS, frames_per_second=RATE / HOP_LENGTH, lowest_hz=FMIN, highest_hz=FMAX)


class StatisticsNetwork(nn.Module):
    """One hidden layer on the statistics of a clip: it errs elsewhere than convolutions do."""

    def __init__(self, recipe: StatisticsRecipe, labels: int) -> None:
        super().__init__()
        self.statistics = clip_statistics()
        size = self.statistics.size
        self.middle, self.deviation = nn.Buffer(torch.zeros(size)), nn.Buffer(torch.ones(size))
        self.layers = nn.Sequential(
            nn.Dropout(recipe.input_dropout),
            nn.Linear(size, recipe.hidden),
            nn.BatchNorm1d(recipe.hidden),
            nn.ReLU(),
            nn.Dropout(recipe.dropout),
            nn.Linear(recipe.hidden, labels),
        )

    def answer(self, statistics: Tensor) -> Tensor:
        """Statistics ``(batch, size)`` to logits ``(batch, labels)``."""
        return self.layers(((statistics - self.middle) / self.deviation).clamp(-_FARTHEST, _FARTHEST))

    def forward(self, power: Tensor) -> Tensor:
        """Mel power ``(batch, N_MELS, frames)`` to logits ``(batch, labels)``; a very short clip is repeated."""
        short = -(-self.statistics.shortest // power.shape[2])
        return self.answer(self.statistics(power.repeat(1, 1, short) if short > 1 else power))


class EmotionNetwork(nn.Module):
    """A few small convolutional networks on two views of the log-mel spectrogram, whose logits are averaged.

    A further member may answer from the statistics of the clip; it counts as much as all convolutional ones together.

    It answers with the eight emotions and, where corpora have further labels, those after them.

    The first view keeps the shape of the spectrum (only the level of the recording is taken out), the second takes the
    mean of every band out, which removes the microphone and much of the speaker.

    Where the speaker is known, the answer also depends on how far the clip is from what the network makes of the
    speaker's other clips: their mean embedding, the profile. A profile of zeros stands for a speaker who is not known.
    """

    def __init__(
        self, recipe: NetworkRecipe, *, labels: int = len(EMOTIONS), statistics: StatisticsRecipe | None = None
    ) -> None:
        super().__init__()
        self.mel_power = MelPower()
        self.members = nn.ModuleList(_Member(recipe, labels) for _ in range(recipe.members))
        self.statistics = StatisticsNetwork(statistics, labels) if statistics and statistics.hidden else None
        self._pooled = 2 * recipe.channels[-1] * recipe.members
        self._labels = labels
        self._floor = 10 ** (-recipe.floor_db / 10)  # fainter sounds, and the level of the recording, do not matter

    @property
    def embedding_size(self) -> int:
        """Values of an embedding, and so of a profile: those of one member after another, then what statistics say."""
        return self._pooled + (self._labels if self.statistics else 0)

    def embed(self, power: Tensor) -> Tensor:
        """Mel power ``(batch, N_MELS, frames)`` to what the answers are made from, ``(batch, embedding_size)``."""
        shape = torch.log(power / power.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12) + self._floor) * 0.25 + 1.0
        change = shape - shape.mean(dim=2, keepdim=True)
        views = torch.stack([shape, change], dim=1).contiguous(memory_format=torch.channels_last)
        told = [member.embed(views) for member in self._members()]
        return torch.cat([*told, self.statistics(power)] if self.statistics else told, dim=1)

    def answer_each(self, embedding: Tensor, profile: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What each convolutional member makes of embeddings and profiles ``(batch, embedding_size)``.

        Returns:
            Logits ``(members, batch, labels)`` and speech logits ``(members, batch)``.
        """
        members = self._members()
        embeddings = embedding[:, : self._pooled].chunk(len(members), dim=1)
        profiles = [None] * len(members)
        if profile is not None:
            profiles = profile[:, : self._pooled].chunk(len(members), dim=1)
        answers = [
            one.answer(*given) for one, given in zip(members, zip(embeddings, profiles, strict=True), strict=True)
        ]
        return torch.stack([emotion for emotion, _ in answers]), torch.stack([speech for _, speech in answers])

    def answer(self, embedding: Tensor, profile: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Embeddings and profiles ``(batch, embedding_size)`` to the answers of :meth:`forward`."""
        each, speech = self.answer_each(embedding, profile)
        emotion = each.mean(dim=0)
        if self.statistics:
            emotion = (emotion + embedding[:, self._pooled :]) / 2
        return emotion, speech.mean(dim=0)

    def forward(self, power: Tensor, profile: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What is heard, and of whom.

        Args:
            power: Mel power, ``(batch, N_MELS, frames)``.
            profile: Mean embedding of other clips of each speaker, ``(batch, embedding_size)``, zeros where the speaker
                is not known; None where no speaker is.

        Returns:
            Logits ``(batch, labels)`` and the speech logit ``(batch,)``.
        """
        return self.answer(self.embed(power), profile)

    def _members(self) -> list[_Member]:
        return [member for member in self.members if isinstance(member, _Member)]


class Recognition(nn.Module):
    """What is exported: raw waveform and profile in; calibrated probabilities, that of speech, and embedding out."""

    def __init__(self, network: EmotionNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, waveform: Tensor, profile: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is heard in some windows.

        Args:
            waveform: ``(batch, samples)`` at 16 kHz.
            profile: ``(batch, embedding_size)``, zeros for a speaker who is not known.

        Returns:
            Probabilities of the emotions ``(batch, 8)``, of speech ``(batch,)``, and embeddings
            ``(batch, embedding_size)``.
        """
        embedding = self.network.embed(self.network.mel_power(waveform))
        emotion, speech = self.network.answer(embedding, profile)
        emotion = emotion[:, : len(EMOTIONS)]  # a label that is no emotion (boredom) only helps to learn
        return torch.softmax(emotion / self.temperature, dim=1), torch.sigmoid(speech), embedding
