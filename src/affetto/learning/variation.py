"""Changes to the mel power of one clip that leave its emotion as it is."""

import numpy as np
import numpy.typing as npt

from affetto.learning.recipe.sequence import VariationRecipe

__all__ = ["add_coloured_noise", "change_speed_of_power", "crop", "tilt", "vary"]

Power = npt.NDArray[np.float32]
"""Mel power of one clip, ``(n_mels, frames)``."""

_HIDDEN = 1e-2  # of the clip's mean power
_WARP_EDGE_HZ = 7600.0
_LOWEST_HZ = 50.0


def vary(power: Power, rng: np.random.Generator, recipe: VariationRecipe) -> Power:
    """One clip, varied at random: crop, speed, noise, channel, hidden bands and stretches."""
    power = crop(power, rng.uniform(*recipe.crop), rng)
    if recipe.speed[0] < recipe.speed[1]:
        power = change_speed_of_power(power, rng.uniform(*recipe.speed))
    if rng.random() < recipe.noise:
        power = add_coloured_noise(power, rng.uniform(*recipe.snr_db), rng)
    if recipe.channel_db > 0:
        power = tilt(power, recipe.channel_db, rng)
    return _hide(power, rng, recipe)


def crop(power: Power, share: float, rng: np.random.Generator) -> Power:
    """A random stretch that holds ``share`` of the frames, one frame at least."""
    frames = power.shape[1]
    length = max(1, round(share * frames))
    start = int(rng.integers(0, frames - length + 1))
    return power[:, start : start + length]


def change_speed_of_power(power: Power, factor: float) -> Power:
    """Speech ``factor`` times as fast, pitch and formants moving with it, by warping both axes of mel power.

    Played faster, what was at ``f`` Hz is heard at ``factor * f``; both axes are interpolated linearly.
    """
    bands, frames = power.shape
    length = max(1, round(frames / factor))
    time = np.clip((np.arange(length) + 0.5) * frames / length - 0.5, 0, frames - 1)
    early = np.minimum(time.astype(int), max(frames - 2, 0))
    late = np.minimum(early + 1, frames - 1)
    part = (time - early).astype(np.float32)
    moved = power[:, early] * (1 - part) + power[:, late] * part
    return _mel_warp(bands, factor) @ moved


def _mel_warp(bands: int, factor: float) -> npt.NDArray[np.float32]:
    lowest, highest = 2595 * np.log10(1 + np.array([_LOWEST_HZ, _WARP_EDGE_HZ]) / 700)
    centres = np.linspace(lowest, highest, bands + 2)[1:-1]
    source = 2595 * np.log10(1 + 700 * (10 ** (centres / 2595) - 1) / factor / 700)
    place = np.clip((source - lowest) / (highest - lowest) * (bands + 1) - 1, 0, bands - 1)
    low = np.minimum(place.astype(int), bands - 2)
    weights = np.zeros((bands, bands), np.float32)
    weights[np.arange(bands), low] = 1 - (place - low)
    weights[np.arange(bands), low + 1] = place - low
    return weights


def add_coloured_noise(power: Power, snr_db: float, rng: np.random.Generator) -> Power:
    """Adds noise of a random colour (0 to 12 dB less per quarter of the bands); independent sounds add in power."""
    bands, frames = power.shape
    colour = 10 ** (-rng.uniform(0, 4.8) * np.linspace(0, 1, bands))
    # the power of Gaussian noise in a band of some width, over time
    noise = colour[:, None] * rng.gamma(4.0, 0.25, size=(bands, frames))
    gain = 10 ** (-snr_db / 10) * power.mean() / max(float(noise.mean()), 1e-12)
    return (power + gain * noise).astype(np.float32)


def tilt(power: Power, deviation_db: float, rng: np.random.Generator) -> Power:
    """Another microphone: a smooth random change of the spectrum through five points."""
    gain = np.interp(np.linspace(0, 4, len(power)), np.arange(5), deviation_db * rng.standard_normal(5))
    return power * (10 ** (gain / 10)).astype(np.float32)[:, None]


def _hide(power: Power, rng: np.random.Generator, recipe: VariationRecipe) -> Power:
    """Hides two bands of mel bins and two stretches of time."""
    bands, frames = power.shape
    hidden = power.mean() * _HIDDEN
    power = power.copy()
    for _ in range(2):
        width = int(rng.integers(0, min(recipe.frequency_mask, bands - 1) + 1))
        length = int(rng.integers(0, int(recipe.time_mask * frames) + 1))
        band, start = int(rng.integers(0, bands - width + 1)), int(rng.integers(0, frames - length + 1))
        power[band : band + width] = hidden
        power[:, start : start + length] = hidden
    return power
