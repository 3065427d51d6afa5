"""Jellyfin as a player: playlists, playing on its apps, favourites and plays; version 10.9 and up.

Its playlists have no description that a listener may write, so which of them is ours is noted where Jellyfin keeps the
preferences of each app (``/DisplayPreferences``). Written after api.jellyfin.org.
"""

import re
import secrets as random_secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, cast
from urllib.parse import urlsplit

from affetto.errors import OptionError, PlayerError
from affetto.music.text import clean
from affetto.music.track import Track
from affetto.players.base import AccessError, Check, Feedback, FeedbackKind, Match, Missing, Placed, Resolution, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.http import Http, check_url
from affetto.players.journal import Journal
from affetto.players.lookup import best_match, look_up, titles
from affetto.players.matching import likeness
from affetto.players.patience import Patience
from affetto.players.ratings import Ratings
from affetto.players.secrets import Secret, Secrets
from affetto.players.shelf import Listed, place, title_of
from affetto.version import __version__

__all__ = ["Jellyfin", "connect", "open_player"]

_ID = re.compile(r"[0-9a-fA-F-]{32,36}\Z")
_MARK = re.compile(r"\[(affetto-[0-9a-f]+)\]")
_CANDIDATES = 40
_PAGE = 500
_MOST_PAGES = 4_000
_TICKS = 10_000_000  # in a second
_AGAIN = "connect again: affetto connect jellyfin"
_MOST_AT_ONCE = 300  # items whose ids stand in one address


