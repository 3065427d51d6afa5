"""Where playlists go, and where likes come from."""

from affetto.players.base import Feedback, FeedbackKind, Match, Missing, Placed, Player, Resolution, Watch
from affetto.players.files import (
    PLAYLIST_SUFFIXES,
    READABLE_SUFFIXES,
    check_target,
    load_playlist,
    save_playlist,
    save_tracks,
)

__all__ = [
    "PLAYLIST_SUFFIXES",
    "READABLE_SUFFIXES",
    "Feedback",
    "FeedbackKind",
    "Match",
    "Missing",
    "Placed",
    "Player",
    "Resolution",
    "Watch",
    "check_target",
    "load_playlist",
    "save_playlist",
    "save_tracks",
]
