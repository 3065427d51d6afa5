"""The single periods of a voice, and how unsteady they are: jitter and shimmer."""

import numpy as np
import numpy.typing as npt

from affetto.features.prosodic import PitchTrack

__all__ = ["find_periods", "jitter", "shimmer_db"]

Floats = npt.NDArray[np.float64]

_HOP_SECONDS, _CENTRE_SECONDS = 0.010, 0.020  # of the frames of a pitch track
_SHORTER, _LONGER = 0.8, 1.25  # how far the next period may differ
_SIMILAR = 0.3
_PERIOD_FACTOR, _AMPLITUDE_FACTOR = 1.3, 1.6  # neighbours that differ by more are no neighbours


def find_periods(y: npt.NDArray[np.floating], pitch: PitchTrack, *, rate: int) -> list[Floats]:
    """Times of the glottal pulses of each voiced stretch, one a period, by waveform matching (Boersma 2009).

    From the largest swing in the middle of a stretch, left and right: the next pulse lies where the sound of one period
    correlates best with the last one's, 0.8 to 1.25 periods away.

    Args:
        y: Signal, shape ``(n,)``.
        pitch: Its pitch track.
        rate: Samples per second.

    Returns:
        For each stretch with three pulses or more, their times in samples, rising.
    """
    flags = np.concatenate([[False], pitch.voiced, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(flags))
    sound = np.asarray(y, np.float64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound))])
    found: list[Floats] = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        walker = _Walker(sound, energy, pitch.f0[first:end], int(first), rate)
        times = walker.pulses()
        if len(times) >= 3:
            found.append(times)
    return found


def jitter(periods: list[Floats]) -> float:
    """Mean difference of neighbouring periods, relative to the mean period: Praat's "jitter (local)"; 0 without any.

    Args:
        periods: Times of pulses, from :func:`find_periods`.
    """
    lengths = [np.diff(times) for times in periods]
    every = np.concatenate(lengths) if lengths else np.zeros(0)
    if not len(every):
        return 0.0
    pairs = np.concatenate([np.stack([part[:-1], part[1:]]) for part in lengths], axis=1)
    pairs = pairs[:, pairs.max(axis=0) < _PERIOD_FACTOR * pairs.min(axis=0)]
    return float(np.abs(pairs[0] - pairs[1]).mean() / every.mean()) if pairs.shape[1] else 0.0


def shimmer_db(y: npt.NDArray[np.floating], periods: list[Floats]) -> float:
    """Mean level difference of neighbouring periods, dB: Praat's "shimmer (local, dB)"; 0 without any.

    The amplitude of a period is the root mean square of the sound half a period either side of its pulse.

    Args:
        y: The signal that the periods are of, shape ``(n,)``.
        periods: Times of pulses, from :func:`find_periods`.
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(np.asarray(y, np.float64)))])
    steps: list[Floats] = []
    for times in periods:
        half = np.diff(times) / 2
        before, after = np.concatenate([half[:1], half]), np.concatenate([half, half[-1:]])
        low, high = np.maximum(times - before, 0), np.minimum(times + after, len(y))
        power = (_between_samples(energy, high) - _between_samples(energy, low)) / np.maximum(high - low, 1)
        decibel = 10 * np.log10(np.maximum(power, 1e-20))
        near = np.maximum(half[1:], half[:-1]) < _PERIOD_FACTOR * np.minimum(half[1:], half[:-1])
        change = np.abs(np.diff(decibel))
        kept = np.concatenate([near[:1], near]) & (change < 20 * np.log10(_AMPLITUDE_FACTOR))
        steps.append(change[kept])
    every = np.concatenate(steps) if steps else np.zeros(0)
    return float(every.mean()) if len(every) else 0.0


def _between_samples(energy: Floats, places: Floats) -> Floats:
    whole = np.minimum(places.astype(int), len(energy) - 2)
    return energy[whole] + (places - whole) * (energy[whole + 1] - energy[whole])


class _Walker:
    """Walks along one voiced stretch from pulse to pulse."""

    def __init__(self, sound: Floats, energy: Floats, f0: Floats, first: int, rate: int) -> None:
        self._sound, self._energy, self._f0, self._rate = sound, energy, f0, rate
        self._start = first * _HOP_SECONDS + _CENTRE_SECONDS
        low = self._start - _HOP_SECONDS / 2
        self._low, self._high = low * rate, (low + len(f0) * _HOP_SECONDS) * rate

    def pulses(self) -> Floats:
        middle = 0.5 * (self._low + self._high)
        half = 0.5 * self._period(middle)
        begin = max(0, round(middle - half))
        around = np.abs(self._sound[begin : round(middle + half) + 1])
        if not len(around):
            return np.zeros(0)
        seed = begin + float(around.argmax())
        return np.array([*reversed(self._walk(seed, -1)), seed, *self._walk(seed, 1)])

    def _period(self, at: float) -> float:
        frame = round((at / self._rate - self._start) / _HOP_SECONDS)
        return self._rate / float(self._f0[min(max(frame, 0), len(self._f0) - 1)])

    def _walk(self, at: float, direction: int) -> list[float]:
        times: list[float] = []
        while True:
            step = self._next(at, direction)
            if step is None or not self._low <= at + step <= self._high:
                return times
            at += step
            times.append(at)

    def _next(self, at: float, direction: int) -> float | None:
        """Signed distance to the neighbouring pulse, or None where the sound does not go on alike."""
        period = self._period(at)
        width = max(4, round(period))
        begin = round(at) - width // 2
        lags = direction * np.arange(int(_SHORTER * period), int(np.ceil(_LONGER * period)) + 1)
        first = begin + int(lags.min())
        if min(begin, first) < 0 or max(begin, begin + int(lags.max())) + width > len(self._sound):
            return None
        here = self._sound[begin : begin + width]
        there = self._sound[first : first + len(lags) - 1 + width]
        product = np.correlate(there, here, mode="valid")  # by rising lag
        places = np.arange(first, first + len(lags))
        energy = self._energy[places + width] - self._energy[places]
        alike = product / np.sqrt(np.maximum(energy * (here @ here), 1e-30))
        best = int(alike.argmax())
        if alike[best] < _SIMILAR:
            return None
        shift = 0.0
        if 0 < best < len(alike) - 1:
            left, centre, right = alike[best - 1 : best + 2]
            bend = left - 2 * centre + right
            shift = 0.5 * float((left - right) / bend) if bend < 0 else 0.0
        # The template lies on whole samples: the pulse keeps the fraction that its place had.
        return float(places[best] - begin) + shift
