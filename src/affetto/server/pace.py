"""How fast a client sends."""

import time

from affetto.server.limits import Limits
from affetto.server.protocol import Refusal

__all__ = ["Pace"]

_BURST_SECONDS = 2.0


class Pace:
    """Counts what a client sends against the clock.

    Sound faster than real time is not refused: it waits its turn behind live clients (`ahead`) and the socket is read
    no faster than it is worked off. What is refused is a flood of tiny frames, each of which costs as much to take in
    as one of a reasonable size.

    Args:
        rate: Samples per second of the client.
        limits: What is allowed.
    """

    def __init__(self, rate: int, limits: Limits) -> None:
        self._rate, self._limits = rate, limits
        self._began = self._counted = time.monotonic()
        self._samples = 0
        self._tiny = 0.0

    def received(self, samples: int) -> None:
        """Counts a frame.

        Raises:
            Refusal: If the session is too long, or there are too many tiny frames.
        """
        limits, now = self._limits, time.monotonic()
        self._samples += samples
        if max(now - self._began, self._samples / self._rate) > limits.session_seconds:
            hours = limits.session_seconds / 3600
            raise Refusal("too_long", f"a session lasts at most {hours:g} h; start another one")
        if samples < limits.tiny_seconds * self._rate:
            allowed = limits.tiny_frames
            self._tiny = max(0.0, self._tiny - allowed * (now - self._counted)) + 1
            self._counted = now
            if self._tiny > _BURST_SECONDS * allowed:
                raise Refusal(
                    "rate_limited",
                    f"more than {allowed} frames a second of less than {1_000 * limits.tiny_seconds:g} ms; "
                    "send fewer and larger ones, best 100 ms",
                )

    def ahead(self, read: int) -> bool:
        """Whether a client of whose sound so many samples have been read runs ahead of real time."""
        return read / self._rate - (time.monotonic() - self._began) > self._limits.ahead_seconds
