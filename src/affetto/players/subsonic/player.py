"""A Subsonic server as a player."""

import secrets as random_secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import (
    AbsentError,
    Check,
    Feedback,
    FeedbackKind,
    Match,
    Missing,
    Placed,
    Resolution,
    UnsureError,
    Watch,
)
from affetto.players.journal import Journal
from affetto.players.lookup import best_match, look_up, titles
from affetto.players.matching import likeness
from affetto.players.patience import Patience
from affetto.players.ratings import Ratings
from affetto.players.shelf import Listed, place, title_of
from affetto.players.subsonic.api import Fault, Song, SubsonicApi

__all__ = ["Subsonic", "address_of", "song_of"]

_CANDIDATES = 40  # songs looked at for one track
_BATCH = 100  # songs named in one request whose parameters stand in the address


def address_of(name: str, identity: str) -> str:
    """How a song of a connected server is written as the ``uri`` of a `Track`; holds no secret.

    >>> address_of("home", "a1")
    'subsonic:home/a1'
    """
    return f"subsonic:{name}/{identity}"


def song_of(uri: str, name: str) -> str | None:
    """The server's own name of the song at this address; None for what is not a song of the server.

    >>> song_of("subsonic:home/a1", "home"), song_of("subsonic:work/a1", "home"), song_of("/music/a1.mp3", "home")
    ('a1', None, None)
    """
    start = address_of(name, "")
    return uri[len(start) :] or None if uri.startswith(start) else None


