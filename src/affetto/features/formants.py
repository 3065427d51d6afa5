"""Resonances of the vocal tract: the poles of a linear predictor."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Formants", "formants", "linear_prediction"]

Floats = npt.NDArray[np.float64]

_CEILING = 5500.0
_PRE_EMPHASIS_HZ = 50.0
_LOWEST, _WIDEST = 50.0, 4000.0


@dataclass(frozen=True, slots=True)
class Formants:
    """The lowest resonances of each frame.

    Attributes:
        frequency: Hz, rising, shape ``(frames, count)``; NaN where a frame has fewer.
        bandwidth: Hz at 3 dB down, shape ``(frames, count)``; NaN likewise.
    """

    frequency: Floats
    bandwidth: Floats


def linear_prediction(autocorrelation: Floats, *, order: int) -> Floats:
    """Predictor polynomials by the Levinson-Durbin recursion, all frames at once (Makhoul 1975).

    Args:
        autocorrelation: From lag 0 on, shape ``(frames, lags)`` with more than ``order`` lags.
        order: Number of poles.

    Returns:
        Coefficients ``1, a1, ..., a_order`` of the inverse filter, shape ``(frames, order + 1)``; those of a silent
        frame are 0 after the first.
    """
    coefficients = np.zeros((len(autocorrelation), order + 1))
    coefficients[:, 0] = 1.0
    error = autocorrelation[:, 0].copy()
    for step in range(1, order + 1):
        ahead = (coefficients[:, :step] * autocorrelation[:, step:0:-1]).sum(axis=1)
        reflection = np.where(error > 0, -ahead / np.where(error > 0, error, 1.0), 0.0)
        coefficients[:, 1 : step + 1] += reflection[:, None] * coefficients[:, step - 1 :: -1][:, :step]
        error *= 1.0 - reflection**2
    return coefficients


def formants(power: npt.NDArray[np.floating], *, rate: int, count: int = 3, order: int = 10) -> Formants:
    """Formants of spectra, from the poles of a linear predictor of what lies below 5.5 kHz (Markel & Gray 1976).

    The power spectrum is emphasized by 6 dB an octave above 50 Hz and cut at the ceiling, which is ideal resampling;
    its inverse transform is the autocorrelation. Poles nearer than 50 Hz to either end (as in Praat), or
    wider than 4 kHz, are no resonances.

    Args:
        power: Power spectra, shape ``(frames, bins)``; the transform at least twice as long as the frame's window is
            best, so that the autocorrelation does not wrap.
        rate: Samples per second of the signal, at least 11 kHz.
        count: How many of the lowest to give.
        order: Poles of the predictor: two for each formant below the ceiling.
    """
    hz = np.linspace(0.0, rate / 2, power.shape[1])
    kept = int(np.searchsorted(hz, min(_CEILING, rate / 2), side="right"))
    ceiling = float(hz[kept - 1])
    emphasis = 1 + (hz[:kept] / _PRE_EMPHASIS_HZ) ** 2
    correlation = np.fft.irfft(power[:, :kept] * emphasis, axis=1)[:, : order + 1]
    correlation[:, 0] *= 1 + 1e-9
    poles = _roots(linear_prediction(correlation, order=order))
    frequency = np.angle(poles) * ceiling / np.pi
    bandwidth = -np.log(np.maximum(np.abs(poles), 1e-12)) * 2 * ceiling / np.pi
    real = (frequency > _LOWEST) & (frequency < ceiling - _LOWEST) & (bandwidth < _WIDEST)
    frequency = np.where(real, frequency, np.nan)
    place = np.argsort(frequency, axis=1)[:, :count]  # NaN last
    frequency = np.take_along_axis(frequency, place, axis=1)
    bandwidth = np.take_along_axis(bandwidth, place, axis=1)
    return Formants(frequency, np.where(np.isfinite(frequency), bandwidth, np.nan))


def _roots(polynomials: Floats) -> npt.NDArray[np.complex128]:
    """Roots of monic polynomials: eigenvalues of their companion matrices, shape ``(frames, order)``."""
    order = polynomials.shape[1] - 1
    companion = np.zeros((len(polynomials), order, order))
    companion[:, 0] = -polynomials[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    return np.linalg.eigvals(companion).astype(np.complex128)
