"""The calls of Subsonic servers: version 1.8 of the API and up, with the extensions of OpenSubsonic where offered.

Written after the descriptions at opensubsonic.netlify.app and subsonic.org/pages/api.jsp. Every request carries what
lets us in among its parameters, so these are sent as a form where the server takes forms, and are known to
`affetto.players.secrets.redact` in any case.
"""

import hashlib
import math
import secrets as random_secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeAlias, cast

from affetto.errors import PlayerError
from affetto.music.text import clean
from affetto.players.base import AccessError, Watch
from affetto.players.http import Http, json_of
from affetto.players.patience import Patience, Trouble, persevere
from affetto.players.secrets import Secret, redact

__all__ = ["PAGE", "Fault", "Song", "SubsonicApi", "Way", "parameters"]

PAGE = 500
"""Songs or albums asked for at once; the most that the API allows for albums."""

Way: TypeAlias = str
"""How we are let in: "token", "password" or "key"."""

_VERSION = "1.16.1"
_MOST_PAGES = 20_000
_ACCESS = {
    40: "wrong user name or password",
    41: "takes no tokens for this account",
    42: "does not take this way of signing in",
    43: "was given two ways of signing in",
    44: "does not know this API key",
    50: "does not allow this to the account",
}
_TIMES_MOST = 10_000_000


class Fault(PlayerError):  # noqa: N818 - the API's own word is error, which says less
    """The server understood and refused.

    Attributes:
        code: As the API numbers them: 10 a parameter is missing, 70 nothing of this id.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class _RefusedError(AccessError, Fault):
    """The server does not let us in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """A song as the server describes it; what is unknown is empty or None.

    Attributes:
        id: The server's own name of it.
        title: Title.
        artist: Artist.
        album: Album.
        album_artist: Artist of the album.
        genre: Genre.
        path: Path within the server's folder.
        suffix: Suffix of the file, without a dot.
        year: Year of release.
        seconds: Length.
        bitrate: Bits per second.
        size: Bytes.
        isrc: International standard recording code.
        recording_mbid: MusicBrainz id of the recording.
        tempo: Beats per minute by the tags.
        moods: Mood words by the tags.
        starred: When the listener starred it.
        rating: 1 to 5 stars of the listener.
        plays: How often it was played.
        played: When it was played last.
    """

    id: str
    title: str
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    genre: str = ""
    path: str = ""
    suffix: str = ""
    year: int | None = None
    seconds: float | None = None
    bitrate: int = 0
    size: int = 0
    isrc: str = ""
    recording_mbid: str = ""
    tempo: float | None = None
    moods: tuple[str, ...] = ()
    starred: datetime | None = None
    rating: int | None = None
    plays: int | None = None
    played: datetime | None = None


def parameters(way: Way, secret: Secret, user: str) -> dict[str, str]:
    """What goes with each request.

    A token is the MD5 of the password and a salt, as the API wants it; the salt is drawn anew by each process.
    """
    who: dict[str, str] = {}
    if way == "key":
        who = {"apiKey": secret.reveal()}
    elif way == "password":
        encoded = Secret(f"enc:{secret.reveal().encode().hex()}")
        Secret(encoded.reveal()[4:])
        who = {"u": user, "p": encoded.reveal()}
    else:
        salt = random_secrets.token_hex(8)
        token = Secret(hashlib.md5(f"{secret.reveal()}{salt}".encode(), usedforsecurity=False).hexdigest())
        who = {"u": user, "t": token.reveal(), "s": Secret(salt).reveal()}
    return {**who, "v": _VERSION, "c": "affetto", "f": "json"}


