"""The client for coroutines."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy.typing as npt
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as _connect
from websockets.exceptions import ConnectionClosed

from affetto.client.messages import (
    END,
    FAILURES,
    WAITING,
    ClientError,
    checked,
    closed,
    pack,
    parse_event,
    start_message,
    unreachable,
)
from affetto.voice.audio import RATE
from affetto.voice.stream import Event

__all__ = ["ClientSession", "connect"]


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
            await self._socket.send(pack(samples))
        except ConnectionClosed:
            await self._fail()

    async def end(self) -> None:
        """Says that nothing follows; the last events are still to come."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(END)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events as they come, until the session ends.

        Raises:
            ClientError: If the server ends it for a reason, or the connection breaks.
        """
        try:
            async for text in self._socket:
                message = checked(text)
                if message["type"] == "session.ended":
                    return
                yield parse_event(message)
        except ConnectionClosed as error:
            raise closed(error) from error

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
    url: str, *, rate: int = RATE, channels: int = 1, interval: float = 0.5, profile: str | None = None
) -> AsyncGenerator[ClientSession]:
    """A live session with the server at a ``ws://.../v1/listen`` address.

    Args:
        url: The address.
        rate: Samples per second of what will be sent.
        channels: Channels of what will be sent.
        interval: Seconds of sound between partial readings.
        profile: Name of the speaker's voice profile on the server's machine.

    Raises:
        ClientError: If there is no such server, or it refuses.
    """
    try:
        socket = await _connect(url, compression=None, max_queue=WAITING)
    except FAILURES as error:
        raise unreachable(url, error) from error
    async with socket:
        try:
            await socket.send(start_message(rate, channels, interval, profile))
            settings = checked(await socket.recv())
        except ConnectionClosed as error:
            raise closed(error) from error
        yield ClientSession(socket, settings)
