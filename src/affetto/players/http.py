"""How every player that is reached over HTTP behaves: patient but bounded, and never trusting the answer.

Requests time out, are repeated a few times where repeating is safe, obey ``Retry-After``, end when the work is called
off, and refuse answers that are too large, compressed, too slow or not JSON. Passwords and tokens appear in no
message and in no log.
"""

import json
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, BinaryIO, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from affetto.errors import OptionError
from affetto.players.base import Watch
from affetto.players.patience import Patience, Trouble, persevere, seconds_to_wait
from affetto.players.secrets import redact

__all__ = ["Http", "check_url", "json_of", "quiet_clients"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
_SHOWN = 160  # characters of a stranger's words in a message
_HOPS = 3


def check_url(address: str) -> str:
    """A base address that a listener typed, without a slash at its end.

    Raises:
        OptionError: If it is not http or https, names no host, or carries a password, a query or a fragment.

    >>> check_url("https://music.example.org/navidrome/")
    'https://music.example.org/navidrome'
    """
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise OptionError("the address is not a URL; give one like https://music.example.org") from error
    if parts.username is not None or parts.password is not None:
        raise OptionError("the address holds a name or password; leave them out, they are asked for")
    if parts.scheme not in ("http", "https") or not host:
        raise OptionError(f"address {redact(address)!r}: not http or https; give one like https://music.example.org")
    if parts.query or parts.fragment or any(mark.isspace() or mark < " " for mark in address.strip()):
        raise OptionError("the address holds more than a place; leave out what follows ? or #")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def json_of(body: bytes, kind: str) -> Any:
    """The JSON in an answer.

    Raises:
        Trouble: If it is something else, such as a page for people.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        page = "html" in kind or body.lstrip()[:1] == b"<"
        what = "a web page" if page else "no JSON" if body else "nothing"
        raise Trouble(f"answered with {what} where JSON is due", transient=True, unsure=True) from None


def quiet_clients() -> None:
    """Keeps the logs of the client libraries from holding addresses with tokens in them, or headers."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("spotipy", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)


class Http:
    """Requests to one service.

    Args:
        base: Address that paths are joined to, from `check_url`.
        who: Name of the service for messages.
        access: What to do when the service lets us in no longer.
        headers: Sent with each request.
        params: Sent with each request in the query.
        patience: How long to keep trying.
        most: Bytes of a JSON answer at most.
        spacing: Seconds between the starts of two requests at least.
    """

    def __init__(
        self,
        base: str,
        *,
        who: str,
        access: str = "",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        most: int = 32 << 20,
        spacing: float = 0.0,
    ) -> None:
        self.base, self.who, self._access = base, who, access
        self._headers, self._params = dict(headers or {}), dict(params or {})
        self._patience, self._most, self._spacing = patience or Patience(), most, spacing
        self._last = float("-inf")

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        again: bool | None = None,
        watch: Watch | None = None,
    ) -> Any:
        """Asks and gives back the JSON answer; None for an empty one with status 204.

        Args:
            method: "GET", "POST" and so on.
            path: Joined to the base; must begin with a slash.
            params: Added to the query.
            body: Sent as JSON.
            form: Sent as a form.
            again: Whether it may be repeated after a lost answer; None for what the method promises.
            watch: Who watches.

        Raises:
            PlayerError: As `persevere`.
        """

        def attempt() -> Any:
            with self._answer(method, path, params=params, body=body, form=form, watch=watch) as answer:
                content = b"".join(self._chunks(answer, self._most))
                if answer.status_code == 204:
                    return None
                return json_of(content, answer.headers.get("content-type", ""))

        return self._persevere(attempt, method, again, watch)

    def download(
        self, path: str, to: BinaryIO, *, most: int, params: Mapping[str, Any] | None = None, watch: Watch | None = None
    ) -> str:
        """Writes an answer of any kind to an open file and gives back its media type.

        The file is emptied before each attempt; the time for the whole answer is that for ten of JSON.

        Raises:
            PlayerError: As `persevere`; also when the answer is longer than ``most`` bytes.
        """

        def attempt() -> str:
            to.seek(0)
            to.truncate()
            with self._answer("GET", path, params=params, watch=watch) as answer:
                for chunk in self._chunks(answer, most, whole=10 * self._patience.whole, watch=watch):
                    to.write(chunk)
                return answer.headers.get("content-type", "").partition(";")[0].strip().lower()

        return self._persevere(attempt, "GET", None, watch)

    def close(self) -> None:
        """Closes the connections."""
        if "_client" in self.__dict__:
            self._client.close()
            del self.__dict__["_client"]

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _client(self) -> Any:
        import httpx

        quiet_clients()
        return httpx.Client(
            timeout=self._patience.timeout,
            follow_redirects=False,
            headers={"User-Agent": "affetto", "Accept-Encoding": "identity", **self._headers},
        )

    def _persevere(self, attempt: Callable[[], _T], method: str, again: bool | None, watch: Watch | None) -> _T:
        return persevere(
            attempt,
            who=self.who,
            again=method in _IDEMPOTENT if again is None else again,
            watch=watch or Watch(),
            patience=self._patience,
            access=self._access,
        )

    @contextmanager
    def _answer(self, method: str, path: str, *, watch: Watch | None = None, **content: Any) -> Generator[Any]:
        """A whole and good answer's head; redirects are followed within the same server only."""
        import httpx

        address = self.base + path
        params = {**self._params, **{k: v for k, v in (content.get("params") or {}).items() if v is not None}}
        try:
            for _ in range(_HOPS):
                self._keep_spacing(watch or Watch())
                began = time.monotonic()
                with self._client.stream(
                    method, address, params=params, json=content.get("body"), data=content.get("form")
                ) as answer:
                    took = time.monotonic() - began
                    _log.debug("%s: %s %s gave %s in %.2f s", self.who, method, path, answer.status_code, took)
                    if answer.is_redirect:
                        address = _same_place(address, answer.headers.get("location", ""))
                        continue
                    self._refuse(answer)
                    yield answer
                    return
            raise Trouble("redirects in circles")
        except httpx.ConnectError as error:
            raise Trouble(f"cannot be reached ({redact(str(error))})", transient=True) from None
        except httpx.TimeoutException:
            raise Trouble("did not answer in time", transient=True, unsure=True) from None
        except (httpx.RemoteProtocolError, httpx.NetworkError):
            raise Trouble("closed the connection before the answer was whole", transient=True, unsure=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Trouble(redact(str(error))[:_SHOWN], unsure=True) from None

    def _keep_spacing(self, watch: Watch) -> None:
        wait = self._last + self._spacing - time.monotonic()
        if wait > 0:
            watch.wait(wait)
        self._last = time.monotonic()

    def _refuse(self, answer: Any) -> None:
        """Raises what a bad status means."""
        status = answer.status_code
        if status < 400:
            return
        words = _words_of(b"".join(self._chunks(answer, 1 << 16)))
        raise Trouble(
            f"answered {status}{': ' + words if words else ''}",
            status=status,
            retry_after=seconds_to_wait(answer.headers.get("retry-after")),
            transient=status in _TRANSIENT,
            unsure=status >= 500,
        )

    def _chunks(
        self, answer: Any, most: int, *, whole: float | None = None, watch: Watch | None = None
    ) -> Iterator[bytes]:
        """The bytes of an answer, as long as they are bearable."""
        if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Trouble("answered in a compressed form that was not asked for")
        read, until = 0, time.monotonic() + (whole or self._patience.whole)
        for chunk in answer.iter_raw():
            read += len(chunk)
            if read > most:
                raise Trouble(f"answered with more than {most >> 10} KiB")
            if time.monotonic() > until:
                raise Trouble("took too long to answer", transient=True, unsure=True)
            if watch is not None:
                watch.check()
            yield chunk


def _words_of(body: bytes) -> str:
    """What a service says about an error, in a few plain words without secrets; nothing of a web page."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    while isinstance(found, dict):
        found = next((found[key] for key in ("error", "message", "detail", "error_description") if key in found), "")
    text = " ".join(str(found).split()) if isinstance(found, str | int) else ""
    return redact("".join(mark for mark in text if mark.isprintable()))[:_SHOWN]


def _same_place(address: str, location: str) -> str:
    """Where a redirect leads, if that is the same server; https instead of http counts as the same."""
    here, there = urlsplit(address), urlsplit(urljoin(address, location))
    if _origin(here) == _origin(there) or (
        (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
    ):
        return urlunsplit((there.scheme, there.netloc, there.path, "", ""))
    raise Trouble(f"redirects to another server ({there.hostname or 'none'}), which gets no credentials")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
