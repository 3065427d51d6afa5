"""Contours, rows and functionals: finite for any sound, the same at any level, and named."""

import numpy as np
import opensmile
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.features.descriptors import DESCRIPTORS, VOICE_ONLY, describe
from affetto.features.functionals import FEATURES_VERSION, functional_names, functionals
from affetto.features.prosodic import pitch_track
from affetto.features.sets import FEATURE_SETS, contour_names, contours, extract, feature_names
from affetto.features.statistics import STATISTICS
from tests.features.voices import RATE, pulses

SENTENCE = "I did not expect to see you here today."


@pytest.fixture(scope="module")
def voice(say) -> np.ndarray:
    return say(SENTENCE)


@pytest.fixture(scope="module")
def row(voice: np.ndarray) -> dict[str, float]:
    return dict(zip(feature_names(), extract(voice), strict=True))


anything = arrays.arrays(
    np.float32,
    st.integers(0, 3_000),
    elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
    fill=st.floats(-1, 1, width=32),
)


@pytest.mark.filterwarnings("error")
@settings(max_examples=40, deadline=None)
@example(np.zeros(0, np.float32))
@example(np.zeros(800, np.float32))
@example(np.full(3_000, np.float32(3.4e38)))
@example(np.full(3_000, np.float32(1e-45)))
@example(np.resize(np.array([3e38, -3e38], np.float32), 1_500))
@example(np.eye(1, 2_000, 1_999, dtype=np.float32)[0])
@example((1e-8 * np.sin(np.arange(3_000) / 8)).astype(np.float32))
@given(anything)
def test_every_feature_is_finite_for_any_finite_sound(samples: np.ndarray) -> None:
    values = extract(samples)
    assert values.shape == (len(feature_names()),)
    assert np.isfinite(values).all()
    assert np.isfinite(functionals(samples)).all()
    drawn = contours(samples)
    assert drawn.shape[1] == len(contour_names())
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("gain", [1e-4, 0.3, 30.0])
def test_functionals_do_not_depend_on_the_level(voice: np.ndarray, gain: float) -> None:
    one, other = functionals(voice), functionals(np.float32(gain) * voice)
    scale = np.maximum(np.abs(one), 0.05)
    assert np.mean(np.abs(one - other) / scale < 1e-2) > 0.995


def test_functionals_leave_out_silence_before_and_after(voice: np.ndarray) -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    one, other = functionals(voice), functionals(np.concatenate([quiet, voice, quiet]))
    assert np.corrcoef(one, other)[0, 1] > 0.99
    place = functional_names().index("timing.seconds")
    assert other[place] == pytest.approx(one[place], abs=0.03)


def test_functionals_have_their_names() -> None:
    names = functional_names()
    assert len(set(names)) == len(names) == 5914
    assert functionals(np.zeros(RATE)).dtype == np.float32
    assert FEATURES_VERSION == 3


def test_functionals_tell_voices_apart(say) -> None:
    def value(y: np.ndarray, name: str) -> float:
        return float(functionals(y)[functional_names().index(name)])

    low, high = say(SENTENCE, pitch=20), say(SENTENCE, pitch=80)
    assert value(high, "f0.voiced.mean") > value(low, "f0.voiced.mean") + 3
    slow, fast = say(SENTENCE, speed=110), say(SENTENCE, speed=220)
    assert value(slow, "timing.seconds") > value(fast, "timing.seconds")
    dull = np.convolve(low, np.ones(8) / 8, mode="same").astype(np.float32)
    assert value(dull, "alpha_ratio.whole.mean") < value(low, "alpha_ratio.whole.mean") - 3


