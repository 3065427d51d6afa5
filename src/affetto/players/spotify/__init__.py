"""Spotify, through spotipy (the ``players`` extra), with the listener's own client id.

Only music goes there: what to look for, a playlist, what to play. Nothing that comes back is used for anything but
that: Spotify's policy forbids feeding its content to a model or building profiles from it, and so
`Spotify.read_feedback` gives nothing. The calls that are used stand in ``docs/reference/spotify-contract.md``.
"""

from affetto.players.spotify.client import SCOPES
from affetto.players.spotify.player import Spotify
from affetto.players.spotify.sign_in import connect, open_player

__all__ = ["SCOPES", "Spotify", "connect", "open_player"]
