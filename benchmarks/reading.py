"""How long a reading takes once the recognizer is loaded, and how much memory that needs."""

import subprocess
import sys
import time
from importlib import resources

import numpy as np

from affetto.api import recognizer
from affetto.voice.audio import RATE, Samples, read_audio
from benchmarks.figures import Row, row

SECONDS = 3.0
SPEED_LIMIT = 20.0
MEMORY_LIMIT = 250.0

_WARM_UP = 5
# The peak of the process's own resident memory. On Linux from the kernel's account of this program image alone:
# ru_maxrss would include what the parent had when it forked.
_MEMORY = """
import sys
import affetto
assert not affetto.hear(sys.argv[1]).abstained
try:
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
print(peak)
"""


def bundled_voices() -> list[Samples]:
    """The synthesized voices of the package, each cut or repeated to 3 s of sound."""
    length = int(SECONDS * RATE)
    files = sorted(file.name for file in resources.files("affetto.samples").iterdir() if file.name.endswith(".flac"))
    voices: list[Samples] = []
    for name in files:
        with resources.as_file(resources.files("affetto.samples").joinpath(name)) as path:
            samples = read_audio(path)
        voices.append(np.resize(samples, length))
    return voices


def measure(*, repeats: int = 100, processes: int = 5) -> list[Row]:
    """Rows of the time of one reading (speech detection, network and cues) and of peak memory."""
    hearer = recognizer()
    voices = bundled_voices()
    for number in range(_WARM_UP):
        hearer.read(voices[number % len(voices)])
    times: list[float] = []
    for number in range(repeats):
        voice = voices[number % len(voices)]
        began = time.perf_counter()
        reading = hearer.read(voice)
        times.append(1e3 * (time.perf_counter() - began))
        assert reading.seconds > 1.0, reading
    return [
        row(f"read a {SECONDS:g} s clip, one thread, after load", times, "ms", SPEED_LIMIT),
        row("peak memory of a process that loads and reads", _memory(processes), "MB", MEMORY_LIMIT),
    ]


def _memory(processes: int) -> list[float]:
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as path:
        command = [sys.executable, "-c", _MEMORY, str(path)]
        return [
            float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(processes)
        ]
