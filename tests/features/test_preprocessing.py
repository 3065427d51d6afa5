"""Each step of preprocessing on its own; loudness against the standard's figures and the EBU's test signals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.features import preprocessing as p

RATE = 16_000
MONO = 10 * np.log10(2)  # the EBU's signals are stereo: one channel alone is 3 dB less loud


def tone(hz: float, db: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return 10 ** (db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


sounds = arrays.arrays(np.float32, st.integers(0, 2_000), elements=st.floats(-1, 1, width=32))


@settings(max_examples=40, deadline=None)
@given(sounds)
def test_every_step_gives_finite_float32_and_leaves_the_sound_alone(y: np.ndarray) -> None:
    before = y.copy()
    for step in (
        p.remove_dc,
        p.reduce_noise,
        p.pre_emphasis,
        lambda x: p.trim(x, rate=RATE),
        lambda x: p.pad(x, 1_000),
        lambda x: p.normalize_loudness(x, rate=RATE),
        lambda x: p.resample(x, rate=RATE, to=8_000),
        lambda x: p.resample(x, rate=RATE, to=RATE),
    ):
        after = step(y)
        assert after.dtype == np.float32
        assert np.isfinite(after).all()
        assert after.base is None or not np.shares_memory(after, y)
    np.testing.assert_array_equal(y, before)


class TestLoudness:
    def test_a_full_scale_tone_is_at_the_figure_of_the_standard(self) -> None:
        """BS.1770: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS."""
        assert p.integrated_loudness(tone(997, 0, 5, 48_000), rate=48_000) == pytest.approx(-3.01, abs=0.01)

    @pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
    def test_ebu_signals_1_and_2(self, rate: int) -> None:
        for db in (-23.0, -33.0):
            found = p.integrated_loudness(tone(1000, db, 20, rate), rate=rate)
            assert found == pytest.approx(db - MONO, abs=0.1)

    def test_ebu_signal_3_passes_over_what_is_10_lu_quieter(self) -> None:
        parts = [tone(1000, -36, 10), tone(1000, -23, 60), tone(1000, -36, 10)]
        assert p.integrated_loudness(np.concatenate(parts), rate=RATE) == pytest.approx(-23 - MONO, abs=0.1)

    def test_ebu_signal_4_passes_over_what_is_under_70_lufs(self) -> None:
        levels = ((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10))
        y = np.concatenate([tone(1000, db, seconds) for db, seconds in levels])
        assert p.integrated_loudness(y, rate=RATE) == pytest.approx(-23 - MONO, abs=0.1)

    def test_ebu_signal_5_counts_what_is_within_10_lu(self) -> None:
        parts = [tone(1000, -26, 20), tone(1000, -20, 20.1), tone(1000, -26, 20)]
        assert p.integrated_loudness(np.concatenate(parts), rate=RATE) == pytest.approx(-23 - MONO, abs=0.1)

    def test_the_filters_are_those_of_the_standard(self) -> None:
        """Gain of its two filters at 48 kHz, from the coefficients it prints, at six frequencies; ours by measure."""
        shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585])
        high = ([1.0, -2.0, 1.0], [1, -1.99004745483398, 0.99007225036621])
        for hz in (30, 60, 200, 1_000, 2_000, 10_000):
            z = np.exp(-2j * np.pi * hz / 48_000 * np.arange(3))
            gain = np.prod([np.abs(np.dot(b, z) / np.dot(a, z)) for b, a in (shelf, high)])
            found = p.integrated_loudness(tone(hz, -10, 5, 48_000), rate=48_000)
            assert found == pytest.approx(-0.691 - 10 - MONO + 20 * np.log10(gain), abs=0.02)

    def test_silence_has_none(self) -> None:
        assert p.integrated_loudness(np.zeros(RATE), rate=RATE) == float("-inf")
        assert p.integrated_loudness(np.zeros(0), rate=RATE) == float("-inf")
        assert not p.normalize_loudness(np.zeros(RATE), rate=RATE).any()

    def test_a_clip_shorter_than_a_block_has_one(self) -> None:
        assert p.integrated_loudness(tone(1000, -20, 0.05), rate=RATE) == pytest.approx(-20 - MONO, abs=0.5)

    @pytest.mark.parametrize("db", [-60, -30, 0])
    def test_normalizing_brings_every_level_to_the_same(self, db: float) -> None:
        louder = p.normalize_loudness(tone(440, db, 3), rate=RATE, to=-18)
        assert p.integrated_loudness(louder, rate=RATE) == pytest.approx(-18, abs=0.01)

    def test_a_loudness_that_cannot_be(self) -> None:
        for to in (-71, 3):
            with pytest.raises(ValueError, match=f"{to} LUFS: give a loudness from -70 to 0"):
                p.normalize_loudness(np.zeros(10), rate=RATE, to=to)


class TestTrim:
    def test_what_is_quiet_before_and_after_goes(self) -> None:
        rng = np.random.default_rng(0)
        y = 1e-4 * rng.standard_normal(3 * RATE)
        y[RATE : 2 * RATE] += 0.3 * rng.standard_normal(RATE)
        assert len(p.trim(y, rate=RATE)) == pytest.approx(RATE, abs=2 * 640)
        assert len(p.trim(y, rate=RATE, margin=0.2)) == pytest.approx(1.4 * RATE, abs=2 * 640)
        assert len(p.trim(y, rate=RATE, down_db=90)) == len(y)

    def test_what_lies_between_stays(self) -> None:
        y = np.concatenate([tone(200, -10, 0.5), np.zeros(RATE), tone(200, -10, 0.5)])
        np.testing.assert_allclose(p.trim(y, rate=RATE), y, atol=1e-7)

    @pytest.mark.parametrize("samples", [0, 1, 300, RATE])
    def test_silence_stays_whole(self, samples: int) -> None:
        assert len(p.trim(np.zeros(samples), rate=RATE)) == samples

    def test_what_cannot_be(self) -> None:
        with pytest.raises(ValueError, match="trimming at -3 dB with a margin of 0 s: give numbers from 0 up"):
            p.trim(np.zeros(10), rate=RATE, down_db=-3)


class TestNoise:
    @pytest.mark.parametrize("snr", [0, 10])
    def test_noise_goes_and_the_voice_stays(self, speech: np.ndarray, snr: float) -> None:
        noise = np.random.default_rng(0).standard_normal(len(speech))
        noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-snr / 20)
        cleaned = p.reduce_noise(speech + noise, strength=1.5)
        assert len(cleaned) == len(speech)
        before, after = np.mean(noise**2), np.mean((cleaned - speech) ** 2)
        assert 10 * np.log10(before / after) > 3
        silent = slice(0, RATE)  # the recording begins with a pause
        assert np.mean(cleaned[silent] ** 2) < 0.1 * np.mean(noise[silent] ** 2)

    def test_no_strength_changes_nothing(self) -> None:
        y = np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
        np.testing.assert_allclose(p.reduce_noise(y, strength=0), y, atol=1e-5)

    def test_the_floor_is_what_remains_of_steady_noise(self) -> None:
        y = np.random.default_rng(0).standard_normal(RATE)
        left = p.reduce_noise(y, strength=50, floor_db=-12)
        assert 10 * np.log10(np.mean(left**2) / np.mean(y**2)) == pytest.approx(-12, abs=0.3)

    def test_what_cannot_be(self) -> None:
        for options in ({"strength": -1}, {"floor_db": 3}):
            with pytest.raises(ValueError, match="give a strength from 0 up, a floor to 0 dB"):
                p.reduce_noise(np.zeros(10), **options)


def test_the_mean_goes() -> None:
    assert abs(p.remove_dc(tone(100, -6, 1) + 0.3).mean()) < 1e-7
    assert p.remove_dc(np.zeros(0)).shape == (0,)


def test_padding_reaches_the_length() -> None:
    assert p.pad(np.ones(3), 5).tolist() == [1, 1, 1, 0, 0]
    assert p.pad(np.ones(3), 6, centred=True).tolist() == [0, 1, 1, 1, 0, 0]
    assert p.pad(np.ones(3), 2).tolist() == [1, 1, 1]


def test_pre_emphasis_is_the_difference_equation() -> None:
    y = np.random.default_rng(0).standard_normal(100)
    np.testing.assert_allclose(p.pre_emphasis(y)[1:], y[1:] - 0.97 * y[:-1], atol=1e-6)
    assert p.pre_emphasis(y)[0] == np.float32(y[0])
    np.testing.assert_allclose(p.pre_emphasis(y, coefficient=0), y, atol=1e-6)
    with pytest.raises(ValueError, match=r"coefficient 1\.5: give a number from 0 to 1"):
        p.pre_emphasis(y, coefficient=1.5)


def test_resampling_keeps_a_tone() -> None:
    found = p.resample(tone(440, -6, 1, 44_100), rate=44_100, to=RATE)
    assert len(found) == RATE
    np.testing.assert_allclose(found[500:-500], tone(440, -6, 1)[500:-500], atol=1e-3)
    alias = p.resample(tone(6_000, -6, 1), rate=RATE, to=8_000)
    assert np.abs(alias[500:-500]).max() < 1e-3
    with pytest.raises(ValueError, match="from 0 to 16000 samples a second: give positive rates"):
        p.resample(np.zeros(4), rate=0, to=RATE)
