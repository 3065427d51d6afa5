"""Live sound of any rate and any number of channels, as it comes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError
from affetto.voice.audio import RATE, Samples, to_mono16k

__all__ = ["Intake"]

_LOUDEST = 1e6  # as for files: what is beyond is a broken number, like NaN


class Intake:
    """Blocks of a live source as mono float32 at 16 kHz, resampled as one stream.

    Args:
        rate: Samples per second of the source.
        channels: Channels of the source.

    Raises:
        AudioError: If the rate or the number of channels is impossible.
    """

    def __init__(self, rate: int, channels: int) -> None:
        to_mono16k(np.zeros((1, max(0, channels))), rate)  # refuses an impossible rate or number of channels
        self._rate, self._channels, self._heard = rate, channels, 0
        self._stream: Any = None
        if rate != RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")

    def __call__(self, samples: npt.ArrayLike) -> tuple[Samples, float | None]:
        """Takes a block in.

        Args:
            samples: ``(n,)`` or ``(n, channels)``, floats in [-1, 1] or integers; what is not finite becomes silence.

        Returns:
            The samples converted, and the second at which the first one is not finite, or None.

        Raises:
            AudioError: If they cannot be sound or have another number of channels.
        """
        array = np.asarray(samples)
        broken: float | None = None
        if array.ndim and (array.shape[1] if array.ndim == 2 else 1) != self._channels:
            raise AudioError(f"samples of shape {array.shape} where {self._channels} channels were announced")
        if array.dtype.kind == "f":
            good = np.abs(array) < _LOUDEST
            if not good.all():
                broken = (self._heard + int(np.argmin(good)) // self._channels) / self._rate
                array = np.where(good, array, 0)
        mono = to_mono16k(array, RATE)
        self._heard += len(mono)
        return (mono if self._stream is None else self._stream.resample_chunk(mono)), broken

    def end(self) -> Samples:
        """What the resampler still holds."""
        nothing = np.zeros(0, np.float32)
        return nothing if self._stream is None else self._stream.resample_chunk(nothing, last=True)
