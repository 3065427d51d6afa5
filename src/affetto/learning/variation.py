"""Changes to the mel power of clips that leave their emotions as they are: a whole batch at once, on any device.

What is drawn at random per clip comes from a generator of numpy, on the processor; noise comes from one of torch, on
the device, that is seeded by it. A batch is thereby a pure function of the generator.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.learning.recipe.sequence import VariationRecipe

__all__ = ["Powers", "add_coloured_noise", "hide", "mel_warp", "tilts", "vary"]

_HIDDEN = 1e-2  # of the clip's mean power
_WARP_EDGE_HZ = 7600.0
_LOWEST_HZ = 50.0
_QUIETEST = 1e-12

Floats = npt.NDArray[np.floating]
Rows = npt.NDArray[np.int64]


class Powers:
    """Log mel power of many clips, end to end in half precision, where a device can pick from it.

    Args:
        clips: Each ``(n_mels, frames)``.
        device: Where they are kept.

    Attributes:
        lengths: Frames of each clip.
    """

    def __init__(self, clips: Sequence[npt.NDArray[np.float16]], device: torch.device | None = None) -> None:
        self.lengths = np.array([clip.shape[1] for clip in clips], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self._frames = torch.from_numpy(np.concatenate([clip.T for clip in clips])).to(device or torch.device("cpu"))
        self._levels = np.array([np.exp(clip.astype(np.float32)).mean() for clip in clips], np.float32)

    @property
    def device(self) -> torch.device:
        """Where the clips are kept."""
        return self._frames.device

    def level(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Mean power of some clips."""
        return np.maximum(self._levels[rows], np.float32(_QUIETEST))

    def read(self, rows: Rows, places: Tensor) -> Tensor:
        """Mel power of some clips at some frames, ``(clips, frames, n_mels)``; a clip repeats after its end.

        Args:
            rows: Which clips.
            places: Which frames, ``(clips, frames)``.
        """
        lengths, starts = (self.send(values[rows])[:, None] for values in (self.lengths, self._starts))
        found = self._frames.index_select(0, (starts + places.remainder(lengths)).flatten())
        return found.float().exp().unflatten(0, places.shape)

    def send(self, values: npt.NDArray[np.generic]) -> Tensor:
        """An array where the clips are."""
        return torch.from_numpy(values).to(self.device, non_blocking=True)


def vary(
    powers: Powers,
    rows: Rows,
    rng: np.random.Generator,
    recipe: VariationRecipe,
    *,
    partners: Rows | None = None,
    shares: Floats | None = None,
) -> tuple[Tensor, Tensor]:
    """Clips, varied at random: blended, cropped, played at another speed, with noise, another channel, parts hidden.

    Args:
        powers: All clips.
        rows: The clips of this batch.
        rng: Decides everything.
        recipe: How much of what.
        partners: Clips that these are blended with, at the same loudness, repeated or cut to their length.
        shares: How much of each blend is the partner, 0 for a clip that stays itself.

    Returns:
        Mel power ``(clips, n_mels, most frames)``, and the mask ``(clips, most frames)`` that says which are real.
    """
    count = len(rows)
    lengths = powers.lengths[rows]
    kept = np.maximum(np.round(rng.uniform(*recipe.crop, count) * lengths), 1)
    first = np.floor(rng.random(count) * (lengths - kept + 1))
    factor = rng.uniform(*recipe.speed, count)
    heard = np.maximum(np.round(kept / factor), 1)

    frame = torch.arange(int(heard.max()), device=powers.device)
    kept_, first_, heard_ = (powers.send(values.astype(np.float32))[:, None] for values in (kept, first, heard))
    place = ((frame + 0.5) * (kept_ / heard_) - 0.5).clamp_(min=0).minimum(kept_ - 1)
    early = place.floor()
    part = (place - early)[:, :, None]
    early, late = ((first_ + at).long() for at in (early, (early + 1).minimum(kept_ - 1)))
    power = torch.lerp(powers.read(rows, early), powers.read(rows, late), part)
    blended = np.flatnonzero(shares) if shares is not None and partners is not None else np.array([], np.int64)
    if shares is not None and partners is not None and len(blended):
        some, other = powers.send(blended), partners[blended]
        gain = powers.level(rows[blended]) / powers.level(other)
        partner = torch.lerp(powers.read(other, early[some]), powers.read(other, late[some]), part[some])
        share = powers.send(shares[blended].astype(np.float32))[:, None, None]
        mixed = torch.lerp(power[some], partner * powers.send(gain)[:, None, None], share)
        power = power.index_copy(0, some, mixed)
    power, mask = power.transpose(1, 2), (frame < heard_).float()
    if recipe.speed[0] < recipe.speed[1]:
        power = mel_warp(power.shape[1], powers.send(factor.astype(np.float32))) @ power
    noisy = np.flatnonzero(rng.random(count) < recipe.noise)
    if len(noisy):
        some = powers.send(noisy)
        ratio = rng.uniform(*recipe.snr_db, len(noisy))
        power = power.index_copy(0, some, add_coloured_noise(power[some], mask[some], ratio, rng))
    if recipe.channel_db > 0:
        gain = tilts(count, power.shape[1], recipe.channel_db, rng)
        power = power * powers.send(gain)[:, :, None]
    return hide(power * mask[:, None], mask, heard, rng, recipe), mask