class Jellyfin:
    """One account on a Jellyfin server.

    Args:
        name: Name of the connection.
        http: Requests, with the token among the headers.
        user: Id of the account.
        journal: What is under way.
        ratings: Which favourites were read before.
        pause: Seconds before the first look for a playlist whose answer got lost.
    """

    def __init__(
        self,
        name: str,
        *,
        http: Http,
        user: str,
        journal: Journal | None = None,
        ratings: Ratings | None = None,
        pause: float = 0.5,
    ) -> None:
        self._name, self._http, self._user = name, http, user
        self._journal = journal or Journal(name)
        self._ratings = ratings or Ratings(name)
        self._pause = pause
        self._playlists = _Playlists(http, user)

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Finds tracks by title, artist and length; a file on the same path is the same track."""
        watch = watch or Watch()
        return look_up(tracks, lambda track: self._find(track, watch), journal=self._journal, watch=watch)

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Makes a playlist, or brings ours of this name up to date; ``about`` has no place there."""
        watch, title = watch or Watch(), title_of(name)
        resolution = self._some(tracks, watch, "no playlist was made")
        identity, created = place(
            self._playlists,
            who="Jellyfin",
            title=title,
            about="",
            ids=resolution.ids,
            journal=self._journal,
            watch=watch,
            pause=self._pause,
        )
        del about
        link = f"{self._http.base}/web/#/details?id={identity}"
        return Placed(player=self.name, id=identity, name=title, link=link, created=created, resolution=resolution)

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Puts tracks right behind what an app of Jellyfin plays."""
        watch = watch or Watch()
        resolution = self._some(tracks, watch, "nothing was queued")
        self._command("PlayNext", self._session(None, watch), resolution.ids, watch)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Starts playing on the app of that name, on the one that plays, or on the first that is open."""
        watch = watch or Watch()
        resolution = self._some(tracks, watch, "nothing plays")
        self._command("PlayNow", self._session(device, watch), resolution.ids, watch)
        return resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Favourites, thumbs and plays.

        Plays carry the time of the last one. Favourites and thumbs carry none: with ``since``, those that were not
        read before are given, with the time of reading.
        """
        watch = watch or Watch()
        since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
        now, given = datetime.now(UTC), list[Feedback]()
        before, ratings = self._ratings.read(), dict[str, float]()
        for item in self._items(watch, includeItemTypes="Audio", enableUserData="true", sortBy="SortName"):
            data = _dict(item.get("UserData"))
            likes = data.get("Likes")
            value = 1.0 if data.get("IsFavorite") is True or likes is True else 0.0 if likes is False else None
            identity = _text(item, "Id")
            if value is not None:
                ratings[identity] = value
                if since is None or before.get(identity) != value:
                    given.append(self._feedback(item, FeedbackKind.LIKE if value else FeedbackKind.DISLIKE, now))
            played, count = _when(data.get("LastPlayedDate")), data.get("PlayCount")
            if played is not None and (since is None or played >= since):
                plays = float(count) if isinstance(count, int) and 0 < count < 10_000_000 else 1.0
                given.append(self._feedback(item, FeedbackKind.PLAY, played, plays=plays))
        yield from sorted(given, key=lambda each: each.at)
        self._ratings.write(ratings)

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls that change nothing."""
        watch = watch or Watch()
        get = self._http.json

        def sessions() -> str:
            return ", ".join(_text(each, "DeviceName") for each in self._sessions(watch)) or "no app is open"

        for call, do in (
            ("GET /System/Info/Public", lambda: _text(get("GET", "/System/Info/Public", watch=watch), "Version")),
            ("GET /Items", lambda: f"{len(self._search('a', watch))} found"),
            ("GET /DisplayPreferences", lambda: f"{len(self._playlists.marks(watch)[1])} playlists of ours"),
            ("GET /Sessions", sessions),
        ):
            try:
                yield Check(call=call, ok=True, note=clean(do()))
            except PlayerError as error:
                yield Check(call=call, ok=False, note=str(error))

    # -----------------------------------------------------------------------------------------------------------------

    def _some(self, tracks: Sequence[Track], watch: Watch, otherwise: str) -> Resolution:
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"Jellyfin: none of the {len(tracks)} tracks was found, so {otherwise}")
        return resolution

    def _items(self, watch: Watch, **params: str) -> Iterator[dict[str, Any]]:
        yield from _items(self._http, self._user, watch, **params)

    def _search(self, query: str, watch: Watch) -> list[dict[str, Any]]:
        params = {"searchTerm": query, "limit": str(_CANDIDATES), "fields": "Path"}
        answer = self._http.json(
            "GET",
            "/Items",
            params={"userId": self._user, "recursive": "true", "includeItemTypes": "Audio", **params},
            watch=watch,
        )
        return _list(answer, "Items")[:_CANDIDATES]

    def _find(self, track: Track, watch: Watch) -> Match | Missing:
        def search(query: str) -> Iterator[Match]:
            yield from filter(None, (_candidate(track, item) for item in self._search(query, watch)))

        return best_match(track, titles(clean(track.title)), search)

    def _sessions(self, watch: Watch) -> list[dict[str, Any]]:
        answer = self._http.json("GET", "/Sessions", params={"controllableByUserId": self._user}, watch=watch)
        return [each for each in _objects(answer) if each.get("SupportsMediaControl") is True and _text(each, "Id")]

    def _session(self, device: str | None, watch: Watch) -> str:
        ready = self._sessions(watch)
        if not ready:
            raise PlayerError("Jellyfin: none of its apps is open; open one and try again")
        if device is not None:
            named = [each for each in ready if _text(each, "DeviceName").casefold() == device.casefold()]
            if not named:
                names = ", ".join(clean(_text(each, "DeviceName")) for each in ready)
                raise OptionError(f"device {device!r}: is not ready; choose {names}")
            return _text(named[0], "Id")
        playing = [each for each in ready if each.get("NowPlayingItem")]
        return _text((playing or ready)[0], "Id")

    def _command(self, command: str, session: str, ids: Sequence[str], watch: Watch) -> None:
        params = {"playCommand": command, "itemIds": ",".join(ids[:_MOST_AT_ONCE])}
        again = command == "PlayNow"
        _do(self._http, f"/Sessions/{session}/Playing", params=params, again=again, watch=watch)

    def _feedback(self, item: Mapping[str, Any], kind: FeedbackKind, at: datetime, **detail: float) -> Feedback:
        listed = item.get("Artists")
        artist = str(cast("list[object]", listed)[0]) if isinstance(listed, list) and listed else ""
        facts = {"player": self.name, "title": clean(_text(item, "Name")), "artist": clean(artist), **detail}
        return Feedback(track=f"jellyfin:{self.name}/{_text(item, 'Id')}", kind=kind, at=at, detail=facts)


