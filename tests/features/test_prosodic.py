"""Pitch, voicing and loudness against signals whose values are known, and against librosa."""

import librosa
import numpy as np
import opensmile
import parselmouth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.features.prosodic import (
    auditory_loudness,
    hz_to_semitones,
    loudness_db,
    pitch_track,
    semitone_range,
    semitone_slope,
)
from affetto.features.spectral import power_spectrogram

RATE = 16_000


def voice(f0: np.ndarray, *, rate: int = RATE, harmonics: int = 20) -> np.ndarray:
    """A buzz like the glottis makes: harmonics that fall by 6 dB an octave."""
    phase = 2 * np.pi * np.cumsum(f0) / rate
    parts = [np.sin(k * phase) / k * (k * f0 < rate / 2) for k in range(1, harmonics + 1)]
    return 0.2 * np.sum(parts, axis=0)


def semitones_off(f0: np.ndarray, expected: np.ndarray | float) -> np.ndarray:
    return np.abs(hz_to_semitones(f0 / expected, reference=1.0))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("hz", [66, 80, 110, 150, 220, 330, 440, 498])
def test_pitch_of_a_steady_voice_is_within_a_tenth_of_a_semitone(hz: float, rate: int) -> None:
    track = pitch_track(voice(np.full(rate, hz), rate=rate), rate=rate)
    assert track.voiced.all()
    assert semitones_off(track.f0, hz).max() < 0.1
    assert track.strength.min() > 0.8


@pytest.mark.parametrize("hz", [100, 200, 400])
def test_pitch_of_a_pure_tone(hz: float) -> None:
    track = pitch_track(0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE), rate=RATE)
    assert semitones_off(track.f0, hz).max() < 0.01


@pytest.mark.parametrize(("first", "last"), [(100, 200), (300, 150), (80, 400)])
def test_pitch_follows_a_glide(first: float, last: float) -> None:
    f0 = np.geomspace(first, last, 2 * RATE)
    track = pitch_track(voice(f0), rate=RATE)
    centres = np.arange(len(track.f0)) * 160 + 320
    assert track.voiced.all()
    assert semitones_off(track.f0, f0[centres]).max() < 0.2


