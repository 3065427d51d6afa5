"""Serving the application until it is told to stop."""

import asyncio
import contextlib
import os
import socket

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from affetto.errors import OptionError
from affetto.server.hub import Hub

__all__ = ["Server", "bind", "run"]

_GOODBYE_SECONDS = 2.0
_BACKLOG = 256


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        OptionError: If the address is not this machine's, or is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        listener = socket.socket(family, kind)
    except (OSError, UnicodeError, OverflowError) as error:
        raise OptionError(f"--host {host}: {error}; give an address of this machine, such as 127.0.0.1") from error
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OptionError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port, or 0 for a free one"
        ) from error
    return listener


class _Connection(WebSocketsSansIOProtocol):
    """A WebSocket that is surely dropped: to close alone waits for a client that reads nothing, for ever."""

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)


class Server(uvicorn.Server):
    """A server that lets its live sessions finish before it closes their connections.

    Args:
        app: The application of `create_app`.
    """

    def __init__(self, app: FastAPI) -> None:
        self._hub: Hub = app.state.hub
        limits = self._hub.limits
        super().__init__(
            uvicorn.Config(
                app,
                ws=_Connection,
                ws_max_size=4 * limits.frame_bytes,  # what is larger is closed unread, with code 1009
                ws_ping_interval=limits.ping_seconds,
                ws_ping_timeout=limits.ping_seconds,
                ws_per_message_deflate=False,  # sound does not get smaller by it
                timeout_graceful_shutdown=max(1, round(limits.stop_seconds)),
                log_level="warning",
                access_log=False,
                server_header=False,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes nobody new, lets the sessions finish, then closes."""
        for server in self.servers:
            server.close()
        await self._hub.drain()
        self._hub.engine.stopping.set()
        await super().shutdown(sockets)

    async def until_stopped(self, listener: socket.socket) -> None:
        """Serves on a socket until ``should_exit`` is set or a signal comes."""
        await self.serve(sockets=[listener])


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serves an application on a socket until Ctrl-C or a signal to end."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Server(app).until_stopped(listener))
