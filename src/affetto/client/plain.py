"""The client without coroutines."""

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from affetto.client.messages import (
    END,
    FAILURES,
    WAITING,
    checked,
    closed,
    pack,
    parse_event,
    start_message,
    unreachable,
)
from affetto.voice.audio import RATE, AudioFile
from affetto.voice.stream import Event

__all__ = ["listen", "listen_file"]

_BLOCK = RATE // 10


def listen(
    url: str,
    blocks: Iterable[npt.ArrayLike],
    *,
    rate: int = RATE,
    channels: int = 1,
    interval: float = 0.5,
    profile: str | None = None,
) -> Generator[Event]:
    """Sends blocks of samples to a server and gives its events as they come, without a coroutine.

    Raises:
        ClientError: If there is no such server, or it ends the session for a reason.
    """
    try:
        socket = connect(url, compression=None, max_queue=WAITING)
    except FAILURES as error:
        raise unreachable(url, error) from error
    failed: list[BaseException] = []
    with socket:
        try:
            socket.send(start_message(rate, channels, interval, profile))
            checked(socket.recv())
            sender = threading.Thread(target=_send_blocks, args=(socket, blocks, failed), daemon=True)
            sender.start()
            for text in socket:
                message = checked(text)
                if message["type"] == "session.ended":
                    break
                yield parse_event(message)
        except ConnectionClosed as error:
            raise closed(error) from error
    sender.join()
    if failed:
        raise failed[0]


def listen_file(url: str, path: str | Path, *, interval: float = 0.5, profile: str | None = None) -> Iterator[Event]:
    """Sends a recording to a server, as fast as it takes it, and gives its events as they come.

    Raises:
        AudioError: If the recording cannot be decoded.
        ClientError: As `listen`.
    """
    return listen(url, _cut(AudioFile(path)), interval=interval, profile=profile)


def _cut(blocks: Iterable[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    for block in blocks:
        for place in range(0, len(block), _BLOCK):
            yield block[place : place + _BLOCK]


def _send_blocks(socket: ClientConnection, blocks: Iterable[npt.ArrayLike], failed: list[BaseException]) -> None:
    try:
        for block in blocks:
            socket.send(pack(block))
    except ConnectionClosed:
        return  # the events tell why
    except BaseException as error:
        failed.append(error)
    with contextlib.suppress(ConnectionClosed):
        socket.send(END)
