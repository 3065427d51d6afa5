"""What goes wrong with clients and servers, and that nothing stays behind."""

import asyncio
import contextlib
import gc
import itertools
import json
import logging
import socket as sockets
import struct
import threading
import tracemalloc

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from affetto.server import Limits
from affetto.server.engine import Engine
from affetto.server.hub import Hub
from affetto.server.session import Gone, Session
from tests.server.conftest import PATIENCE, cut, eventually, f32, rest, s16, talk

END = '{"type": "session.end"}'


def settled(running):
    """Nothing is left of any client."""
    eventually(lambda: running.connections == 0, "connections to close")
    eventually(lambda: len(running.hub) == 0, "sessions to end")


@pytest.fixture
def alone(serve):
    """A server of its own, and how many tasks it has at rest."""
    running = serve(workers=2)
    with talk(running) as socket:
        socket.send(END)
        rest(socket)
    settled(running)
    running.rest()  # it still warms up for a while
    return running, running.tasks


def vanish(socket):
    """Goes away as a process does that is killed: without a word."""
    raw = socket.socket
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    raw.shutdown(sockets.SHUT_RDWR)


def test_a_client_that_vanishes_in_mid_frame_leaves_nothing(alone, short, caplog):
    running, tasks = alone
    with talk(running, format="f32le") as socket:
        socket.send(f32(short[:32_000]))
        # The head of a masked binary frame of 1,000 bytes, and half of what it promises.
        socket.socket.sendall(bytes([0x82, 0xFE]) + struct.pack(">H", 1_000) + bytes(4) + bytes(500))
        vanish(socket)
    settled(running)
    eventually(lambda: running.tasks == tasks, "tasks to end")
    assert caplog.text == ""


def test_ten_sessions_opened_and_abandoned_leave_nothing(alone, short):
    running, tasks = alone
    threads = threading.active_count()
    for number in range(10):
        with connect(running.ws) as socket:
            if number % 3:
                socket.send('{"type": "session.start"}')
            if number % 3 == 2:
                socket.send(s16(short[:20_000]))
            vanish(socket)
    settled(running)
    eventually(lambda: running.tasks == tasks, "tasks to end")
    assert threading.active_count() <= threads + 2  # the two workers


def test_frames_of_odd_length_are_put_together(server, short):
    found = []
    for size in (6_400, 641, 1):
        with talk(server) as socket:
            for frame in cut(s16(short[:20_000]) if size > 1 else s16(short[:300]), size):
                socket.send(frame)
            socket.send(END)
            found.append(rest(socket))
    assert found[0] == found[1]
    assert found[2][0][-1]["audio_ms"] == 19


def test_half_a_sample_at_the_end_is_left_out(server):
    with talk(server, format="f32le", channels=2) as socket:
        socket.send(bytes(8 * 16 + 7))
        socket.send(END)
        (ended,), code = rest(socket)
    assert (ended["audio_ms"], code) == (1, 1000)


def test_a_long_silence_is_heard_and_costs_no_memory(server):
    """Five minutes, sent as fast as they are taken."""
    minute = bytes(2 * 8_000 * 60)
    tracemalloc.start()
    try:
        with talk(server, rate=8_000) as socket:
            socket.send(minute)
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(4):
                socket.send(minute)
            socket.send(END)
            messages, code = rest(socket)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert messages == [{"schema": 1, "type": "session.ended", "audio_ms": 300_000, "events": 0}]
    assert code == 1000
    assert after - before < 4e6


def test_clipped_speech_is_heard(server, short):
    with talk(server) as socket:
        for frame in cut(s16(np.clip(short * 50, -1, 1)), 6_400):
            socket.send(frame)
        socket.send(END)
        messages, code = rest(socket)
    assert any(m["type"] == "reading" and m["final"] for m in messages)
    assert code == 1000


def test_samples_that_are_not_numbers_are_reported_once_and_taken_as_silence(server, short):
    broken = short.copy()
    broken[20_000:20_050] = np.nan
    broken[40_000] = np.inf
    with talk(server, format="f32le") as socket:
        for frame in cut(f32(broken), 6_400):
            socket.send(frame)
        socket.send(END)
        messages, code = rest(socket)
    (warning,) = [m for m in messages if m["type"] == "error"]
    assert (warning["code"], warning["fatal"], warning["audio_start_ms"]) == ("bad_samples", False, 1250)
    assert [m["type"] for m in messages].count("utterance.end") == 2
    assert code == 1000


def test_sound_in_another_format_than_announced_does_no_harm(server, short):
    """Floats announced as integers are noise, integers announced as floats are broken numbers."""
    for announced, data in (("s16le", f32(short)), ("f32le", s16(short))):
        with talk(server, format=announced) as socket:
            for frame in cut(data, 6_400):
                socket.send(frame)
            socket.send(END)
            messages, code = rest(socket)
        assert (messages[-1]["type"], code) == ("session.ended", 1000)


