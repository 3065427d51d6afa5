"""Spotify, through spotipy (the ``players`` extra), with the listener's own client id.

Only music goes there: what to look for, a playlist, what to play. Nothing that comes back is used for anything but
that: Spotify's policy forbids feeding its content to a model or building profiles from it, and so `read_feedback`
gives nothing. The calls that are used stand in ``docs/reference/spotify-contract.md``.
"""

import html
import io
import json
import math
import re
import secrets as random_secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import AccessError, Check, Feedback, Match, Missing, Placed, Resolution, UnsureError, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.http import Patience, Trouble, json_of, persevere, quiet_clients, seconds_to_wait
from affetto.players.journal import Journal, marker
from affetto.players.landing import Landing
from affetto.players.matching import GOOD, isrc_of, likeness
from affetto.players.secrets import Secret, Secrets, redact

__all__ = ["ACCOUNTS", "API", "SCOPES", "Spotify", "connect", "open_player"]

API = "https://api.spotify.com/v1/"
"""Where the Web API lies."""
ACCOUNTS = "https://accounts.spotify.com"
"""Where listeners sign in."""
SCOPES = (
    "playlist-read-private",
    "playlist-modify-private",
    "user-read-playback-state",
    "user-modify-playback-state",
)
"""What the listener is asked to allow: our own private playlists, and starting playback."""

_T = TypeVar("_T")
_PORT = 8898
_SIGN_IN = 300.0  # seconds to sign in
_PAGE = 10  # search results at most, since February 2026
_PAGES = 2
_LISTED = 50  # playlists on a page
_BATCH = 100  # items in one request
_MOST = 4 << 20
_CLIENT_ID = re.compile(r"[0-9a-f]{32}\Z")
_URI = re.compile(r"spotify:track:[A-Za-z0-9]+\Z")
_AGAIN = "connect again: affetto connect spotify"
_UNREGISTERED = "add your account under User Management of your app at developer.spotify.com"


