"""What may be done to a recording before it is described: each step explicit, none silent.

Every function takes a mono signal of shape ``(n,)`` and gives a new one in float32; the one given is left as it was.
"""

import numpy as np
import numpy.typing as npt

from affetto.features.prosodic import loudness_db
from affetto.features.spectral import frame_signal

__all__ = [
    "integrated_loudness",
    "normalize_loudness",
    "pad",
    "pre_emphasis",
    "reduce_noise",
    "remove_dc",
    "resample",
    "trim",
]

Samples = npt.NDArray[np.float32]
Signal = npt.NDArray[np.floating]

_HOP_SECONDS, _FRAME_SECONDS = 0.010, 0.040
_BLOCK_SECONDS, _BLOCK_STEP = 0.4, 0.1
_OFFSET_LU, _ABSOLUTE_GATE, _RELATIVE_GATE = -0.691, -70.0, -10.0
_NOISE_FRAME, _NOISE_SHARE = 512, 0.1


def remove_dc(y: Signal) -> Samples:
    """The signal without its mean.

    >>> remove_dc(np.array([1.0, 2.0, 3.0]))
    array([-1.,  0.,  1.], dtype=float32)
    """
    exact = np.asarray(y, np.float64)
    return (exact - (exact.mean() if len(exact) else 0.0)).astype(np.float32)


def trim(y: Signal, *, rate: int, down_db: float = 40.0, margin: float = 0.0) -> Samples:
    """What lies between the first and the last frame that is loud enough.

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second.
        down_db: How far under the loudest 40 ms frame still counts, dB.
        margin: Seconds kept before and after.

    Returns:
        A part of the signal; all of it where nothing stands out, as in silence.

    Raises:
        ValueError: If ``down_db`` or ``margin`` is negative.
    """
    if down_db < 0 or margin < 0:
        raise ValueError(f"trimming at {down_db:g} dB with a margin of {margin:g} s: give numbers from 0 up")
    if not len(y):
        return np.zeros(0, np.float32)
    level = loudness_db(y, rate=rate)
    heard = np.flatnonzero(level >= level.max() - down_db)
    first = heard[0] * round(_HOP_SECONDS * rate) - round(margin * rate)
    last = heard[-1] * round(_HOP_SECONDS * rate) + round((_FRAME_SECONDS + margin) * rate)
    if heard[-1] == len(level) - 1:
        last = len(y)  # the samples after the last whole frame
    return np.array(y[max(0, first) : last], np.float32)


def pad(y: Signal, length: int, *, centred: bool = False) -> Samples:
    """The signal with zeros after it (or around it) up to a length; one as long already is given back whole.

    Args:
        y: Signal, shape ``(n,)``.
        length: Samples, at least.
        centred: Half of the zeros before.

    >>> pad(np.ones(2), 5, centred=True)
    array([0., 1., 1., 0., 0.], dtype=float32)
    """
    missing = max(0, length - len(y))
    before = missing // 2 if centred else 0
    return np.pad(np.asarray(y, np.float32), (before, missing - before))


def pre_emphasis(y: Signal, *, coefficient: float = 0.97) -> Samples:
    """Raises high frequencies: ``y[n] - coefficient * y[n - 1]``, the first sample as it is (Young et al. 2006, 5.2).

    Args:
        y: Signal, shape ``(n,)``.
        coefficient: In [0, 1].

    Raises:
        ValueError: If the coefficient is outside [0, 1].
    """
    if not 0 <= coefficient <= 1:
        raise ValueError(f"coefficient {coefficient:g}: give a number from 0 to 1")
    emphasized = np.array(y, np.float32)
    emphasized[1:] -= np.float32(coefficient) * np.asarray(y, np.float32)[:-1]
    return emphasized


def resample(y: Signal, *, rate: int, to: int) -> Samples:
    """The signal at another rate, band-limited (libsoxr, high quality).

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second that it has.
        to: Samples per second that it shall have.

    Raises:
        ValueError: If a rate is not positive.
    """
    if rate <= 0 or to <= 0:
        raise ValueError(f"from {rate} to {to} samples a second: give positive rates")
    if rate == to:
        return np.array(y, np.float32)
    import soxr

    return soxr.resample(np.asarray(y, np.float32), rate, to, quality="HQ")


def integrated_loudness(y: Signal, *, rate: int) -> float:
    """Loudness in LUFS of a mono signal, gated (ITU-R BS.1770-5): ``-inf`` where nothing passes the gate of -70 LUFS.

    A sound shorter than one block of 0.4 s counts as one block, so that short clips have a loudness, too.

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second.
    """
    from scipy.signal import sosfilt

    if not len(y):
        return float("-inf")
    weighted = np.asarray(sosfilt(_k_weighting(rate), np.asarray(y, np.float64)))
    length = min(round(_BLOCK_SECONDS * rate), len(weighted))
    blocks = frame_signal(weighted, frame_length=length, hop_length=max(1, round(_BLOCK_STEP * rate)))
    power = np.mean(np.square(blocks), axis=1)
    loudness = _OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-30))
    power = power[loudness > _ABSOLUTE_GATE]
    if not len(power):
        return float("-inf")
    gate = power.mean() * 10 ** (_RELATIVE_GATE / 10)
    return float(_OFFSET_LU + 10 * np.log10(power[power > gate].mean()))


