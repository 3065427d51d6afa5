"""Changes to sound that leave the emotion in it as it is."""

import numpy as np
import numpy.typing as npt

from affetto.learning.recipe import AugmentRecipe
from affetto.voice.audio import RATE, Samples

__all__ = ["add_noise", "change_channel", "change_speed", "hide_bands", "random_room"]

Power = npt.NDArray[np.floating]


def change_speed(samples: Samples, factor: float) -> Samples:
    """Speech ``factor`` times as fast, pitch and formants moving with it (resampling, Ko et al. 2015)."""
    import soxr

    return soxr.resample(samples, RATE * factor, RATE, quality="MQ").astype(np.float32)


def random_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """The recording as heard in a random room: direct sound, a few early reflections and a decaying noise tail.

    Reverberation time is 0.15 to 0.7 s and the direct sound carries 0 to 12 dB more energy than the rest (the
    statistical room model of Polack 1988).
    """
    from scipy.signal import fftconvolve

    decay = rng.uniform(0.15, 0.7)
    length = int(decay * RATE)
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: int(rng.uniform(0.002, 0.01) * RATE)] = 0.0
    reflections = rng.integers(int(0.001 * RATE), int(0.03 * RATE), size=4)
    tail[reflections] += rng.uniform(-1, 1, size=4) * np.abs(tail).max()
    tail *= 10 ** (-rng.uniform(0, 12) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def add_noise(power: Power, noise: Power, rng: np.random.Generator, recipe: AugmentRecipe) -> Power:
    """Adds noise to mel power, both ``(n, mels, frames)``, at a random ratio; independent sounds add in power."""
    ratio = 10 ** (-rng.uniform(*recipe.snr_db, size=len(power)) / 10)
    gain = ratio * power.mean(axis=(1, 2)) / np.maximum(noise.mean(axis=(1, 2)), 1e-12)
    gain *= rng.random(len(power)) < recipe.noise
    return power + gain[:, None, None].astype(np.float32) * noise


def change_channel(power: Power, rng: np.random.Generator, recipe: AugmentRecipe) -> Power:
    """Another microphone: a smooth random change of the spectrum, and for some a cut-off top of the band."""
    n, mels, _ = power.shape
    knots = rng.standard_normal((n, 5)) * recipe.channel_db
    place = np.linspace(0, 4, mels)
    left = np.minimum(place.astype(int), 3)
    gain_db = knots[:, left] * (1 - (place - left)) + knots[:, left + 1] * (place - left)
    cut = rng.integers(mels * 5 // 8, mels, size=n)[:, None]
    gain_db -= 60.0 * ((np.arange(mels) >= cut) & (rng.random((n, 1)) < recipe.band))
    return power * (10 ** (gain_db / 10)).astype(np.float32)[:, :, None]


def hide_bands(power: Power, rng: np.random.Generator, recipe: AugmentRecipe) -> Power:
    """Hides two bands of mel bins and two stretches of time (SpecAugment, Park et al. 2019), in place."""
    n, mels, frames = power.shape
    mean = power.mean(axis=(1, 2)) * 1e-2
    longest = int(recipe.time_mask * frames)
    for example in range(n):
        for _ in range(2):
            width, length = rng.integers(0, recipe.frequency_mask + 1), rng.integers(0, longest + 1)
            band, start = rng.integers(0, mels - width + 1), rng.integers(0, frames - length + 1)
            power[example, band : band + width] = mean[example]
            power[example, :, start : start + length] = mean[example]
    return power
