"""One connection to MPD: opened when it is needed, bounded, and opened anew when it fell out of step."""

import contextlib
import re
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar, cast

from affetto.errors import OptionError, PlayerError
from affetto.music.text import clean
from affetto.players.base import AccessError, Watch
from affetto.players.patience import Patience, Trouble, persevere
from affetto.players.secrets import Secret, redact

__all__ = [
    "NO_EXIST",
    "UNKNOWN",
    "Client",
    "RefusedError",
    "address_of",
    "breaks",
    "first",
    "is_here",
    "library",
    "number",
]

_T = TypeVar("_T")
UNKNOWN = 5
"""MPD's number for a command that it does not know."""
NO_EXIST = 50
"""MPD's number for what is not there."""
_PORT = 6600
_LINE, _ANSWER = 1 << 20, 64 << 20  # bytes
_DENIED, _BAD_PASSWORD = 4, 3


class RefusedError(PlayerError):
    """MPD understood and refused."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Client:
    """The commands of one MPD.

    Args:
        address: From `address_of`.
        password: Its password, if it has one.
        patience: How long to keep trying.

    Attributes:
        who: Name of it for messages.
    """

    def __init__(self, address: str, *, password: Secret | None = None, patience: Patience | None = None) -> None:
        self._address, self._password = address, password
        self._patience = patience or Patience()
        self.who = f"MPD at {address}"
        self._client: Any = None

    def close(self) -> None:
        """Ends the connection."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.disconnect()
            self._client = None

    def call(self, do: Callable[[Any], _T], watch: Watch, *, again: bool = True) -> _T:
        """Does something with python-mpd2's client, connected and let in.

        Args:
            do: What to do.
            watch: Who watches.
            again: Whether it may be repeated after a lost answer.

        Raises:
            RefusedError: If MPD refuses.
            PlayerError: As `affetto.players.patience.persevere`.
        """

        def attempt() -> _T:
            return self.checked(lambda: do(self._open()))

        return persevere(attempt, who=self.who, again=again, watch=watch, patience=self._patience)

    def _open(self) -> Any:
        """The client, connected and let in."""
        if self._client is None:
            mpd = library()
            client = mpd.MPDClient()
            client.timeout = self._patience.timeout
            host, port = _place(self._address)
            try:
                client.connect(host, port)
            except OSError as error:
                reason = error.strerror or "does not answer in time"
                raise Trouble(f"cannot be reached ({reason})", transient=True) from None
            client._rbfile = _Bounded(client._rbfile, self._patience.whole)
            self._client = client
            if self._password is not None:
                client.password(self._password.reveal())
        self._client._rbfile.begin()
        return self._client

    def checked(self, do: Callable[[], _T]) -> _T:
        """Does it; failures become `Trouble` or an error of ours, and end the connection where it is out of step."""
        mpd = library()
        try:
            return do()
        except mpd.CommandError as error:
            self._leave_list()
            number = cast("int", getattr(getattr(error, "errno", None), "value", 0))
            said = redact(clean(getattr(error, "msg", "") or "", longest=160))
            if number in (_DENIED, _BAD_PASSWORD):
                self.close()
                words = "wrong password" if number == _BAD_PASSWORD else f"does not allow this ({said})"
                raise AccessError(f"{self.who}: {words}; connect again: affetto connect mpd") from None
            raise RefusedError(f"{self.who}: refused: {said or 'no reason given'}; see its log", number) from None
        except TimeoutError:
            self.close()
            raise Trouble("did not answer in time", transient=True, unsure=True) from None
        except (mpd.ConnectionError, OSError):
            self.close()
            raise Trouble("closed the connection before the answer was whole", transient=True, unsure=True) from None
        except (mpd.MPDError, ValueError, TypeError, AttributeError, KeyError, IndexError):
            # Whatever it is that answers, python-mpd2 stumbled over it.
            self.close()
            raise Trouble("does not answer as MPD does", transient=True, unsure=True) from None
        except Trouble:
            self.close()
            raise

    def _leave_list(self) -> None:
        """Brings the client back in step after a list of commands failed."""
        if self._client is not None and getattr(self._client, "_command_list", None) is not None:
            self.close()


class _Bounded:
    """What MPD sends, as long as it is bearable in length and in time."""

    def __init__(self, file: Any, seconds: float) -> None:
        self._file, self._seconds = file, seconds
        self.begin()

    def begin(self) -> None:
        """Begins a new answer."""
        self._read, self._until = 0, time.monotonic() + self._seconds

    def readline(self) -> bytes:
        line: bytes = self._file.readline(_LINE)
        self._read += len(line)
        if self._read > _ANSWER or len(line) == _LINE:
            raise Trouble(f"answered with more than {_ANSWER >> 20} MiB")
        if time.monotonic() > self._until:
            raise Trouble("took too long to answer", transient=True, unsure=True)
        return line

    def close(self) -> None:
        self._file.close()


def library() -> Any:
    """The package mpd of python-mpd2.

    Raises:
        PlayerError: If the extra is missing.
    """
    try:
        import mpd
    except ImportError:
        raise PlayerError("MPD needs an extra: pip install 'affetto[players]'") from None
    return mpd


def address_of(text: str) -> str:
    """The path of a socket, or host and port.

    >>> address_of("localhost"), address_of("mpd://10.0.0.2:6601"), address_of("[::1]:6600")
    ('localhost:6600', '10.0.0.2:6601', '[::1]:6600')
    """
    text = text.strip().removeprefix("mpd://").rstrip("/")
    if text.startswith(("/", "~")):
        return str(Path(text).expanduser())
    if "@" in text:
        raise OptionError("the address of MPD holds a password; leave it out, it is asked for")
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", text)
    port = int(found[2] or _PORT) if found else 0
    if found is None or not 0 < port < 65_536:
        raise OptionError(f"address {clean(text, longest=80)!r}: give HOST, HOST:PORT or the path of MPD's socket")
    return f"{found[1]}:{port}"


def _place(address: str) -> tuple[str, int | None]:
    if address.startswith("/"):
        return address, None
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def is_here(address: str) -> bool:
    """Whether MPD runs on this machine."""
    host, _ = _place(address)
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def breaks(text: str) -> bool:
    """Whether a text would be read as more than one command."""
    return any(mark in text for mark in "\n\r\0")


def first(song: Any, key: str) -> str:
    """The first of possibly several values."""
    value: Any = song.get(key, "") if isinstance(song, dict) else ""
    if isinstance(value, list):
        value = next(iter(cast("list[Any]", value)), "")
    return str(value)


def number(value: object) -> float | None:
    """A value as a number; None for what is none, or none to count with."""
    try:
        found = float(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return found if 0 <= found < 1e12 else None
