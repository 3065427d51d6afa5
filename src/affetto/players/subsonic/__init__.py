"""Subsonic and OpenSubsonic servers (Navidrome, Gonic, Airsonic, LMS, Supysonic and others).

The server keeps the music and its own apps play it: playlists go there, stars, ratings and play counts come back, and
its catalog becomes part of the library.
"""

from affetto.players.subsonic.player import Subsonic, address_of, song_of
from affetto.players.subsonic.sign_in import connect, open_player

__all__ = ["Subsonic", "address_of", "connect", "open_player", "song_of"]