class _Expired(Exception):  # noqa: N818 - not an error yet: the token is renewed and the call repeated
    """The access token is not taken any more."""


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
        self._name, self._client_id, self._user, self._secrets = name, client_id, user, secrets
        self._journal = journal or Journal(name)
        self._patience = patience or Patience()
        self._api, self._accounts = api or API, accounts or ACCOUNTS

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def user(self, *, watch: Watch | None = None) -> str:
        """The listener's id at Spotify."""
        return _field(self._call(self._me, watch or Watch()), "id", str)

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Finds tracks by ISRC, then by title, artist and length.

        What is found is written down at once, so that a search that was cut off goes on where it stopped.
        """
        watch = watch or Watch()
        found: list[Match] = []
        missing: list[Missing] = []
        try:
            for done, track in enumerate(tracks):
                watch.progress("looking up", done, len(tracks))
                match = self._journal.match(track) or self._find(track, watch)
                if isinstance(match, Match):
                    self._journal.found([match])
                    found.append(match)
                else:
                    missing.append(match)
            watch.progress("looking up", len(tracks), len(tracks))
        finally:
            self._journal.save()
        return Resolution(found=tuple(found), missing=tuple(missing))

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Makes a private playlist, or brings ours of this name up to date."""
        watch = watch or Watch()
        title = " ".join(name.split())[:100]
        if not title:
            raise OptionError("the playlist has no name; give it one")
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
                self._call(lambda: self._client.playlist_change_details(identity, name=title, description=words), watch)
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
            self._call(lambda uri=uri: self._client.add_to_queue(uri, device_id=device), watch, again=False)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Starts playing on a device of that name, on the active one, or on the first that is ready."""
        watch = watch or Watch()
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"Spotify: none of the {len(tracks)} tracks was found, so nothing plays")
        chosen, uris = self._device(device, watch), list(resolution.ids[:_BATCH])
        self._call(lambda: self._client.start_playback(device_id=chosen, uris=uris), watch)
        return resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Nothing: what is heard on Spotify may not enter a profile."""
        del since, watch
        return iter(())

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls of the contract, one by one, with a playlist that is removed at the end."""
        watch = watch or Watch()
        client, made, title = self._client, "", f"Affetto check {random_secrets.token_hex(3)}"
        held: dict[str, Any] = {}

        def attempt(call: str, do: Callable[[], Any], note: Callable[[Any], str], *, again: bool = True) -> Check:
            try:
                held["last"] = self._call(do, watch, again=again)
                return Check(call=call, ok=True, note=note(held["last"]))
            except (PlayerError, KeyError, TypeError, AttributeError) as error:
                held["last"] = None
                words = (
                    str(error) if isinstance(error, PlayerError) else f"answers otherwise than documented ({error!r})"
                )
                return Check(call=call, ok=False, note=words)

        yield attempt("GET /me", self._me, lambda me: f"signed in as {me['id']}")
        yield attempt(
            "GET /search",
            lambda: client.search("track:Carefree artist:Kevin MacLeod", limit=_PAGE, type="track"),
            lambda got: f"{len(got['tracks']['items'])} results, at most {_PAGE}",
        )
        items = ((held["last"] or {}).get("tracks") or {}).get("items") or []
        yield attempt(
            "POST /me/playlists",
            lambda: client.current_user_playlist_create(title, public=False, description="may be removed"),
            lambda got: f"made {got['id']}",
            again=False,
        )
        made = str((held["last"] or {}).get("id") or "")
        if made:
            uris = [str(item["uri"]) for item in items[:1]]
            yield attempt("PUT /playlists/{id}/items", lambda: client.playlist_replace_items(made, uris), _noted)
            yield attempt(
                "POST /playlists/{id}/items", lambda: client.playlist_add_items(made, uris), _noted, again=False
            )
            yield attempt(
                "PUT /playlists/{id}", lambda: client.playlist_change_details(made, description="checked"), _noted
            )
        yield attempt(
            "GET /me/playlists",
            lambda: client.current_user_playlists(limit=_LISTED),
            lambda got: f"{len(got['items'])} listed",
        )
        if made:
            yield attempt(
                "DELETE /me/library",
                lambda: client._delete("me/library", uris=f"spotify:playlist:{made}"),
                lambda _: "removed again",
            )
        yield attempt(
            "GET /me/player/devices",
            client.devices,
            lambda got: ", ".join(str(each["name"]) for each in got["devices"]) or "none is ready; open Spotify on one",
        )

    # -- looking up ----------------------------------------------------------------------------------------------

    def _find(self, track: Track, watch: Watch) -> Match | Missing:
        seen = 0
        best: Match | None = None
        for query, how in _queries(track):
            for page in range(_PAGES):
                answer = self._call(
                    lambda query=query, page=page: self._client.search(
                        query, limit=_PAGE, offset=page * _PAGE, type="track"
                    ),
                    watch,
                )
                tracks = _field(answer, "tracks", dict)
                candidates = [c for c in (_candidate(track, item, how) for item in _field(tracks, "items", list)) if c]
                seen += len(candidates)
                best = max((c for c in (best, *candidates) if c), key=lambda c: c.score, default=None)
                if (best and best.score >= GOOD) or not tracks.get("next"):
                    break
            if best and best.score >= GOOD:
                return best
        why = "nothing found" if best is None else f"best of {seen} scores {best.score:.2f}: {best.seen}"
        return Missing(track=track, why=why)

    # -- our playlist --------------------------------------------------------------------------------------------

    def _ours(self, title: str, watch: Watch) -> dict[str, Any] | None:
        """The playlist that we made under this name, if the listener still has it."""
        known, mark = self._journal.playlist(title), marker(title)
        marked: dict[str, Any] | None = None
        offset = 0
        while True:
            page = self._call(
                lambda offset=offset: self._client.current_user_playlists(limit=_LISTED, offset=offset), watch
            )
            for each in _field(page, "items", list):
                if not isinstance(each, dict) or not each.get("id"):
                    continue
                if known is not None and each["id"] == known:
                    return each
                if marked is None and mark in str(each.get("description") or "") and self._is_mine(each):
                    marked = each
            offset += _LISTED
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
            made = self._call(
                lambda: self._client.current_user_playlist_create(title, public=False, description=words),
                watch,
                again=False,
            )
            identity = _field(made, "id", str)
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
                self._call(lambda first=first: self._client.playlist_replace_items(identity, first), watch)
                for start in range(_BATCH, len(uris), _BATCH):
                    watch.progress("filling", start, len(uris))
                    more = list(uris[start : start + _BATCH])
                    self._call(lambda more=more: self._client.playlist_add_items(identity, more), watch, again=False)
                watch.progress("filling", len(uris), len(uris))
                return
            except UnsureError:
                if last:
                    raise

    def _device(self, wanted: str | None, watch: Watch) -> str:
        answer = self._call(self._client_devices, watch)
        ready = [
            each
            for each in _field(answer, "devices", list)
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

    # -- calls ---------------------------------------------------------------------------------------------------

    def _me(self) -> Any:
        return self._client._get("me")  # spotipy's own me() asks for "me/", which is not what is documented

    def _client_devices(self) -> Any:
        return self._client.devices()

    def _call(self, do: Callable[[], _T], watch: Watch, *, again: bool = True) -> _T:
        def attempt() -> _T:
            try:
                return do()
            except _Expired:
                self._refresh()
            try:
                return do()
            except _Expired:
                raise AccessError(f"Spotify: does not take its own new token; {_AGAIN}") from None

        return persevere(attempt, who="Spotify", again=again, watch=watch, patience=self._patience, access=_AGAIN)

    def _refresh(self) -> None:
        token = self._manager.cache_handler.get_cached_token()
        self._manager.refresh_access_token(token["refresh_token"])

    @cached_property
    def _manager(self) -> Any:
        return _manager(
            self._client_id,
            _redirect(_PORT),
            accounts=self._accounts,
            session=_session(self._patience),
            cache=_Tokens(self._name, self._secrets),
        )

    @cached_property
    def _client(self) -> Any:
        spotipy = _spotipy()
        # spotipy waits for as long as it is told, silently, unless it is forbidden to retry.
        client = spotipy.Spotify(
            auth_manager=self._manager,
            requests_session=_session(self._patience),
            requests_timeout=self._patience.timeout,
            retries=0,
            status_retries=0,
        )
        client.prefix = self._api
        return client


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Signs in with PKCE, in the listener's browser.

    Raises:
        OptionError: If the client id or the port cannot be one.
        AccessError: If the listener declines, or Spotify does.
        PlayerError: If the extra is missing, the port is taken, or nobody signs in within five minutes.
    """
    port = _port(given.get("port") or str(_PORT))
    redirect = _redirect(port)
    client_id = given.get("client_id") or _ask_for_id(ask, redirect)
    if not _CLIENT_ID.match(client_id):
        raise OptionError("the client id is not one: 32 digits and letters a to f, from your app's Settings at Spotify")
    patience, cache = Patience(), _Tokens(name, secrets)
    manager = _manager(client_id, redirect, accounts=ACCOUNTS, session=_session(patience), cache=cache)
    state = random_secrets.token_urlsafe(16)
    with Landing(port, state) as landing:
        ask.open(manager.get_authorize_url(state=state))
        code = landing.code(_SIGN_IN).reveal()
    persevere(
        lambda: manager.get_access_token(code=code, check_cache=False),
        who="Spotify",
        again=False,
        watch=Watch(tell=ask.tell),
        patience=patience,
        access=_AGAIN,
    )
    player = Spotify(name, client_id=client_id, secrets=secrets)
    user = player.user(watch=Watch(tell=ask.tell))
    ask.tell(
        f"Connected to Spotify as {user}. Only what you ask for is sent there, and nothing from there is learnt from."
    )
    return Connection(name=name, kind="spotify", facts={"client_id": client_id, "user": user, "port": str(port)})


