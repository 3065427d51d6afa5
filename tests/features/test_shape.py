"""The shape of spectra against librosa, openSMILE and spectra whose shape is known."""

import librosa
import numpy as np
import opensmile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.features import shape
from affetto.features.spectral import power_spectrogram

RATE = 16_000
HZ = np.linspace(0, RATE / 2, 257)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Power spectra of noise with a tilt that changes."""
    rng = np.random.default_rng(0)
    y = np.convolve(rng.standard_normal(RATE), [1.0, 0.7]) * np.linspace(0.1, 1, RATE + 1)
    return power_spectrogram(y, frame_length=512, hop_length=160)


def smooth(x: np.ndarray) -> np.ndarray:
    """The moving mean of three that openSMILE's ``sma3`` stands for."""
    return np.convolve(np.pad(x, 1, mode="edge"), np.ones(3) / 3, mode="valid")


def test_centroid_bandwidth_flatness_and_rolloff_are_those_of_librosa(noise: np.ndarray) -> None:
    options = {"S": noise.T.astype(float), "sr": RATE}
    np.testing.assert_allclose(
        shape.centroid(noise.astype(float), HZ), librosa.feature.spectral_centroid(**options)[0], rtol=1e-6
    )
    np.testing.assert_allclose(shape.bandwidth(noise, HZ), librosa.feature.spectral_bandwidth(**options)[0], rtol=1e-5)
    np.testing.assert_allclose(
        shape.flatness(noise), librosa.feature.spectral_flatness(S=np.sqrt(noise.T), amin=1e-30)[0], rtol=1e-4
    )
    ours = shape.rolloff(noise, HZ, shares=(0.25, 0.85))
    for column, share in enumerate((0.25, 0.85)):
        theirs = librosa.feature.spectral_rolloff(**options, roll_percent=share)[0]
        np.testing.assert_allclose(ours[:, column], theirs, atol=1e-3)


def test_contrast_is_that_of_librosa_but_for_a_bin() -> None:
    """librosa's bands take a bin of their neighbour: over many bins contours correlate above .95, values to 1 dB."""
    y = np.random.default_rng(0).standard_normal(2 * RATE)
    fine = power_spectrogram(y, frame_length=2048, hop_length=512)
    hz = np.linspace(0, RATE / 2, 1025)
    theirs = librosa.feature.spectral_contrast(S=fine.T, sr=RATE, quantile=0.2, n_bands=5).T
    ours = shape.contrast(fine, hz, edges=(0, 200, 400, 800, 1600, 3200, 8001), share=0.2)
    for band in range(3, 6):
        assert np.corrcoef(ours[:, band], theirs[:, band])[0, 1] > 0.95
        assert np.abs(ours[:, band] - theirs[:, band]).max() < 1


def test_alpha_ratio_and_hammarberg_index_follow_opensmile(say) -> None:
    """Other windows and frames: the contours correlate above .93 and lie within 2 dB on average where the voice is."""
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    y = say("I did not expect to see you here today.", voice="en+f3")
    theirs = smile.process_signal(y, RATE)
    power = power_spectrogram(y, frame_length=320, hop_length=160, n_fft=512) + 1e-10
    ours = {
        "alphaRatio_sma3": smooth(shape.band_ratio_db(power, HZ, (1000, 5000), (50, 1000))),
        "hammarbergIndex_sma3": smooth(shape.hammarberg_index(power, HZ)),
    }
    for name, contour in ours.items():
        count = min(len(contour), len(theirs))
        reference = theirs[name].to_numpy()[:count]
        heard = np.abs(reference) > 0
        assert np.corrcoef(contour[:count][heard], reference[heard])[0, 1] > 0.93, name
        assert abs(np.median(contour[:count][heard] - reference[heard])) < 2, name


def test_moments_of_a_bell() -> None:
    bell = np.exp(-0.5 * ((HZ - 3000) / 400) ** 2)[None]
    centre, width, skewness, kurtosis = shape.moments(bell, HZ)
    assert centre[0] == pytest.approx(3000, abs=1)
    assert width[0] == pytest.approx(400, rel=0.01)
    assert skewness[0] == pytest.approx(0, abs=0.01)
    assert kurtosis[0] == pytest.approx(3, abs=0.02)


def test_a_spectrum_of_one_line() -> None:
    line = np.zeros((1, 257))
    line[0, 64] = 1.0
    assert [float(value[0]) for value in shape.moments(line, HZ)] == pytest.approx([2000, 0, 0, 3])
    assert shape.entropy(line)[0] == pytest.approx(0, abs=1e-9)
    assert shape.flatness(line)[0] < 1e-6


def test_slope_of_a_straight_spectrum() -> None:
    tilted = 10 ** ((-12 * HZ / 1000) / 10)[None]
    assert shape.slope(tilted, HZ, low=0, high=500)[0] == pytest.approx(-12)
    assert shape.slope(tilted, HZ, low=500, high=5000)[0] == pytest.approx(-12)
    with pytest.raises(ValueError, match="limits 10 and 20 Hz hold 0 bins: give wider ones"):
        shape.slope(tilted, HZ, low=10, high=20)


def test_flux_is_change_alone() -> None:
    low, high = np.zeros(257), np.zeros(257)
    low[10], high[20] = 1.0, 1.0
    spectra = np.stack([low, 5 * low, high])
    np.testing.assert_allclose(shape.flux(spectra), [0, 0, np.sqrt(2)])
    assert shape.flux(np.zeros((0, 257))).shape == (0,)


def test_contrast_and_ratios_of_known_bands() -> None:
    spectrum = np.ones((1, 257))
    spectrum[0, ::10] = 100.0
    assert (shape.contrast(spectrum, HZ)[0] > 5).all()
    assert shape.contrast(np.ones((1, 257)), HZ)[0] == pytest.approx(np.zeros(6))
    two = np.zeros((1, 257))
    two[0, 16], two[0, 96] = 1.0, 0.1  # 500 and 3000 Hz
    assert shape.band_ratio_db(two, HZ, (1000, 5000), (50, 1000))[0] == pytest.approx(-10)
    assert shape.hammarberg_index(two, HZ)[0] == pytest.approx(10)


spectra = arrays.arrays(np.float32, (3, 257), elements=st.floats(0, 1e6, width=32))


@given(spectra)
def test_everything_is_finite_and_within_its_range(power: np.ndarray) -> None:
    centre, width, skewness, kurtosis = shape.moments(power, HZ)
    assert all(
        np.isfinite(x).all() for x in (centre, width, skewness, kurtosis, shape.slope(power, HZ, low=0, high=500))
    )
    assert (centre >= 0).all()
    assert (centre <= 8000.1).all()
    assert (shape.centroid(power, HZ) <= 8001).all()
    for value in (shape.flatness(power), shape.entropy(power)):
        assert (value >= -1e-5).all()
        assert (value <= 1 + 1e-4).all()
    assert (shape.flux(power) <= np.sqrt(2) + 1e-5).all()
    assert (np.diff(shape.rolloff(power, HZ, shares=(0.25, 0.5, 0.9)), axis=1) >= 0).all()
    for value in (shape.contrast(power, HZ), shape.hammarberg_index(power, HZ)):
        assert np.isfinite(value).all()