@settings(max_examples=15, deadline=None)
@given(
    hz=st.floats(70, 480),
    gain=st.floats(1e-3, 4.0),
    offset=st.floats(-0.5, 0.5),
)
def test_pitch_depends_neither_on_level_nor_on_offset(hz: float, gain: float, offset: float) -> None:
    track = pitch_track((gain * voice(np.full(RATE // 2, hz)) + offset).astype(np.float32), rate=RATE)
    assert track.voiced.mean() > 0.9
    assert semitones_off(track.f0[track.voiced], hz).max() < 0.1


def test_pitch_of_speech_agrees_with_pyin(say) -> None:
    """Where both hear a voice: the median within half a semitone, and 95 % of the frames within one."""
    for pitch, name in ((30, "en"), (60, "en+f3")):
        y = say("I did not expect to see you here today.", pitch=pitch, voice=name)
        ours = pitch_track(y, rate=RATE)
        theirs, _, _ = librosa.pyin(
            y, fmin=65, fmax=500, sr=RATE, frame_length=1024, hop_length=160, center=False, fill_na=np.nan
        )
        reference = np.full(len(ours.f0), np.nan)  # their frames are 24 ms longer: their centres lie 1.2 frames later
        reference[1 : 1 + len(theirs)] = theirs[: len(reference) - 1]
        both = ours.voiced & np.isfinite(reference)
        off = semitones_off(ours.f0[both], reference[both])
        assert both.mean() > 0.35
        assert np.mean(off < 1) > 0.95
        assert np.median(off) < 0.15
        assert semitones_off(np.median(ours.f0[both]), np.median(reference[both])) < 0.5
        assert np.mean(ours.voiced == np.isfinite(reference)) > 0.7


@pytest.mark.parametrize("hz", [20, 30, 50, 60])
def test_a_hum_below_the_range_has_no_pitch(hz: float) -> None:
    assert not pitch_track(0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE), rate=RATE).voiced.any()


def test_noise_and_silence_have_no_pitch() -> None:
    rng = np.random.default_rng(0)
    for y in (0.1 * rng.standard_normal(RATE), np.zeros(RATE), np.full(RATE, 0.5)):
        track = pitch_track(y, rate=RATE)
        assert track.voiced.mean() < 0.02
        assert np.isfinite(track.strength).all()


def test_only_the_loud_part_of_a_recording_is_voiced() -> None:
    tone = voice(np.full(RATE, 150.0))
    track = pitch_track(np.concatenate([tone, 1e-3 * tone]), rate=RATE)
    assert track.voiced[:96].all()
    assert not track.voiced[102:].any()


def test_harmonicity_falls_with_noise() -> None:
    rng = np.random.default_rng(0)
    tone, noise = voice(np.full(RATE, 150.0)), rng.standard_normal(RATE)
    clear, hoarse = (np.median(pitch_track(tone + n * noise, rate=RATE).harmonicity_db) for n in (0.0, 0.06))
    assert clear > 25
    expected = 10 * np.log10(np.mean(tone**2) / 0.06**2)  # signal to noise is harmonics to noise
    assert hoarse == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize(("fmin", "fmax"), [(20, 500), (300, 200), (65, 5_000)])
def test_pitch_limits_that_cannot_be(fmin: float, fmax: float) -> None:
    with pytest.raises(ValueError, match=f"limits {fmin} and {fmax} Hz: give 50 <= fmin < fmax <= 4000"):
        pitch_track(np.zeros(RATE), rate=RATE, fmin=fmin, fmax=fmax)


def test_loudness_is_the_level_of_each_frame() -> None:
    y = np.concatenate([np.full(RATE, 0.5), np.full(RATE, 0.05)])
    level = loudness_db(y, rate=RATE)
    assert len(level) == 1 + (2 * RATE - 640) // 160
    np.testing.assert_allclose(level[:96], 20 * np.log10(0.5), atol=1e-6)
    np.testing.assert_allclose(level[100:], 20 * np.log10(0.05), atol=1e-6)
    reference = librosa.feature.rms(y=y, frame_length=640, hop_length=160, center=False)[0]
    np.testing.assert_allclose(level, 20 * np.log10(reference), atol=1e-4)


def test_silence_is_100_db_down() -> None:
    assert loudness_db(np.zeros(RATE), rate=RATE).tolist() == [-100.0] * 97


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [0, 1, 10, 639, 640, 800])
@pytest.mark.parametrize("value", [0.0, 0.5, -1.0, 1e-12])
def test_short_and_constant_signals_give_finite_numbers(samples: int, value: float) -> None:
    y = np.full(samples, value, np.float32)
    track, level = pitch_track(y, rate=RATE), loudness_db(y, rate=RATE)
    assert len(track.f0) == len(track.strength) == len(level) == max(1, 1 + (samples - 640) // 160)
    assert np.isfinite(track.strength).all()
    assert np.isfinite(level).all()
    assert not track.voiced.any()
    assert track.harmonicity_db.shape == (0,)


def test_semitones() -> None:
    assert hz_to_semitones([50, 100, 400]).tolist() == [-12, 0, 24]
    assert float(hz_to_semitones(440, reference=440)) == 0


def test_a_bright_high_voice_is_not_heard_an_octave_low() -> None:
    for hz in np.arange(380.0, 499.0, 1.7):
        track = pitch_track(voice(np.full(RATE // 4, hz)), rate=RATE)
        assert semitones_off(track.f0, hz).max() < 0.1


def test_pitch_of_speech_is_that_of_praat(say) -> None:
    """Where both hear a voice: every frame within a semitone, the median within a twentieth; voicing agrees on 90 %."""
    for pitch, name in ((30, "en"), (60, "en+f3")):
        y = say("I did not expect to see you here today.", pitch=pitch, voice=name)
        ours = pitch_track(y, rate=RATE)
        praat = parselmouth.Sound(y.astype(float), RATE).to_pitch_ac(
            0.01, 65, 15, False, 0.03, 0.45, 0.01, 0.35, 0.14, 500
        )
        theirs = np.array([praat.get_value_at_time(0.02 + 0.01 * frame) for frame in range(len(ours.f0))])
        both = ours.voiced & np.isfinite(theirs)
        off = semitones_off(ours.f0[both], theirs[both])
        assert both.mean() > 0.4
        assert np.mean(off < 1) > 0.99
        assert np.median(off) < 0.05
        assert np.mean(ours.voiced == np.isfinite(theirs)) > 0.9


@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_harmonicity_is_that_of_praat(noise: float) -> None:
    """Praat's frames are longer: within 2 dB, where it is under the 30 dB at which ours ends."""
    y = voice(np.full(RATE, 150.0)) + noise * np.random.default_rng(0).standard_normal(RATE)
    praat = parselmouth.Sound(y, RATE).to_harmonicity_ac(0.01, 75, 0.1, 4.5)
    theirs = np.median([praat.get_value(0.1 + 0.02 * step) for step in range(40)])
    assert np.median(pitch_track(y, rate=RATE).harmonicity_db) == pytest.approx(theirs, abs=2)


def test_loudness_follows_opensmile(say) -> None:
    """Other frames, another scale: the contours correlate above .98."""
    y = say("I did not expect to see you here today.", voice="en+f3")
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    theirs = smile.process_signal(y, RATE)["Loudness_sma3"].to_numpy()
    ours = auditory_loudness(power_spectrogram(y, frame_length=320, hop_length=160, n_fft=512), rate=RATE)
    count = min(len(ours), len(theirs))
    assert np.corrcoef(np.convolve(ours, np.ones(3) / 3, mode="same")[:count], theirs[:count])[0, 1] > 0.98


def test_loudness_is_a_power_law() -> None:
    power = np.abs(np.random.default_rng(0).standard_normal((5, 257)))
    np.testing.assert_allclose(auditory_loudness(10 * power, rate=RATE), 10**0.33 * auditory_loudness(power, rate=RATE))
    assert not auditory_loudness(np.zeros((2, 257)), rate=RATE).any()


def test_range_and_slope_of_a_known_melody() -> None:
    f0 = 100 * 2 ** (np.arange(101) / 100)  # an octave in a second
    f0[40:60] = np.nan
    assert semitone_slope(f0) == pytest.approx(12)
    assert semitone_range(f0, low=0, high=100) == pytest.approx(12)
    assert semitone_range(f0) == pytest.approx(9.6, abs=0.5)
    for nothing in (np.full(10, np.nan), np.zeros(0)):
        assert semitone_slope(nothing) == semitone_range(nothing) == 0
