"""Spotify as a player."""

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import Check, Feedback, Placed, Resolution, UnsureError, Watch
from affetto.players.journal import Journal, marker
from affetto.players.lookup import look_up
from affetto.players.patience import Patience
from affetto.players.secrets import Secrets
from affetto.players.shelf import title_of
from affetto.players.spotify.answers import field
from affetto.players.spotify.client import LISTED, Client
from affetto.players.spotify.contract import me, try_contract
from affetto.players.spotify.search import find

__all__ = ["Spotify"]

_BATCH = 100  # items in one request


class Spotify:
    """Spotify as a player.

    Args:
        name: Name of the connection.
        client_id: The listener's own client id.
        user: The listener's id there, by which our own playlists are told from followed ones.
        secrets: Where the token lies.
        journal: What is under way.
        patience: How long to keep trying.
        api: Where the Web API lies.
        accounts: Where listeners sign in.
    """

    def __init__(
        self,
        name: str,
        *,
        client_id: str,
        user: str = "",
        secrets: Secrets,
        journal: Journal | None = None,
        patience: Patience | None = None,
        api: str | None = None,
        accounts: str | None = None,
    ) -> None:
        self._name, self._user = name, user
        self._journal = journal or Journal(name)
        self._patience = patience or Patience()
        self._calls = Client(
            name, client_id=client_id, secrets=secrets, patience=self._patience, api=api, accounts=accounts
        )

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def user(self, *, watch: Watch | None = None) -> str:
        """The listener's id at Spotify."""
        return field(self._calls.call(me, watch or Watch()), "id", str)

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Finds tracks by ISRC, then by title, artist and length.

        What is found is written down at once, so that a search that was cut off goes on where it stopped.
        """
        watch = watch or Watch()
        return look_up(tracks, lambda track: find(track, self._calls, watch), journal=self._journal, watch=watch)

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Makes a private playlist, or brings ours of this name up to date."""
        watch = watch or Watch()
        title = title_of(name)
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"Spotify: none of the {len(tracks)} tracks was found, so no playlist was made")
        words = f"{' '.join(about.split())[:250]} [{marker(title)}]".strip()
        ours = self._ours(title, watch)
        if ours is None:
            identity = self._create(title, words, watch)
        else:
            identity = ours["id"]
            if html.unescape(str(ours.get("description") or "")) != words or ours.get("name") != title:
                self._calls.call(
                    lambda spotify: spotify.playlist_change_details(identity, name=title, description=words), watch
                )
        self._fill(identity, resolution.ids, watch)
        return Placed(
            player=self.name,
            id=identity,
            name=title,
            link=f"https://open.spotify.com/playlist/{identity}",
            created=ours is None,
            resolution=resolution,
        )

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Puts tracks behind what is playing."""
        watch = watch or Watch()
        resolution = self.resolve(tracks, watch=watch)
        device = self._device(None, watch)
        for done, uri in enumerate(resolution.ids):
            watch.progress("queueing", done, len(resolution.ids))
            self._calls.call(lambda spotify, uri=uri: spotify.add_to_queue(uri, device_id=device), watch, again=False)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Starts playing on a device of that name, on the active one, or on the first that is ready."""
        watch = watch or Watch()
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"Spotify: none of the {len(tracks)} tracks was found, so nothing plays")
        chosen, uris = self._device(device, watch), list(resolution.ids[:_BATCH])
        self._calls.call(lambda spotify: spotify.start_playback(device_id=chosen, uris=uris), watch)
        return resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Nothing: what is heard on Spotify may not enter a profile."""
        del since, watch
        return iter(())

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls of the contract, one by one, with a playlist that is removed at the end."""
        return try_contract(self._calls, watch or Watch())

    # -- our playlist --------------------------------------------------------------------------------------------

    def _ours(self, title: str, watch: Watch) -> dict[str, Any] | None:
        """The playlist that we made under this name, if the listener still has it."""
        known, mark = self._journal.playlist(title), marker(title)
        marked: dict[str, Any] | None = None
        offset = 0
        while True:
            page = self._calls.call(
                lambda spotify, offset=offset: spotify.current_user_playlists(limit=LISTED, offset=offset), watch
            )
            for each in field(page, "items", list):
                if not isinstance(each, dict) or not each.get("id"):
                    continue
                if known is not None and each["id"] == known:
                    return each
                if marked is None and mark in str(each.get("description") or "") and self._is_mine(each):
                    marked = each
            offset += LISTED
            if not page.get("next") or (marked is not None and known is None):
                break
        if marked is not None:
            self._journal.made(title, str(marked["id"]))
        elif known is not None:
            self._journal.forget(title)
        return marked

    def _is_mine(self, playlist: Mapping[str, Any]) -> bool:
        owner = playlist.get("owner")
        return not self._user or (isinstance(owner, dict) and owner.get("id") == self._user)

    def _create(self, title: str, words: str, watch: Watch) -> str:
        self._journal.begin(title)
        try:
            made = self._calls.call(
                lambda spotify: spotify.current_user_playlist_create(title, public=False, description=words),
                watch,
                again=False,
            )
            if not isinstance(made, dict) or not isinstance(made.get("id"), str):
                raise UnsureError("Spotify: does not say what it made; run the same command again")
            identity = str(made["id"])
        except UnsureError:
            # It may be there although the answer got lost: look for it, and never ask for a second one.
            for wait in (1, 2, 4):
                watch.wait(self._patience.pause * wait)
                found = self._ours(title, watch)
                if found is not None:
                    return str(found["id"])
            raise
        self._journal.made(title, identity)
        return identity

    def _fill(self, identity: str, uris: Sequence[str], watch: Watch) -> None:
        """Puts exactly these items in; begins anew where it is not sure what went in."""
        for last in (False, False, True):
            try:
                watch.progress("filling", 0, len(uris))
                first = list(uris[:_BATCH])
                self._calls.call(lambda spotify, first=first: spotify.playlist_replace_items(identity, first), watch)
                for start in range(_BATCH, len(uris), _BATCH):
                    watch.progress("filling", start, len(uris))
                    more = list(uris[start : start + _BATCH])
                    self._calls.call(
                        lambda spotify, more=more: spotify.playlist_add_items(identity, more), watch, again=False
                    )
                watch.progress("filling", len(uris), len(uris))
                return
            except UnsureError:
                if last:
                    raise

    def _device(self, wanted: str | None, watch: Watch) -> str:
        answer = self._calls.call(lambda spotify: spotify.devices(), watch)
        ready = [
            each
            for each in field(answer, "devices", list)
            if isinstance(each, dict) and each.get("id") and not each.get("is_restricted")
        ]
        if not ready:
            raise PlayerError("Spotify: no device is ready; open Spotify on one and try again")
        if wanted is not None:
            named = [each for each in ready if str(each.get("name", "")).casefold() == wanted.casefold()]
            if not named:
                names = ", ".join(str(each.get("name", "")) for each in ready)
                raise OptionError(f"device {wanted!r}: is not ready; choose {names}")
            return str(named[0]["id"])
        return str(next((each for each in ready if each.get("is_active")), ready[0])["id"])
