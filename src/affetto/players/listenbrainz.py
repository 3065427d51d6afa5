"""ListenBrainz: a public diary of listening. Playlists go there as JSPF, loves, hates and listens come back.

Nothing is played there. What is played here is sent there only if the listener said so when connecting.
Written after listenbrainz.readthedocs.io.
"""

import contextlib
import html
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from affetto.errors import OptionError, PlayerError
from affetto.music.text import clean
from affetto.music.track import Track
from affetto.players.base import (
    AccessError,
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
from affetto.players.connections import Ask, Connection, Connections
from affetto.players.feedback import FeedbackLog
from affetto.players.http import Http, Patience, check_url
from affetto.players.journal import Journal
from affetto.players.matching import GOOD, likeness
from affetto.players.secrets import Secret, Secrets
from affetto.players.shelf import Listed, place, title_of
from affetto.settings import settings
from affetto.version import __version__

__all__ = ["API", "ListenBrainz", "connect", "open_player", "submit_heard"]

API = "https://api.listenbrainz.org"
"""Where the API lies."""

_SITE = "https://listenbrainz.org/playlist/"
_RECORDING = "https://musicbrainz.org/recording/"
_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_PAGE = 100
_MOST_PAGES = 200
_AT_ONCE = 100  # recordings in one request, and listens
_CLIENT = "Affetto"
_AGAIN = "connect again: affetto connect listenbrainz"
# The service counts requests in windows of ten seconds: waiting for one has to be possible.
_PATIENCE = Patience(tries=6)


class ListenBrainz:
    """One account of ListenBrainz, or of a server that speaks as it does.

    Args:
        name: Name of the connection.
        http: Requests, with the token among the headers.
        user: Name of the account.
        submits: Whether `submit` may send anything.
        journal: What is under way.
        folder: Where it is remembered what was submitted; None for the data folder of the settings.
        pause: Seconds before the first look for a playlist whose answer got lost.
    """

    def __init__(
        self,
        name: str,
        *,
        http: Http,
        user: str,
        submits: bool = False,
        journal: Journal | None = None,
        folder: Path | None = None,
        pause: float = 0.5,
    ) -> None:
        self._name, self._http, self._user, self.submits = name, http, user, submits
        self._journal = journal or Journal(name)
        self._sent = _Sent(name, folder)
        self._pause = pause
        self._playlists = _Playlists(http, user)

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Recordings of MusicBrainz: by the id that the track carries, else by artist and title."""
        watch = watch or Watch()
        found: list[Match] = []
        missing: list[Missing] = []
        try:
            for done, track in enumerate(tracks):
                watch.progress("looking up", done, len(tracks))
                match = _carried(track) or self._journal.match(track) or self._find(track, watch)
                if isinstance(match, Match):
                    if match.how != "id":
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
        watch, title = watch or Watch(), title_of(name)
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"ListenBrainz: none of the {len(tracks)} tracks was found, so no playlist was made")
        identity, created = place(
            self._playlists,
            who="ListenBrainz",
            title=title,
            about=about,
            ids=resolution.ids,
            journal=self._journal,
            watch=watch,
            pause=self._pause,
        )
        link = f"{_SITE}{identity}" if self._http.base == API else ""
        return Placed(player=self.name, id=identity, name=title, link=link, created=created, resolution=resolution)

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Refuses: nothing is played there.

        Raises:
            PlayerError: Always.
        """
        del tracks, watch
        raise PlayerError("ListenBrainz: plays nothing, so it has no queue; make a playlist and open it there")

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Refuses: nothing is played there.

        Raises:
            PlayerError: Always.
        """
        del tracks, device, watch
        raise PlayerError("ListenBrainz: plays nothing; make a playlist and open it there")

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Loves, hates and listens; what was submitted from here is left out."""
        watch = watch or Watch()
        since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
        given = [*self._loves(since, watch), *self._listens(since, watch)]
        yield from sorted(given, key=lambda each: each.at)

    def submit(self, heard: Iterable[Feedback], *, watch: Watch | None = None) -> int:
        """Sends what was heard here, if the listener wants that; the number of listens that went.

        A listen counts, by the rule of ListenBrainz, when half of the track or four minutes of it were heard: that is
        every `FeedbackKind.COMPLETED`, and what was left after four minutes. What was sent before is left out.
        """
        if not self.submits:
            return 0
        watch, last = watch or Watch(), self._sent.read()
        new = sorted((each for each in heard if each.at.timestamp() > last and _counts(each)), key=lambda each: each.at)
        listens = [(each.at.timestamp(), listen) for each in new if (listen := _listen(each)) is not None]
        for start in range(0, len(listens), _AT_ONCE):
            some = listens[start : start + _AT_ONCE]
            # The service knows a listen by its time and names, so that sending it twice does no harm.
            body = {"listen_type": "import", "payload": [listen for _, listen in some]}
            self._http.json("POST", "/1/submit-listens", body=body, again=True, watch=watch)
            last = some[-1][0]
            self._sent.write(last)
            watch.progress("submitting", start + len(some), len(listens))
        return len(listens)

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls, with a playlist that is removed at the end."""
        watch = watch or Watch()
        track, made = {"recording_name": "Carefree", "artist_name": "Kevin MacLeod"}, list[str]()

        def make() -> str:
            made.append(self._playlists.create("Affetto check", [], watch) or "")
            return f"made {made[0]}"

        def attempt(call: str, do: Any) -> Check:
            try:
                return Check(call=call, ok=True, note=clean(do()))
            except PlayerError as error:
                return Check(call=call, ok=False, note=str(error))

        get = self._http.json
        yield attempt("GET /1/validate-token", lambda: f"signed in as {_valid(get('GET', '/1/validate-token'))}")
        yield attempt(
            "GET /1/metadata/lookup/",
            lambda: _text(get("GET", "/1/metadata/lookup/", params=track), "recording_mbid") or "nothing",
        )
        yield attempt("POST /1/playlist/create", make)
        yield attempt("GET /1/user/{name}/playlists", lambda: f"{len(list(self._playlists.listed(watch)))} listed")
        for identity in filter(None, made):
            yield attempt(
                "POST /1/playlist/{mbid}/delete",
                lambda i=identity: get("POST", f"/1/playlist/{i}/delete", again=True) and "removed again",
            )

    # -----------------------------------------------------------------------------------------------------------------

    def _find(self, track: Track, watch: Watch) -> Match | Missing:
        title, artist = clean(track.title), clean(track.artist)
        if not title or not artist:
            return Missing(track=track, why="artist and title are needed")
        names = {"recording_name": title, "artist_name": artist}
        answer = self._http.json("GET", "/1/metadata/lookup/", params=names, watch=watch)
        mbid = _text(answer, "recording_mbid")
        if not _MBID.match(mbid):
            return Missing(track=track, why="nothing found")
        seen_title, seen_artist = _text(answer, "recording_name"), _text(answer, "artist_credit_name")
        score = likeness(track, title=seen_title, artists=[seen_artist])
        shown = f"{seen_artist} - {seen_title}"
        if score < GOOD:
            return Missing(track=track, why=f"best of 1 scores {score:.2f}: {shown}")
        return Match(track=track, id=mbid, score=score, how="search", seen=shown)

    def _loves(self, since: datetime | None, watch: Watch) -> Iterator[Feedback]:
        path = f"/1/feedback/user/{quote(self._user, safe='')}/get-feedback"
        for number in range(_MOST_PAGES):
            params = {"count": _PAGE, "offset": number * _PAGE, "metadata": "true"}
            page = _list(self._http.json("GET", path, params=params, watch=watch), "feedback")
            for each in page:
                at, score = _when(each.get("created")), each.get("score")
                kind = {1: FeedbackKind.LIKE, -1: FeedbackKind.DISLIKE}.get(score) if isinstance(score, int) else None
                if at is None or kind is None or (since is not None and at < since):
                    continue
                facts = _dict(each.get("track_metadata"))
                yield self._feedback(facts, kind, at, _text(each, "recording_mbid"))
            if len(page) < _PAGE:
                return

    def _listens(self, since: datetime | None, watch: Watch) -> Iterator[Feedback]:
        path, before = f"/1/user/{quote(self._user, safe='')}/listens", None
        for _ in range(_MOST_PAGES):
            answer = self._http.json("GET", path, params={"count": _PAGE, "max_ts": before}, watch=watch)
            page = _list(_dict(answer).get("payload"), "listens")
            oldest = before
            for each in page:
                at = _when(each.get("listened_at"))
                if at is None:
                    continue
                stamp = int(at.timestamp())
                oldest = stamp if oldest is None else min(oldest, stamp)
                facts = _dict(each.get("track_metadata"))
                info = _dict(facts.get("additional_info"))
                if info.get("submission_client") == _CLIENT or (since is not None and at < since):
                    continue
                mbid = _text(info, "recording_mbid") or _text(_dict(facts.get("mbid_mapping")), "recording_mbid")
                yield self._feedback(facts, FeedbackKind.PLAY, at, mbid)
            if (
                not page
                or oldest == before
                or (since is not None and oldest is not None and oldest < since.timestamp())
            ):
                return
            before = oldest

    def _feedback(self, facts: Mapping[str, Any], kind: FeedbackKind, at: datetime, mbid: str) -> Feedback:
        title, artist = clean(_text(facts, "track_name")), clean(_text(facts, "artist_name"))
        known = mbid if _MBID.match(mbid) else ""
        return Feedback(
            track=f"mbid:{known}" if known else f"{artist} - {title}",
            kind=kind,
            at=at,
            detail={"player": self.name, "title": title, "artist": artist},
        )


class _Playlists:
    """The account's playlists, as `affetto.players.shelf` wants them."""

    def __init__(self, http: Http, user: str) -> None:
        self._http, self._user = http, user

    def listed(self, watch: Watch) -> Iterator[Listed]:
        """Every playlist of the account."""
        path = f"/1/user/{quote(self._user, safe='')}/playlists"
        for number in range(_MOST_PAGES):
            answer = self._http.json("GET", path, params={"count": _PAGE, "offset": number * _PAGE}, watch=watch)
            page = _list(answer, "playlists")
            for each in page:
                playlist = _dict(each.get("playlist"))
                identity = _text(playlist, "identifier").rstrip("/").rpartition("/")[2]
                if _MBID.match(identity):
                    creator = _text(playlist, "creator")
                    yield Listed(
                        id=identity,
                        name=_text(playlist, "title"),
                        note=html.unescape(_text(playlist, "annotation")),
                        mine=not creator or creator.casefold() == self._user.casefold(),
                    )
            if len(page) < _PAGE:
                return

    def create(self, name: str, ids: Sequence[str], watch: Watch) -> str | None:
        """Makes a private playlist."""
        body = _jspf(title=name, ids=ids[:_AT_ONCE])
        answer = self._http.json("POST", "/1/playlist/create", body=body, again=False, watch=watch)
        identity = _text(answer, "playlist_mbid")
        return identity if _MBID.match(identity) else None

    def fill(self, identity: str, ids: Sequence[str], watch: Watch) -> None:
        """Puts exactly these recordings in; looks what is there, and begins anew where an answer got lost."""
        for last in (False, False, True):
            try:
                there = self._recordings(identity, watch)
                if there == list(ids):
                    return
                if there:
                    self._change(identity, "item/delete", {"index": 0, "count": len(there)}, watch)
                for start in range(0, len(ids), _AT_ONCE):
                    watch.progress("filling", start, len(ids))
                    self._change(identity, "item/add", _jspf(ids=ids[start : start + _AT_ONCE]), watch)
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
        for track in _list(_dict(answer).get("playlist"), "track"):
            found = track.get("identifier")
            first: Any = cast("list[Any]", found)[0] if isinstance(found, list) and found else found
            recordings.append(str(first).rpartition("/")[2])
        return recordings


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Takes the account's token, and asks whether what is played here shall be sent there.

    Raises:
        OptionError: If the address cannot be one, or no token is given.
        AccessError: If the token is not valid.
        PlayerError: If the service cannot be reached.
    """
    url = check_url(given.get("url") or API)
    token = ask.secret("User token (listenbrainz.org/settings)")
    if not token.reveal().strip():
        raise OptionError("no token was given; it stands on listenbrainz.org/settings")
    token = Secret(token.reveal().strip())
    watch = Watch(tell=ask.tell)
    with _http(url, token) as http:
        user = _valid(http.json("GET", "/1/validate-token", watch=watch))
    ask.tell(
        "What you play here can be sent to ListenBrainz, where everyone can read it. It is not, unless you say so."
    )
    submits = ask.line("Send what you play here? yes or no").strip().casefold() == "yes"
    secrets.put(name, token)
    if submits:
        _Sent(name, None).write(datetime.now(UTC).timestamp())  # what was heard before nobody agreed to send
    ask.tell(f"Connected to ListenBrainz as {user}; what you play is {'' if submits else 'not '}sent there.")
    return Connection(
        name=name, kind="listenbrainz", facts={"url": url, "user": user, "submit": "yes" if submits else "no"}
    )


def open_player(connection: Connection, *, secrets: Secrets) -> ListenBrainz:
    """The player of a connection.

    Raises:
        AccessError: If its token is gone.
    """
    token = secrets.get(connection.name)
    if token is None:
        raise AccessError(f"ListenBrainz: the token is not in {secrets.place} any more; {_AGAIN}")
    return ListenBrainz(
        connection.name,
        http=_http(check_url(connection.facts.get("url", API)), token),
        user=connection.facts.get("user", ""),
        submits=connection.facts.get("submit") == "yes",
    )


def submit_heard(*, secrets: Secrets | None = None, watch: Watch | None = None) -> int:
    """Sends what was heard here to every connected account that wants it; the number of listens that went.

    Raises:
        PlayerError: If an account cannot be reached; the next call goes on from there.
    """
    wanted = [each for each in Connections().all() if each.kind == "listenbrainz" and each.facts.get("submit") == "yes"]
    count = 0
    for connection in wanted:
        player = open_player(connection, secrets=secrets or Secrets())
        count += player.submit(FeedbackLog().read(), watch=watch)
    return count


class _Sent:
    """Until when listens were submitted, on disk."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{name}.submitted.json"

    def read(self) -> float:
        """Seconds since 1970; 0 where nothing was ever sent."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            return float(json.loads(self._file.read_text(encoding="utf-8"))["until"])
        return 0.0

    def write(self, until: float) -> None:
        beside = self._file.with_name(f".{self._file.stem}.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({"until": until}), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            raise PlayerError(f"{self._file}: {error.strerror}; choose another data_dir") from None


def _http(url: str, token: Secret, patience: Patience = _PATIENCE) -> Http:
    headers = {"Authorization": f"Token {token.reveal()}"}
    return Http(url, who="ListenBrainz", access=_AGAIN, headers=headers, patience=patience)


def _valid(answer: object) -> str:
    """The name of the account behind a token."""
    user = _text(answer, "user_name")
    if _dict(answer).get("valid") is not True or not user:
        raise AccessError(f"ListenBrainz: does not know this token; {_AGAIN}")
    return clean(user)


def _carried(track: Track) -> Match | None:
    mbid = str(getattr(track, "recording_mbid", None) or "").lower()
    return Match(track=track, id=mbid, score=1.0, how="id") if _MBID.match(mbid) else None


def _jspf(*, title: str = "", note: str = "", ids: Sequence[str] = ()) -> dict[str, Any]:
    """A playlist in JSPF with the extension of MusicBrainz."""
    playlist: dict[str, Any] = {"track": [{"identifier": f"{_RECORDING}{mbid}"} for mbid in ids]}
    if title:
        playlist |= {"title": title, "extension": {_EXTENSION: {"public": False}}}
    if note:
        playlist["annotation"] = html.escape(note, quote=False)
    return {"playlist": playlist}


def _counts(feedback: Feedback) -> bool:
    seconds = feedback.detail.get("seconds")
    if feedback.kind is FeedbackKind.COMPLETED:
        return True
    return feedback.kind is FeedbackKind.SKIP and isinstance(seconds, int | float) and seconds >= 240


def _listen(feedback: Feedback) -> dict[str, Any] | None:
    title, artist = clean(feedback.detail.get("title", "")), clean(feedback.detail.get("artist", ""))
    if not title or not artist:
        return None
    info = {"submission_client": _CLIENT, "submission_client_version": __version__, "media_player": _CLIENT}
    names = {"track_name": title, "artist_name": artist, "additional_info": info}
    seconds = feedback.detail.get("seconds")  # a listen bears the time at which it began
    began = feedback.at.timestamp() - (seconds if isinstance(seconds, int | float) else 0)
    return {"listened_at": int(began), "track_metadata": names}


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object, key: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer.

    Raises:
        PlayerError: If the list is not there.
    """
    found = _dict(value).get(key)
    if not isinstance(found, list):
        raise PlayerError(f"ListenBrainz: an answer without {key!r}; check the address, or try again later")
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def _text(value: object, key: str) -> str:
    found = _dict(value).get(key)
    return found if isinstance(found, str) else ""


def _when(stamp: object) -> datetime | None:
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(stamp, UTC)
    return None