class SubsonicApi:
    """One account on one server.

    Args:
        url: Address of the server, without ``/rest``.
        who: Name of the server for messages.
        access: What to do when it lets us in no longer.
        sent: From `parameters`; empty to ask as a stranger.
        forms: Send parameters in the body instead of the address.
        patience: How long to keep trying.
        spacing: Seconds between the starts of two requests at least.
    """

    def __init__(
        self,
        url: str,
        *,
        who: str = "Subsonic",
        access: str = "",
        sent: Mapping[str, str] | None = None,
        forms: bool = True,
        patience: Patience | None = None,
        spacing: float = 0.0,
    ) -> None:
        self.who, self.forms = who, forms
        self._sent = dict(sent or {"v": _VERSION, "c": "affetto", "f": "json"})
        self._access, self._patience = access, patience or Patience()
        self._http = Http(
            f"{url}/rest", who=who, access=access, patience=self._patience, most=64 << 20, spacing=spacing
        )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def call(self, method: str, /, *, watch: Watch | None = None, again: bool = True, **given: Any) -> dict[str, Any]:
        """Asks for one thing and gives back the answer's content.

        Args:
            method: Its name ("getPlaylists").
            watch: Who watches.
            again: Whether it may be repeated after a lost answer.
            **given: Its parameters; a list for one that is repeated.

        Raises:
            AccessError: If we are not let in.
            Fault: If the server refuses.
            PlayerError: As `affetto.players.http.persevere`.
        """
        sent = {**self._sent, **{key: value for key, value in given.items() if value is not None}}
        if self.forms:
            answer = self._http.json("POST", f"/{method}.view", form=cast("Any", sent), again=again, watch=watch)
        else:
            answer = self._http.json("GET", f"/{method}.view", params=sent, again=again, watch=watch)
        return self._content(answer)

    def download(self, identity: str, to: BinaryIO, *, most: int, watch: Watch | None = None) -> None:
        """Writes a song's file as it lies on the server; its stream where downloads are not allowed.

        Raises:
            AccessError: If we are not let in.
            Fault: If the server refuses.
            PlayerError: As `affetto.players.http.persevere`.
        """
        try:
            self._fetch("download", identity, to, most, watch)
        except (AccessError, Fault):
            self._fetch("stream", identity, to, most, watch, format="raw")

    def _fetch(self, name: str, identity: str, to: BinaryIO, most: int, watch: Watch | None, **more: str) -> None:
        sent = {**self._sent, "id": identity, **more}

        def attempt() -> None:
            kind = self._http.download(f"/{name}.view", to, most=most, params=sent, watch=watch)
            if not ("json" in kind or "xml" in kind or "html" in kind) and to.tell():
                return
            to.seek(0)
            self._content(json_of(to.read(1 << 16), kind))
            raise Trouble("answered with no sound where a song is due", transient=True)

        persevere(attempt, who=self.who, again=True, watch=watch or Watch(), patience=self._patience)

    def songs(self, *, offset: int = 0, watch: Watch | None = None) -> Iterator[tuple[Song, ...]]:
        """Every song, in pages, by an empty search; nothing where the server does not answer one.

        Args:
            offset: Songs to leave out, seen in an earlier run.
            watch: Who watches.
        """
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self.call(
                "search3", watch=watch, query="", songCount=PAGE, songOffset=offset, artistCount=0, albumCount=0
            )
            page = _listed(answer, "searchResult3", "song")
            songs = tuple(song for song in map(_song, page) if song is not None and song.id not in seen)
            if not songs:  # the end, or a server that gives the same page for ever
                return
            seen.update(song.id for song in songs)
            offset += len(page)
            yield songs
            if len(page) < PAGE:
                return

    def albums(self, *, watch: Watch | None = None) -> Iterator[str]:
        """The id of every album."""
        seen: set[str] = set()
        for number in range(_MOST_PAGES):
            answer = self.call("getAlbumList2", watch=watch, type="alphabeticalByName", size=PAGE, offset=number * PAGE)
            page = [str(each["id"]) for each in _listed(answer, "albumList2", "album") if each.get("id") is not None]
            new = [identity for identity in page if identity not in seen]
            seen.update(new)
            yield from new
            if not new or len(page) < PAGE:
                return

    def album(self, identity: str, *, watch: Watch | None = None) -> tuple[Song, ...]:
        """The songs of an album."""
        page = _listed(self.call("getAlbum", watch=watch, id=identity), "album", "song")
        return tuple(song for song in map(_song, page) if song is not None)

    def search(self, query: str, *, count: int, watch: Watch | None = None) -> tuple[Song, ...]:
        """Songs whose title, artist or album holds these words."""
        answer = self.call("search3", watch=watch, query=query, songCount=count, artistCount=0, albumCount=0)
        page = _listed(answer, "searchResult3", "song")
        return tuple(song for song in map(_song, page) if song is not None)[:count]

    def starred(self, *, watch: Watch | None = None) -> tuple[Song, ...]:
        """The songs that the listener starred."""
        page = _listed(self.call("getStarred2", watch=watch), "starred2", "song")
        return tuple(song for song in map(_song, page) if song is not None)

    def playing(self, *, watch: Watch | None = None) -> Iterator[tuple[Song, str, float]]:
        """What is played right now or was a moment ago: the song, the account, and how many minutes ago."""
        for each in _listed(self.call("getNowPlaying", watch=watch), "nowPlaying", "entry"):
            song, ago = _song(each), _number(each.get("minutesAgo"), 0, 1_000_000)
            if song is not None:
                yield song, str(each.get("username", "")), ago or 0.0

    def playlists(self, *, watch: Watch | None = None) -> list[dict[str, Any]]:
        """The playlists of the account, and public ones of others."""
        return _listed(self.call("getPlaylists", watch=watch), "playlists", "playlist")

    def _content(self, answer: Any) -> dict[str, Any]:
        content = answer.get("subsonic-response") if isinstance(answer, dict) else None
        if not isinstance(content, dict) or content.get("status") not in ("ok", "failed"):
            raise PlayerError(f"{self.who}: does not answer as a Subsonic server does; check the address")
        if content["status"] == "ok" and not content.get("error"):
            return cast("dict[str, Any]", content)
        error = content.get("error")
        facts: dict[str, Any] = error if isinstance(error, dict) else {}
        code = int(_number(facts.get("code"), -1, 1_000_000) or 0)
        said = redact(clean(facts.get("message") or "", longest=160))
        if code in _ACCESS:
            way_out = f"; {self._access}" if self._access else ""
            words = _ACCESS[code] + (f" ({said})" if said else "")
            raise _RefusedError(f"{self.who}: {words}{way_out}", code)
        raise Fault(
            f"{self.who}: refused with error {code}{': ' + said if said else ''}; try again or see its log", code
        )


