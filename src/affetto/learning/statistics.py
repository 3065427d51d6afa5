"""Statistics of a clip: one vector for a spectrogram of any length, in operators that a model file can hold.

What the functionals of :mod:`affetto.features` are to classical models, from nothing but mel power and without a
decision in between (which frames are voiced, what the pitch is): a runtime computes them in the same graph as the
networks, in a few milliseconds.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from affetto.features.spectral import even_in_mel

__all__ = ["ClipStatistics"]

_FLOOR = 1e-5  # 50 dB under the clip's mean
_LOUDNESS_POWER = 0.3  # from power to loudness, about as ears do (Stevens 1955)
_JOINED = 2  # neighbouring bands that are described together
_CEPSTRUM = 14
_WIDE = 4  # frames of the wide change, 64 ms
_THIRDS = 3
_MODULATION_HZ = (0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 13.0, 20.0, 31.0)
_MODULATION_STEP_HZ = 0.5
_MODULATED = 4  # neighbouring bands whose modulation is described together
_PITCHES = 48
_LOWEST_PITCH, _HIGHEST_PITCH = 75.0, 480.0
_HARMONIC_BANDS = 40  # the lowest, up to some 2.5 kHz: above, harmonics are closer than bands
_SMOOTH_BANDS = 9
_SHARPNESS = 2.0  # of the choice between pitches
_SMALL = 1e-4


class _Tracks(NamedTuple):
    """What is told of a clip frame by frame.

    Attributes:
        values: ``(batch, tracks, frames)``.
        bands: Log power of joined bands, ``(batch, bands / 2, frames)``.
        loudness: Weights of the frames by loudness, ``(batch, frames)``, sum 1.
        voice: The same among frames in which harmonics stand out.
        pitches: How likely each pitch is, ``(batch, pitches, frames)``.
    """

    values: Tensor
    bands: Tensor
    loudness: Tensor
    voice: Tensor
    pitches: Tensor


class ClipStatistics(nn.Module):
    """Means, spreads, shapes and courses of what changes along a clip, of its changes and its modulation.

    Args:
        bands: Mel bands.
        frames_per_second: Frames of a second.
        lowest_hz: Lower edge of the bands.
        highest_hz: Upper edge of the bands.

    Attributes:
        size: Values of the vector.
        shortest: Frames that a clip needs at least.
    """

    shortest = 2 * _WIDE

    def __init__(self, bands: int, *, frames_per_second: float, lowest_hz: float, highest_hz: float) -> None:
        super().__init__()
        self._rate = frames_per_second
        centres = even_in_mel(lowest_hz, highest_hz, bands + 2)[1 : 1 + _HARMONIC_BANDS]
        pitches = np.geomspace(_LOWEST_PITCH, _HIGHEST_PITCH, _PITCHES)
        steps = np.arange(1, _CEPSTRUM + 1)[:, None]
        cosines = np.sqrt(2 / bands) * np.cos(np.pi * steps * (np.arange(bands) + 0.5) / bands)
        hz = np.arange(0.0, _MODULATION_HZ[-1], _MODULATION_STEP_HZ)
        ranges = itertools.pairwise(_MODULATION_HZ)
        self.cosines = _constant(cosines)
        self.combs = _constant(_combs(centres, pitches))
        self.octaves = _constant(np.log2(pitches))
        self.places = _constant(np.arange(bands)[:, None] / bands)
        self.modulation_hz = _constant(hz)
        self.modulation_ranges = _constant([(hz >= low) & (hz < high) for low, high in ranges])
        with torch.no_grad():
            self.size = self(torch.ones(1, bands, self.shortest)).shape[1]

    def forward(self, power: Tensor) -> Tensor:
        """Mel power ``(batch, bands, frames)`` of equally long clips to ``(batch, size)``, whatever their level."""
        tracks = self._tracks(power)
        values = tracks.values
        time = _time(power)
        even = (time > 0).to(power.dtype)[None] / time[-1]
        change, wide_change = values[:, :, 1:] - values[:, :, :-1], values[:, :, _WIDE:] - values[:, :, :-_WIDE]
        found = [
            *(moment for weights in (even, tracks.loudness, tracks.voice) for moment in _moments(values, weights)),
            *_moving(change, tracks.loudness[:, :-1]),
            *_moving(wide_change, tracks.loudness[:, :-_WIDE]),
            _course(values, even, time),
            _course(values, tracks.voice, time),
            _thirds(values, time),
            self._modulation(tracks.bands, values, time),
            torch.log((tracks.pitches * tracks.voice[:, None]).sum(dim=2) + 1e-3),
            torch.log(time[-1]).expand(power.shape[0], 1),
        ]
        return torch.cat([part.flatten(1) for part in found], dim=1)

    def _tracks(self, power: Tensor) -> _Tracks:
        relative = power / power.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        log = torch.log(relative + _FLOOR)
        bands = log.unflatten(1, (-1, _JOINED)).mean(dim=2)
        loudness = torch.exp(_LOUDNESS_POWER * log).sum(dim=1)
        weights = loudness / loudness.sum(dim=1, keepdim=True)
        share = relative / (relative.sum(dim=1, keepdim=True) + 1e-4)
        centre = (self.places * share).sum(dim=1, keepdim=True)
        width = ((self.places - centre).square() * share).sum(dim=1, keepdim=True).sqrt()
        low = log[:, :_HARMONIC_BANDS]
        fit = _SHARPNESS * (self.combs @ (low - _smooth(low)))
        pitches = fit.softmax(dim=1)
        pitch = (pitches * self.octaves[:, None]).sum(dim=1, keepdim=True)
        harmonic = torch.logsumexp(fit, dim=1) / 4
        voice = weights * torch.sigmoid(3 * (harmonic - harmonic.mean(dim=1, keepdim=True)))
        flux = (bands[:, :, 1:] - bands[:, :, :-1]).abs().mean(dim=1, keepdim=True)
        values = [
            bands,
            self.cosines @ log,
            torch.log(relative.mean(dim=1, keepdim=True) + _FLOOR),
            4 * (loudness / loudness.amax(dim=1, keepdim=True))[:, None],
            8 * centre,
            8 * width,
            2 * pitch,
            harmonic[:, None],
            nn.functional.pad(flux, (1, 0)),
        ]
        return _Tracks(torch.cat(values, dim=1), bands, weights, voice / voice.sum(dim=1, keepdim=True), pitches)

    def _modulation(self, bands: Tensor, values: Tensor, time: Tensor) -> Tensor:
        """Share of the variance of groups of bands, and of the level, in each range of modulation frequency."""
        level = bands.shape[1] + _CEPSTRUM
        joined = bands.unflatten(1, (-1, _MODULATED // _JOINED)).mean(dim=2)
        x = torch.cat([joined, values[:, level : level + 1]], dim=1)
        window = torch.sin(torch.pi * time / (time[-1] + 1)).square()
        x = (x - x.mean(dim=2, keepdim=True)) * window
        turns = time[:, None] * (self.modulation_hz / self._rate)
        angle = 2 * torch.pi * (turns - turns.floor())
        spectrum = (x @ torch.cos(angle)).square() + (x @ torch.sin(angle)).square()
        energy = spectrum @ self.modulation_ranges.T
        return torch.log(energy / (energy.sum(dim=2, keepdim=True) + 1e-9) + 1e-3)


def _time(x: Tensor) -> Tensor:
    """The number of each frame, from 1; asked of the values so that an exported graph counts the frames it is given."""
    return torch.cumsum((x[0, 0] == x[0, 0]).to(x.dtype), dim=0)


def _constant(values: object) -> nn.Buffer:
    return nn.Buffer(torch.tensor(np.asarray(values, np.float32)), persistent=False)


def _combs(centres: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    """How much each band would stand out at each pitch, ``(pitches, bands)``: at harmonics, not between them."""
    harmonic = centres / pitches[:, None]
    combs = np.cos(2 * np.pi * harmonic) * np.minimum(2 * harmonic, 1) / np.sqrt(np.maximum(harmonic, 1))
    combs -= combs.mean(axis=1, keepdims=True)
    return combs / np.linalg.norm(combs, axis=1, keepdims=True)


def _smooth(log: Tensor) -> Tensor:
    """The mean of neighbouring bands; the outermost ones are repeated."""
    half = _SMOOTH_BANDS // 2
    wide = torch.cat([log[:, :1].expand(-1, half, -1), log, log[:, -1:].expand(-1, half, -1)], dim=1)
    sums = [wide[:, start : start + log.shape[1]] for start in range(_SMOOTH_BANDS)]
    return torch.stack(sums).mean(dim=0)


def _moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean, standard deviation, skewness and kurtosis over frames of these weights, ``(batch, tracks)`` each."""
    w = weights[:, :, None]
    mean = x @ w
    away = x - mean
    square = away * away
    variance = (square @ w)[:, :, 0].clamp(min=1e-8)
    deviation = variance.sqrt()
    third, fourth = ((square * away) @ w)[:, :, 0], ((square * square) @ w)[:, :, 0]
    return mean[:, :, 0], deviation, third / (deviation * variance + _SMALL), fourth / (variance * variance + _SMALL)


