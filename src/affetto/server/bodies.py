"""How large a request may be, checked as it arrives."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affetto.server.limits import Limits
from affetto.server.problems import Problem, problem_response

__all__ = ["BodyLimit"]

_WITH_BODY = ("POST", "PUT", "PATCH")
_ENVELOPE = 64 << 10  # the boundaries and headers of a multipart form around its file
_RECORDINGS = ("/v1/readings", "/v1/analyses", "/v1/me/voice")


class BodyLimit:
    """Refuses bodies without a length and those that are too large, before or while they come.

    Args:
        app: What is guarded.
        limits: How much is taken.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on with its bytes counted, or answers 400, 411 or 413."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        most = self._limits.upload_bytes if scope["path"] in _RECORDINGS else self._limits.body_bytes
        problem = _check(Headers(scope=scope), most)
        if problem is not None:
            await problem_response(problem)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most + _ENVELOPE:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)


def _check(headers: Headers, most: int) -> Problem | None:
    length = headers.get("content-length")
    if length is None:
        if "transfer-encoding" in headers:
            return None
        return Problem(411, "length-required", "the request has no Content-Length; send the length of the body")
    if not length.isdecimal():
        return Problem(400, "bad-length", f"Content-Length = {length!r:.40}: give a whole number of bytes")
    return _too_large(most) if int(length) > most + _ENVELOPE else None


def _too_large(most: int) -> Problem:
    return Problem(
        413, "too-large", f"the body is larger than {most:,} bytes; cut it, or send it compressed (opus, mp3)"
    )
