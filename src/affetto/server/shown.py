"""Tracks as a page shows them: where it gets their sound and covers, and which of them the person likes."""

from collections.abc import Iterable, Mapping
from typing import Any

from affetto.recommendation.listener import Listener
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.source import OWN

__all__ = ["shown_playlist", "shown_tracks"]


def shown_tracks(tracks: Iterable[Mapping[str, Any]], library: str) -> list[dict[str, Any]]:
    """Tracks with where a page gets their sound (``stream``) and their ``cover``, and the number of their like.

    Each of them is None where there is none.

    Args:
        tracks: The tracks as plain values.
        library: Key of the music that they are from, see `affetto.recommendation.source.Music`.
    """
    tracks, known = list(tracks), Listener.known()
    likes = known.likes(library, [track["id"] for track in tracks]) if known else {}
    return [{**track, **_links(track, own=library == "own"), "liked": likes.get(track["id"])} for track in tracks]


def _links(track: Mapping[str, Any], *, own: bool) -> dict[str, str | None]:
    uri = track["uri"]
    if uri.startswith("https://"):
        return {"stream": uri, "cover": None}
    if not own or not uri or "://" in uri:
        return {"stream": None, "cover": None}
    place = f"/v1/tracks/{track['id']}"
    return {"stream": f"{place}/audio", "cover": f"{place}/cover"}


def shown_playlist(playlist: Playlist) -> dict[str, Any]:
    """A playlist, made from the person's own music or the starter catalog, with its tracks as they are shown."""
    value = playlist.to_dict()
    return {**value, "tracks": shown_tracks(value["tracks"], "own" if playlist.library == OWN else "starter")}
