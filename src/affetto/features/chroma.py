"""Pitch classes: how much of the sound belongs to each of the twelve notes of the scale."""

import numpy as np
import numpy.typing as npt

__all__ = ["chroma", "chroma_filterbank"]

Floats = npt.NDArray[np.floating]

_OCTAVE_CENTRE, _OCTAVE_WIDTH = 5.0, 2.0  # octaves above 27.5 Hz: where notes count most, and how far around
_A4 = 440.0


def chroma_filterbank(*, rate: int, n_fft: int) -> npt.NDArray[np.float32]:
    """Weights of each frequency for the twelve pitch classes, C first (Ellis 2007, "Chroma feature analysis").

    Bells around each note, as wide as the distance of the bins, fading two octaves from 880 Hz.

    Args:
        rate: Samples per second.
        n_fft: Length of the transform that the spectra come from.

    Returns:
        Shape ``(12, n_fft // 2 + 1)``.
    """
    hz = np.arange(1, n_fft) * rate / n_fft
    place = 12 * np.log2(hz / (_A4 / 16))
    place = np.concatenate([[place[0] - 1.5 * 12], place])
    width = np.concatenate([np.maximum(np.diff(place), 1.0), [1.0]])
    away = np.remainder(place - np.arange(12)[:, None] + 6 + 120, 12) - 6
    weights = np.exp(-0.5 * (2 * away / width) ** 2)
    weights /= np.maximum(np.sqrt(np.square(weights).sum(axis=0, keepdims=True)), 1e-30)
    weights *= np.exp(-0.5 * ((place / 12 - _OCTAVE_CENTRE) / _OCTAVE_WIDTH) ** 2)
    return np.roll(weights, -3, axis=0)[:, : n_fft // 2 + 1].astype(np.float32)


def chroma(power: Floats, *, rate: int) -> Floats:
    """Energy of each pitch class, C first, the strongest of a frame 1, shape ``(frames, 12)``; silence gives zeros.

    Args:
        power: Power spectra, shape ``(frames, bins)``.
        rate: Samples per second.
    """
    energy = power @ chroma_filterbank(rate=rate, n_fft=2 * (power.shape[1] - 1)).T
    strongest = energy.max(axis=1, keepdims=True)
    return energy / np.where(strongest > 0, strongest, 1.0)