def open_player(connection: Connection, *, secrets: Secrets) -> Spotify:
    """The player of a connection.

    Raises:
        AccessError: If its token is gone.
        PlayerError: If the extra is missing.
    """
    _spotipy()
    if secrets.get(connection.name) is None:
        raise AccessError(f"Spotify: the token is not in {secrets.place} any more; {_AGAIN}")
    return Spotify(
        connection.name,
        client_id=connection.facts.get("client_id", ""),
        user=connection.facts.get("user", ""),
        secrets=secrets,
    )


class _Tokens:
    """The token of one connection, among the secrets; spotipy reads and writes it."""

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name, self._secrets = name, secrets
        self._lock = threading.Lock()
        self._held: dict[str, Any] | None = None

    def get(self) -> dict[str, Any]:
        with self._lock:
            if self._held is None:
                kept = self._secrets.get(self._name)
                if kept is None:
                    raise AccessError(f"Spotify: the token is not in {self._secrets.place} any more; {_AGAIN}")
                self._held = _token(kept.reveal())
            return dict(self._held)

    def put(self, token_info: dict[str, Any]) -> None:
        with self._lock:
            kept = json.dumps({**token_info, "scope": token_info.get("scope") or " ".join(SCOPES)})
            self._held = _token(kept)
            self._secrets.put(self._name, Secret(kept))


