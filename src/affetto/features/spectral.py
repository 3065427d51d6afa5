"""Spectra: frames, mel filters, the log-mel spectrogram and cepstral coefficients."""

import numpy as np
import numpy.typing as npt

__all__ = [
    "alpha_ratio",
    "cepstrum",
    "deltas",
    "even_in_mel",
    "frame_signal",
    "hz_to_mel",
    "log_mel",
    "mel_filterbank",
    "mel_to_hz",
    "mfcc",
    "power_spectrogram",
    "rms",
    "zero_crossing_rate",
]

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


def even_in_mel(fmin: float, fmax: float, count: int) -> npt.NDArray[np.float64]:
    """Frequencies in Hz from ``fmin`` to ``fmax``, evenly spaced in mel, ``(count,)``.

    >>> even_in_mel(0.0, 4000.0, 3).round().tolist()
    [0.0, 1114.0, 4000.0]
    """
    lowest, highest = hz_to_mel([fmin, fmax])
    return mel_to_hz(np.linspace(lowest, highest, count))


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
    edges = even_in_mel(fmin, fmax, n_mels + 2)
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


def power_spectrogram(
    y: npt.NDArray[np.floating], *, frame_length: int, hop_length: int, n_fft: int | None = None
) -> Floats:
    """Power of short overlapping stretches at each frequency, Hann window, frames not centred.

    Args:
        y: Signal, shape ``(n,)`` with ``n >= frame_length``.
        frame_length: Samples in a frame.
        hop_length: Samples between frames.
        n_fft: Length of the transform, ``frame_length`` or more; the frame's own length if left out.

    Returns:
        Shape ``(1 + (n - frame_length) // hop_length, n_fft // 2 + 1)``: time first, as all functions of a
        spectrogram take it.

    Raises:
        ValueError: If the transform is shorter than a frame, or the signal is.
    """
    size = frame_length if n_fft is None else n_fft
    if size < frame_length:
        raise ValueError(f"transform of {size} samples: give {frame_length} (the frame) or more")
    window = np.hanning(frame_length + 1)[:-1].astype(np.float32)
    frames = frame_signal(np.asarray(y, np.float32), frame_length=frame_length, hop_length=hop_length)
    spectrum = np.fft.rfft(frames * window, size, axis=1)
    return (spectrum.real**2 + spectrum.imag**2).astype(np.float32)


def cepstrum(log_bands: npt.NDArray[np.floating], *, count: int = 13) -> Floats:
    """Cepstral coefficients of log band powers: the orthonormal cosine transform (Davis & Mermelstein 1980).

    Args:
        log_bands: Logarithm of the power in each band, shape ``(frames, bands)``.
        count: Number of coefficients, the first of which is the level; at most ``bands``.

    Returns:
        Shape ``(frames, count)``.

    Raises:
        ValueError: If there are fewer bands than coefficients.
    """
    bands = log_bands.shape[1]
    if not 1 <= count <= bands:
        raise ValueError(f"{count} coefficients of {bands} bands: give 1 to {bands}")
    angle = np.pi * np.arange(count)[:, None] * (np.arange(bands) + 0.5) / bands
    transform = np.cos(angle) * np.sqrt(np.where(np.arange(count) == 0, 1.0, 2.0) / bands)[:, None]
    return (log_bands @ transform.T.astype(np.float32)).astype(np.float32)


def mfcc(y: Floats, *, rate: int, count: int = 13, n_fft: int = 512, hop_length: int = 160, n_mels: int = 40) -> Floats:
    """Mel-frequency cepstral coefficients: the cosine transform of :func:`log_mel` (natural logarithm).

    Args:
        y: Signal, shape ``(n,)`` with ``n >= n_fft``.
        rate: Samples per second.
        count: Number of coefficients, the first of which is the level.
        n_fft: Samples in a frame.
        hop_length: Samples between frames.
        n_mels: Number of mel filters, from 20 Hz to half the rate.

    Returns:
        Shape ``(frames, count)``.
    """
    bands = log_mel(y, rate=rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=20.0, fmax=rate / 2)
    return cepstrum(bands.T, count=count)


def deltas(x: npt.NDArray[np.floating], *, width: int = 2) -> npt.NDArray[np.floating]:
    """Slope of each column over time, by regression on ``width`` frames either side; the ends are repeated.

    The formula of the HTK book (Young et al. 2006, section 5.9); apply it twice for the second derivative.

    Args:
        x: Shape ``(frames, columns)``.
        width: Frames on either side.

    Returns:
        Change per frame, the shape of ``x``.

    >>> deltas(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]))[2]
    array([1.])
    """
    if len(x) == 0:
        return x.copy()
    padded = np.pad(x, ((width, width), (0, 0)), mode="edge")
    total = np.zeros_like(x)
    for step in range(1, width + 1):
        ahead, behind = width + step, width - step
        total += step * (padded[ahead : ahead + len(x)] - padded[behind : behind + len(x)])
    return total / (2 * sum(step**2 for step in range(1, width + 1)))


def rms(frames: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Root mean square of each frame, shape ``(frames,)``.

    >>> rms(np.array([[3.0, -3.0, 3.0, -3.0]]))
    array([3.])
    """
    return np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))


def zero_crossing_rate(frames: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Share of the steps of each frame at which the sign changes, in [0, 1], shape ``(frames,)``; 0 counts as minus.

    >>> zero_crossing_rate(np.array([[1.0, -1.0, 1.0, 1.0, 1.0]]))
    array([0.5])
    """
    return np.mean(np.diff(frames > 0, axis=1), axis=1)


def alpha_ratio(y: npt.NDArray[np.floating], *, rate: int) -> float:
    """Energy at 1-5 kHz against 50-1000 Hz, dB: higher in brighter, more pressed voices (Eyben et al. 2016, GeMAPS).

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second, at least 10 kHz.
    """
    low, middle, high = np.ceil(np.array([50, 1000, 5000]) * len(y) / rate).astype(np.intp)
    spectrum = np.fft.rfft(y)
    below, above = (float(np.sum(np.abs(part) ** 2)) for part in (spectrum[low:middle], spectrum[middle:high]))
    return float(10 * np.log10((above + 1e-12) / (below + 1e-12)))