class _Playlists:
    """The account's playlists, as `affetto.players.shelf` wants them."""

    def __init__(self, http: Http, user: str) -> None:
        self._http, self._user = http, user

    def listed(self, watch: Watch) -> Iterator[Listed]:
        """Every playlist that the account sees; the mark of ours is taken from the preferences."""
        _, marks = self.marks(watch)
        by_id = {_plain_id(identity): mark for mark, identity in marks.items()}
        for item in _items(self._http, self._user, watch, includeItemTypes="Playlist"):
            identity = _text(item, "Id")
            if _ID.match(identity):
                mark = by_id.get(_plain_id(identity))
                yield Listed(id=identity, name=_text(item, "Name"), note=f"[{mark}]" if mark else "")

    def create(self, name: str, ids: Sequence[str], watch: Watch) -> str | None:
        """Makes a playlist."""
        body = {"Name": name, "Ids": list(ids), "UserId": self._user, "MediaType": "Audio"}
        identity = _text(self._http.json("POST", "/Playlists", body=body, again=False, watch=watch), "Id")
        return identity if _ID.match(identity) else None

    def fill(self, identity: str, ids: Sequence[str], watch: Watch) -> None:
        """Puts exactly these items in."""
        _do(self._http, f"/Playlists/{identity}", body={"Ids": list(ids)}, again=True, watch=watch)

    def entitle(self, identity: str, title: str, note: str, watch: Watch) -> None:
        """Notes the mark first: a playlist that has its name but no mark would not be known again."""
        found = _MARK.search(note)
        if found is not None:
            preferences, marks = self.marks(watch)
            if _plain_id(marks.get(found[1], "")) != _plain_id(identity):
                held = _dict(preferences.get("CustomPrefs"))
                body = {**preferences, "CustomPrefs": {**held, found[1]: identity}}
                params = {"userId": self._user, "client": "affetto"}
                _do(self._http, "/DisplayPreferences/affetto", params=params, body=body, again=True, watch=watch)
        _do(self._http, f"/Playlists/{identity}", body={"Name": title}, again=True, watch=watch)

    def marks(self, watch: Watch) -> tuple[dict[str, Any], dict[str, str]]:
        """Our preferences as the server keeps them, and the ids of our playlists by their marks."""
        params = {"userId": self._user, "client": "affetto"}
        preferences = _dict(self._http.json("GET", "/DisplayPreferences/affetto", params=params, watch=watch))
        held = _dict(preferences.get("CustomPrefs"))
        return preferences, {key: value for key, value in held.items() if isinstance(value, str)}


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Signs in with name and password; only the token that Jellyfin gives for them is kept.

    Raises:
        OptionError: If the address cannot be one, or no name is given.
        AccessError: If the server does not let us in.
        PlayerError: If it cannot be reached, or is no Jellyfin.
    """
    url = check_url(given.get("url") or ask.line("Address of the server"))
    user = (given.get("user") or ask.line("User name")).strip()
    if not user:
        raise OptionError("no user name was given; run the command again")
    password = ask.secret(f"Password of {user}")
    watch, device = Watch(tell=ask.tell), f"affetto-{random_secrets.token_hex(8)}"
    with _http(url, None, device) as http:
        body = {"Username": user, "Pw": password.reveal()}
        answer = http.json("POST", "/Users/AuthenticateByName", body=body, again=False, watch=watch)
    token, identity = _text(answer, "AccessToken"), _text(_dict(_dict(answer).get("User")), "Id")
    if not token or not _ID.match(identity):
        raise PlayerError("Jellyfin: does not answer as Jellyfin does; check the address")
    secrets.put(name, Secret(token))
    ask.tell(f"Connected to Jellyfin as {user}; its token is in {secrets.place}, the password is not kept.")
    facts = {"url": url, "user": user, "id": identity, "device": device}
    return Connection(name=name, kind="jellyfin", facts=facts)


def open_player(connection: Connection, *, secrets: Secrets) -> Jellyfin:
    """The player of a connection.

    Raises:
        AccessError: If its token is gone.
    """
    token = secrets.get(connection.name)
    if token is None:
        raise AccessError(f"Jellyfin: the token is not in {secrets.place} any more; {_AGAIN}")
    http = _http(check_url(connection.facts.get("url", "")), token, connection.facts.get("device", "affetto"))
    return Jellyfin(connection.name, http=http, user=connection.facts.get("id", ""))


def _http(url: str, token: Secret | None, device: str, patience: Patience | None = None) -> Http:
    facts = {"Client": "Affetto", "Device": urlsplit(url).hostname or "", "DeviceId": device, "Version": __version__}
    if token is not None:
        facts["Token"] = token.reveal()
    sent = ", ".join(f'{key}="{value}"' for key, value in facts.items())
    return Http(
        url,
        who="Jellyfin",
        access=_AGAIN if token else "check name and password",
        headers={"Authorization": f"MediaBrowser {sent}"},
        patience=patience,
    )


def _candidate(track: Track, item: Mapping[str, Any]) -> Match | None:
    """An item as a match; None for what is none."""
    identity, name = _text(item, "Id"), _text(item, "Name")
    if not _ID.match(identity):
        return None
    listed = item.get("Artists")
    artists = [str(each) for each in cast("list[object]", listed)] if isinstance(listed, list) else []
    artists = [artist for artist in (*artists, _text(item, "AlbumArtist")) if artist]
    ticks = item.get("RunTimeTicks")
    seconds = ticks / _TICKS if isinstance(ticks, int | float) and 0 < ticks < 1e15 else None
    score, how = likeness(track, title=name, artists=artists, seconds=seconds), "search"
    if PurePath(track.uri).is_absolute() and _text(item, "Path") == track.uri:
        score, how = 1.0, "path"
    return Match(track=track, id=identity, score=score, how=how, seen=clean(f"{', '.join(artists[:1])} - {name}"))


def _do(http: Http, path: str, *, again: bool, watch: Watch, **content: Any) -> None:
    """A change whose answer is empty."""
    http.json("POST", path, again=again, watch=watch, **content)


def _items(http: Http, user: str, watch: Watch, **params: str) -> Iterator[dict[str, Any]]:
    """Items of the library in pages."""
    seen: set[str] = set()
    for number in range(_MOST_PAGES):
        asked = {"userId": user, "recursive": "true", "startIndex": number * _PAGE, "limit": _PAGE, **params}
        page = _list(http.json("GET", "/Items", params=asked, watch=watch), "Items")
        new = [item for item in page if _text(item, "Id") not in seen]
        seen.update(_text(item, "Id") for item in new)
        yield from new
        if not new or len(page) < _PAGE:
            return


def _plain_id(identity: str) -> str:
    return identity.replace("-", "").lower()


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise PlayerError("Jellyfin: does not answer as Jellyfin does; check the address")
    return [cast("dict[str, Any]", each) for each in cast("list[object]", value) if isinstance(each, dict)]


def _list(value: object, key: str) -> list[dict[str, Any]]:
    return _objects(_dict(value).get(key))


def _text(value: object, key: str) -> str:
    found = _dict(value).get(key)
    return found if isinstance(found, str) else ""


def _when(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