def _moving(change: Tensor, weights: Tensor) -> Sequence[Tensor]:
    w = weights / weights.sum(dim=1, keepdim=True)
    rise, motion = ((size @ w[:, :, None])[:, :, 0] for size in (change.relu(), change.abs()))
    return *_moments(change, w), rise, motion


def _course(x: Tensor, weights: Tensor, time: Tensor) -> Tensor:
    """Slope and curvature along the clip, whatever its length: ``(batch, tracks, 2)``."""
    w = weights[:, None]
    time = time / time[-1]
    time = time - (time * w).sum(dim=2, keepdim=True)
    spread = (time * time * w).sum(dim=2, keepdim=True).clamp(min=_SMALL)
    course = torch.cat([time * w / spread, (time * time - spread) * w / (spread * spread.sqrt())], dim=1)
    return x @ course.transpose(1, 2)


def _thirds(x: Tensor, time: Tensor) -> Tensor:
    """How far the means of the first, middle and last third are from the mean, ``(batch, tracks, 3)``."""
    third = torch.floor(_THIRDS * (time - 1) / time[-1])
    inside = (third[:, None] == torch.arange(_THIRDS, device=x.device)).to(x.dtype)
    return x @ (inside / inside.sum(dim=0)) - x.mean(dim=2, keepdim=True)
