"""One recognizer, and the threads that run it beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import ParamSpec, TypeVar

import numpy as np

from affetto.server.limits import Limits
from affetto.voice.audio import RATE
from affetto.voice.recognizer import Recognizer
from affetto.voice.stream import LiveRecognizer

__all__ = ["Engine"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Engine:
    """Runs the recognizer in two bounded pools: one for live sound, one for what can wait.

    onnxruntime and numpy let go of the interpreter while they compute, so threads use the cores, and the event loop
    goes on. Each session has at most one job in a pool at a time, and a pool serves its jobs in the order they came:
    every client gets its turn.

    Args:
        recognizer: The recognizer to share; None for the one of the settings, loaded when first used.
        limits: How many threads.
    """

    def __init__(self, recognizer: Recognizer | None, limits: Limits) -> None:
        self._given = recognizer
        self._live = ThreadPoolExecutor(limits.threads, thread_name_prefix="affetto-live")
        self._bulk = ThreadPoolExecutor(max(1, limits.threads // 2), thread_name_prefix="affetto-bulk")
        self.stopping = threading.Event()

    @cached_property
    def recognizer(self) -> Recognizer:
        """The recognizer that all share.

        Raises:
            ModelError: If the model cannot be used.
        """
        from affetto.api import recognizer

        return self._given or recognizer()

    def warm(self) -> None:
        """Loads both networks and runs them once, so that the first client does not wait for it.

        Raises:
            ModelError: If the model cannot be used.
        """
        LiveRecognizer(self.recognizer).push(np.zeros(RATE // 4, np.float32))
        self.recognizer.probabilities(np.zeros(RATE, np.float32))

    async def live(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What the work returns, done by a thread for live sound."""
        return await asyncio.get_running_loop().run_in_executor(self._live, partial(work, *args, **kwargs))

    async def bulk(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What the work returns, done by a thread for what can wait."""
        return await asyncio.get_running_loop().run_in_executor(self._bulk, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Lets the threads go; long work sees ``stopping`` and gives up."""
        self.stopping.set()
        for pool in (self._live, self._bulk):
            pool.shutdown(wait=False, cancel_futures=True)
