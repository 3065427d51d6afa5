"""Sound that waits to be read."""

import asyncio
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Inbox"]


class Inbox:
    """A bounded queue of blocks of samples, joined when taken.

    Joining is what keeps many streams cheap: while a session waits for a thread its frames gather, and one push reads
    them all.

    Args:
        limit: Samples (per channel) above which ``put`` waits.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._blocks: deque[npt.NDArray[Any]] = deque()
        self._pending = 0
        self._ended = False
        self._filled, self._drained = asyncio.Event(), asyncio.Event()
        self._drained.set()

    @property
    def pending(self) -> int:
        """Samples that wait."""
        return self._pending

    async def put(self, block: npt.NDArray[Any]) -> None:
        """Adds a block, once there is room."""
        await self._drained.wait()
        self._blocks.append(block)
        self._pending += len(block)
        self._filled.set()
        if self._pending >= self._limit:
            self._drained.clear()

    def end(self) -> None:
        """Says that nothing follows."""
        self._ended = True
        self._filled.set()

    async def take(self, most: int) -> npt.NDArray[Any] | None:
        """The next samples, at least one and about ``most``; None at the end."""
        await self._filled.wait()
        taken: list[npt.NDArray[Any]] = []
        count = 0
        while self._blocks and (not taken or count + len(self._blocks[0]) <= most):
            block = self._blocks.popleft()
            if len(block) > most:
                self._blocks.appendleft(block[most:])
                block = block[:most]
            taken.append(block)
            count += len(block)
        self._pending -= count
        if not self._blocks and not self._ended:
            self._filled.clear()
        if self._pending < self._limit:
            self._drained.set()
        if not taken:
            return None
        return taken[0] if len(taken) == 1 else np.concatenate(taken)
