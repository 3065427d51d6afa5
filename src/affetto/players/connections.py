"""Which players are connected, and how to reach one by name.

A connection is what is not secret: the address, the name of the account, the client id. It lies in ``players.json`` in
the data folder; its password or token lies with `Secrets`.
"""

import importlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, cast

from affetto.errors import OptionError, PlayerError
from affetto.players.base import Player
from affetto.players.kept import read_facts, write_facts
from affetto.players.secrets import Secret, Secrets
from affetto.settings import settings

__all__ = ["KINDS", "Ask", "Connection", "Connections", "Kind", "connect", "forget", "open_player"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of player.

    Attributes:
        module: The module that holds its ``connect`` and ``open_player``; imported when it is needed.
        words: What it is, for ``affetto connect --help``.
        account: Whether it has to be connected before it can be used.
        example: How it is named where that takes more than its kind.
    """

    module: str
    words: str
    account: bool = True
    example: str = ""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "file": Kind(module="affetto.players.files", words="a playlist file", account=False, example="file:NAME.m3u8"),
        "local": Kind(module="affetto.players.local", words="a player on this machine", account=False),
        "spotify": Kind(module="affetto.players.spotify", words="Spotify, with your own client id"),
        "jellyfin": Kind(module="affetto.players.jellyfin", words="Jellyfin"),
        "listenbrainz": Kind(module="affetto.players.listenbrainz", words="ListenBrainz, a diary of listening"),
        "mpd": Kind(module="affetto.players.mpd", words="MPD, the Music Player Daemon"),
        "subsonic": Kind(module="affetto.players.subsonic", words="Navidrome, Gonic and others that speak Subsonic"),
    }
)
"""Every kind of player by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A player that is connected.

    Attributes:
        name: What it is called here ("spotify").
        kind: One of `KINDS`.
        facts: What is needed to reach it and is not secret: ``url``, ``user``, ``client_id``.
    """

    name: str
    kind: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


class Ask(Protocol):
    """How a module asks the listener while connecting."""

    def line(self, question: str) -> str:
        """An answer that may be seen."""
        ...

    def secret(self, question: str) -> Secret:
        """An answer that is not shown while it is typed."""
        ...

    def tell(self, text: str) -> None:
        """Says something."""
        ...

    def open(self, address: str) -> None:
        """Opens a page in the listener's browser, and says its address."""
        ...


class _Module(Protocol):
    """What the module of a kind offers besides its player."""

    def connect(self, name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
        """Asks for what is missing, tries it out, keeps the secret, and gives back the facts."""
        ...

    def open_player(self, connection: Connection, *, secrets: Secrets) -> Player:
        """The player of a connection."""
        ...


class Connections:
    """The connected players, on disk.

    Args:
        folder: Where ``players.json`` lies; None for the data folder of the settings.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or settings().data_dir) / "players.json"

    def all(self) -> tuple[Connection, ...]:
        """Every connection, by name.

        Raises:
            PlayerError: If the file is damaged.
        """
        return tuple(
            Connection(name=name, kind=entry["kind"], facts=entry["facts"])
            for name, entry in sorted(self._read().items())
        )

    def get(self, name: str) -> Connection | None:
        """The connection of this name; None when there is none."""
        return next((each for each in self.all() if each.name == name), None)

    def put(self, connection: Connection) -> None:
        """Keeps a connection in place of an earlier one of its name."""
        self._write({**self._read(), connection.name: {"kind": connection.kind, "facts": dict(connection.facts)}})

    def remove(self, name: str) -> bool:
        """Forgets a connection, and says whether there was one."""
        held = self._read()
        if name not in held:
            return False
        del held[name]
        self._write(held)
        return True

    def _read(self) -> dict[str, Any]:
        held = read_facts(self._file)
        if held is None or not all(map(_is_entry, held.values())):
            raise PlayerError(f"connections {self._file}: is damaged; remove it and connect again")
        return held

    def _write(self, held: Mapping[str, Any]) -> None:
        write_facts(self._file, held, what="connections", indent=2)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    facts: object = entry.get("facts")
    return (
        isinstance(entry.get("kind"), str)
        and isinstance(facts, dict)
        and all(isinstance(v, str) for v in facts.values())
    )


def connect(
    kind: str,
    *,
    name: str | None = None,
    given: Mapping[str, str] | None = None,
    ask: Ask,
    secrets: Secrets | None = None,
    connections: Connections | None = None,
) -> Connection:
    """Connects a player: asks for what is needed, tries it out, and keeps it.

    Args:
        kind: One of `KINDS` that has an account.
        name: What to call it; None for its kind.
        given: What was already said: ``url``, ``user``, ``client_id``, ``port``; never a secret.
        ask: How to ask the listener.
        secrets: Where its secret goes.
        connections: Where the connection goes.

    Raises:
        OptionError: If there is no such kind, or the name cannot be one.
        PlayerError: If it cannot be reached or refuses.
    """
    if kind not in KINDS or not KINDS[kind].account:
        raise OptionError(f"player {kind!r}: cannot be connected; choose {', '.join(_connectable())}")
    called = name or kind
    if not _NAME.match(called) or (called in KINDS and called != kind):
        raise OptionError(f"name {called!r}: use small letters, digits and hyphens, and no other player's name")
    made = _module(kind).connect(called, given or {}, ask=ask, secrets=secrets or Secrets())
    (connections or Connections()).put(made)
    return made


def open_player(name: str, *, secrets: Secrets | None = None, connections: Connections | None = None) -> Player:
    """The player of a name: a connected one, ``local``, or ``file:`` with the name of a playlist file.

    Raises:
        OptionError: If no such player is connected.
        PlayerError: If its secret is gone, or the extra it needs is missing.
    """
    kind, _, rest = name.partition(":")
    if kind in KINDS and not KINDS[kind].account:
        return _module(kind).open_player(
            Connection(name=kind, kind=kind, facts={"path": rest} if rest else {}), secrets=secrets or Secrets()
        )
    found = (connections or Connections()).get(name)
    if found is None or found.kind not in KINDS:
        way = f"affetto connect {kind}" if kind in _connectable() else f"choose {_offer(connections)}"
        raise OptionError(f"player {name!r}: is not connected; {way}")
    return _module(found.kind).open_player(found, secrets=secrets or Secrets())


def forget(name: str, *, secrets: Secrets | None = None, connections: Connections | None = None) -> Connection | None:
    """Forgets a player: its secret, what is noted of it, and what was downloaded from it. The library keeps its songs.

    Returns:
        The connection as it was; None where only its secret was left.

    Raises:
        OptionError: If nothing of this name is known.
        PlayerError: If it cannot be forgotten.
    """
    connected = connections or Connections()
    known = connected.get(name)
    gone = (secrets or Secrets()).remove(name)
    if known is None and not gone:
        raise OptionError(f"--remove {name}: is not connected; see affetto connect --list")
    connected.remove(name)
    for file in (settings().data_dir / "players").glob(f"{name}.*"):
        file.unlink(missing_ok=True)
    if known is not None:
        shutil.rmtree(settings().cache_dir / known.kind / name, ignore_errors=True)
    return known


def _connectable() -> Iterable[str]:
    return [kind for kind, facts in KINDS.items() if facts.account]


def _offer(connections: Connections | None) -> str:
    connected = [each.name for each in (connections or Connections()).all()]
    return ", ".join([*connected, "local", "file:NAME.m3u8", *(f"affetto connect {kind}" for kind in _connectable())])


def _module(kind: str) -> _Module:
    return cast("_Module", importlib.import_module(KINDS[kind].module))
