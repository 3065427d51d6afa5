"""Spectra against librosa and against signals whose spectrum is known."""

import librosa
import numpy as np
import pytest

from affetto.features.spectral import (
    alpha_ratio,
    cepstrum,
    deltas,
    frame_signal,
    hz_to_mel,
    log_mel,
    mel_filterbank,
    mel_to_hz,
    mfcc,
    power_spectrogram,
    rms,
    zero_crossing_rate,
)

RATE = 16_000


@pytest.mark.parametrize(
    ("n_mels", "n_fft", "rate", "fmin", "fmax"),
    [(64, 512, 16_000, 50, 7_600), (40, 1_024, 22_050, 0, 11_025), (80, 400, 16_000, 20, 8_000)],
)
def test_mel_filters_are_those_of_librosa(n_mels: int, n_fft: int, rate: int, fmin: float, fmax: float) -> None:
    ours = mel_filterbank(n_mels=n_mels, n_fft=n_fft, rate=rate, fmin=fmin, fmax=fmax)
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=True, norm=None)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(("fmin", "fmax"), [(-1, 100), (200, 200), (300, 200), (0, 8_001)])
def test_mel_edges_that_cannot_be(fmin: float, fmax: float) -> None:
    with pytest.raises(ValueError, match=f"edges {fmin} and {fmax} Hz"):
        mel_filterbank(n_mels=10, n_fft=512, rate=RATE, fmin=fmin, fmax=fmax)


def test_the_mel_scale_and_back() -> None:
    hz = np.linspace(0, 8_000, 50)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz, atol=1e-8)
    np.testing.assert_allclose(hz_to_mel(hz), librosa.hz_to_mel(hz, htk=True))


def test_log_mel_is_that_of_librosa() -> None:
    rng = np.random.default_rng(0)
    y = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=y, sr=RATE, n_fft=512, hop_length=256, center=False, window="hann", power=2.0, n_mels=64, fmin=50, fmax=7_600,
        htk=True, norm=None,
    )  # fmt: skip
    ours = log_mel(y, rate=RATE)
    assert ours.shape == power.shape == (64, 1 + (RATE - 512) // 256)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.log(power + 1e-10), atol=2e-4)


def test_log_mel_options() -> None:
    y = np.zeros(1_000, np.float32)
    assert log_mel(y, rate=RATE, n_fft=400, hop_length=100, n_mels=20, fmin=0, fmax=8_000).shape == (20, 7)
    np.testing.assert_allclose(log_mel(y, rate=RATE, floor=1e-3), np.log(1e-3), rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 1e-20])
def test_log_mel_is_finite(value: float) -> None:
    assert np.isfinite(log_mel(np.full(512, value, np.float32), rate=RATE)).all()


def test_frames_overlap_and_cannot_be_written_to() -> None:
    frames = frame_signal(np.arange(10.0), frame_length=4, hop_length=3)
    assert frames.tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert not frames.flags.writeable


def test_a_signal_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="3 samples are shorter than a frame of 4; pad them"):
        frame_signal(np.zeros(3), frame_length=4, hop_length=1)


def test_alpha_ratio_weighs_high_against_low_energy() -> None:
    t = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 2_000 * t)
    assert alpha_ratio(low + high, rate=RATE) == pytest.approx(0, abs=0.01)
    assert alpha_ratio(low + 0.1 * high, rate=RATE) == pytest.approx(-20, abs=0.01)
    assert alpha_ratio(0.1 * low + high, rate=RATE) == pytest.approx(20, abs=0.01)
    outside = np.sin(2 * np.pi * 20 * t) + np.sin(2 * np.pi * 6_000 * t)
    assert alpha_ratio(low + high + outside, rate=RATE) == pytest.approx(0, abs=0.01)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [1, 2, 10, 1_000])
