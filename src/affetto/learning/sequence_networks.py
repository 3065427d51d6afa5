"""The networks of the laboratory: frames of a clip in, logits of the labels out.

Clips of different lengths stand in one batch, the shorter ones padded; ``mask`` says which frames are real. Every layer
treats padding as what follows the end of a clip, so that a clip gets the same answer alone and in company.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from affetto.learning.networks import AttentivePooling, MelPower
from affetto.learning.recipe.sequence import FramesRecipe, SequenceRecipe
from affetto.voice.audio import RATE

__all__ = ["Frames", "SequenceNetwork", "mel_power"]

_FLOOR = 1e-5  # 50 dB under the clip's mean
_SILENCE = 1e-12
_DELTA_WIDTH = 2


def mel_power(recipe: FramesRecipe) -> MelPower:
    """The front end of a recipe."""
    return MelPower(
        frame_length=round(recipe.frame_ms * RATE / 1000),
        hop_length=round(recipe.hop_ms * RATE / 1000),
        n_mels=recipe.n_mels,
    )


def _mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real frames, which is kept as a dimension; ``mask`` broadcasts against ``x``."""
    return (x * mask).sum(dim=-1, keepdim=True) / mask.sum(dim=-1, keepdim=True)


class Frames(nn.Module):
    """From mel power to what the network sees: planes of rows over time, standardized over the training clips."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, recipe: FramesRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.rows = recipe.n_mfcc if recipe.features == "mfcc" else recipe.n_mels
        self.planes = 1 + recipe.centred + recipe.deltas
        self.register_buffer("mean", torch.zeros(self.planes, self.rows, 1))
        self.register_buffer("deviation", torch.ones(self.planes, self.rows, 1))
        self.cosines = nn.Buffer(torch.tensor(_cosines(recipe.n_mfcc, recipe.n_mels)), persistent=False)
        self.slope = nn.Buffer(torch.tensor(_slope(_DELTA_WIDTH)), persistent=False)

    def forward(self, power: Tensor, mask: Tensor) -> Tensor:
        """Mel power ``(batch, n_mels, frames)`` to ``(batch, planes, rows, frames)``, zero where there is no frame."""
        return (self.raw(power, mask) - self.mean) / self.deviation * mask[:, None, None]

    def raw(self, power: Tensor, mask: Tensor) -> Tensor:
        """The same before it is standardized."""
        real = mask[:, None]
        level = _mean(power, real).mean(dim=1, keepdim=True).clamp(min=_SILENCE)
        if self.recipe.normalization == "level":
            rows = torch.log(power / level + _FLOOR)
        else:
            rows = torch.log(power + _FLOOR * level)
        if self.recipe.features == "mfcc":
            rows = self.cosines @ rows
        centred = (rows - _mean(rows, real)) * real
        if self.recipe.normalization == "utterance":
            rows = centred / _mean(centred.square(), real).clamp(min=1e-5).sqrt()
        planes = [rows, centred] if self.recipe.centred else [rows]
        change = centred
        for _ in range(self.recipe.deltas):
            batch, count, frames = change.shape
            flat = nn.functional.conv1d(change.reshape(batch * count, 1, frames), self.slope, padding=_DELTA_WIDTH)
            change = flat.reshape(batch, count, frames) * real
            planes.append(change)
        return torch.stack(planes, dim=1)

    def standardize(self, clips: Iterable[npt.NDArray[np.floating]]) -> None:
        """Takes mean and deviation of every row from mel power of clips, each ``(n_mels, frames)``."""
        count, total, squares = 0, torch.zeros(self.planes, self.rows), torch.zeros(self.planes, self.rows)
        with torch.inference_mode():
            for clip in clips:
                power = torch.from_numpy(np.ascontiguousarray(clip, np.float32))[None]
                rows = self.raw(power, torch.ones(1, power.shape[2]))[0].double()
                count += rows.shape[2]
                total = total + rows.sum(dim=2)
                squares = squares + rows.square().sum(dim=2)
        mean = total / max(count, 1)
        deviation = (squares / max(count, 1) - mean.square()).clamp(min=1e-6).sqrt()
        self.mean.copy_(mean[:, :, None])
        self.deviation.copy_(deviation[:, :, None])


def _cosines(count: int, bands: int) -> npt.NDArray[np.float32]:
    """The orthonormal cosine transform as a matrix ``(count, bands)``."""
    rows = np.arange(count)[:, None]
    angle = np.pi * rows * (np.arange(bands) + 0.5) / bands
    return (np.cos(angle) * np.sqrt(np.where(rows == 0, 1.0, 2.0) / bands)).astype(np.float32)


def _slope(width: int) -> npt.NDArray[np.float32]:
    """The regression slope (Young et al. 2006, HTK book, 5.9) as a kernel ``(1, 1, 2 width + 1)``."""
    steps = np.arange(-width, width + 1)
    return (steps / (steps**2).sum()).astype(np.float32)[None, None]


class _Stage(nn.Module):
    """A convolution that halves the bands, and every other one the frames."""

    def __init__(self, inputs: int, outputs: int, *, size: int, halve_time: bool) -> None:
        super().__init__()
        self.step = 2 if halve_time else 1
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, size, (2, self.step), size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = mask[:, :: self.step]
        return self.layers(x) * mask[:, None, None], mask


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x)) * mask[:, None, None]


class _Convolutions(nn.Module):
    """Convolution stages, each with half the bands of the one before; optionally a residual block after the later ones.

    Attributes:
        outputs: Channels times bands of what comes out.
    """

    def __init__(self, planes: int, rows: int, channels: tuple[int, ...], *, residual: bool = False) -> None:
        super().__init__()
        inputs = (planes, *channels)
        self.stages = nn.ModuleList(
            _Stage(inputs[i], inputs[i + 1], size=5 if i == 0 else 3, halve_time=i % 2 == 0)
            for i in range(len(channels))
        )
        self.residuals = nn.ModuleList(
            _Residual(count) if residual and i >= 2 else nn.Identity() for i, count in enumerate(channels)
        )
        for _ in channels:
            rows = (rows + 1) // 2
        self.bands, self.outputs = rows, channels[-1] * rows

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, planes, rows, frames)`` to ``(batch, channels, bands, fewer frames)``, and the mask for it."""
        x = x.contiguous(memory_format=torch.channels_last)
        for stage, residual in zip(self.stages, self.residuals, strict=True):
            x, mask = stage(x, mask)
            if isinstance(residual, _Residual):
                x = residual(x, mask)
        return x, mask


