"""Jitter and shimmer against Praat's."""

import numpy as np
import parselmouth
import pytest
from parselmouth.praat import call

from affetto.features.periods import find_periods, jitter, shimmer_db
from affetto.features.prosodic import pitch_track
from tests.features.voices import RATE, pulses


def of_praat(y: np.ndarray) -> tuple[float, float]:
    sound = parselmouth.Sound(np.asarray(y, float), RATE)
    points = call(sound, "To PointProcess (periodic, cc)", 65, 500)
    return (
        call(points, "Get jitter (local)", 0, 0, 1e-4, 0.02, 1.3),
        call([sound, points], "Get shimmer (local_dB)", 0, 0, 1e-4, 0.02, 1.3, 1.6),
    )


def ours(y: np.ndarray) -> tuple[float, float]:
    periods = find_periods(y, pitch_track(y, rate=RATE), rate=RATE)
    return jitter(periods), shimmer_db(y, periods)


@pytest.mark.parametrize("f0", [90, 120, 220, 300])
@pytest.mark.parametrize(("unsteady", "uneven"), [(0, 0), (0.005, 0.02), (0.01, 0.05)])
def test_jitter_and_shimmer_are_those_of_praat(f0: int, unsteady: float, uneven: float) -> None:
    """Jitter within 5 %, shimmer within a quarter: Praat weighs the sound of a period, we take it evenly."""
    y = pulses(f0, jitter=unsteady, shimmer=uneven)
    jitters, shimmers = zip(ours(y), of_praat(y), strict=True)
    assert jitters[0] == pytest.approx(jitters[1], rel=0.05, abs=2e-4)
    assert shimmers[0] == pytest.approx(shimmers[1], rel=0.25, abs=0.01)


def test_jitter_and_shimmer_of_speech_are_near_those_of_praat(say) -> None:
    for pitch, voice in ((30, "en"), (60, "en+f3")):
        y = say("I did not expect to see you here today.", pitch=pitch, voice=voice)
        jitters, shimmers = zip(ours(y), of_praat(y), strict=True)
        assert jitters[0] == pytest.approx(jitters[1], rel=0.3)
        assert shimmers[0] == pytest.approx(shimmers[1], rel=0.15)


def test_every_period_is_found_once() -> None:
    y = pulses(100.0)
    (times,) = find_periods(y, pitch_track(y, rate=RATE), rate=RATE)
    np.testing.assert_allclose(np.diff(times), 160, atol=0.5)
    assert len(times) == pytest.approx((len(y) - 1300) / 160, abs=4)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.05, 1.0])
def test_nothing_to_hear_has_no_jitter(seconds: float) -> None:
    for y in (np.zeros(round(seconds * RATE)), np.random.default_rng(0).standard_normal(round(seconds * RATE))):
        periods = find_periods(y, pitch_track(y, rate=RATE), rate=RATE)
        assert np.isfinite([jitter(periods), shimmer_db(y, periods)]).all()
    assert jitter([]) == shimmer_db(np.zeros(0), []) == 0.0


def test_periods_that_jump_are_no_neighbours() -> None:
    assert jitter([np.array([0.0, 100.0, 300.0])]) == 0.0
