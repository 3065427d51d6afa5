"""Formants against Praat's and against vowels whose resonances are known."""

import numpy as np
import parselmouth
import pytest

from affetto.features.formants import formants, linear_prediction
from affetto.features.prosodic import pitch_track
from affetto.features.spectral import power_spectrogram
from tests.features.voices import RATE, vowel

HIGHER = [(3700, 200), (4700, 300)]
VOWELS = {
    "a": [(700, 80), (1200, 90), (2500, 120)],
    "i": [(300, 60), (2300, 100), (3000, 150)],
    "schwa": [(500, 80), (1500, 90), (2500, 120)],
}


@pytest.mark.parametrize("f0", [100, 140, 200])
@pytest.mark.parametrize("name", VOWELS)
def test_formants_of_a_vowel_are_known_to_4_percent_and_to_praat_within_1(name: str, f0: int) -> None:
    """Praat's Burg method and ours differ less than either does from the truth; bandwidths to a fifth and 15 Hz."""
    y = vowel(f0, VOWELS[name] + HIGHER)
    found = formants(power_spectrogram(y, frame_length=512, hop_length=160), rate=RATE)
    praat = parselmouth.Sound(y, RATE).to_formant_burg(0.01, 5, 5500)
    times = np.arange(0.1, 0.9, 0.05)
    for number, (hz, _) in enumerate(VOWELS[name]):
        ours = np.nanmedian(found.frequency[:, number])
        assert ours == pytest.approx(hz, rel=0.04)
        assert ours == pytest.approx(np.median([praat.get_value_at_time(number + 1, t) for t in times]), rel=0.01)
        width = np.median([praat.get_bandwidth_at_time(number + 1, t) for t in times])
        assert np.nanmedian(found.bandwidth[:, number]) == pytest.approx(width, rel=0.2, abs=15)


@pytest.mark.parametrize(("pitch", "voice"), [(30, "en"), (60, "en+f3")])
def test_formants_of_speech_are_those_of_praat(say, pitch: int, voice: str) -> None:
    """In voiced frames median and mean of each differ by less than 3 and 7 %, half of the frames by less than 2 %."""
    y = say("I did not expect to see you here today.", pitch=pitch, voice=voice)
    voiced = pitch_track(y, rate=RATE).voiced
    found = formants(power_spectrogram(y[64:], frame_length=512, hop_length=160)[: len(voiced)], rate=RATE)
    praat = parselmouth.Sound(y.astype(float), RATE).to_formant_burg(0.01, 5, 5500)
    times = 0.02 + 0.01 * np.flatnonzero(voiced)
    theirs = np.array([[praat.get_value_at_time(number, t) for number in (1, 2, 3)] for t in times])
    ours = found.frequency[voiced]
    assert np.abs(np.nanmedian(ours, axis=0) / np.nanmedian(theirs, axis=0) - 1).max() < 0.03
    assert np.abs(np.nanmean(ours, axis=0) / np.nanmean(theirs, axis=0) - 1).max() < 0.07
    assert np.nanmedian(np.abs(ours / theirs - 1), axis=0).max() < 0.02


def test_the_recursion_solves_the_normal_equations() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((3, 400)).cumsum(axis=1)
    correlation = np.stack([np.correlate(row, row, "full")[399:410] for row in y])
    ours = linear_prediction(correlation, order=10)
    for row, coefficients in zip(correlation, ours, strict=True):
        matrix = row[np.abs(np.arange(10)[:, None] - np.arange(10))]
        np.testing.assert_allclose(coefficients[1:], np.linalg.solve(matrix, -row[1:]), atol=1e-6)


def test_silence_has_no_formants() -> None:
    found = formants(np.zeros((4, 257), np.float32), rate=RATE)
    assert found.frequency.shape == found.bandwidth.shape == (4, 3)
    assert np.isnan(found.frequency).all()
    assert formants(np.zeros((0, 257), np.float32), rate=RATE).frequency.shape == (0, 3)