def _token(kept: str) -> dict[str, Any]:
    try:
        token = json.loads(kept)
        for part in ("access_token", "refresh_token"):
            Secret(str(token[part]))
        token["expires_at"] = float(token["expires_at"])
    except (ValueError, KeyError, TypeError):
        raise AccessError(f"Spotify: the token that was kept is damaged; {_AGAIN}") from None
    return token


def _spotipy() -> Any:
    try:
        import spotipy
    except ImportError:
        raise PlayerError("Spotify needs an extra: pip install 'affetto[players]'") from None
    quiet_clients()
    return spotipy


def _manager(client_id: str, redirect: str, *, accounts: str, session: Any, cache: _Tokens) -> Any:
    """Spotipy's sign-in with PKCE, which here never opens a browser or asks on the terminal by itself."""
    _spotipy()
    from spotipy.cache_handler import CacheHandler
    from spotipy.oauth2 import SpotifyPKCE

    class Handler(CacheHandler):
        def get_cached_token(self) -> dict[str, Any]:
            return cache.get()

        def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
            cache.put(token_info)

    class Manager(SpotifyPKCE):
        OAUTH_AUTHORIZE_URL = f"{accounts}/authorize"
        OAUTH_TOKEN_URL = f"{accounts}/api/token"

        def get_authorization_code(self, response: Any = None) -> Any:
            del response
            raise AccessError(f"Spotify: what you allowed is not what is needed now; {_AGAIN}")

    return Manager(
        client_id=client_id,
        redirect_uri=redirect,
        scope=" ".join(SCOPES),
        requests_session=session,
        requests_timeout=15,
        open_browser=False,
        cache_handler=Handler(),
    )


def _session(patience: Patience) -> Any:
    """A session of requests that follows no redirect, reads bounded answers only, and tells what went wrong."""
    _spotipy()
    import requests

    class Session(requests.Session):
        def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
            options.update(stream=True, allow_redirects=False, timeout=patience.timeout)
            until = time.monotonic() + patience.whole
            try:
                with super().request(method, url, *args, **options) as answer:
                    body = io.BytesIO()
                    for chunk in answer.iter_content(1 << 16):
                        body.write(chunk)
                        if body.tell() > _MOST:
                            raise Trouble(f"answered with more than {_MOST >> 20} MiB")
                        if time.monotonic() > until:
                            raise Trouble("took too long to answer", transient=True, unsure=True)
            except requests.exceptions.Timeout as error:
                connecting = isinstance(error, requests.exceptions.ConnectTimeout)
                raise Trouble("did not answer in time", transient=True, unsure=not connecting) from None
            except requests.exceptions.ConnectionError as error:
                refused = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
                words = "cannot be reached" if refused else "closed the connection before the answer was whole"
                raise Trouble(words, transient=True, unsure=not refused) from None
            except requests.exceptions.RequestException as error:
                words = f"closed the connection before the answer was whole ({type(error).__name__})"
                raise Trouble(words, transient=True, unsure=True) from None
            whole = requests.Response()
            whole.status_code, whole.headers, whole.url = answer.status_code, answer.headers, answer.url
            whole.request, whole.encoding = answer.request, "utf-8"
            whole.raw = io.BytesIO(body.getvalue())
            _refuse(answer.status_code, body.getvalue(), answer.headers, token="/api/token" in str(url))
            return whole

    session = Session()
    session.headers["Accept-Encoding"] = "identity"
    session.auth = lambda request: request  # or else an entry in ~/.netrc takes the place of the token
    return session


