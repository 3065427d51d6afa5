"""Speed without a clock to trust: how long work takes beside a yardstick of the same run.

Bounds in seconds are `make bench`'s, on idle cores; the machines that run tests are busy, and each is another.
"""

import time
from collections.abc import Callable


def fastest(work: Callable[[], object], *, rounds: int = 5) -> float:
    """Seconds of processor time, the least of some rounds."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