def test_the_melody_is_drawn_through_what_is_unvoiced() -> None:
    """Two notes and half a second of silence: the line leads from one to the other."""
    y = np.concatenate([pulses(110, seconds=0.7), np.zeros(RATE // 2), pulses(220, seconds=0.7)])
    values = dict(zip(functional_names(), functionals(y), strict=True))
    assert values["f0.whole.p25"] == pytest.approx(12 * np.log2(1.1), abs=0.5)
    assert values["f0.whole.p75"] > 12 * np.log2(2.2) - 0.5
    assert values["f0.whole.change"] > 8


def test_descriptors_are_named_and_silent_where_the_voice_is(voice: np.ndarray) -> None:
    found = describe(voice)
    assert found.values.shape == (len(found.voiced), len(DESCRIPTORS))
    assert len(found.f0) == len(found.level_db) == len(found.voiced)
    assert not found.values[~found.voiced, -VOICE_ONLY:].any()
    assert found.values[:, 0].max() == 0


class TestRow:
    def test_it_holds_what_is_known_of_the_voice(self, voice: np.ndarray, row: dict[str, float]) -> None:
        f0 = pitch_track(voice, rate=RATE).f0
        assert row["f0_median_hz"] == pytest.approx(np.nanmedian(f0))
        assert row["seconds"] == pytest.approx(len(voice) / RATE)
        assert row["level_db.p95"] > row["level_db.p50"]
        assert 300 < row["f1_hz.mean"] < 800 < row["f2_hz.mean"] < row["f3_hz.mean"] < 4000
        assert 2 < row["speech_rate"] <= row["articulation_rate"] < 8

    def test_its_pitch_is_near_that_of_opensmile(self, voice: np.ndarray, row: dict[str, float]) -> None:
        """The median, to a fifth of a semitone."""
        smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
        theirs = smile.process_signal(voice, RATE).iloc[0]
        above = 12 * np.log2(100 / 27.5)
        pitch = float(theirs["F0semitoneFrom27.5Hz_sma3nz_percentile50.0"])
        assert row["f0_semitones.p50"] + above == pytest.approx(pitch, abs=0.2)

    def test_only_level_features_follow_the_level(self, voice: np.ndarray, row: dict[str, float]) -> None:
        louder = dict(zip(feature_names(), extract(np.float32(4) * voice), strict=True))
        followers = {
            name.partition(".")[0]
            for name, value in row.items()
            if abs(value - louder[name]) > 0.02 + 0.02 * abs(value)
        }
        expected = {"level_db", "loudness", "rms"}
        assert expected <= followers
        assert all(name in expected or name.endswith("_db") for name in followers)
        assert louder["level_db.p95"] - row["level_db.p95"] == pytest.approx(20 * np.log10(4), abs=0.01)
        assert louder["mel_5_db.mean"] - row["mel_5_db.mean"] == pytest.approx(20 * np.log10(4), abs=0.01)

    def test_all_is_every_set(self, row: dict[str, float]) -> None:
        assert set(row) == {name for part in FEATURE_SETS[:-1] for name in feature_names(part)}
        assert len(row) == len(feature_names())

    def test_the_statistics_are_those_asked_for(self, voice: np.ndarray) -> None:
        names = feature_names("prosody", statistics=["sd", "mean"])
        few = dict(zip(names, extract(voice, "prosody", statistics=["sd", "mean"]), strict=True))
        every = dict(zip(feature_names("prosody"), extract(voice, "prosody"), strict=True))
        assert few == pytest.approx({name: every[name] for name in names})
        assert len(every) == 4 * len(STATISTICS) + 9

    def test_silence_is_zero_where_nothing_can_be_measured(self) -> None:
        still = dict(zip(feature_names("prosody"), extract(np.zeros(RATE), "prosody"), strict=True))
        assert still["f0_semitones.mean"] == still["jitter"] == still["voiced_share"] == 0
        assert still["level_db.mean"] == -100
        still = dict(zip(feature_names("temporal"), extract(np.zeros(RATE), "temporal"), strict=True))
        assert still == dict.fromkeys(still, 0)

    def test_an_unknown_set_is_refused(self) -> None:
        for call in (extract, contours):
            with pytest.raises(ValueError, match="unknown set 'mood': give one of prosody, spectral"):
                call(np.zeros(RATE), "mood")


def test_contours_are_what_the_rows_are_made_of(voice: np.ndarray) -> None:
    drawn = dict(zip(contour_names(), contours(voice).T, strict=True))
    row = dict(zip(feature_names(), extract(voice), strict=True))
    assert drawn["level_db"].mean() == pytest.approx(row["level_db.mean"])
    assert np.percentile(drawn["centroid_hz"], 95) == pytest.approx(row["centroid_hz.p95"])
    f0 = drawn["f0_semitones"]
    assert f0[f0 != 0].mean() == pytest.approx(row["f0_semitones.mean"])
    with pytest.raises(ValueError, match="the set 'temporal' holds nothing frame by frame"):
        contours(voice, "temporal")