def normalize_loudness(y: Signal, *, rate: int, to: float = -23.0) -> Samples:
    """The signal at a loudness (EBU R 128 names -23 LUFS); silence stays as it is. It may exceed full scale.

    Args:
        y: Signal, shape ``(n,)``.
        rate: Samples per second.
        to: LUFS, from -70 to 0.

    Raises:
        ValueError: If ``to`` is outside -70 to 0.
    """
    if not _ABSOLUTE_GATE <= to <= 0:
        raise ValueError(f"{to:g} LUFS: give a loudness from {_ABSOLUTE_GATE:g} to 0")
    exact = np.asarray(y, np.float64)
    loudness = integrated_loudness(exact, rate=rate)
    gain = 10 ** ((to - loudness) / 20) if np.isfinite(loudness) else 1.0
    return (gain * exact).astype(np.float32)


def reduce_noise(y: Signal, *, strength: float = 1.0, floor_db: float = -20.0) -> Samples:
    """Takes steady noise away, frequency by frequency: a Wiener gain over the noise of the quietest frames.

    After spectral subtraction (Boll 1979) with the gain and the spectral floor of Berouti et al. (1979): the noise is
    the mean power of the quietest tenth of the frames, the gain ``1 - strength * noise / power``, smoothed over three
    frames, not under the floor. Speech that never pauses loses its own quietest sounds: use it on noisy recordings.

    Args:
        y: Signal, shape ``(n,)``.
        strength: How much of the noise is taken, 0 for none; over 1 takes more than its mean.
        floor_db: Least gain, dB: what remains of the noise keeps it from chirping.

    Raises:
        ValueError: If the strength is negative or the floor above 0 dB.
    """
    if strength < 0 or floor_db > 0:
        raise ValueError(f"strength {strength:g} and floor {floor_db:g} dB: give a strength from 0 up, a floor to 0 dB")
    size, hop = _NOISE_FRAME, _NOISE_FRAME // 4
    sound = np.asarray(y, np.float64)
    whole = -(-(len(sound) + size) // hop) * hop
    framed = frame_signal(np.pad(sound, (size, whole + size - len(sound))), frame_length=size, hop_length=hop)
    window = np.hanning(size + 1)[:-1]
    spectrum = np.fft.rfft(framed * window, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    total = power.sum(axis=1)
    inside = np.arange(len(total)) * hop
    inside = np.flatnonzero((inside >= size) & (inside + size <= size + len(sound)) & (total > 0))
    if not len(inside):
        return np.array(y, np.float32)
    quiet = inside[np.argsort(total[inside])[: max(1, round(_NOISE_SHARE * len(inside)))]]
    noise = power[quiet].mean(axis=0)
    gain = 1 - strength * noise / np.maximum(power, 1e-30)
    gain = np.maximum(gain, 10 ** (floor_db / 20))
    padded = np.pad(gain, ((1, 1), (0, 0)), mode="edge")
    gain = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    pieces = np.fft.irfft(spectrum * gain, axis=1) * window
    joined = np.zeros((len(pieces) - 1) * hop + size)
    for part in range(size // hop):  # every fourth frame touches its neighbour: four sums instead of one a frame
        block = pieces[part :: size // hop]
        joined[part * hop : part * hop + block.size] += block.ravel()
    return (joined[size : size + len(sound)] / 1.5).astype(np.float32)  # the squared windows sum to 3 / 2


def _k_weighting(rate: int) -> npt.NDArray[np.float64]:
    """The two filters of BS.1770 for any rate: the standard gives them for 48 kHz; the poles and zeros behind them."""
    shelf = _biquad(rate, hz=1681.974450955533, quality=0.7071752369554196, gain_db=3.999843853973347)
    high = _biquad(rate, hz=38.13547087602444, quality=0.5003270373238773, gain_db=None)
    return np.stack([shelf, high])


def _biquad(rate: int, *, hz: float, quality: float, gain_db: float | None) -> npt.NDArray[np.float64]:
    k = np.tan(np.pi * hz / rate)
    a0 = 1 + k / quality + k * k
    feedback = [1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]
    if gain_db is None:
        return np.array([1.0, -2.0, 1.0, *feedback])
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    forward = [
        (high + band * k / quality + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / quality + k * k) / a0,
    ]
    return np.array([*forward, *feedback])
