"""Changes to sound that leave the emotion in it as it is."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.features.spectral import even_in_mel, hz_to_mel
from affetto.learning.device import send
from affetto.learning.networks import FMAX, FMIN
from affetto.learning.recipe import AugmentRecipe
from affetto.voice.audio import RATE, Samples

__all__ = [
    "add_bursts",
    "add_noise",
    "change_channel",
    "change_speed",
    "change_throat",
    "hide_bands",
    "murmur",
    "random_room",
]


def change_speed(samples: Samples, factor: float) -> Samples:
    """Speech ``factor`` times as fast, pitch and formants moving with it (resampling, Ko et al. 2015)."""
    import soxr

    return soxr.resample(samples, RATE * factor, RATE, quality="MQ").astype(np.float32)


def random_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """The recording as heard in a random room: direct sound, a few early reflections and a decaying noise tail.

    Reverberation time is 0.15 to 0.9 s, and the direct sound carries up to 12 dB more or 10 dB less energy than the
    rest (the statistical room model of Polack 1988).
    """
    from scipy.signal import fftconvolve

    decay = rng.uniform(0.15, 0.9)
    length = int(decay * RATE)
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: int(rng.uniform(0.002, 0.01) * RATE)] = 0.0
    reflections = rng.integers(int(0.001 * RATE), int(0.03 * RATE), size=4)
    tail[reflections] += rng.uniform(-1, 1, size=4) * np.abs(tail).max()
    tail *= 10 ** (rng.uniform(-12, 10) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def add_noise(power: Tensor, noise: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """Adds noise to mel power, both ``(n, mels, frames)``, at a random ratio; independent sounds add in power."""
    ratio = 10 ** (-rng.uniform(*recipe.snr_db, size=len(power)) / 10)
    ratio *= rng.random(len(power)) < recipe.noise
    level = power.mean(dim=(1, 2), keepdim=True) / noise.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    return power + _like(power, ratio)[:, None, None] * level * noise


def murmur(power: Tensor, rng: np.random.Generator) -> Tensor:
    """Babble out of nothing but the clip itself: two to four copies, each from elsewhere in it and higher or lower."""
    n, mels, frames = power.shape
    found = torch.zeros_like(power)
    for _ in range(int(rng.integers(2, 5))):
        time = send((rng.integers(frames, size=(n, 1)) + np.arange(frames)) % frames, power.device)
        bands = send(np.clip(rng.integers(-6, 7, size=(n, 1)) + np.arange(mels), 0, mels - 1), power.device)
        moved = power.gather(2, time[:, None, :].expand(n, mels, frames))
        found += 10 ** float(rng.uniform(-0.7, 0)) * moved.gather(1, bands[:, :, None].expand(n, mels, frames))
    return found


def add_bursts(power: Tensor, noise: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """Adds a quarter to half a second of noise about as loud as the voice to some, both ``(n, mels, frames)``."""
    n, _, frames = power.shape
    length = rng.integers(12, 33, size=(n, 1))
    start = rng.integers(0, frames, size=(n, 1))
    place = np.arange(frames)
    gain = 10 ** (rng.uniform(-12, 4, size=(n, 1)) / 10) * (rng.random((n, 1)) < recipe.burst)
    envelope = _like(power, gain * ((place >= start) & (place < start + length)))[:, None, :]
    level = power.mean(dim=(1, 2), keepdim=True) / noise.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    return power + envelope * level * noise


def change_channel(power: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """Another microphone: a smooth random change of the spectrum, for some a tilt, or an end of the band cut off."""
    n, mels, _ = power.shape
    knots = rng.standard_normal((n, 5)) * recipe.channel_db
    place = np.linspace(0, 4, mels)
    left = np.minimum(place.astype(int), 3)
    gain_db = knots[:, left] * (1 - (place - left)) + knots[:, left + 1] * (place - left)
    tilt_db = rng.uniform(-1, 1, size=(n, 1)) * recipe.tilt_db * (rng.random((n, 1)) < recipe.tilt)
    gain_db += tilt_db * (place / 4 - 0.5)
    top, bottom = rng.integers(mels * 5 // 8, mels, size=(n, 1)), rng.integers(0, mels // 8 + 1, size=(n, 1))
    cut, both = rng.random((n, 1)) < recipe.band, rng.random((n, 1)) < 0.5
    bands = np.arange(mels)
    gain_db -= 60.0 * (cut & ((bands >= top) | (both & (bands < bottom))))
    return power * _like(power, 10 ** (gain_db / 10))[:, :, None]


def change_throat(power: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """Another speaker: frequencies of some clips are moved up or down (Jaitly & Hinton 2013), the tempo is kept.

    Args:
        power: Mel power, ``(n, mels, frames)``.
        rng: Decides which, and how far.
        recipe: How often and how far at most.
    """
    n, mels, frames = power.shape
    farthest = np.log(recipe.throat_factor)
    factor = np.exp(rng.uniform(-farthest, farthest, size=(n, 1)) * (rng.random((n, 1)) < recipe.throat))
    centres = even_in_mel(FMIN, FMAX, mels + 2)[1:-1]
    place = np.interp(hz_to_mel(centres / factor), hz_to_mel(centres), np.arange(mels))
    below = np.minimum(place.astype(np.int64), mels - 2)
    share = _like(power, place - below)[:, :, None]
    low, high = (
        power.gather(1, send(bands, power.device)[:, :, None].expand(n, mels, frames)) for bands in (below, below + 1)
    )
    return low + share * (high - low)


def hide_bands(power: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """Hides two bands of mel bins and two stretches of time (SpecAugment, Park et al. 2019)."""
    n, mels, frames = power.shape
    hidden = np.zeros((n, mels, 1), np.bool_)
    silent = np.zeros((n, 1, frames), np.bool_)
    for _ in range(2):
        hidden |= _stretch(mels, recipe.frequency_mask, n, rng)[:, :, None]
        silent |= _stretch(frames, int(recipe.time_mask * frames), n, rng)[:, None, :]
    mean = power.mean(dim=(1, 2), keepdim=True) * 1e-2
    masked = send(hidden, power.device) | send(silent, power.device)
    return torch.where(masked, mean, power)


def _stretch(size: int, longest: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A random stretch of up to ``longest`` of ``size`` places, for each of ``count`` examples."""
    width = rng.integers(0, longest + 1, size=(count, 1))
    start = (rng.random((count, 1)) * (size - width + 1)).astype(np.int64)
    place = np.arange(size)
    return (place >= start) & (place < start + width)


def _like(power: Tensor, values: npt.NDArray[np.floating]) -> Tensor:
    return send(values.astype(np.float32), power.device)
