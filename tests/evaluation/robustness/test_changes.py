"""Every change is what it says it is: its level, its length, and the same again from the same seed."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.evaluation.robustness import backgrounds, phone, rooms, small
from affetto.evaluation.robustness.backgrounds import Backgrounds
from affetto.evaluation.robustness.sound import level, mix
from affetto.evaluation.robustness.suite import REFERENCES, SUITE, RobustnessTest
from affetto.voice.audio import RATE, Samples

NOTHING = Backgrounds()


def voice(seconds: float = 1.5, seed: int = 0) -> Samples:
    """A buzz with formant-like noise that swells like syllables: what speech is to a filter."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 140 * part * time) / part for part in range(1, 30))
    sound = (buzz + 0.05 * rng.standard_normal(len(time))) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def decibels(ratio: float) -> float:
    return 20 * np.log10(ratio)


@pytest.mark.parametrize("test", [*SUITE, *REFERENCES], ids=lambda test: test.key)
def test_a_change_is_decided_by_its_seed_and_leaves_the_recording_alone(test: RobustnessTest) -> None:
    samples = voice()
    before = samples.copy()
    once, again = (test.change(samples, np.random.default_rng(7), NOTHING, "A") for _ in range(2))
    assert np.array_equal(once, again)
    assert np.array_equal(samples, before)
    assert once.dtype == np.float32
    assert np.isfinite(once).all()
    assert np.abs(once).max() <= 1.0
    assert abs(len(once) - len(samples)) <= 1000
    assert not np.array_equal(once, samples)


@settings(max_examples=20, deadline=None)
@given(length=st.integers(1001, 30_000), scale=st.sampled_from([0.0, 1e-6, 0.3, 1.0]), place=st.integers(0, 22))
def test_no_recording_breaks_a_change(length: int, scale: float, place: int) -> None:
    samples = np.resize(voice(), length) * np.float32(scale)
    changed = (*SUITE, *REFERENCES)[place].change(samples, np.random.default_rng(0), NOTHING, "")
    assert np.isfinite(changed).all()
    assert np.abs(changed).max(initial=0) <= 1.001


@given(snr=st.floats(-10, 50), seed=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_noise_is_mixed_at_the_ratio_asked_for(snr: float, seed: int) -> None:
    speech, noise = voice(), np.random.default_rng(seed).standard_normal(round(1.5 * RATE))
    mixed = mix(speech, noise, snr_db=snr)
    assert level(mixed) == pytest.approx(level(speech), rel=1e-3)
    basis = np.stack([speech / level(speech), noise / level(noise)], axis=1)
    of_speech, of_noise = np.linalg.lstsq(basis, mixed, rcond=None)[0]
    assert decibels(of_speech / of_noise) == pytest.approx(snr, abs=0.1)


def test_small_changes_are_small() -> None:
    samples = voice()

    def gap(change: object, seed: int) -> float:
        return decibels(level(change(samples, np.random.default_rng(seed)) - samples) / level(samples))  # type: ignore[operator]

    for seed in range(6):
        assert -46 < gap(small.faint_white_noise, seed) < -34
        assert decibels(level(small.gain(samples, np.random.default_rng(seed))) / level(samples)) == pytest.approx(
            round(decibels(level(small.gain(samples, np.random.default_rng(seed))) / level(samples))), abs=0.01
        )
        clipped = small.clip_peaks(samples, np.random.default_rng(seed))
        assert 0.0005 < np.mean(np.abs(samples) > np.abs(clipped).max()) < 0.0035
        assert len(small.prepend_zeros(samples, np.random.default_rng(seed))) - len(samples) in (100, 500, 1000)
        assert len(samples) - len(small.crop_end(samples, np.random.default_rng(seed))) in (100, 500, 1000)
        tone = small.add_tone(samples, np.random.default_rng(seed)) - samples
        assert -51 < decibels(float(np.abs(tone).max() / np.abs(samples).max())) < -39
        loudest = np.abs(np.fft.rfft(tone)).argmax() * RATE / len(tone)
        assert 5000 <= loudest <= 7000


def test_filters_let_pass_what_they_should() -> None:
    impulse = np.zeros(RATE, np.float32)
    impulse[0] = 1

    def response(change: object) -> np.ndarray:
        return np.abs(np.fft.rfft(change(impulse, np.random.default_rng(1))))  # type: ignore[operator]

    low, high = response(small.lowpass), response(small.highpass)
    assert low[300] == pytest.approx(1, abs=0.02)
    assert low[7000] < 0.8
    assert high[2000] == pytest.approx(1, abs=0.02)
    assert high[20] < 0.5
    down, up = (
        np.abs(np.fft.rfft(tilt(impulse, np.random.default_rng(0))))
        for tilt in (phone.downward_tilt, phone.upward_tilt)
    )
    assert down[500] > down[3000] > down[6000] > 0
    assert up[500] < up[3000] < up[6000]


def test_a_phone_line_is_narrow() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(phone.low_quality_phone(noise, np.random.default_rng(0)))) ** 2
    hz = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    assert spectrum[(hz > 300) & (hz < 3000)].mean() > 30 * spectrum[hz > 4500].mean()
    assert phone.phone_codec().split(",")[0] in ("AMR-NB", "G.711 µ-law")


