"""Spectra: frames, mel filters and the log-mel spectrogram."""

import numpy as np
import numpy.typing as npt

__all__ = ["alpha_ratio", "frame_signal", "hz_to_mel", "log_mel", "mel_filterbank", "mel_to_hz"]

Floats = npt.NDArray[np.float32]


def hz_to_mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Frequency in mel, O'Shaughnessy's formula ``2595 log10(1 + f / 700)`` (the HTK scale).

    >>> float(hz_to_mel(1000.0).round(1))
    1000.0
    """
    return 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)


def mel_to_hz(mel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Frequency in Hz: the inverse of :func:`hz_to_mel`."""
    return 700.0 * (10.0 ** (np.asarray(mel, np.float64) / 2595.0) - 1.0)


def mel_filterbank(*, n_mels: int, n_fft: int, rate: int, fmin: float, fmax: float) -> Floats:
    """Triangular filters of unit height, evenly spaced in mel.

    Args:
        n_mels: Number of filters.
        n_fft: Length of the transform that the spectra come from.
        rate: Samples per second.
        fmin: Lower edge of the first filter, Hz.
        fmax: Upper edge of the last filter, Hz.

    Returns:
        Weights of shape ``(n_mels, n_fft // 2 + 1)``.

    Raises:
        ValueError: If the edges are not ``0 <= fmin < fmax <= rate / 2``.
    """
    if not 0 <= fmin < fmax <= rate / 2:
        raise ValueError(f"edges {fmin} and {fmax} Hz: give 0 <= fmin < fmax <= {rate / 2}")
    bins = np.linspace(0.0, rate / 2, n_fft // 2 + 1)
    lowest, highest = hz_to_mel([fmin, fmax])
    edges = mel_to_hz(np.linspace(lowest, highest, n_mels + 2))
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def frame_signal(y: npt.NDArray[np.floating], *, frame_length: int, hop_length: int) -> npt.NDArray[np.floating]:
    """Overlapping frames of a signal, a read-only view.

    Args:
        y: Signal, shape ``(n,)`` with ``n >= frame_length``.
        frame_length: Samples in a frame.
        hop_length: Samples between the starts of frames.

    Returns:
        Shape ``(1 + (n - frame_length) // hop_length, frame_length)``.

    Raises:
        ValueError: If the signal is shorter than a frame.

    >>> frame_signal(np.arange(6.0), frame_length=4, hop_length=2)
    array([[0., 1., 2., 3.],
           [2., 3., 4., 5.]])
    """
    if len(y) < frame_length:
        raise ValueError(f"{len(y)} samples are shorter than a frame of {frame_length}; pad them")
    return np.lib.stride_tricks.sliding_window_view(y, frame_length)[::hop_length]


def log_mel(
    y: Floats,
    *,
    rate: int,
    n_fft: int = 512,
    hop_length: int = 256,
    n_mels: int = 64,
    fmin: float = 50.0,
    fmax: float = 7600.0,
    floor: float = 1e-10,
) -> Floats:
    """Natural logarithm of the mel power spectrogram, Hann window, frames not centred.

    Args:
        y: Signal, shape ``(n,)`` with ``n >= n_fft``.
        rate: Samples per second.
        n_fft: Samples in a frame.
        hop_length: Samples between frames.
        n_mels: Number of mel filters.
        fmin: Lower edge of the filters, Hz.
        fmax: Upper edge of the filters, Hz.
        floor: Power added before the logarithm.

    Returns:
        Shape ``(n_mels, 1 + (n - n_fft) // hop_length)``.
    """
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frame_signal(y, frame_length=n_fft, hop_length=hop_length) * window, axis=1)
    power = np.abs(spectrum).astype(np.float32) ** 2
    filters = mel_filterbank(n_mels=n_mels, n_fft=n_fft, rate=rate, fmin=fmin, fmax=fmax)
    return np.log(filters @ power.T + np.float32(floor))


def alpha_ratio(y: npt.NDArray[np.floating], *, rate: int) -> float:
    """Energy at 1-5 kHz against 50-1000 Hz, dB: higher in brighter, more pressed voices (Eyben et al. 2016, GeMAPS).

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second, at least 10 kHz.
    """
    power = np.abs(np.fft.rfft(y)) ** 2
    hz = np.fft.rfftfreq(len(y), 1 / rate)
    low, high = power[(hz >= 50) & (hz < 1000)].sum(), power[(hz >= 1000) & (hz < 5000)].sum()
    return float(10 * np.log10((high + 1e-12) / (low + 1e-12)))