def mel_warp(bands: int, factor: Tensor) -> Tensor:
    """What moves pitch and formants of clips that are played faster: matrices ``(clips, bands, bands)``.

    Played faster, what was at ``f`` Hz is heard at ``factor * f``; bands are interpolated linearly.
    """
    lowest, highest = (2595 * np.log10(1 + edge / 700) for edge in (_LOWEST_HZ, _WARP_EDGE_HZ))
    centres = torch.linspace(lowest, highest, bands + 2, device=factor.device)[1:-1]
    source = 2595 * torch.log10(1 + 700 * (10 ** (centres / 2595) - 1) / factor[:, None] / 700)
    place = ((source - lowest) / (highest - lowest) * (bands + 1) - 1).clamp(0, bands - 1)
    band = torch.arange(bands, device=factor.device)
    return (1 - (place[:, :, None] - band).abs()).clamp(min=0)


def add_coloured_noise(power: Tensor, mask: Tensor, snr_db: Floats, rng: np.random.Generator) -> Tensor:
    """Adds noise of a random colour (0 to 12 dB less per quarter of the bands); independent sounds add in power.

    Args:
        power: Mel power, ``(clips, n_mels, frames)``.
        mask: Which frames are real, ``(clips, frames)``.
        snr_db: Signal-to-noise ratio of each clip.
        rng: Decides the colours, and seeds the noise.
    """
    count, bands, frames = power.shape
    steepness = rng.uniform(0, 4.8, count)
    colour = 10 ** (-steepness[:, None] * np.linspace(0, 1, bands))
    colour *= (10 ** (-snr_db / 10) / colour.mean(axis=1))[:, None]
    level = (power * mask[:, None]).sum(dim=(1, 2)) / (mask.sum(dim=1) * bands)
    generator = torch.Generator(power.device).manual_seed(int(rng.integers(2**62)))
    # the power of Gaussian noise in a band of some width over time: the mean of four exponentials, Gamma(4, 1/4)
    uniform = 1 - torch.rand(4, count, bands, frames, generator=generator, device=power.device)
    noise = uniform.prod(dim=0).log() / -4
    scale = torch.from_numpy(colour.astype(np.float32)).to(power.device, non_blocking=True) * level[:, None]
    return torch.addcmul(power, noise, scale[:, :, None])


def tilts(count: int, bands: int, deviation_db: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Other microphones: gains ``(count, bands)``, a smooth random change of the spectrum through five points."""
    places = np.abs(np.linspace(0, 4, bands) - np.arange(5)[:, None])
    gain_db = deviation_db * rng.standard_normal((count, 5)) @ np.maximum(1 - places, 0)
    return (10 ** (gain_db / 10)).astype(np.float32)


def hide(power: Tensor, mask: Tensor, frames: Floats, rng: np.random.Generator, recipe: VariationRecipe) -> Tensor:
    """Hides two bands of mel bins and two stretches of time in each clip.

    Args:
        power: Mel power, 0 where there is no frame.
        mask: Which frames are real, ``(clips, frames)``.
        frames: How many frames of each clip are real.
        rng: Decides what is hidden.
        recipe: How much at most.
    """
    count, bands, _ = power.shape
    hidden = power.sum(dim=(1, 2)) / (mask.sum(dim=1) * bands) * _HIDDEN
    covered = torch.zeros_like(power, dtype=torch.bool)
    for axis, size, most in (
        (1, np.full(count, bands), np.full(count, min(recipe.frequency_mask, bands - 1))),
        (2, frames, np.floor(recipe.time_mask * frames)),
    ):
        if not most.any():
            continue
        width = np.floor(rng.random((2, count)) * (most + 1))
        start = np.floor(rng.random((2, count)) * (size - width + 1))
        ends = torch.from_numpy(np.stack([start, start + width]).astype(np.int64)).to(power.device, non_blocking=True)
        place = torch.arange(power.shape[axis], device=power.device)
        inside = ((place >= ends[0, :, :, None]) & (place < ends[1, :, :, None])).any(dim=0)
        covered |= inside[:, :, None] if axis == 1 else inside[:, None]
    return torch.where(covered & (mask[:, None] > 0), hidden[:, None, None], power)
