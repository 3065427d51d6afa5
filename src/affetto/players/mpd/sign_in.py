"""Finding MPD, and the password it may want."""

import os
from collections.abc import Mapping

from affetto.errors import OptionError
from affetto.players.base import AccessError, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.mpd.client import address_of, breaks, is_here, library
from affetto.players.mpd.player import MpdPlayer
from affetto.players.patience import Patience
from affetto.players.secrets import Secrets

__all__ = ["connect", "open_player"]


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Finds MPD, and asks for its password if it wants one.

    Raises:
        OptionError: If the address cannot be one.
        AccessError: If the password is wrong.
        PlayerError: If the extra is missing, or nothing there answers as MPD does.
    """
    address = address_of(given.get("url") or os.environ.get("MPD_HOST") or ask.line("Address of MPD"))
    watch, patience = Watch(tell=ask.tell), Patience(tries=2)
    player, password = MpdPlayer(name, address=address, patience=patience), None
    try:
        songs = _songs(player, watch)
    except AccessError:
        if not is_here(address):
            ask.tell("MPD takes passwords as they are: who listens on the network between can read it.")
        password = ask.secret("Password of MPD")
        if not password.reveal() or breaks(password.reveal()):
            raise OptionError("no password was given; run the command again") from None
        player = MpdPlayer(name, address=address, password=password, patience=patience)
        songs = _songs(player, watch)
    finally:
        player.close()
    if password is None:
        secrets.remove(name)
    else:
        secrets.put(name, password)
    ask.tell(f"Connected to MPD at {address}, which holds {songs} songs.")
    return Connection(name=name, kind="mpd", facts={"url": address, "password": "no" if password is None else "yes"})


def open_player(connection: Connection, *, secrets: Secrets) -> MpdPlayer:
    """The player of a connection.

    Raises:
        AccessError: If its password is gone.
        PlayerError: If the extra is missing.
    """
    library()
    password = None
    if connection.facts.get("password") == "yes":
        password = secrets.get(connection.name)
        if password is None:
            raise AccessError(
                f"MPD: the password is not in {secrets.place} any more; connect again: affetto connect mpd"
            )
    return MpdPlayer(connection.name, address=address_of(connection.facts.get("url", "")), password=password)


def _songs(player: MpdPlayer, watch: Watch) -> str:
    return str(player.client.call(lambda mpd: mpd.stats(), watch).get("songs", "0"))