def test_a_client_that_reads_nothing_is_dropped_and_its_connection_too(serve, short, caplog):
    caplog.set_level(logging.INFO, "affetto.server.session")
    running = serve(send_seconds=0.3, pending_events=4, send_buffer=4_096)
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2_048)
    raw.connect(("127.0.0.1", running.port))
    started, dropped = threading.Event(), threading.Event()

    def speak():
        with (
            contextlib.suppress(ConnectionClosed, OSError),
            connect(running.ws, sock=raw, compression=None, max_queue=1, close_timeout=0.1) as socket,
        ):
            socket.send(json.dumps({"type": "session.start", "format": "f32le", "interval": 0.2}))
            started.set()
            for frame in itertools.cycle(cut(f32(short), 64_000)):
                socket.send(frame)
        dropped.set()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    assert started.wait(PATIENCE)
    eventually(lambda: len(running.hub) == 1, "the session to start")
    settled(running)
    assert "too_slow" in caplog.text
    raw.close()
    speaker.join(PATIENCE)
    assert dropped.is_set()


class Deaf:
    """A connection whose client sends sound and reads nothing."""

    def __init__(self, sound):
        self.sound = iter(sound)
        self.taken = 0

    async def receive(self):
        if not self.taken:
            self.taken = 1
            return '{"type": "session.start", "format": "f32le", "interval": 0.2}'
        self.taken += 1
        await asyncio.sleep(0)
        return next(self.sound)

    async def send(self, _):
        if self.taken > 1:
            await asyncio.Event().wait()

    async def close(self, _):
        raise AssertionError("a message lies unread: there is no way to say goodbye")


def test_what_a_deaf_client_sends_is_left_on_the_socket(short):
    """Each queue fills to its bound, and then the reader takes nothing more."""
    limits = Limits(send_seconds=1.0, pending_events=2, pending_seconds=1.0)
    frame = f32(np.tile(short, 4)[:1_600])
    deaf = Deaf(frame for _ in range(10_000))

    async def main():
        session = Session(deaf, Engine(None, limits), limits)
        await session.run()

    loud = list(cut(f32(np.tile(short, 40)), 6_400))
    deaf.sound = iter(loud)
    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert deaf.taken < len(loud) / 4


def test_a_stopping_server_gives_the_final_reading_and_says_goodbye(serve, short):
    running = serve()
    with talk(running, format="f32le") as socket, connect(running.ws) as silent:
        socket.send(f32(short[:40_000]))
        assert json.loads(socket.recv(PATIENCE))["type"] == "utterance.start"
        stopper = threading.Thread(target=running.stop)
        stopper.start()
        messages, code = rest(socket)
        assert rest(silent)[1] == 1001
        stopper.join(PATIENCE)
    *_, reading, end, error = messages
    assert (reading["type"], reading["final"], end["type"]) == ("reading", True, "utterance.end")
    assert (error["code"], code) == ("stopping", 1001)
    assert running.connections == 0


def test_a_session_that_will_not_end_is_cut_off_when_the_server_stops():
    limits = Limits(stop_seconds=0.05)
    hub = Hub(Engine(None, limits), limits)
    cancelled = []

    class Stuck(Session):
        def stop(self):
            pass

        async def run(self):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

    async def serve():
        session = Stuck(Deaf([]), hub.engine, limits)
        with hub.admit(session):
            await session.run()

    async def main():
        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        await hub.drain()
        await asyncio.wait({task})

    asyncio.run(main())
    assert cancelled == [True]
    assert len(hub) == 0


def test_a_failure_of_the_server_is_said_and_logged_without_sound(serve, monkeypatch, caplog):
    running = serve()

    def fail(*_):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("affetto.server.session.LiveRecognizer.push", fail)
    with caplog.at_level(logging.ERROR), talk(running) as socket:
        socket.send(bytes(3_200))
        (error,), code = rest(socket)
    assert (error["code"], code) == ("internal", 1011)
    assert "by accident" in caplog.text


def test_nothing_grows_from_session_to_session(alone, short):
    running, tasks = alone
    data = f32(short[:24_000])

    def one():
        with talk(running, format="f32le") as socket:
            socket.send(data)
            socket.send(END)
            rest(socket)

    def sessions():
        gc.collect()
        # By type alone: isinstance would look into proxies of what is gone.
        return sum(type(thing) is Session for thing in gc.get_objects())

    one()
    settled(running)
    before = sessions()
    for _ in range(10):
        one()
    settled(running)
    eventually(lambda: sessions() <= before, "sessions to be forgotten")
    eventually(lambda: running.tasks == tasks, "tasks to end")


def test_gone_is_quiet(caplog):
    class Left:
        async def receive(self):
            raise Gone

    limits = Limits()
    asyncio.run(Session(Left(), Engine(None, limits), limits).run())
    assert caplog.text == ""


class Quick:
    """A connection that starts a session and then waits."""

    def __init__(self):
        self.said = []
        self.first = True

    async def receive(self):
        if self.first:
            self.first = False
            return '{"type": "session.start"}'
        return await asyncio.Event().wait()

    async def send(self, text):
        self.said.append(json.loads(text))

    async def close(self, code):
        self.said.append(code)


@pytest.mark.parametrize("steps", range(12))
def test_a_session_ends_whenever_it_is_stopped(steps):
    """Also before it has begun, and between one of its steps and the next."""
    limits = Limits()

    async def main():
        quick = Quick()
        engine = Engine(None, limits)
        session = Session(quick, engine, limits)
        task = asyncio.create_task(session.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        if steps > 8:
            while not quick.said:  # the recognizer is made in a thread
                await asyncio.sleep(0)
        session.stop()
        await asyncio.wait_for(task, PATIENCE)
        engine.close()
        return quick.said

    *_, error, code = asyncio.run(main())
    assert (error["code"], code) == ("stopping", 1001)
