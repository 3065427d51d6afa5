import numpy as np
import pytest
import torch

from affetto.features.spectral import even_in_mel
from affetto.learning.augment import (
    add_bursts,
    add_noise,
    change_channel,
    change_speed,
    change_throat,
    hide_bands,
    murmur,
    random_room,
)
from affetto.learning.networks import FMAX, FMIN
from affetto.learning.recipe import AugmentRecipe

RATE = 16_000


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)


def loudest(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_speed_moves_pitch_and_length_together(factor: float) -> None:
    changed = change_speed(tone(440), factor)
    assert len(changed) == pytest.approx(RATE / factor, abs=2)
    assert loudest(changed) == pytest.approx(440 * factor, rel=0.01)


def test_a_room_adds_a_tail_and_keeps_the_direct_sound(rng: np.random.Generator) -> None:
    click = np.zeros(RATE, np.float32)
    click[100] = 1.0
    heard = random_room(click, rng)
    assert len(heard) == len(click)
    assert heard[100] == pytest.approx(1.0)
    assert np.abs(heard[:100]).max() < 1e-6
    assert np.sum(heard[101:] ** 2) > 0.01


def test_noise_is_added_at_the_ratio_asked_for(rng: np.random.Generator) -> None:
    power, noise = torch.ones(50, 8, 10), torch.full((50, 8, 10), 7.0)
    recipe = AugmentRecipe(noise=1.0, snr_db=(10.0, 20.0))
    added = add_noise(power, noise, rng, recipe)[:, 0, 0] - 1
    assert (added >= 10 ** (-20 / 10) - 1e-4).all()
    assert (added <= 10 ** (-10 / 10) + 1e-4).all()
    assert torch.equal(add_noise(power, noise, rng, AugmentRecipe(noise=0.0)), power)


def test_a_murmur_is_of_each_clip_alone(rng: np.random.Generator) -> None:
    power = torch.zeros(2, 64, 50)
    power[0, 30, 10] = 1.0
    heard = murmur(power, rng)
    assert not heard[1].any()
    bands, _ = heard[0].nonzero(as_tuple=True)
    assert 2 <= len(bands) <= 4
    assert (bands - 30).abs().max() <= 6
    assert (heard[0][heard[0] > 0] >= 0.19).all()


def test_a_channel_scales_bands_and_never_moments(rng: np.random.Generator) -> None:
    power = torch.from_numpy(rng.random((4, 64, 20)).astype(np.float32)) + 0.1
    gains = change_channel(power, rng, AugmentRecipe(band=0.0, tilt=0.0)) / power
    assert torch.allclose(gains, gains[:, :, :1], rtol=1e-4)
    cut = change_channel(power, rng, AugmentRecipe(band=1.0, channel_db=0.0, tilt=0.0)) / power
    assert np.allclose(cut[:, -1], 1e-6, rtol=1e-3)
    assert np.allclose(cut[:, 9:40], 1.0, rtol=1e-4)


def test_another_throat_moves_frequencies_and_keeps_the_tempo(rng: np.random.Generator) -> None:
    power = torch.zeros(200, 64, 20)
    power[:, 30, 7] = 1.0
    moved = change_throat(power, rng, AugmentRecipe(throat=1.0, throat_factor=1.2))
    assert not moved[:, :, :7].any()
    assert not moved[:, :, 8:].any()
    middle = (moved[:, :, 7] * torch.arange(64)).sum(dim=1) / moved[:, :, 7].sum(dim=1)
    centres = even_in_mel(FMIN, FMAX, 66)[1:-1]
    factor = np.interp(middle.numpy(), np.arange(64), centres) / centres[30]
    assert factor.min() == pytest.approx(1 / 1.2, abs=0.04)
    assert factor.max() == pytest.approx(1.2, abs=0.04)


def test_a_throat_is_changed_as_often_as_asked(rng: np.random.Generator) -> None:
    power = torch.from_numpy(rng.random((400, 64, 3)).astype(np.float32))
    moved = (change_throat(power, rng, AugmentRecipe(throat=0.5)) - power).abs().amax(dim=(1, 2)) > 1e-4
    assert 0.4 < moved.float().mean() < 0.6
    assert torch.allclose(change_throat(power, rng, AugmentRecipe(throat=1.0, throat_factor=1.0)), power, atol=1e-5)


def test_hidden_bands_are_bounded(rng: np.random.Generator) -> None:
    power = torch.from_numpy(rng.random((20, 64, 100)).astype(np.float32)) + 1.0
    hidden = hide_bands(power, rng, AugmentRecipe(frequency_mask=8, time_mask=0.1))
    changed = (hidden != power).numpy()
    assert changed.any()
    assert (changed.all(axis=2).sum(axis=1) <= 16).all()
    assert (changed.all(axis=1).sum(axis=1) <= 20).all()


def test_bursts_are_short(rng: np.random.Generator) -> None:
    power, noise = torch.ones(50, 8, 100), torch.ones(50, 8, 100)
    added = (add_bursts(power, noise, rng, AugmentRecipe(burst=1.0)) > 1.0).numpy()[:, 0]
    assert added.any(axis=1).all()
    assert (added.sum(axis=1) <= 32).all()
    assert torch.equal(add_bursts(power, noise, rng, AugmentRecipe(burst=0.0)), power)


def test_a_tilt_turns_the_spectrum(rng: np.random.Generator) -> None:
    recipe = AugmentRecipe(channel_db=0.0, band=0.0, tilt=1.0, tilt_db=20.0)
    gains_db = 10 * np.log10(change_channel(torch.ones(50, 64, 3), rng, recipe).numpy()[:, :, 0])
    assert np.allclose(gains_db[:, 0], -gains_db[:, -1], atol=1e-3)
    assert np.abs(gains_db).max() <= 10.01
    assert np.abs(gains_db[:, -1]).max() > 5