def test_a_build_without_the_mobile_codec_uses_the_one_of_land_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "_CODECS", (("no such codec", "amrnb", 7_400, 160), phone._CODECS[1]))
    phone._codec.cache_clear()
    try:
        assert phone.phone_codec() == "G.711 µ-law, 64 kbit/s"
        assert level(phone.low_quality_phone(voice(), np.random.default_rng(0))) > 0
    finally:
        phone._codec.cache_clear()


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.9])
def test_a_room_decays_as_long_as_it_says(seconds: float) -> None:
    response = rooms.impulse_response(rooms.Room((6.0, 5.0, 3.0), seconds, 1.5))
    left = np.cumsum(np.square(response[::-1]))[::-1]
    decay = 10 * np.log10(left / left[0] + 1e-12)
    t20 = 3 * (np.argmax(decay < -25) - np.argmax(decay < -5)) / RATE
    assert t20 == pytest.approx(seconds, rel=0.15)


def test_farther_away_more_of_the_room_is_heard() -> None:
    def direct(distance: float) -> float:
        response = rooms.impulse_response(rooms.Room((6.0, 5.0, 3.0), 0.4, distance))
        return float(np.square(response[:40]).sum() / np.square(response[40:]).sum())

    assert direct(0.5) > direct(1.0) > direct(2.0) > direct(3.0)


def test_a_burst_is_somewhere_and_not_everywhere() -> None:
    samples = voice(4.0)
    for change in (backgrounds.coughing, backgrounds.sneezing):
        changed = change(samples, np.random.default_rng(2), NOTHING, "")
        scale = float(changed @ samples / (samples @ samples))
        rest = np.abs(changed - scale * samples).reshape(-1, RATE // 10).max(axis=1)
        assert 0.02 < np.mean(rest > 0.05 * rest.max()) < 0.6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten recordings of rain, sneezes and songs; one in five of each is held out."""
    rng = np.random.default_rng(0)
    for folder, names in (("speech/noise/rain", "{}-x.flac"), ("speech/noise/person_sneeze", "{}-y.flac")):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(10):
            burst = np.zeros(RATE)
            burst[4000:8000] = 0.1 * rng.standard_normal(4000)
            soundfile.write(tmp_path / folder / names.format(number), burst, RATE)
    return tmp_path


def test_recordings_that_a_recognizer_may_have_learnt_from_are_not_used(data: Path) -> None:
    around = Backgrounds.of_data(data, [("A", data / "a.flac")])
    assert 0 < len(around.environments) + len(around.sneezes) < 20
    assert {path.parent.name for path in around.environments} <= {"rain"}
    assert "music: synthesized, no recordings given" in around.notes
    assert len(Backgrounds().notes) == 4


def test_babble_is_of_other_people(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 3000 * np.arange(RATE) / RATE)
    for name, sound in (("self", tone), ("other", np.random.default_rng(0).standard_normal(RATE) * 0.1)):
        soundfile.write(tmp_path / f"{name}.flac", sound, RATE)
    around = Backgrounds(voices=(("A", tmp_path / "self.flac"), ("B", tmp_path / "other.flac")))
    heard = backgrounds.babble(voice(), np.random.default_rng(0), around, "A")
    spectrum = np.abs(np.fft.rfft(heard - voice()))
    at = round(3000 * len(heard) / RATE)
    assert spectrum[at] < 10 * np.median(spectrum)
