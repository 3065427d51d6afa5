"""What Spotify answers, and what its refusals mean."""

import io
import json
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from affetto.errors import PlayerError
from affetto.players.base import AccessError
from affetto.players.http import json_of, quiet_clients
from affetto.players.patience import Patience, Trouble, seconds_to_wait
from affetto.players.secrets import redact

__all__ = ["AGAIN", "ExpiredError", "field", "library", "session"]

_T = TypeVar("_T")

AGAIN = "connect again: affetto connect spotify"
"""What to do when Spotify lets us in no longer."""

_MOST = 4 << 20
_UNREGISTERED = "add your account under User Management of your app at developer.spotify.com"


class ExpiredError(Exception):
    """The access token is not taken any more; it is renewed, and the call repeated."""


def library() -> Any:
    """The spotipy package.

    Raises:
        PlayerError: If the extra is missing.
    """
    try:
        import spotipy
    except ImportError:
        raise PlayerError("Spotify needs an extra: pip install 'affetto[players]'") from None
    quiet_clients()
    return spotipy


def field(answer: Any, name: str, kind: type[_T]) -> _T:
    """A part of an answer.

    Raises:
        PlayerError: If it is not there.
    """
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise PlayerError(f"Spotify: an answer without {name!r}; run affetto connect spotify --check")
    return value


def session(patience: Patience) -> Any:
    """A session of requests that follows no redirect, reads bounded answers only, and tells what went wrong."""
    library()
    import requests

    class Session(requests.Session):
        def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
            options.update(stream=True, allow_redirects=False, timeout=patience.timeout)
            until = time.monotonic() + patience.whole
            try:
                with super().request(method, url, *args, **options) as answer:
                    body = io.BytesIO()
                    for chunk in answer.iter_content(1 << 16):
                        body.write(chunk)
                        if body.tell() > _MOST:
                            raise Trouble(f"answered with more than {_MOST >> 20} MiB")
                        if time.monotonic() > until:
                            raise Trouble("took too long to answer", transient=True, unsure=True)
            except requests.exceptions.Timeout as error:
                connecting = isinstance(error, requests.exceptions.ConnectTimeout)
                raise Trouble("did not answer in time", transient=True, unsure=not connecting) from None
            except requests.exceptions.ConnectionError as error:
                refused = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
                words = "cannot be reached" if refused else "closed the connection before the answer was whole"
                raise Trouble(words, transient=True, unsure=not refused) from None
            except requests.exceptions.RequestException as error:
                words = f"closed the connection before the answer was whole ({type(error).__name__})"
                raise Trouble(words, transient=True, unsure=True) from None
            whole = requests.Response()
            whole.status_code, whole.headers, whole.url = answer.status_code, answer.headers, answer.url
            whole.request, whole.encoding = answer.request, "utf-8"
            whole.raw = io.BytesIO(body.getvalue())
            _refuse(answer.status_code, body.getvalue(), answer.headers, token="/api/token" in str(url))
            return whole

    session = Session()
    session.headers["Accept-Encoding"] = "identity"
    session.auth = lambda request: request  # or else an entry in ~/.netrc takes the place of the token
    return session


def _refuse(status: int, body: bytes, headers: Mapping[str, str], *, token: bool) -> None:
    """Raises what an answer means that is not what was asked for."""
    kind = headers.get("content-type", "")
    if 300 <= status < 400:
        raise Trouble("redirects elsewhere, which gets no credentials")
    if status < 400:
        if body.strip() and (token or "json" in kind or not _is_plain_word(body)):
            json_of(body, kind)
        return
    message, reason = _words(body)
    said = f": {message}" if message else ""
    if token and status == 400 and reason == "invalid_grant":
        raise AccessError(f"Spotify: access was withdrawn or is older than six months; {AGAIN}")
    if status == 401 and not token:
        raise ExpiredError
    if status == 403 and "premium" in f"{reason} {message}".lower():
        raise AccessError("Spotify: this needs Spotify Premium; a file always works: --save NAME.m3u8")
    if status == 403 and "not registered" in message.lower():
        raise AccessError(f"Spotify: your app does not know your account; {_UNREGISTERED}")
    if status == 404 and reason == "NO_ACTIVE_DEVICE":
        raise PlayerError("Spotify: no device is ready; open Spotify on one and try again")
    raise Trouble(
        f"answered {status}{said}",
        status=status,
        retry_after=seconds_to_wait(headers.get("retry-after")),
        transient=status in (408, 425, 500, 502, 503, 504),
        unsure=status >= 500,
        quota=reason == "QUOTA_EXCEEDED",
    )


def _is_plain_word(body: bytes) -> bool:
    """Whether it is what the player commands answer with: a short opaque word, or nothing."""
    return len(body) < 200 and not body.lstrip().startswith((b"<", b"{", b"["))


def _words(body: bytes) -> tuple[str, str]:
    """Message and reason of an error, in Spotify's two forms."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    error = found.get("error")
    if isinstance(error, dict):
        message, reason = error.get("message"), error.get("reason")
    else:
        message, reason = found.get("error_description"), error
    return redact(" ".join(str(message or "").split()))[:160], str(reason or "")
