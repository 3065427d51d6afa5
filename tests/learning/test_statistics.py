import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.learning.networks import N_MELS, MelPower, clip_statistics
from affetto.learning.statistics import ClipStatistics

RATE = 16_000
BANDS = N_MELS // 2


def power(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).exponential(size=(2, N_MELS, frames)).astype(np.float32))


@pytest.fixture(scope="module")
def statistics() -> ClipStatistics:
    return clip_statistics()


def buzz(hz: float) -> torch.Tensor:
    """A voice without a mouth: the first harmonics of a pitch, equally strong, with some noise."""
    time = np.arange(2 * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * hz * number * time) for number in range(1, int(3_000 / hz)))
    noise = np.random.default_rng(0).standard_normal(len(time))
    return torch.from_numpy((0.1 * tones + 0.01 * noise).astype(np.float32))[None]


@settings(deadline=None, max_examples=25)
@given(frames=st.integers(8, 400), gain=st.floats(1e-3, 1e3))
def test_any_clip_has_one_vector_whatever_its_level(statistics: ClipStatistics, frames: int, gain: float) -> None:
    clip = power(frames, seed=frames)
    found = statistics(clip)
    assert found.shape == (2, statistics.size)
    assert torch.isfinite(found).all()
    assert torch.allclose(found, statistics(gain * clip), atol=2e-2, rtol=1e-2)


def test_clips_are_described_one_by_one(statistics: ClipStatistics) -> None:
    clips = power(60)
    assert torch.allclose(statistics(clips)[1], statistics(clips[1:])[0], atol=1e-4)


def test_silence_has_finite_statistics(statistics: ClipStatistics) -> None:
    assert torch.isfinite(statistics(torch.zeros(1, N_MELS, 40))).all()


def test_the_first_values_are_the_means_and_deviations_of_the_bands(statistics: ClipStatistics) -> None:
    clip = power(90)
    log = torch.log(clip / clip.mean(dim=(1, 2), keepdim=True) + 1e-5).unflatten(1, (BANDS, 2)).mean(dim=2)
    found = statistics(clip)
    tracks = 53
    assert torch.allclose(found[:, :BANDS], log.mean(dim=2), atol=1e-4)
    assert torch.allclose(found[:, tracks : tracks + BANDS], log.std(dim=2, correction=0), atol=1e-3)


def test_a_higher_voice_has_a_higher_pitch_profile(statistics: ClipStatistics) -> None:
    pitches = np.geomspace(75, 480, 48)
    heard = []
    for hz in (110.0, 220.0, 400.0):
        profile = statistics(MelPower()(buzz(hz)))[0, -49:-1].exp().numpy()
        heard.append(np.exp((np.log(pitches) * profile).sum() / profile.sum()))
    assert heard[0] < heard[1] < heard[2]


def test_a_reversed_clip_has_the_same_spread_and_the_opposite_course(statistics: ClipStatistics) -> None:
    rising = power(80) * torch.linspace(0.2, 2.0, 80)
    one, other = statistics(rising), statistics(rising.flip(2))
    differ = (one - other).abs() > 1e-2
    tracks = 53
    assert not differ[:, : 2 * tracks].any()  # means and deviations
    assert differ.any()
