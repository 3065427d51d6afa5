"""Live recognition: the work of each hop, how soon readings come, how still labels keep, and an hour of streaming."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from affetto.api import recognizer
from affetto.voice.audio import RATE, Samples
from affetto.voice.stream import Event, LiveRecognizer
from benchmarks.figures import Row, row
from benchmarks.reading import bundled_voices

HOP_LIMIT, HOP_P95_LIMIT = 10.0, 20.0
FIRST_LIMIT, FINAL_LIMIT = 1.5, 300.0
GROWTH_LIMIT, DRIFT_LIMIT = 5.0, 32.0  # drift: one frame of speech detection, the grain of event times

_HOP = RATE // 2
_BLOCK = RATE // 20
_PAUSE = 1.5


@dataclass
class _Session:
    """What a session showed: times of each hop and of each final in ms, and what was heard when (audio seconds)."""

    hops: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    heard: list[tuple[float, Event]] = field(default_factory=list)


def _conversation(*, seconds: float) -> tuple[Samples, list[float]]:
    """The bundled voices with pauses between them, and where (in seconds) each starts to sound."""
    pause = np.zeros(round(_PAUSE * RATE), np.float32)
    parts: list[Samples] = []
    onsets: list[float] = []
    length = 0
    voices = bundled_voices()
    while length < seconds * RATE:
        voice = voices[len(onsets) % len(voices)]
        sounding = int(np.argmax(np.abs(voice) > 0.02))
        onsets.append((length + len(pause) + sounding) / RATE)
        parts += [pause, voice]
        length += len(pause) + len(voice)
    return np.concatenate([*parts, pause]), onsets


def _stream(sound: Samples) -> _Session:
    """Streams in blocks of 50 ms, timing the blocks of each hop of 0.5 s together and those with a final alone."""
    live, session = LiveRecognizer(recognizer()), _Session()
    for first in range(0, len(sound), _HOP):
        spent = 0.0
        for place in range(first, min(first + _HOP, len(sound)), _BLOCK):
            began = time.perf_counter()
            events = live.push(sound[place : place + _BLOCK])
            took = 1e3 * (time.perf_counter() - began)
            session.heard += [(live.seconds, event) for event in events]
            if any(event.final for event in events):
                session.finals.append(took)
            spent += took
        session.hops.append(spent)
    session.heard += [(live.seconds, event) for event in live.close()]
    return session


def _first_partials(session: _Session, onsets: list[float]) -> list[float]:
    """Seconds of sound from where a voice starts to its first partial reading."""
    partials = [at for at, event in session.heard if event.type == "reading" and not event.final]
    return [min(at for at in partials if at > onset) - onset for onset in onsets]


def _most_changes(voice: Samples) -> float:
    """The most label changes within any 2 s of a voice repeated without a pause: steady speech."""
    heard = [event for _, event in _stream(np.concatenate([voice] * 10)).heard]
    partials = [event for event in heard if event.type == "reading" and not event.final and event.label]
    places = [b.audio_end_ms for a, b in pairwise(partials) if a.label != b.label]
    return float(max((sum(at <= other < at + 2_000 for other in places) for at in places), default=0))


def _hour(minutes: int) -> tuple[float, float]:
    """Growth of memory in percent from the second tenth of the time to the last, and the largest drift in ms.

    The conversation is the same each minute, and a minute is a whole number of frames of the speech detection, so that
    the events of each minute must fall at the same places of it.
    """
    minute = np.resize(_conversation(seconds=50)[0], 60 * RATE)
    minute[-2 * RATE :] = 0
    live = LiveRecognizer(recognizer(), rate=RATE)
    memory: list[float] = []
    first: list[list[float]] = []
    for number in range(minutes):
        ends: list[float] = []
        for block in _blocks(minute):
            ends += [e.audio_end_ms for e in live.push(block) if e.type == "utterance.end"]
        first.append([end - 60_000 * number for end in ends])
        gc.collect()
        memory.append(_resident())
    edge = max(1, minutes // 10)
    growth = 100 * (np.mean(memory[-edge:]) / np.mean(memory[edge : 2 * edge]) - 1)
    drift = max(abs(a - b) for ends in first[1:] for a, b in zip(ends, first[1], strict=True))
    return float(max(0.0, growth)), float(drift)


def _blocks(sound: Samples) -> Iterator[Samples]:
    for first in range(0, len(sound), _BLOCK):
        yield sound[first : first + _BLOCK]


def _resident() -> float:
    """Resident memory of this process in MB."""
    status = Path("/proc/self/status")
    if not status.is_file():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def measure(*, seconds: float = 180.0, minutes: int = 60) -> list[Row]:
    """Rows of the work per hop, the delays, the label's steadiness, and an hour's memory and drift."""
    sound, onsets = _conversation(seconds=seconds)
    _stream(sound[: 20 * RATE])  # warm
    session = _stream(sound)
    p95 = float(np.percentile(session.hops, 95))
    growth, drift = _hour(minutes)
    return [
        row("live: work of a 0.5 s hop, one thread", session.hops, "ms", HOP_LIMIT),
        row("live: the same, 95th percentile", [p95], "ms", HOP_P95_LIMIT),
        row("live: first reading after the voice starts", _first_partials(session, onsets), "s", FIRST_LIMIT),
        row("live: final reading after the end is detected", session.finals, "ms", FINAL_LIMIT),
        row("live: most label changes in 2 s of steady speech", [*map(_most_changes, bundled_voices())], "", 1.0),
        row(f"live: growth of memory in {minutes} minutes", [growth], "%", GROWTH_LIMIT),
        row(f"live: drift of event times in {minutes} minutes", [drift], "ms", DRIFT_LIMIT),
    ]
