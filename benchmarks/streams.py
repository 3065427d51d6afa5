"""How many live streams one server carries, and how far its readings lag behind the voice.

    python -m benchmarks.streams [--streams 1 10 25 50 75 100 150 200] [--seconds 20] [--json]

A server in a process of its own, on two cores where the system lets it be held there, and clients in this process, all
over the loopback. Each client sends the same voices in real time, in frames of 100 ms, and starts at another moment.
The lag of an event is the time from when the sample that lets it be known was due to be spoken until the event has
arrived. Which sample that is, a recognizer tells that hears the same sound beforehand, one frame at a time; so neither
the wait for the end of an utterance counts nor does a client that is held back hide anything.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from affetto.api import recognizer
from affetto.voice.audio import RATE, Samples
from affetto.voice.speech import FRAME
from affetto.voice.stream import LiveRecognizer
from benchmarks.figures import Row, machine, row, table
from benchmarks.reading import bundled_voices

LEVELS = (1, 10, 25, 50, 75, 100, 150, 200)
STREAMS = 50
LAG_LIMIT = 500.0
CORES = 2

_SEND = RATE // 10
_PAUSE_SECONDS = 1.0
_STAGGER_SECONDS = 2.0
_PATIENCE_SECONDS = 15.0
_SERVER = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])
from affetto.server import Limits, bind, create_app, run
listener = bind("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
run(create_app(limits=Limits(sessions=10_000, workers=int(sys.argv[1]))), listener)
"""


@dataclass(slots=True)
class Level:
    """What was measured with a number of streams at once.

    Attributes:
        streams: How many.
        lags: Milliseconds of every reading.
        lost: Events that never came, and gaps in the numbering.
        cores: Processor time of the server over the time of the clock.
    """

    streams: int
    lags: list[float] = field(default_factory=list[float])
    lost: int = 0
    cores: float = 0.0

    @property
    def p95(self) -> float:
        """The lag that 95 % of the readings keep; infinite when none came."""
        return float(np.percentile(self.lags, 95)) if self.lags else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the bound is kept and nothing is lost."""
        return self.p95 <= LAG_LIMIT and not self.lost


def voices(seconds: float) -> Samples:
    """The bundled voices in turn, with pauses, three quarters speech."""
    pause = np.zeros(round(_PAUSE_SECONDS * RATE), np.float32)
    return np.resize(
        np.concatenate([part for voice in bundled_voices() for part in (voice, pause)]), round(seconds * RATE)
    )


def due(sound: Samples) -> tuple[list[float], list[bool]]:
    """For each event in order: the second of sound that lets it be known, and whether it is a reading."""
    live, places, readings = LiveRecognizer(recognizer()), list[float](), list[bool]()
    for place in range(0, len(sound), FRAME):
        for event in live.push(sound[place : place + FRAME]):
            places.append(min(place + FRAME, len(sound)) / RATE)
            readings.append(event.type == "reading")
    for event in live.close():
        places.append(len(sound) / RATE)
        readings.append(event.type == "reading")
    return places, readings


@contextmanager
def server(cores: int = CORES) -> Generator[tuple[str, int]]:
    """A server in a process of its own: its address and its process id."""
    with subprocess.Popen([sys.executable, "-c", _SERVER, str(cores)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}/v1/listen", process.pid
        finally:
            process.terminate()


def _processor_seconds(process: int) -> float:
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _stream(
    url: str, frames: Sequence[bytes], begin: float, expected: tuple[list[float], list[bool]], to: Level
) -> None:
    places, readings = expected
    came = 0
    try:
        async with connect(url, compression=None, max_queue=None, ping_interval=None, open_timeout=30) as socket:
            await socket.send('{"type":"session.start","format":"s16le"}')
            await socket.recv()

            async def speak() -> None:
                for number, frame in enumerate(frames, 1):
                    await asyncio.sleep(begin + number * _SEND / RATE - time.perf_counter())
                    await socket.send(frame)
                await socket.send('{"type":"session.end"}')

            speaking = asyncio.create_task(speak())
            try:
                async with asyncio.timeout_at(None) as patience:
                    end = begin + len(frames) * _SEND / RATE + _PATIENCE_SECONDS
                    patience.reschedule(asyncio.get_running_loop().time() + end - time.perf_counter())
                    async for text in socket:
                        now, event = time.perf_counter(), json.loads(text)
                        if event["type"] == "session.ended":
                            break
                        if event["sequence"] != came:
                            to.lost += 1
                        if readings[came]:
                            to.lags.append(1e3 * (now - begin - places[came]))
                        came += 1
            finally:
                speaking.cancel()
    except (TimeoutError, OSError, WebSocketException):
        pass  # what did not come is counted as lost
    to.lost += len(places) - came


async def _level(
    url: str, process: int, streams: int, sound: Samples, expected: tuple[list[float], list[bool]]
) -> Level:
    data = (sound * 32767).astype("<i2").tobytes()
    frames = [data[place : place + 2 * _SEND] for place in range(0, len(data), 2 * _SEND)]
    level = Level(streams)
    before, began = _processor_seconds(process), time.perf_counter()
    begin = began + 0.5 + 0.01 * streams  # time to connect
    spread = np.random.default_rng(streams).uniform(0, _STAGGER_SECONDS, streams)
    async with asyncio.TaskGroup() as group:
        for offset in spread:
            group.create_task(_stream(url, frames, begin + float(offset), expected, level))
    level.cores = (_processor_seconds(process) - before) / (time.perf_counter() - began)
    return level


def climb(levels: Sequence[int] = LEVELS, *, seconds: float = 20.0) -> list[Level]:
    """Measures each number of streams for some seconds, after a warm-up."""
    sound = voices(seconds)
    expected = due((sound * 32767).astype("<i2").astype(np.float32) / 32768)
    short = voices(2.0)
    with server() as (url, process):
        asyncio.run(_level(url, process, 2, short, due(short)))
        return [asyncio.run(_level(url, process, streams, sound, expected)) for streams in levels]


def rows(levels: Sequence[Level]) -> list[Row]:
    """The levels as figures: the lag of each, the bound at 50 streams, and the most that hold it."""
    found: list[Row] = []
    for level in levels:
        limit = LAG_LIMIT if level.streams == STREAMS else None
        name = f"{level.streams} live streams"
        found += [
            row(f"{name}: lag of a reading", level.lags or [float("inf")], "ms", None),
            row(f"{name}: lag that 95 % keep", [level.p95], "ms", limit),
            row(f"{name}: events lost", [level.lost], "", 0 if limit else None),
            row(f"{name}: processor time of the server", [100 * level.cores], "% of a core", None),
        ]
    return found


def measure(*, levels: Sequence[int] = (1, STREAMS), seconds: float = 20.0) -> list[Row]:
    """Rows of the lag of readings with one stream and with fifty."""
    return rows(climb(levels, seconds=seconds))


def main() -> int:
    """Measures all levels and prints them."""
    parser = argparse.ArgumentParser(description="Measure how readings lag as live streams grow in number.")
    parser.add_argument("--streams", type=int, nargs="+", default=list(LEVELS))
    parser.add_argument("--seconds", type=float, default=20.0, help="of sound a level")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    levels = climb(options.streams, seconds=options.seconds)
    figures, facts = rows(levels), machine()
    most = max((level.streams for level in levels if level.holds), default=0)
    if options.json:
        print(json.dumps({"machine": facts, "figures": figures, "most": most}))
    else:
        Console().print(table(figures, facts))
        print(f"\nThe most streams that held {LAG_LIMIT:g} ms with nothing lost: {most}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