class Subsonic:
    """One account on a Subsonic server.

    Args:
        name: Name of the connection.
        api: The calls.
        user: Name of the account; empty where only an API key is known.
        journal: What is under way.
        folder: Where it is remembered which ratings were read; None for the data folder of the settings.
        patience: How long to keep looking for a playlist whose answer got lost.
    """

    def __init__(
        self,
        name: str,
        *,
        api: SubsonicApi,
        user: str = "",
        journal: Journal | None = None,
        folder: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._name, self.api, self._user = name, api, user
        self._journal = journal or Journal(name)
        self._ratings = Ratings(name, folder=folder)
        self._patience = patience or Patience()
        self._playlists = _Playlists(api, user)

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Songs of the server by their id, others by title, artist and length."""
        watch = watch or Watch()

        def known(track: Track) -> Match | None:
            identity = song_of(track.uri, self.name)
            return None if identity is None else Match(track=track, id=identity, score=1.0, how="id")

        return look_up(tracks, lambda track: self._find(track, watch), journal=self._journal, known=known, watch=watch)

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Makes a playlist, or brings ours of this name up to date."""
        watch, title = watch or Watch(), title_of(name)
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"{self.api.who}: none of the {len(tracks)} tracks was found, so no playlist was made")
        try:
            identity, created = self._place(title, about, resolution, watch)
        except Fault as fault:
            if fault.code not in (0, 10, 70):
                raise
            # A song that was known is gone from the server: look for all of them anew, once.
            resolution = self._anew(resolution, watch)
            identity, created = self._place(title, about, resolution, watch)
        return Placed(player=self.name, id=identity, name=title, link="", created=created, resolution=resolution)

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Puts songs behind what is in the queue that the server keeps for the account's apps."""
        watch = watch or Watch()
        resolution = self._some(tracks, watch)
        held = self.api.call("getPlayQueue", watch=watch).get("playQueue")
        queue: dict[str, Any] = held if isinstance(held, dict) else {}
        ids = [str(each["id"]) for each in queue.get("entry") or [] if isinstance(each, dict) and each.get("id")]
        wanted = [*ids, *resolution.ids]
        current = queue.get("current") or wanted[0]
        self._save_queue(wanted, str(current), queue.get("position"), watch)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Makes songs the queue that the server keeps for the account's apps, from the first one on.

        The API has no call that makes an app play: the listener presses play there, where the app follows the queue.
        The device "jukebox" is the server's own loudspeaker, which does start, if the account may use it.
        """
        if device not in (None, "jukebox"):
            raise OptionError(
                f"device {device!r}: a Subsonic server has none but 'jukebox'; leave it out for your apps"
            )
        watch = watch or Watch()
        resolution = self._some(tracks, watch)
        if device is not None:
            self.api.call("jukeboxControl", watch=watch, action="set", id=list(resolution.ids))
            self.api.call("jukeboxControl", watch=watch, action="start")
            return resolution
        self._save_queue(list(resolution.ids), resolution.ids[0], None, watch)
        watch.tell(f"{self.api.who} holds the queue; press play in an app that follows it")
        return resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Stars, ratings, and plays as far as the server tells them song by song.

        Stars and plays carry their time. Ratings do not: with ``since``, those that differ from what was read before
        are given, with the time of reading; without it, all of them are. What `Feedback.track` names is the address
        of the song (`address_of`).
        """
        watch = watch or Watch()
        since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
        now = datetime.now(UTC)
        before = self._ratings.read()
        ratings: dict[str, float] = {}
        given: list[Feedback] = []
        for song in self._songs(watch):
            if song.starred is not None and (since is None or song.starred >= since):
                given.append(self._feedback(song, FeedbackKind.LIKE, song.starred))
            if song.rating is not None:
                ratings[song.id] = song.rating
                if since is None or before.get(song.id) != song.rating:
                    given.append(self._feedback(song, FeedbackKind.RATING, now, rating=(song.rating - 1) / 4))
            if song.played is not None and (since is None or song.played >= since):
                given.append(self._feedback(song, FeedbackKind.PLAY, song.played, plays=float(song.plays or 1)))
        played = {each.track for each in given if each.kind is FeedbackKind.PLAY}
        for song, user, minutes in self.api.playing(watch=watch):
            at = now - timedelta(minutes=minutes)
            mine = not self._user or user.casefold() == self._user.casefold()
            if mine and (since is None or at >= since) and address_of(self.name, song.id) not in played:
                given.append(self._feedback(song, FeedbackKind.PLAY, at))
        yield from sorted(given, key=lambda each: each.at)
        self._ratings.write(ratings)

    def rate(self, track: Track, stars: int, *, watch: Watch | None = None) -> None:
        """Gives a song 1 to 5 stars at the server, or takes them away with 0.

        Raises:
            OptionError: If there are no such stars.
            PlayerError: If the server does not have the song.
        """
        if not 0 <= stars <= 5:
            raise OptionError(f"rating {stars}: 0 to 5 stars")
        watch = watch or Watch()
        self.api.call("setRating", watch=watch, id=self._some([track], watch).ids[0], rating=stars)

    def scrobble(self, track: Track, at: datetime, *, watch: Watch | None = None) -> None:
        """Tells the server that a song was played here.

        Raises:
            PlayerError: If the server does not have the song.
        """
        watch = watch or Watch()
        identity = self._some([track], watch).ids[0]
        stamp = round(at.timestamp() * 1000)
        self.api.call("scrobble", watch=watch, again=False, id=identity, time=stamp, submission="true")

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls, one by one, with a playlist that is removed at the end."""
        watch, api = watch or Watch(), self.api
        title, held = f"Affetto check {random_secrets.token_hex(3)}", list[Song]()

        def attempt(call: str, do: Any) -> Check:
            try:
                return Check(call=call, ok=True, note=str(do()))
            except PlayerError as error:
                return Check(call=call, ok=False, note=str(error))

        def search() -> str:
            held.extend(next(api.songs(watch=watch), ()))
            return f"{len(held)} songs on the first page" if held else "no songs; albums are walked instead"

        yield attempt("ping", lambda: f"version {api.call('ping', watch=watch).get('version', 'unknown')}")
        yield attempt("search3", search)
        yield attempt("getAlbumList2", lambda: "album found" if next(api.albums(watch=watch), None) else "no albums")
        yield attempt("getStarred2", lambda: f"{len(api.starred(watch=watch))} starred")
        yield attempt("getNowPlaying", lambda: f"{len(list(api.playing(watch=watch)))} playing")
        if held:
            yield attempt("createPlaylist", lambda: self._playlists.create(title, [held[0].id], watch) or "made")
        made = [each for each in api.playlists(watch=watch) if each.get("name") == title]
        yield Check(call="getPlaylists", ok=bool(made) == bool(held), note="listed" if made else "nothing to list")
        for each in made:
            identity = str(each.get("id"))
            yield attempt(
                "updatePlaylist", lambda i=identity: self._playlists.entitle(i, title, "checked", watch) or "done"
            )
            yield attempt("deletePlaylist", lambda i=identity: api.call("deletePlaylist", watch=watch, id=i) and "done")

    def _place(self, title: str, about: str, resolution: Resolution, watch: Watch) -> tuple[str, bool]:
        return place(
            self._playlists,
            who=self.api.who,
            title=title,
            about=about,
            ids=resolution.ids,
            journal=self._journal,
            watch=watch,
            pause=self._patience.pause,
        )

    def _some(self, tracks: Sequence[Track], watch: Watch) -> Resolution:
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"{self.api.who}: none of the {len(tracks)} tracks was found, so nothing plays")
        return resolution

    def _save_queue(self, ids: list[str], current: str, position: Any, watch: Watch) -> None:
        at = position if isinstance(position, int) and not isinstance(position, bool) else None
        try:
            self.api.call("savePlayQueue", watch=watch, id=ids, current=current, position=at)
        except AbsentError:
            words = "keeps no queue for its apps (savePlayQueue); make a playlist, and open it in one of them"
            raise PlayerError(f"{self.api.who}: {words}") from None

    def _anew(self, resolution: Resolution, watch: Watch) -> Resolution:
        found: list[Match] = []
        missing = list(resolution.missing)
        for match in resolution.found:
            other = self._find(match.track, watch)
            if isinstance(other, Match):
                found.append(other)
            else:
                missing.append(other)
        if not found:
            raise PlayerError(f"{self.api.who}: has none of the songs any more; import it again")
        self._journal.found(found)
        self._journal.save()
        return Resolution(found=tuple(found), missing=tuple(missing))

    def _find(self, track: Track, watch: Watch) -> Match | Missing:

        def search(query: str) -> Iterator[Match]:
            for song in self.api.search(query, count=_CANDIDATES, watch=watch):
                score = likeness(track, title=song.title, artists=[song.artist], seconds=song.seconds)
                yield Match(track=track, id=song.id, score=score, how="search", seen=f"{song.artist} - {song.title}")

        # Some servers look for the words as they stand, within titles only.
        title = track.title.strip()
        return best_match(track, (*titles(title), f"{track.artist} {title}".strip()), search)

    def _songs(self, watch: Watch) -> Iterator[Song]:
        """Every song; where the server does not list them all, the starred ones."""
        any_song = False
        for page in self.api.songs(watch=watch):
            any_song = True
            yield from page
        if not any_song:
            yield from self.api.starred(watch=watch)

    def _feedback(self, song: Song, kind: FeedbackKind, at: datetime, **detail: float) -> Feedback:
        facts = {"player": self.name, "title": song.title, "artist": song.artist, **detail}
        return Feedback(track=address_of(self.name, song.id), kind=kind, at=at, detail=facts)


class _Playlists:
    """The account's playlists, as `affetto.players.shelf` wants them."""

    def __init__(self, api: SubsonicApi, user: str) -> None:
        self._api, self._user = api, user

    def listed(self, watch: Watch) -> Iterator[Listed]:
        """Every playlist that the account sees."""
        for each in self._api.playlists(watch=watch):
            if each.get("id") is None:
                continue
            owner = each.get("owner")
            yield Listed(
                id=str(each["id"]),
                name=str(each.get("name", "")),
                note=str(each.get("comment") or ""),
                mine=not self._user or owner is None or str(owner).casefold() == self._user.casefold(),
            )

    def create(self, name: str, ids: Sequence[str], watch: Watch) -> str | None:
        """Makes a playlist; servers before version 1.14 do not tell its id."""
        made = self._api.call("createPlaylist", watch=watch, again=False, name=name, songId=list(ids[:_BATCH]))
        playlist = made.get("playlist")
        identity = playlist.get("id") if isinstance(playlist, dict) else None
        return None if identity is None else str(identity)

    def fill(self, identity: str, ids: Sequence[str], watch: Watch) -> None:
        """Puts exactly these songs in; begins anew where it is not sure what went in."""
        first = len(ids) if self._api.forms else _BATCH
        for last in (False, False, True):
            try:
                self._api.call("createPlaylist", watch=watch, playlistId=identity, songId=list(ids[:first]))
                for start in range(first, len(ids), _BATCH):
                    watch.progress("filling", start, len(ids))
                    more = list(ids[start : start + _BATCH])
                    self._api.call("updatePlaylist", watch=watch, again=False, playlistId=identity, songIdToAdd=more)
                return
            except UnsureError:
                if last:
                    raise

    def entitle(self, identity: str, title: str, note: str, watch: Watch) -> None:
        """Names and describes a playlist."""
        self._api.call("updatePlaylist", watch=watch, playlistId=identity, name=title, comment=note)
