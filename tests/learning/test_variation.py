import numpy as np
import pytest

from affetto.features.spectral import log_mel
from affetto.learning.recipe.sequence import VariationRecipe
from affetto.learning.variation import add_coloured_noise, change_speed_of_power, crop, tilt, vary

RATE = 16_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def power_of_tone(hz: float, seconds: float) -> np.ndarray:
    tone = np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)
    return np.exp(log_mel(tone, rate=RATE))


def centre(power: np.ndarray) -> float:
    return float((np.arange(len(power)) * power.mean(axis=1)).sum() / power.mean(axis=1).sum())


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize("hz", [400.0, 1500.0])
def test_speed_moves_pitch_and_length_together(factor: float, hz: float) -> None:
    """As resampling would: the reference is a tone that is generated faster."""
    changed, expected = change_speed_of_power(power_of_tone(hz, 1.0), factor), power_of_tone(hz * factor, 1 / factor)
    assert changed.shape[1] == pytest.approx(expected.shape[1], abs=2)
    assert centre(changed) == pytest.approx(centre(expected), abs=0.6)


def test_speed_one_changes_nothing(rng: np.random.Generator) -> None:
    power = rng.random((24, 30)).astype(np.float32)
    assert np.allclose(change_speed_of_power(power, 1.0), power, atol=1e-5)
    assert change_speed_of_power(power[:, :1], 1.1).shape == (24, 1)


def test_a_crop_is_a_stretch_of_the_clip(rng: np.random.Generator) -> None:
    power = np.arange(40, dtype=np.float32)[None].repeat(8, axis=0)
    part = crop(power, 0.5, rng)
    assert part.shape == (8, 20)
    assert (np.diff(part, axis=1) == 1).all()
    assert crop(power[:, :1], 0.1, rng).shape == (8, 1)


def test_noise_is_added_at_the_ratio_asked_for(rng: np.random.Generator) -> None:
    power = np.ones((64, 400), np.float32)
    for snr_db in (0.0, 10.0, 20.0):
        added = add_coloured_noise(power, snr_db, rng) - power
        assert 10 * np.log10(power.mean() / added.mean()) == pytest.approx(snr_db, abs=0.1)
        assert (added >= 0).all()


def test_a_channel_scales_bands_and_never_moments(rng: np.random.Generator) -> None:
    power = rng.random((64, 20)).astype(np.float32) + 0.1
    gain = tilt(power, 3.0, rng) / power
    assert np.allclose(gain, gain[:, :1], rtol=1e-4)
    assert np.ptp(gain) > 0


def test_everything_together_stays_within_its_bounds(rng: np.random.Generator) -> None:
    power = rng.random((24, 100)).astype(np.float32) + 0.5
    recipe = VariationRecipe(crop=(0.5, 0.6), speed=(0.9, 1.1), noise=0.5, frequency_mask=4, time_mask=0.2)
    for _ in range(50):
        varied = vary(power, rng, recipe)
        assert 100 * 0.5 / 1.1 - 2 <= varied.shape[1] <= 100 * 0.6 / 0.9 + 2
        assert np.isfinite(varied).all()
        assert (varied > 0).all()
    still = VariationRecipe(
        crop=(1.0, 1.0), speed=(1.0, 1.0), noise=0.0, channel_db=0.0, frequency_mask=0, time_mask=0.0, mixup=0.0
    )
    assert np.array_equal(vary(power, rng, still), power)
