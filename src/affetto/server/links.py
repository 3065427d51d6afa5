"""Where a page gets the sound and the covers of tracks."""

from typing import Any

from affetto.recommendation.playlist import Playlist
from affetto.recommendation.source import OWN

__all__ = ["playlist_with_links", "with_links"]


def with_links(track: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """A track with where a page gets its sound and its cover; None where it cannot.

    Args:
        track: The track as plain values.
        own: Whether it is one of the person's library, so that its name is its number there.
    """
    uri = track["uri"]
    if uri.startswith("https://"):
        return {**track, "stream": uri, "cover": None}
    if not own or not uri or "://" in uri:
        return {**track, "stream": None, "cover": None}
    place = f"/v1/tracks/{track['id']}"
    return {**track, "stream": f"{place}/audio", "cover": f"{place}/cover"}


def playlist_with_links(playlist: Playlist) -> dict[str, Any]:
    """A playlist as plain values, whose tracks say where their sound and covers are."""
    value = playlist.to_dict()
    own = playlist.library == OWN
    return {**value, "tracks": [with_links(track, own=own) for track in value["tracks"]]}