def _listed(answer: Mapping[str, Any], outer: str, inner: str) -> list[dict[str, Any]]:
    """A list within an answer; an empty one may be left out, and some servers give a single item without a list."""
    found = answer.get(outer)
    items: Any = found.get(inner) if isinstance(found, dict) else None
    if isinstance(items, dict):
        items = [items]
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _song(item: Mapping[str, Any]) -> Song | None:
    """A song of an answer; None for what is none, such as a folder or a film."""
    identity = item.get("id")
    if not isinstance(identity, str | int) or not str(identity) or len(str(identity)) > 200:
        return None
    if item.get("isDir") is True or item.get("isVideo") is True or item.get("type", "music") != "music":
        return None
    year, seconds, bitrate, size, rating, plays = (
        _number(item.get(name), low, high)
        for name, low, high in (
            ("year", 1, 9999),
            ("duration", 0, 7 * 86_400),
            ("bitRate", 0, 1_000_000),
            ("size", 0, 1 << 50),
            ("userRating", 1, 5),
            ("playCount", 0, _TIMES_MOST),
        )
    )
    return Song(
        id=str(identity),
        title=clean(item.get("title") or "") or "?",
        artist=clean(item.get("displayArtist") or item.get("artist") or ""),
        album=clean(item.get("album") or ""),
        album_artist=clean(item.get("displayAlbumArtist") or ""),
        genre=clean(item.get("genre") or "", longest=80),
        path=clean(item.get("path") or "", longest=1000),
        suffix=clean(item.get("suffix") or "", longest=8).casefold(),
        year=None if year is None else int(year),
        seconds=seconds or None,
        bitrate=1000 * int(bitrate or 0),
        size=int(size or 0),
        isrc=_first_word(item.get("isrc")),
        recording_mbid=_first_word(item.get("musicBrainzId")),
        tempo=_number(item.get("bpm"), 20, 400),
        moods=tuple(clean(word, longest=40).casefold() for word in _words(item.get("moods")))[:20],
        starred=_when(item.get("starred")),
        rating=None if rating is None else int(rating),
        plays=None if plays is None else int(plays),
        played=_when(item.get("played")),
    )


def _number(value: object, low: float, high: float) -> float | None:
    """A number within bounds; None for what is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None


def _words(value: object) -> Sequence[str]:
    listed = cast("list[object]", value if isinstance(value, list) else [value])
    return [word for word in listed if isinstance(word, str) and word.strip()]


def _first_word(value: object) -> str:
    return next((clean(word, longest=40) for word in _words(value)), "")


def _when(value: object) -> datetime | None:
    """A time in ISO 8601; None for nonsense. Without a zone it counts as UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