def test_alpha_ratio_of_next_to_nothing_is_finite(samples: int) -> None:
    assert alpha_ratio(np.zeros(samples), rate=RATE) == 0
    assert np.isfinite(alpha_ratio(np.ones(samples), rate=RATE))


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


@pytest.mark.parametrize(("frame", "n_fft"), [(512, None), (400, 512)])
def test_power_is_that_of_librosa(noise: np.ndarray, frame: int, n_fft: int | None) -> None:
    ours = power_spectrogram(noise, frame_length=frame, hop_length=160, n_fft=n_fft)
    window = np.hanning(frame + 1)[:-1]
    theirs = [np.abs(np.fft.rfft(noise[i * 160 : i * 160 + frame] * window, n_fft or frame)) ** 2 for i in range(5)]
    np.testing.assert_allclose(ours[:5], theirs, rtol=1e-3, atol=1e-5)
    assert ours.dtype == np.float32
    if n_fft is None:
        reference = librosa.stft(noise, n_fft=512, hop_length=160, center=False)
        np.testing.assert_allclose(ours, np.abs(reference.T) ** 2, rtol=1e-3, atol=1e-4)


def test_a_transform_shorter_than_the_frame_is_refused(noise: np.ndarray) -> None:
    with pytest.raises(ValueError, match="transform of 256 samples: give 512"):
        power_spectrogram(noise, frame_length=512, hop_length=160, n_fft=256)


def test_mfcc_are_those_of_librosa(noise: np.ndarray) -> None:
    """librosa's logarithm is 10 log10: theirs are ours times 10 / ln 10, to a hundredth."""
    theirs = librosa.feature.mfcc(
        S=10 / np.log(10) * log_mel(noise, rate=RATE, hop_length=160, n_mels=40, fmin=20, fmax=8_000), n_mfcc=13
    )
    ours = mfcc(noise, rate=RATE)
    np.testing.assert_allclose(10 / np.log(10) * ours, theirs.T, atol=1e-3)
    whole = librosa.feature.mfcc(
        y=noise, sr=RATE, n_mfcc=13, n_fft=512, hop_length=160, n_mels=40, fmin=20, htk=True, norm=None, center=False
    )
    power = librosa.feature.melspectrogram(
        y=noise, sr=RATE, n_fft=512, hop_length=160, n_mels=40, fmin=20, htk=True, norm=None, center=False
    )
    assert whole.shape == ours.T.shape
    np.testing.assert_allclose(
        10 / np.log(10) * ours, librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=None)).T[:, :13], atol=0.01
    )


def test_the_cepstrum_of_a_flat_spectrum_is_its_level() -> None:
    found = cepstrum(np.full((2, 20), 3.0), count=20)
    np.testing.assert_allclose(found[:, 0], 3 * np.sqrt(20), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-5)
    with pytest.raises(ValueError, match="21 coefficients of 20 bands: give 1 to 20"):
        cepstrum(np.zeros((2, 20)), count=21)


@pytest.mark.parametrize("width", [2, 4])
def test_deltas_are_those_of_librosa(noise: np.ndarray, width: int) -> None:
    x = mfcc(noise, rate=RATE)
    theirs = librosa.feature.delta(x.T, width=2 * width + 1, mode="nearest")
    np.testing.assert_allclose(deltas(x, width=width), theirs.T, atol=1e-5)
    assert deltas(np.zeros((0, 3))).shape == (0, 3)


def test_rms_and_zero_crossings_are_those_of_librosa(noise: np.ndarray) -> None:
    frames = frame_signal(noise, frame_length=512, hop_length=160)
    theirs = librosa.feature.rms(y=noise, frame_length=512, hop_length=160, center=False)[0]
    np.testing.assert_allclose(rms(frames), theirs, rtol=1e-5)
    crossings = librosa.feature.zero_crossing_rate(noise, frame_length=512, hop_length=160, center=False)[0]
    np.testing.assert_allclose(zero_crossing_rate(frames), crossings, atol=1.5 / 511)
