"""Which pages may talk to the server, before anything else looks at a request."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from affetto.server.problems import Problem, problem_response

__all__ = ["LOOPBACK", "Guard"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names under which a server that listens on this machine alone is called."""

_FOREIGN = ("cross-site", "same-site")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Guard:
    """Refuses pages of other origins, and names that are not the server's.

    A browser lets any page open a WebSocket to any server and says only where the page is from; and a page can make
    its own name point to this machine. Where a browser names no origin it still says whether another site asks.
    Programs that are not browsers send neither and pass.

    Args:
        app: What is guarded.
        origins: Origins besides the server's own whose pages may use it.
        hosts: Names under which the server is called; None for any.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], hosts: Collection[str] | None) -> None:
        self._app, self._origins, self._hosts = app, frozenset(origins), hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused(Headers(scope=scope), reads_page=_reads_page(scope))
        if refused is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            await problem_response(refused)(scope, receive, send)
        else:
            await WebSocketClose()(scope, receive, send)

    def _refused(self, headers: Headers, *, reads_page: bool) -> Problem | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _name(host)
        if self._hosts is not None and name not in self._hosts:
            return Problem(
                403, "unknown-host", f"this server is not called {name!r}; start it with --allow-host {name} if it is"
            )
        if origin is None and (reads_page or headers.get("sec-fetch-site") not in _FOREIGN):
            return None
        if origin is not None and (origin in self._origins or _same(origin, host)):
            return None
        return Problem(
            403,
            "foreign-origin",
            f"pages of {origin or 'another site'} may not use this server; "
            f"start it with --origin {origin or 'ORIGIN'} to let them",
        )


def _reads_page(scope: Scope) -> bool:
    """Whether a page is opened: links to it may be anywhere. What lies under ``/v1`` is for pages of the server."""
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope["path"].startswith("/v1/")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # half an address in brackets
        return ""


def _same(origin: str, host: str) -> bool:
    try:
        page = urlsplit(origin)
        here = urlsplit(f"{page.scheme}://{host}")
        default = _PORTS.get(page.scheme)
        return bool(page.hostname) and (page.hostname, page.port or default) == (here.hostname, here.port or default)
    except ValueError:  # not a number for a port
        return False


def _with_headers(send: Send) -> Send:
    """Readings are nobody else's: no cache keeps them, and no browser guesses what they are."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("cache-control", "no-store")
            headers.setdefault("x-content-type-options", "nosniff")
        await send(message)

    return wrapped
