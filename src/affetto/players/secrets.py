"""Passwords and tokens: in the system's keyring, or in a file that only its owner may read where there is none.

They are kept out of everything else: `Secret` does not print itself, and `redact` takes every secret that this process
has seen out of a text that goes to a person or a log.
"""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from affetto.errors import PlayerError
from affetto.settings import settings

__all__ = ["Secret", "Secrets", "redact"]

_SERVICE = "affetto"
_HIDDEN = "[secret]"
_SHORTEST = 4  # characters: redacting shorter ones would garble any text

_seen: set[str] = set()
_lock = threading.Lock()


class Secret:
    """A password or token that does not show itself.

    >>> str(Secret("open sesame")), repr(Secret("open sesame")), Secret("open sesame").reveal()
    ('[secret]', 'Secret([secret])', 'open sesame')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        with _lock:
            if len(value) >= _SHORTEST:
                _seen.add(value)

    def reveal(self) -> str:
        """The secret itself, for the request that needs it."""
        return self._value

    def __str__(self) -> str:
        return _HIDDEN

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be copied out of the process")


def redact(text: str) -> str:
    """A text without the secrets that this process has seen, as they are or as they stand in an address.

    >>> _ = Secret("open sesame")
    >>> redact("GET /?p=open+sesame failed: open sesame")
    'GET /?p=[secret] failed: [secret]'
    """
    with _lock:
        known = sorted(_seen, key=len, reverse=True)
    for value in known:
        for form in {value, quote(value), quote(value, safe=""), quote_plus(value)}:
            text = text.replace(form, _HIDDEN)
    return text


class Secrets:
    """Where the secrets of the connected players lie.

    Args:
        folder: Folder of the file that stands in for a keyring; None for the data folder of the settings.
        keyring: The keyring; None to look for the system's, False for none.
    """

    def __init__(self, folder: Path | None = None, *, keyring: Any = None) -> None:
        self._file = (folder or settings().data_dir) / "secrets.json"
        self._keyring = _system_keyring() if keyring is None else keyring or None

    @property
    def place(self) -> str:
        """Where they lie, for people."""
        return str(self._file) if self._keyring is None else "the system's keyring"

    def get(self, name: str) -> Secret | None:
        """The secret of this name; None when there is none.

        Raises:
            PlayerError: If the keyring is locked, or the file is damaged or others may read it.
        """
        value = None if self._keyring is None else self._ask("get_password", name)
        if value is None:
            value = self._read().get(name)
        return None if value is None else Secret(value)

    def put(self, name: str, secret: Secret) -> None:
        """Keeps a secret in place of an earlier one.

        Raises:
            PlayerError: If it cannot be kept.
        """
        if self._keyring is not None:
            self._ask("set_password", name, secret.reveal())
            self._forget(name)
        else:
            self._write({**self._read(), name: secret.reveal()})

    def remove(self, name: str) -> bool:
        """Forgets a secret, and says whether there was one.

        Raises:
            PlayerError: If it cannot be removed.
        """
        kept = self._keyring is not None and self._ask("get_password", name) is not None
        if kept:
            self._ask("delete_password", name)
        return self._forget(name) or kept

    def _ask(self, call: str, *arguments: str) -> Any:
        try:
            return getattr(self._keyring, call)(_SERVICE, *arguments)
        except Exception as error:  # each system's keyring raises its own kinds
            name = type(error).__name__
            raise PlayerError(f"the system's keyring does not answer ({name}); unlock it and try again") from None

    def _forget(self, name: str) -> bool:
        held = self._read()
        if name not in held:
            return False
        del held[name]
        self._write(held)
        return True

    def _read(self) -> dict[str, str]:
        try:
            descriptor = os.open(self._file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise PlayerError(f"secrets {self._file}: {error.strerror}; mend or remove the file") from None
        try:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise PlayerError(f"secrets {self._file}: is not a plain file; remove it and connect again")
            if os.name == "posix" and (facts.st_mode & 0o077 or facts.st_uid != os.geteuid()):
                raise PlayerError(
                    f"secrets {self._file}: others may read it; change the passwords in it, then chmod 600 it"
                )
            file = os.fdopen(descriptor, encoding="utf-8")
        except BaseException:
            os.close(descriptor)
            raise
        with file:
            try:
                held = json.load(file)
            except (ValueError, RecursionError):
                held = None
        if not isinstance(held, dict) or not all(isinstance(value, str) for value in held.values()):
            raise PlayerError(f"secrets {self._file}: is damaged; remove it and connect again")
        return {str(name): str(value) for name, value in held.items()}

    def _write(self, held: dict[str, str]) -> None:
        beside = self._file.with_name(f".secrets.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(held, file)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self._file)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise PlayerError(f"secrets {self._file}: {error.strerror}; choose another data_dir") from None


def _system_keyring() -> Any:
    """The keyring of the system, if it has one that keeps secrets."""
    try:
        import keyring
    except ImportError:
        return None
    backend = keyring.get_keyring()
    # Those below 1 are not meant for use: none at all, or a file in plain text.
    return keyring if getattr(backend, "priority", 0) >= 1 else None
