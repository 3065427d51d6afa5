"""The playlists of an account, in JSPF."""

import html
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote

from affetto.players.base import UnsureError, Watch
from affetto.players.http import Http
from affetto.players.listenbrainz.api import AT_ONCE, MBID, MOST_PAGES, PAGE, object_of, objects_of, text_of
from affetto.players.shelf import Listed

__all__ = ["Playlists"]

_RECORDING = "https://musicbrainz.org/recording/"
_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"


class Playlists:
    """The account's playlists, as `affetto.players.shelf` wants them."""

    def __init__(self, http: Http, user: str) -> None:
        self._http, self._user = http, user

    def listed(self, watch: Watch) -> Iterator[Listed]:
        """Every playlist of the account."""
        path = f"/1/user/{quote(self._user, safe='')}/playlists"
        for number in range(MOST_PAGES):
            answer = self._http.json("GET", path, params={"count": PAGE, "offset": number * PAGE}, watch=watch)
            page = objects_of(answer, "playlists")
            for each in page:
                playlist = object_of(each.get("playlist"))
                identity = text_of(playlist, "identifier").rstrip("/").rpartition("/")[2]
                if MBID.match(identity):
                    creator = text_of(playlist, "creator")
                    yield Listed(
                        id=identity,
                        name=text_of(playlist, "title"),
                        note=html.unescape(text_of(playlist, "annotation")),
                        mine=not creator or creator.casefold() == self._user.casefold(),
                    )
            if len(page) < PAGE:
                return

    def create(self, name: str, ids: Sequence[str], watch: Watch) -> str | None:
        """Makes a private playlist."""
        body = _jspf(title=name, ids=ids[:AT_ONCE])
        answer = self._http.json("POST", "/1/playlist/create", body=body, again=False, watch=watch)
        identity = text_of(answer, "playlist_mbid")
        return identity if MBID.match(identity) else None

    def fill(self, identity: str, ids: Sequence[str], watch: Watch) -> None:
        """Puts exactly these recordings in; looks what is there, and begins anew where an answer got lost."""
        for last in (False, False, True):
            try:
                there = self._recordings(identity, watch)
                if there == list(ids):
                    return
                if there:
                    self._change(identity, "item/delete", {"index": 0, "count": len(there)}, watch)
                for start in range(0, len(ids), AT_ONCE):
                    watch.progress("filling", start, len(ids))
                    self._change(identity, "item/add", _jspf(ids=ids[start : start + AT_ONCE]), watch)
                return
            except UnsureError:
                if last:
                    raise

    def entitle(self, identity: str, title: str, note: str, watch: Watch) -> None:
        """Names and describes a playlist."""
        body = _jspf(title=title, note=note)
        self._http.json("POST", f"/1/playlist/edit/{identity}", body=body, again=True, watch=watch)

    def _change(self, identity: str, call: str, body: object, watch: Watch) -> None:
        self._http.json("POST", f"/1/playlist/{identity}/{call}", body=body, again=False, watch=watch)

    def _recordings(self, identity: str, watch: Watch) -> list[str]:
        params = {"fetch_metadata": "false"}
        answer = self._http.json("GET", f"/1/playlist/{identity}", params=params, watch=watch)
        recordings: list[str] = []
        for track in objects_of(object_of(answer).get("playlist"), "track"):
            found = track.get("identifier")
            first: Any = cast("list[Any]", found)[0] if isinstance(found, list) and found else found
            recordings.append(str(first).rpartition("/")[2])
        return recordings


def _jspf(*, title: str = "", note: str = "", ids: Sequence[str] = ()) -> dict[str, Any]:
    """A playlist in JSPF with the extension of MusicBrainz."""
    playlist: dict[str, Any] = {"track": [{"identifier": f"{_RECORDING}{mbid}"} for mbid in ids]}
    if title:
        playlist |= {"title": title, "extension": {_EXTENSION: {"public": False}}}
    if note:
        playlist["annotation"] = html.escape(note, quote=False)
    return {"playlist": playlist}
