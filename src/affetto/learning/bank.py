"""Spectrograms of many sounds in one tensor, cut into batches where the network computes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.learning.device import send
from affetto.learning.examples import Spectrograms, join

__all__ = ["Bank"]


class Bank:
    """Log mel power of many sounds, end to end on one device.

    Args:
        parts: The sounds; those of the second set are numbered after those of the first, and so on.
        device: Where they are kept and cut.
    """

    def __init__(self, parts: Sequence[Spectrograms], device: torch.device) -> None:
        whole = join(parts)
        self._frames = torch.from_numpy(whole.frames).to(device)
        self._starts, self._lengths = whole.starts, whole.lengths
        self.device = device

    def __len__(self) -> int:
        return len(self._starts)

    def crops(self, rows: npt.NDArray[np.int64], length: int, rng: np.random.Generator) -> Tensor:
        """Mel power of a random stretch of ``length`` frames of each sound, ``(rows, mels, length)``.

        A shorter sound is repeated.
        """
        lengths = self._lengths[rows]
        slack = np.where(lengths >= length, lengths - length, lengths)
        first = (rng.random(len(rows)) * (slack + 1)).astype(np.int64)
        begin, long, start = send(np.stack([first, lengths, self._starts[rows]]), self.device)
        frames = (begin[:, None] + torch.arange(length, device=self.device)) % long[:, None] + start[:, None]
        return self._frames[frames].float().exp().transpose(1, 2)
