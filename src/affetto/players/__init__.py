"""Where playlists go."""

from affetto.players.files import PLAYLIST_SUFFIXES, save_playlist

__all__ = ["PLAYLIST_SUFFIXES", "save_playlist"]
