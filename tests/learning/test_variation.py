import numpy as np
import pytest
import torch

from affetto.features.spectral import log_mel
from affetto.learning.recipe.sequence import VariationRecipe
from affetto.learning.variation import Powers, add_coloured_noise, hide, mel_warp, tilts, vary

RATE = 16_000
STILL = VariationRecipe(
    crop=(1.0, 1.0), speed=(1.0, 1.0), noise=0.0, channel_db=0.0, frequency_mask=0, time_mask=0.0, mixup=0.0
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def still_but(**changes: object) -> VariationRecipe:
    return VariationRecipe.model_validate(STILL.model_dump() | changes)


def kept(*powers: np.ndarray) -> Powers:
    return Powers([np.log(power).astype(np.float16) for power in powers])


def power_of_tone(hz: float, seconds: float) -> np.ndarray:
    tone = np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)
    return np.exp(log_mel(tone, rate=RATE))


def centre(power: np.ndarray) -> float:
    return float((np.arange(len(power)) * power.mean(axis=1)).sum() / power.mean(axis=1).sum())


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize("hz", [400.0, 1500.0])
def test_speed_moves_pitch_and_length_together(factor: float, hz: float, rng: np.random.Generator) -> None:
    """As resampling would: the reference is a tone that is generated faster."""
    expected = power_of_tone(hz * factor, 1 / factor)
    recipe = still_but(speed=(factor - 1e-6, factor + 1e-6))
    changed, mask = vary(kept(power_of_tone(hz, 1.0)), np.array([0]), rng, recipe)
    assert changed.shape[2] == pytest.approx(expected.shape[1], abs=2)
    assert bool(mask.all())
    assert centre(changed[0].numpy()) == pytest.approx(centre(expected), abs=0.6)


def test_speed_one_moves_no_band() -> None:
    assert torch.allclose(mel_warp(24, torch.ones(2)), torch.eye(24).expand(2, 24, 24), atol=1e-3)
    assert torch.allclose(mel_warp(24, torch.tensor([0.9, 1.2])).sum(dim=2), torch.ones(2, 24), atol=1e-5)


def test_clips_that_are_not_varied_are_as_they_were(rng: np.random.Generator) -> None:
    clips = [rng.random((8, frames)).astype(np.float32) + 0.1 for frames in (5, 1, 12)]
    power, mask = vary(kept(*clips), np.array([2, 0, 1]), rng, STILL)
    assert mask.sum(dim=1).tolist() == [12, 5, 1]
    for row, clip in zip(power, (clips[2], clips[0], clips[1]), strict=True):
        assert np.allclose(row[:, : clip.shape[1]], clip, rtol=2e-3)
        assert not row[:, clip.shape[1] :].any()


def test_a_crop_is_a_stretch_of_the_clip(rng: np.random.Generator) -> None:
    rising = np.arange(1, 41, dtype=np.float32)[None].repeat(8, axis=0)
    power, mask = vary(kept(rising), np.zeros(30, np.int64), rng, still_but(crop=(0.5, 0.5)))
    assert power.shape == (30, 8, 20)
    assert bool(mask.all())
    assert torch.allclose(power.diff(dim=2), torch.ones(1), atol=0.1)
    assert len(power[:, 0, 0].round().unique()) > 5
    assert vary(kept(rising[:, :1]), np.array([0]), rng, still_but(crop=(0.1, 0.1)))[0].shape == (1, 8, 1)


def test_a_blend_is_as_loud_and_repeats_what_is_too_short(rng: np.random.Generator) -> None:
    long, short = np.full((4, 6), 2.0, np.float32), np.array([[1.0, 3.0]], np.float32).repeat(4, axis=0)
    power, _ = vary(
        kept(long, short),
        np.array([0, 1]),
        rng,
        STILL,
        partners=np.array([1, 0]),
        shares=np.array([0.5, 0.0], np.float32),
    )
    assert power[0, 0].numpy() == pytest.approx([1.5, 2.5] * 3, rel=2e-3)
    assert power[1, 0, :2].numpy() == pytest.approx([1.0, 3.0], rel=2e-3)


def test_noise_is_added_at_the_ratio_asked_for(rng: np.random.Generator) -> None:
    power, mask = torch.ones(3, 64, 400), torch.ones(3, 400)
    mask[1, 200:] = 0
    added = add_coloured_noise(power * mask[:, None], mask, np.array([0.0, 10.0, 20.0]), rng) - power * mask[:, None]
    real = (added * mask[:, None]).sum(dim=(1, 2)) / (64 * mask.sum(dim=1))
    assert (-10 * torch.log10(real)).numpy() == pytest.approx([0.0, 10.0, 20.0], abs=0.15)
    assert bool((added >= 0).all())


def test_a_channel_scales_bands_smoothly(rng: np.random.Generator) -> None:
    gains = 10 * np.log10(tilts(200, 64, 3.0, rng))
    assert gains.shape == (200, 64)
    assert gains[:, [0, 63]].std() == pytest.approx(3.0, rel=0.15)
    assert np.abs(np.diff(gains, axis=1)).max() < 1.5


def test_what_is_hidden_is_quiet_and_no_wider_than_allowed(rng: np.random.Generator) -> None:
    power, mask = torch.ones(50, 16, 40), torch.ones(50, 40)
    mask[:, 30:] = 0
    recipe = still_but(frequency_mask=3, time_mask=0.2)
    hidden = hide(power * mask[:, None], mask, np.full(50, 30.0), rng, recipe) < 0.5
    assert not (hidden.all(dim=1).sum(dim=1) > 12 + 10).any()  # two stretches of six frames, and what is no frame
    assert not (hidden[:, :, :30].all(dim=2).sum(dim=1) > 6).any()
    assert bool(hidden[:, :, :30].any())


def test_everything_together_stays_within_its_bounds(rng: np.random.Generator) -> None:
    powers = kept(*(rng.random((24, 100)).astype(np.float32) + 0.5 for _ in range(50)))
    recipe = VariationRecipe(crop=(0.5, 0.6), speed=(0.9, 1.1), noise=0.5, frequency_mask=4, time_mask=0.2)
    everyone = np.arange(50)
    shares = np.where(everyone % 3, 0.0, 0.3).astype(np.float32)

    def once() -> tuple[torch.Tensor, torch.Tensor]:
        return vary(powers, everyone, np.random.default_rng(1), recipe, partners=everyone[::-1].copy(), shares=shares)

    power, mask = once()
    frames = mask.sum(dim=1)
    assert float(frames.min()) >= 100 * 0.5 / 1.1 - 2
    assert float(frames.max()) <= 100 * 0.6 / 0.9 + 2
    assert bool(power.isfinite().all())
    assert bool((power > 0).eq(mask[:, None] > 0).all())
    assert torch.equal(once()[0], power)