class _Reversible(nn.Module):
    """An LSTM in both directions; the second starts at the last real frame of each clip."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forth = nn.LSTM(inputs, hidden, batch_first=True)
        self.back = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``(batch, frames, inputs)`` to ``(batch, frames, 2 hidden)``."""
        place = mask.cumsum(dim=1) - 1
        mirrored = torch.where(mask > 0, mask.sum(dim=1, keepdim=True) - 1 - place, place.new_zeros(1)).long()
        ahead, _ = self.forth(x)
        behind, _ = self.back(_at(x, mirrored))
        return torch.cat([ahead, _at(behind, mirrored)], dim=2) * mask[:, :, None]


def _at(x: Tensor, place: Tensor) -> Tensor:
    return x.gather(1, place[:, :, None].expand(-1, -1, x.shape[2]))


class _Attention(nn.Module):
    """Soft attention: the frames' weighted mean, weights by a small network (Bahdanau et al. 2015)."""

    def __init__(self, inputs: int, hidden: int = 64) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=False))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        score = self.score(x).masked_fill(mask[:, :, None] == 0, -1e4)
        return (x * score.softmax(dim=1)).sum(dim=1)


class _Cnn(nn.Module):
    """Convolutions, then mean and highest value over the clip."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        self.convolutions = _Convolutions(planes, rows, recipe.network.channels)
        self.outputs = 2 * self.convolutions.outputs

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x, mask = self.convolutions(x, mask)
        x = x.flatten(1, 2)
        return torch.cat([_mean(x, mask[:, None])[:, :, 0], x.amax(dim=2)], dim=1)


class _CnnAsp(nn.Module):
    """Convolutions with residual blocks, then attentive statistics pooling (Okabe et al. 2018)."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        shape = recipe.network
        self.convolutions = _Convolutions(planes, rows, shape.channels, residual=True)
        self.outputs = 2 * 2 * shape.channels[-1]
        self.mix = nn.Sequential(
            nn.Conv1d(self.convolutions.outputs, self.outputs // 2, 1, bias=False),
            nn.BatchNorm1d(self.outputs // 2),
            nn.ReLU(),
        )
        self.pooling = AttentivePooling(self.outputs // 2, shape.heads)
        self.normalize = nn.BatchNorm1d(self.outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x, mask = self.convolutions(x, mask)
        x = self.mix(x.flatten(1, 2)) * mask[:, None]
        return self.normalize(self.pooling(x, mask))


class _Lstm(nn.Module):
    """Recurrent layers; the state after the last frame answers (Hochreiter & Schmidhuber 1997)."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        shape = recipe.network
        dropout = shape.dropout if shape.layers > 1 else 0.0
        self.lstm = nn.LSTM(planes * rows, shape.hidden, shape.layers, batch_first=True, dropout=dropout)
        self.outputs = shape.hidden

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        out, _ = self.lstm(x.flatten(1, 2).transpose(1, 2))
        last = mask.sum(dim=1, keepdim=True).long() - 1
        return _at(out, last)[:, 0]


class _BiLstm(nn.Module):
    """Recurrent layers in both directions, then soft attention."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        shape = recipe.network
        sizes = [planes * rows] + [2 * shape.hidden] * (shape.layers - 1)
        self.layers = nn.ModuleList(_Reversible(size, shape.hidden) for size in sizes)
        self.dropout = nn.Dropout(shape.dropout)
        self.attention = _Attention(2 * shape.hidden)
        self.outputs = 2 * shape.hidden

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x.flatten(1, 2).transpose(1, 2)
        for number, layer in enumerate(self.layers):
            x = layer(self.dropout(x) if number else x, mask)
        return self.attention(x, mask)


class _CnnLstm(nn.Module):
    """Convolutions, recurrent layers over what they find, and the mean over time."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        shape = recipe.network
        self.convolutions = _Convolutions(planes, rows, shape.channels)
        dropout = shape.dropout if shape.layers > 1 else 0.0
        self.lstm = nn.LSTM(self.convolutions.outputs, shape.hidden, shape.layers, batch_first=True, dropout=dropout)
        self.outputs = shape.hidden

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x, mask = self.convolutions(x, mask)
        out, _ = self.lstm(x.flatten(1, 2).transpose(1, 2))
        return _mean(out.transpose(1, 2), mask[:, None])[:, :, 0]


class _ResLstm(nn.Module):
    """Recurrent layers with a way around each, then soft attention (residual LSTM, Kim et al. 2017)."""

    def __init__(self, recipe: SequenceRecipe, planes: int, rows: int) -> None:
        super().__init__()
        shape = recipe.network
        self.inlet = nn.Linear(planes * rows, shape.hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(shape.hidden) for _ in range(shape.layers))
        self.layers = nn.ModuleList(nn.LSTM(shape.hidden, shape.hidden, batch_first=True) for _ in range(shape.layers))
        self.dropout = nn.Dropout(shape.dropout)
        self.attention = _Attention(shape.hidden)
        self.outputs = shape.hidden

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.inlet(x.flatten(1, 2).transpose(1, 2))
        for norm, layer in zip(self.norms, self.layers, strict=True):
            out, _ = layer(norm(x))
            x = x + self.dropout(out)
        return self.attention(x, mask)


_BODIES: dict[str, type[nn.Module]] = {
    "cnn": _Cnn,
    "lstm": _Lstm,
    "bilstm": _BiLstm,
    "cnn-lstm": _CnnLstm,
    "reslstm": _ResLstm,
    "cnn-asp": _CnnAsp,
}


class SequenceNetwork(nn.Module):
    """The network of a recipe, from mel power to logits.

    Attributes:
        mel_power: The front end, for the waveform.
        frames: What is made of mel power before the network sees it.
    """

    def __init__(self, recipe: SequenceRecipe, *, labels: int) -> None:
        super().__init__()
        self.mel_power = mel_power(recipe.frames)
        self.frames = Frames(recipe.frames)
        self.body = _BODIES[recipe.family](recipe, self.frames.planes, self.frames.rows)
        self.dropout = nn.Dropout(recipe.network.dropout)
        self.answer = nn.Linear(int(self.body.outputs), labels)  # pyright: ignore[reportArgumentType]

    def embed(self, power: Tensor, mask: Tensor) -> Tensor:
        """Mel power ``(batch, n_mels, frames)`` and its mask ``(batch, frames)`` to what the answer is made from."""
        return self.body(self.frames(power, mask), mask)

    def forward(self, power: Tensor, mask: Tensor) -> Tensor:
        """Mel power ``(batch, n_mels, frames)`` and its mask ``(batch, frames)`` to logits ``(batch, labels)``."""
        return self.answer(self.dropout(self.embed(power, mask)))

    def recognize(self, waveform: Tensor) -> Tensor:
        """Speech ``(batch, samples)`` at 16 kHz to logits ``(batch, labels)``."""
        power = self.mel_power(waveform)
        return self(power, torch.ones_like(power[:, 0]))
