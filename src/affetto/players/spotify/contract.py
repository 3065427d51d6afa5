"""The calls of ``docs/reference/spotify-contract.md``, tried out."""

import secrets as random_secrets
from collections.abc import Callable, Iterator
from typing import Any

from affetto.errors import PlayerError
from affetto.players.base import Check, Watch
from affetto.players.spotify.client import FOUND, LISTED, Client

__all__ = ["me", "try_contract"]


def me(spotify: Any) -> Any:
    """Who is signed in."""
    return spotify._get("me")  # spotipy's own me() asks for "me/", which is not what is documented


def try_contract(calls: Client, watch: Watch) -> Iterator[Check]:
    """Tries the calls of the contract, one by one, with a playlist that is removed at the end."""
    made, title = "", f"Affetto check {random_secrets.token_hex(3)}"
    held: dict[str, Any] = {}

    def attempt(call: str, do: Callable[[Any], Any], note: Callable[[Any], str], *, again: bool = True) -> Check:
        try:
            held["last"] = calls.call(do, watch, again=again)
            return Check(call=call, ok=True, note=note(held["last"]))
        except (PlayerError, KeyError, TypeError, AttributeError) as error:
            held["last"] = None
            words = str(error) if isinstance(error, PlayerError) else f"answers otherwise than documented ({error!r})"
            return Check(call=call, ok=False, note=words)

    yield attempt("GET /me", me, lambda got: f"signed in as {got['id']}")
    yield attempt(
        "GET /search",
        lambda spotify: spotify.search("track:Carefree artist:Kevin MacLeod", limit=FOUND, type="track"),
        lambda got: f"{len(got['tracks']['items'])} results, at most {FOUND}",
    )
    items = ((held["last"] or {}).get("tracks") or {}).get("items") or []
    yield attempt(
        "POST /me/playlists",
        lambda spotify: spotify.current_user_playlist_create(title, public=False, description="may be removed"),
        lambda got: f"made {got['id']}",
        again=False,
    )
    made = str((held["last"] or {}).get("id") or "")
    if made:
        uris = [str(item["uri"]) for item in items[:1]]
        yield attempt("PUT /playlists/{id}/items", lambda spotify: spotify.playlist_replace_items(made, uris), _noted)
        yield attempt(
            "POST /playlists/{id}/items", lambda spotify: spotify.playlist_add_items(made, uris), _noted, again=False
        )
        yield attempt(
            "PUT /playlists/{id}", lambda spotify: spotify.playlist_change_details(made, description="checked"), _noted
        )
    yield attempt(
        "GET /me/playlists",
        lambda spotify: spotify.current_user_playlists(limit=LISTED),
        lambda got: f"{len(got['items'])} listed",
    )
    if made:
        yield attempt(
            "DELETE /me/library",
            lambda spotify: spotify._delete("me/library", uris=f"spotify:playlist:{made}"),
            lambda _: "removed again",
        )
    yield attempt(
        "GET /me/player/devices",
        lambda spotify: spotify.devices(),
        lambda got: ", ".join(str(each["name"]) for each in got["devices"]) or "none is ready; open Spotify on one",
    )


def _noted(answer: Any) -> str:
    return "done" if answer is None or "snapshot_id" in answer else "done, without a snapshot"
