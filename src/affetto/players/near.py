"""Music that lies on a connected server, brought to this machine to be played."""

import re

from affetto.errors import OptionError, PlayerError
from affetto.players.base import Watch

__all__ = ["bring_near", "is_far"]

_SONG = re.compile(r"subsonic:(?P<name>[a-z][a-z0-9-]*)/(?P<song>[^\x00-\x20\x7f]+)\Z")


def is_far(uri: str) -> bool:
    """Whether an address names a song of a connected server.

    >>> is_far("subsonic:home/a1"), is_far("subsonic.mp3"), is_far("https://example.org/a.mp3")
    (True, False, False)
    """
    return _SONG.match(uri) is not None


def bring_near(uri: str, *, watch: Watch) -> str:
    """Where the sound of a track lies: songs of a connected server are downloaded into the cache, all else is as it is.

    Raises:
        PlayerError: If the server is not connected, or does not give the song.
        StoppedError: If it is called off.
    """
    found = _SONG.match(uri)
    if found is None:
        return uri
    from affetto.players.connections import open_player
    from affetto.players.subsonic import Subsonic
    from affetto.players.subsonic.cache import AudioCache

    try:
        player = open_player(found["name"])
    except OptionError as error:
        raise PlayerError(f"track {uri[:80]!r}: {error}") from None
    if not isinstance(player, Subsonic):
        raise PlayerError(f"track {uri[:80]!r}: {found['name']} is no Subsonic server; see affetto connect --list")
    return str(AudioCache(player.name).fetch(player, found["song"], watch=watch))