def _refuse(status: int, body: bytes, headers: Mapping[str, str], *, token: bool) -> None:
    """Raises what an answer means that is not what was asked for."""
    kind = headers.get("content-type", "")
    if 300 <= status < 400:
        raise Trouble("redirects elsewhere, which gets no credentials")
    if status < 400:
        if body.strip() and (token or "json" in kind or not _is_plain_word(body)):
            json_of(body, kind)
        return
    message, reason = _words(body)
    said = f": {message}" if message else ""
    if token and status == 400 and reason == "invalid_grant":
        raise AccessError(f"Spotify: access was withdrawn or is older than six months; {_AGAIN}")
    if status == 401 and not token:
        raise _Expired
    if status == 403 and "premium" in f"{reason} {message}".lower():
        raise AccessError("Spotify: this needs Spotify Premium; a file always works: --save NAME.m3u8")
    if status == 403 and "not registered" in message.lower():
        raise AccessError(f"Spotify: your app does not know your account; {_UNREGISTERED}")
    if status == 404 and reason == "NO_ACTIVE_DEVICE":
        raise PlayerError("Spotify: no device is ready; open Spotify on one and try again")
    raise Trouble(
        f"answered {status}{said}",
        status=status,
        retry_after=seconds_to_wait(headers.get("retry-after")),
        transient=status in (408, 425, 500, 502, 503, 504),
        unsure=status >= 500,
        quota=reason == "QUOTA_EXCEEDED",
    )


def _is_plain_word(body: bytes) -> bool:
    """Whether it is what the player commands answer with: a short opaque word, or nothing."""
    return len(body) < 200 and not body.lstrip().startswith((b"<", b"{", b"["))


def _words(body: bytes) -> tuple[str, str]:
    """Message and reason of an error, in Spotify's two forms."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    error = found.get("error")
    if isinstance(error, dict):
        message, reason = error.get("message"), error.get("reason")
    else:
        message, reason = found.get("error_description"), error
    return redact(" ".join(str(message or "").split()))[:160], str(reason or "")


def _field(answer: Any, name: str, kind: type[_T]) -> _T:
    """A part of an answer.

    Raises:
        PlayerError: If it is not there.
    """
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise PlayerError(f"Spotify: an answer without {name!r}; run affetto connect spotify --check")
    return value


def _noted(answer: Any) -> str:
    return "done" if answer is None or "snapshot_id" in answer else "done, without a snapshot"


def _queries(track: Track) -> Iterator[tuple[str, str]]:
    """What to search for, the surest first."""
    if code := isrc_of(track):
        yield f"isrc:{code}", "isrc"
    title, artist = _term(track.title), _term(track.artist)
    if title and artist:
        yield f'track:"{title}" artist:"{artist}"', "search"
    if title:
        yield f"{title} {artist}".strip(), "search"


def _term(text: str) -> str:
    """Words that are searched for, without what would steer the search."""
    return " ".join(re.sub(r'["*:()\[\]]', " ", text).split())[:80]


def _candidate(track: Track, item: object, how: str) -> Match | None:
    """A search result as a match; None for what is none."""
    if not isinstance(item, dict) or not _URI.match(str(item.get("uri", ""))) or item.get("is_playable") is False:
        return None
    artists = [str(each.get("name", "")) for each in item.get("artists") or [] if isinstance(each, dict)]
    title, length = str(item.get("name", "")), item.get("duration_ms")
    seconds = length / 1000 if isinstance(length, int | float) and math.isfinite(length) and length > 0 else None
    score = likeness(track, title=title, artists=artists, seconds=seconds)
    if how == "isrc":
        # The code names the recording; only where nothing else agrees is it taken for a wrong tag.
        score = score if score < 0.3 else max(score, 0.95)
    elif isrc_of(track) and isrc_of(track) == str((item.get("external_ids") or {}).get("isrc", "")).upper():
        how, score = "isrc", max(score, 0.95)
    return Match(track=track, id=str(item["uri"]), score=score, how=how, seen=f"{', '.join(artists)} - {title}")


# -- signing in ---------------------------------------------------------------------------------------------------


def _redirect(port: int) -> str:
    return f"http://127.0.0.1:{port}/callback"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65_535):
        raise OptionError(f"--port {text}: 1024 to 65535")
    return int(text)


def _ask_for_id(ask: Ask, redirect: str) -> str:
    ask.tell("Spotify wants you to use an app of your own; it takes two minutes and needs Premium:")
    ask.tell("  1. https://developer.spotify.com/dashboard, Create app, tick Web API")
    ask.tell(f"  2. Redirect URI: {redirect}")
    ask.tell("  3. User Management: add your own account; then copy the client id from Settings")
    return ask.line("Client ID").strip().lower()
