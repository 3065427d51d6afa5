"""The meter against the test signals of EBU Tech 3341 and 3342."""

import numpy as np
import pytest

from affetto.music.analysis.loudness import SILENCE, LoudnessMeter


def tone(dbfs, seconds, rate=48_000, hz=1000.0, channels=2):
    t = np.arange(int(seconds * rate)) / rate
    one = (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    return np.repeat(one[:, None], channels, axis=1)


def heard(*parts, rate=48_000, block=48_000):
    samples = np.concatenate(parts)
    meter = LoudnessMeter(rate, samples.shape[1])
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_stereo_tone_reads_its_level(rate, level):
    """EBU Tech 3341, cases 1 and 2: within 0.1 LU, at every rate."""
    assert heard(tone(level, 20, rate), rate=rate).integrated() == pytest.approx(level, abs=0.1)


def test_one_channel_at_full_scale_reads_minus_three():
    """ITU-R BS.1770-4: 0 dB, 997 Hz on one channel is -3.01 LKFS."""
    assert heard(tone(0, 10, hz=997, channels=1)).integrated() == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize(
    "levels",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
)
def test_quiet_passages_do_not_count(levels):
    """EBU Tech 3341, cases 3 to 5."""
    meter = heard(*(tone(level, seconds) for level, seconds in levels), block=30_011)
    assert meter.integrated() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "loudness_range"),
    [([-20, -30], 10), ([-20, -15], 5), ([-40, -20], 20), ([-50, -35, -20, -35, -50], 15)],
)
def test_the_loudness_range(levels, loudness_range):
    """EBU Tech 3342, cases 1 to 4: within 1 LU."""
    assert heard(*(tone(level, 20) for level in levels)).range() == pytest.approx(loudness_range, abs=1)


def test_silence_and_next_to_nothing():
    meter = heard(np.zeros((48_000, 2), np.float32))
    assert meter.integrated() == SILENCE
    assert meter.range() == 0
    short = heard(tone(-20, 0.05))
    assert short.integrated() == pytest.approx(-20, abs=2)
    assert short.peak == pytest.approx(0.1, abs=0.01)
    assert LoudnessMeter(8000, 1).integrated() == SILENCE
    assert heard(tone(-20, 2, rate=2000, hz=300), rate=2000).integrated() == pytest.approx(-20.7, abs=0.2)


def test_the_low_frequency_channel_is_left_out():
    six = np.zeros((96_000, 6), np.float32)
    six[:, 3] = tone(-10, 2)[:, 0]
    assert heard(six).integrated() == SILENCE
    five = np.zeros((96_000, 5), np.float32)
    five[:, 4] = tone(-20, 2)[:, 0]
    assert heard(five).integrated() == pytest.approx(-20 - 3.01 + 1.5, abs=0.1)
