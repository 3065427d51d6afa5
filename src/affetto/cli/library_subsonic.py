"""``affetto library add subsonic:``: the catalog of a connected server."""

import json
from collections.abc import Sequence
from typing import Any

from affetto.errors import OptionError

__all__ = ["add_servers", "remove_server", "servers_in"]

_SCHEME = "subsonic"


def servers_in(places: Sequence[object]) -> tuple[list[str], list[Any]]:
    """The connections that are meant by ``subsonic:`` or ``subsonic:NAME``, and the folders among the places.

    >>> servers_in(["subsonic:", "subsonic:home", "/music"])
    (['subsonic', 'home'], ['/music'])
    """
    servers = [str(place) for place in places if str(place).startswith(f"{_SCHEME}:")]
    folders = [place for place in places if not str(place).startswith(f"{_SCHEME}:")]
    return [place.partition(":")[2] or _SCHEME for place in servers], folders


def add_servers(store: Any, names: Sequence[str], *, most: int | None, workers: int | None, as_json: bool) -> None:
    """Imports the catalogs of servers, then listens to songs that were never heard.

    Args:
        store: The library.
        names: Names of connections.
        most: Songs of each server to listen to at most; None for all.
        workers: Processes that listen; None for one.
        as_json: Print one object a server.

    Raises:
        OptionError: If a connection is no Subsonic server.
        PlayerError: If a server fails; what was done is kept.
    """
    from affetto.cli import library_views as views
    from affetto.players.base import Watch
    from affetto.players.connections import open_player
    from affetto.players.subsonic import Subsonic
    from affetto.players.subsonic.catalog import import_catalog
    from affetto.players.subsonic.listening import listen_to_songs

    for name in names:
        player = open_player(name)
        if not isinstance(player, Subsonic):
            raise OptionError(f"subsonic:{name}: is no Subsonic server; see affetto connect --list")
        with views.scanning(quiet=as_json) as progress:
            watch = Watch(progress=progress, tell=lambda text: views.note(text, quiet=False))
            found = import_catalog(store, player, watch=watch)
        if not as_json:
            views.note(
                f"{name}: {found.songs:,} songs, {found.new:,} new, {found.updated:,} updated, {found.gone:,} gone; "
                f"{found.waiting:,} to listen to",
                quiet=False,
            )
        with views.scanning(quiet=as_json) as progress:
            watch = Watch(progress=progress, tell=lambda text: views.note(text, quiet=False))
            heard = listen_to_songs(store, player, most=most, workers=1 if workers is None else workers, watch=watch)
        if as_json:
            kept = {key: value for key, value in heard.to_dict().items() if key in ("heard", "waiting", "failed")}
            print(json.dumps({"server": name, **found.to_dict(), **kept}), flush=True)
            continue
        views.note(
            f"{name}: {heard.heard:,} heard, {heard.waiting:,} waiting, {len(heard.failed):,} failed", quiet=False
        )
        for song, reason in list(heard.failed.items())[:10]:
            views.note(f"  {song}: {reason}", quiet=False)


def remove_server(store: Any, name: str) -> int:
    """Forgets the songs of a server, connected or not; their number.

    Raises:
        OptionError: If the library holds none of it.
        StoreError: If a scan is running.
    """
    from affetto.players.subsonic.catalog import BUSY
    from affetto.players.subsonic.rows import forget_songs

    with store.lock("scan", busy=BUSY):
        count = forget_songs(store, name)
    if not count:
        raise OptionError(f"subsonic:{name}: the library holds no song of it; see affetto library status")
    return count
