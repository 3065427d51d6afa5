"""Syllables and pauses of signals that have a known number of them."""

import numpy as np
import pytest

from affetto.features.prosodic import loudness_db, pitch_track
from affetto.features.temporal import (
    articulation_rate,
    modulation_share,
    pairwise_variability,
    pause_share,
    pauses,
    run_lengths,
    syllable_nuclei,
    syllable_rate,
)

RATE = 16_000


def syllables(count: int, *, length: float = 0.2, depth_db: float = 12.0, voiced: bool = True) -> np.ndarray:
    """So many bumps of loudness, each a voiced buzz (or noise) of so many seconds."""
    t = np.arange(round(count * length * RATE)) / RATE
    carrier = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 15))
    if not voiced:
        carrier = np.random.default_rng(0).standard_normal(len(t))
    decibel = -depth_db * (0.5 + 0.5 * np.cos(2 * np.pi * t / length))
    return 0.2 * carrier * 10 ** (decibel / 20)


def rate_of(y: np.ndarray) -> float:
    return syllable_rate(loudness_db(y, rate=RATE), pitch_track(y, rate=RATE))


@pytest.mark.parametrize("length", [0.15, 0.2, 0.3])
@pytest.mark.parametrize("count", [1, 4, 10])
def test_every_syllable_counts_once(count: int, length: float) -> None:
    y = syllables(count, length=length)
    seconds = len(loudness_db(y, rate=RATE)) / 100
    assert rate_of(y) * seconds == pytest.approx(count)


def test_a_shallow_dip_does_not_part_syllables() -> None:
    y = syllables(5, depth_db=1.5)
    assert rate_of(y) * len(loudness_db(y, rate=RATE)) / 100 == pytest.approx(1)


def test_unvoiced_bumps_are_no_syllables() -> None:
    assert rate_of(syllables(6, voiced=False)) == 0


def test_faint_bumps_are_no_syllables() -> None:
    y = np.concatenate([syllables(4), 10 ** (-30 / 20) * syllables(4)])
    assert rate_of(y) * len(loudness_db(y, rate=RATE)) / 100 == pytest.approx(4, abs=1)


def test_faster_speech_has_more_syllables_a_second(say) -> None:
    rates = [rate_of(say("Nobody knows where the children have gone.", speed=speed)) for speed in (110, 160, 220)]
    assert rates[0] < rates[1] < rates[2]
    assert 2 < rates[1] < 7


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8])
def test_pause_share_of_a_known_pause(share: float) -> None:
    loud, quiet = round((1 - share) * 4 * RATE), round(share * 4 * RATE)
    y = 0.3 * np.random.default_rng(0).standard_normal(loud + quiet)
    y[loud // 2 : loud // 2 + quiet] *= 0.01
    assert pause_share(loudness_db(y, rate=RATE)) == pytest.approx(share, abs=0.02)


def test_a_stop_consonant_is_no_pause() -> None:
    y = 0.3 * np.random.default_rng(0).standard_normal(RATE)
    y[8_000 : 8_000 + 1_600] = 0  # 0.1 s
    assert pause_share(loudness_db(y, rate=RATE)) == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [0, 1, 700, RATE])
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_nothing_to_hear_gives_no_syllables_and_no_pauses(samples: int, value: float) -> None:
    y = np.full(samples, value)
    assert rate_of(y) == 0
    assert pause_share(loudness_db(y, rate=RATE)) == 0


def test_nuclei_lie_at_the_loudest_places() -> None:
    y = syllables(4, length=0.3)
    level, pitch = loudness_db(y, rate=RATE), pitch_track(y, rate=RATE)
    np.testing.assert_allclose(syllable_nuclei(level, pitch) / 100 + 0.02, [0.15, 0.45, 0.75, 1.05], atol=0.03)


def test_articulation_leaves_the_pauses_out() -> None:
    y = np.concatenate([syllables(5), np.zeros(RATE), syllables(5)])
    level, pitch = loudness_db(y, rate=RATE), pitch_track(y, rate=RATE)
    assert syllable_rate(level, pitch) == pytest.approx(10 / 3, rel=0.05)
    assert articulation_rate(level, pitch) == pytest.approx(5, rel=0.1)


def test_pauses_have_their_lengths() -> None:
    noise = 0.3 * np.random.default_rng(0).standard_normal(3 * RATE)
    noise[8_000:16_000] = 0
    noise[24_000:28_000] = 0
    noise[40_000:41_000] = 0  # a stop
    np.testing.assert_allclose(pauses(loudness_db(noise, rate=RATE)), [0.5, 0.25], atol=0.05)


def test_runs_of_frames() -> None:
    assert run_lengths(np.array([], bool)).tolist() == []
    assert run_lengths(np.array([False, True, True, False, True])).tolist() == [0.02, 0.01]


def test_npvi_of_known_rhythms() -> None:
    assert pairwise_variability([0.2]) == pairwise_variability([0.1, 0.1, 0.1]) == 0
    assert pairwise_variability([1, 2, 1, 2]) == pytest.approx(100 * (1 / 1.5))
    assert pairwise_variability([1, 0]) == 200


@pytest.mark.parametrize(("hz", "expected"), [(1.0, 0.0), (5.0, 1.0), (15.0, 0.0)])
def test_modulation_as_fast_as_syllables(hz: float, expected: float) -> None:
    level = 6 * np.sin(2 * np.pi * hz * np.arange(400) / 100) - 30
    assert modulation_share(level) == pytest.approx(expected, abs=0.02)
    assert modulation_share(np.full(100, -30.0)) == 0


def test_the_depth_of_a_silence_is_no_rhythm() -> None:
    level = np.where(np.arange(300) % 25 < 15, -20.0, -75.0)
    assert modulation_share(level) == pytest.approx(modulation_share(np.where(level < -50, -120.0, level)))
