"""A client of ``affetto serve``: sound goes out, the events of `affetto.voice.stream` come back.

In a coroutine::

    async with connect("ws://127.0.0.1:8765/v1/listen") as session:
        async for event in session.stream(microphone):
            print(event.label)

or plainly, with a file::

    for event in listen_file("ws://127.0.0.1:8765/v1/listen", "me.wav"):
        print(event.label)
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as _connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection as SyncConnection
from websockets.sync.client import connect as _connect_sync

from affetto.affect import Emotion
from affetto.errors import AffettoError
from affetto.voice.audio import RATE, AudioFile
from affetto.voice.reading import Reading
from affetto.voice.stream import Event

__all__ = ["ClientError", "ClientSession", "connect", "listen", "listen_file", "parse_event"]

_END = '{"type":"session.end"}'
_BLOCK = RATE // 10
_EVENTS = 4_096  # messages that may wait here for the caller; then the server waits
_FAILURES = (OSError, TimeoutError, InvalidHandshake, InvalidURI)


class ClientError(AffettoError):
    """The server cannot be reached, or has ended a session.

    Args:
        message: What happened, in one line.
        code: The server's error code (``bad_format``, ``idle``, ...); None where the connection failed.
    """

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


def parse_event(message: Mapping[str, Any]) -> Event:
    """An event from its JSON form: the same object that a `LiveRecognizer` gives (a reading comes without cues)."""
    plain, label = message["reading"], message["label"]
    reading = None
    if plain is not None:
        reading = Reading(
            probabilities={Emotion(name): p for name, p in plain["probabilities"].items()},
            seconds=plain["seconds"],
            reason=plain["reason"],
        )
    return Event(
        type=message["type"],
        sequence=message["sequence"],
        utterance=message["utterance"],
        audio_start_ms=message["audio_start_ms"],
        audio_end_ms=message["audio_end_ms"],
        final=message["final"],
        reading=reading,
        label=None if label is None else Emotion(label),
        message=message["message"],
    )


class ClientSession:
    """A live session with a server; made by `connect`.

    Attributes:
        settings: What the server uses: rate, format, channels, interval.
    """

    def __init__(self, socket: ClientConnection, settings: Mapping[str, Any]) -> None:
        self._socket, self.settings = socket, settings
        self._ended = False

    async def send(self, samples: npt.ArrayLike) -> None:
        """Sends samples, ``(n,)`` or ``(n, channels)``, floats in [-1, 1]; any n, about 100 ms is best.

        Raises:
            ClientError: If the server has ended the session.
        """
        try:
            await self._socket.send(_pack(samples))
        except ConnectionClosed:
            await self._fail()

    async def end(self) -> None:
        """Says that nothing follows; the last events are still to come."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(_END)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events as they come, until the session ends.

        Raises:
            ClientError: If the server ends it for a reason, or the connection breaks.
        """
        try:
            async for text in self._socket:
                message = _checked(text)
                if message["type"] == "session.ended":
                    return
                yield parse_event(message)
        except ConnectionClosed as error:
            raise _closed(error) from error

    async def stream(self, blocks: AsyncIterable[npt.ArrayLike] | Iterable[npt.ArrayLike]) -> AsyncGenerator[Event]:
        """Sends blocks of samples and ends the session, while it gives the events.

        Raises:
            ClientError: As when iterating.
        """
        sending = asyncio.create_task(self._send_all(blocks))
        try:
            async for event in self:
                yield event
        finally:
            sending.cancel()
            # What stopped the sending also ended the events, which say it better; what the source raised is raised.
            with contextlib.suppress(asyncio.CancelledError, ClientError):
                await sending

    async def _send_all(self, blocks: AsyncIterable[npt.ArrayLike] | Iterable[npt.ArrayLike]) -> None:
        try:
            if isinstance(blocks, AsyncIterable):
                async for block in blocks:
                    await self.send(block)
            else:
                for block in blocks:
                    await self.send(block)
        finally:
            await self.end()

    async def _fail(self) -> None:
        """Raises what the server said last."""
        async for _ in self:
            pass
        raise ClientError("the session has ended; connect again")


@asynccontextmanager
async def connect(
    url: str, *, rate: int = RATE, channels: int = 1, interval: float = 0.5
) -> AsyncGenerator[ClientSession]:
    """A live session with the server at a ``ws://.../v1/listen`` address.

    Args:
        url: The address.
        rate: Samples per second of what will be sent.
        channels: Channels of what will be sent.
        interval: Seconds of sound between partial readings.

    Raises:
        ClientError: If there is no such server, or it refuses.
    """
    try:
        socket = await _connect(url, compression=None, max_queue=_EVENTS)
    except _FAILURES as error:
        raise _unreachable(url, error) from error
    async with socket:
        try:
            await socket.send(_start(rate, channels, interval))
            settings = _checked(await socket.recv())
        except ConnectionClosed as error:
            raise _closed(error) from error
        yield ClientSession(socket, settings)


def listen(
    url: str,
    blocks: Iterable[npt.ArrayLike],
    *,
    rate: int = RATE,
    channels: int = 1,
    interval: float = 0.5,
) -> Generator[Event]:
    """Sends blocks of samples to a server and gives its events as they come, without a coroutine.

    Raises:
        ClientError: If there is no such server, or it ends the session for a reason.
    """
    try:
        socket = _connect_sync(url, compression=None, max_queue=_EVENTS)
    except _FAILURES as error:
        raise _unreachable(url, error) from error
    failed: list[BaseException] = []
    with socket:
        try:
            socket.send(_start(rate, channels, interval))
            _checked(socket.recv())
            sender = threading.Thread(target=_send_blocks, args=(socket, blocks, failed), daemon=True)
            sender.start()
            for text in socket:
                message = _checked(text)
                if message["type"] == "session.ended":
                    break
                yield parse_event(message)
        except ConnectionClosed as error:
            raise _closed(error) from error
    sender.join()
    if failed:
        raise failed[0]


def listen_file(url: str, path: str | Path, *, interval: float = 0.5) -> Iterator[Event]:
    """Sends a recording to a server, as fast as it takes it, and gives its events as they come.

    Raises:
        AudioError: If the recording cannot be decoded.
        ClientError: As `listen`.
    """
    return listen(url, _cut(AudioFile(path)), interval=interval)


def _cut(blocks: Iterable[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    for block in blocks:
        for place in range(0, len(block), _BLOCK):
            yield block[place : place + _BLOCK]


def _send_blocks(socket: SyncConnection, blocks: Iterable[npt.ArrayLike], failed: list[BaseException]) -> None:
    try:
        for block in blocks:
            socket.send(_pack(block))
    except ConnectionClosed:
        return  # the events tell why
    except BaseException as error:
        failed.append(error)
    with contextlib.suppress(ConnectionClosed):
        socket.send(_END)


def _pack(samples: npt.ArrayLike) -> bytes:
    return np.ascontiguousarray(samples, "<f4").tobytes()


def _start(rate: int, channels: int, interval: float) -> str:
    start = {"type": "session.start", "rate": rate, "format": "f32le", "channels": channels, "interval": interval}
    return json.dumps(start)


def _checked(text: str | bytes) -> dict[str, Any]:
    """A message, unless it is the server's reason to end the session."""
    message: dict[str, Any] = json.loads(text)
    if message["type"] == "error" and message.get("fatal"):
        raise ClientError(message["message"], code=message["code"])
    return message


def _unreachable(url: str, error: Exception) -> ClientError:
    return ClientError(f"{url}: {error}; start 'affetto serve', and give its ws:// address")


def _closed(error: ConnectionClosed) -> ClientError:
    code = error.rcvd.code if error.rcvd else 1006
    good = isinstance(error, ConnectionClosedOK)
    return ClientError(
        f"the server {'has ended the session' if good else 'has gone'} (close code {code}); connect again"
    )
