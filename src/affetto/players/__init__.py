"""Where playlists go."""

from affetto.players.files import PLAYLIST_SUFFIXES, check_target, save_playlist

__all__ = ["PLAYLIST_SUFFIXES", "check_target", "save_playlist"]
