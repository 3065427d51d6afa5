"""Pitch classes against librosa's."""

import librosa
import numpy as np
import pytest

from affetto.features.chroma import chroma, chroma_filterbank
from affetto.features.spectral import power_spectrogram

RATE = 16_000


@pytest.mark.parametrize(("rate", "n_fft"), [(16_000, 512), (16_000, 2_048), (44_100, 4_096)])
def test_the_filters_are_those_of_librosa(rate: int, n_fft: int) -> None:
    ours = chroma_filterbank(rate=rate, n_fft=n_fft)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, librosa.filters.chroma(sr=rate, n_fft=n_fft), atol=1e-6)


@pytest.mark.parametrize(("hz", "place"), [(261.63, 0), (440.0, 9), (493.88, 11)])
def test_a_note_is_its_own_class(hz: float, place: int) -> None:
    y = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    found = chroma(power_spectrogram(y, frame_length=4096, hop_length=1024), rate=RATE)
    assert (found.argmax(axis=1) == place).all()
    assert found.max() == 1


def test_chroma_of_a_spectrum_is_that_of_librosa() -> None:
    power = power_spectrogram(np.random.default_rng(0).standard_normal(RATE), frame_length=2048, hop_length=512)
    theirs = librosa.feature.chroma_stft(S=power.T, sr=RATE, tuning=0)
    np.testing.assert_allclose(chroma(power, rate=RATE), theirs.T, atol=1e-5)


def test_silence_has_no_note() -> None:
    assert not chroma(np.zeros((3, 257)), rate=RATE).any()
