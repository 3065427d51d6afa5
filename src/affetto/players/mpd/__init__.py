"""The Music Player Daemon, through python-mpd2 (the ``players`` extra).

Tracks are found by their path within MPD's music folder, then by title, artist and length. The queue is added to and
never cleared. Ratings, likes, play and skip counts are read from stickers, by the names that MPD's clients share.
"""

from affetto.players.mpd.player import MpdPlayer, Playing
from affetto.players.mpd.sign_in import connect, open_player

__all__ = ["MpdPlayer", "Playing", "connect", "open_player"]
