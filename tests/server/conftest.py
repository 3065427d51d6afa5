"""A real server on a free port of this machine, and ways to talk to it."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from affetto.api import recognizer
from affetto.server import Limits, bind, create_app
from affetto.server.run import Server
from affetto.voice.audio import Samples

PATIENCE = 60  # seconds: machines that run tests are busy
AT_REST = 2  # tasks: that of the server and that of its lifespan


class Running:
    """A server that runs in a thread."""

    def __init__(self, limits: Limits, *, send_buffer: int | None = None, port: int = 0, **options) -> None:
        self.app = create_app(recognizer(), limits=limits, **options)
        self.hub = self.app.state.hub
        self.listener = bind("127.0.0.1", port)
        if send_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)  # connections take it over
        self.port = self.listener.getsockname()[1]
        self.http = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}/v1/listen"
        self.server = Server(self.app)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            await self.server.until_stopped(self.listener)

        asyncio.run(serve())

    def start(self) -> "Running":
        self._thread.start()
        eventually(lambda: self.server.started, "the server to start")
        return self

    def rest(self) -> None:
        """Waits until nothing is left to do: what clients asked for goes on when they have left."""
        eventually(lambda: self.tasks == AT_REST, f"{self.http} to come to rest")

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    @property
    def tasks(self) -> int:
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(_tasks(), self.loop).result(PATIENCE)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.http, timeout=PATIENCE, trust_env=False)


async def _tasks() -> int:
    return len(asyncio.all_tasks()) - 1


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that happens soon, and fails with its name if it does not."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE} s for {what}"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def _servers() -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def server(_servers: list[Running]) -> Running:
    """A server with its default limits, shared by all tests."""
    _servers.append(Running(Limits()).start())
    return _servers[-1]


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """``serve(frame_bytes=100)``: a server of the test's own."""
    with contextlib.ExitStack() as stack:

        def start(*, send_buffer: int | None = None, origins=(), hosts=None, **limits) -> Running:
            running = Running(Limits(**limits), send_buffer=send_buffer, origins=origins, hosts=hosts).start()
            stack.callback(running.stop)
            return running

        yield start


@contextlib.contextmanager
def talk(running: Running, **start) -> Iterator[ClientConnection]:
    """A live session, past ``session.started``."""
    with connect(running.ws, compression=None, max_queue=None) as connection:
        connection.send(json.dumps({"type": "session.start", **start}))
        assert json.loads(connection.recv(PATIENCE))["type"] == "session.started"
        yield connection


def send(connection: ClientConnection, frames: Iterable[bytes]) -> None:
    """Sends frames until the server takes no more: where it hangs up in between depends on how fast it is."""
    with contextlib.suppress(ConnectionClosed):
        for frame in frames:
            connection.send(frame)


def rest(connection: ClientConnection) -> tuple[list[dict], int]:
    """All messages that follow, and the close code."""
    messages = []
    try:
        while True:
            messages.append(json.loads(connection.recv(PATIENCE)))
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd else 1006


def s16(samples: Samples) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def f32(samples: Samples) -> bytes:
    return samples.astype("<f4").tobytes()


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[place : place + size] for place in range(0, len(data), size))


@pytest.fixture(scope="session")
def short(say) -> Samples:
    """Two sentences with pauses around, some eight seconds."""
    pause = np.zeros(16_000, np.float32)
    first, second = say("I did not expect to see you here today."), say("The train leaves at seven.")
    return np.concatenate([pause, first, pause, second, pause])
