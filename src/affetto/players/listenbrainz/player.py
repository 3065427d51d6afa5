"""ListenBrainz as a player."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from affetto.errors import PlayerError
from affetto.music.text import clean
from affetto.music.track import Track
from affetto.players.base import Check, Feedback, FeedbackKind, Match, Missing, Placed, Resolution, Watch
from affetto.players.http import Http
from affetto.players.journal import Journal
from affetto.players.listenbrainz.api import (
    API,
    AT_ONCE,
    MBID,
    MOST_PAGES,
    PAGE,
    object_of,
    objects_of,
    text_of,
    time_of,
    user_of,
)
from affetto.players.listenbrainz.listens import CLIENT, Sent, counts, listen_of
from affetto.players.listenbrainz.playlists import Playlists
from affetto.players.lookup import look_up
from affetto.players.matching import GOOD, likeness
from affetto.players.shelf import place, title_of

__all__ = ["ListenBrainz"]

_SITE = "https://listenbrainz.org/playlist/"


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
        self._sent = Sent(name, folder)
        self._pause = pause
        self._playlists = Playlists(http, user)

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Recordings of MusicBrainz: by the id that the track carries, else by artist and title."""
        watch = watch or Watch()
        return look_up(
            tracks, lambda track: self._find(track, watch), journal=self._journal, known=_carried, watch=watch
        )

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
        new = sorted((each for each in heard if each.at.timestamp() > last and counts(each)), key=lambda each: each.at)
        listens = [(each.at.timestamp(), listen) for each in new if (listen := listen_of(each)) is not None]
        for start in range(0, len(listens), AT_ONCE):
            some = listens[start : start + AT_ONCE]
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
        yield attempt("GET /1/validate-token", lambda: f"signed in as {user_of(get('GET', '/1/validate-token'))}")
        yield attempt(
            "GET /1/metadata/lookup/",
            lambda: text_of(get("GET", "/1/metadata/lookup/", params=track), "recording_mbid") or "nothing",
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
        mbid = text_of(answer, "recording_mbid")
        if not MBID.match(mbid):
            return Missing(track=track, why="nothing found")
        seen_title, seen_artist = text_of(answer, "recording_name"), text_of(answer, "artist_credit_name")
        score = likeness(track, title=seen_title, artists=[seen_artist])
        shown = f"{seen_artist} - {seen_title}"
        if score < GOOD:
            return Missing(track=track, why=f"best of 1 scores {score:.2f}: {shown}")
        return Match(track=track, id=mbid, score=score, how="search", seen=shown)

    def _loves(self, since: datetime | None, watch: Watch) -> Iterator[Feedback]:
        path = f"/1/feedback/user/{quote(self._user, safe='')}/get-feedback"
        for number in range(MOST_PAGES):
            params = {"count": PAGE, "offset": number * PAGE, "metadata": "true"}
            page = objects_of(self._http.json("GET", path, params=params, watch=watch), "feedback")
            for each in page:
                at, score = time_of(each.get("created")), each.get("score")
                kind = {1: FeedbackKind.LIKE, -1: FeedbackKind.DISLIKE}.get(score) if isinstance(score, int) else None
                if at is None or kind is None or (since is not None and at < since):
                    continue
                facts = object_of(each.get("track_metadata"))
                yield self._feedback(facts, kind, at, text_of(each, "recording_mbid"))
            if len(page) < PAGE:
                return

    def _listens(self, since: datetime | None, watch: Watch) -> Iterator[Feedback]:
        path, before = f"/1/user/{quote(self._user, safe='')}/listens", None
        for _ in range(MOST_PAGES):
            answer = self._http.json("GET", path, params={"count": PAGE, "max_ts": before}, watch=watch)
            page = objects_of(object_of(answer).get("payload"), "listens")
            oldest = before
            for each in page:
                at = time_of(each.get("listened_at"))
                if at is None:
                    continue
                stamp = int(at.timestamp())
                oldest = stamp if oldest is None else min(oldest, stamp)
                facts = object_of(each.get("track_metadata"))
                info = object_of(facts.get("additional_info"))
                if info.get("submission_client") == CLIENT or (since is not None and at < since):
                    continue
                mbid = text_of(info, "recording_mbid") or text_of(
                    object_of(facts.get("mbid_mapping")), "recording_mbid"
                )
                yield self._feedback(facts, FeedbackKind.PLAY, at, mbid)
            if (
                not page
                or oldest == before
                or (since is not None and oldest is not None and oldest < since.timestamp())
            ):
                return
            before = oldest

    def _feedback(self, facts: Mapping[str, Any], kind: FeedbackKind, at: datetime, mbid: str) -> Feedback:
        title, artist = clean(text_of(facts, "track_name")), clean(text_of(facts, "artist_name"))
        known = mbid if MBID.match(mbid) else ""
        return Feedback(
            track=f"mbid:{known}" if known else f"{artist} - {title}",
            kind=kind,
            at=at,
            detail={"player": self.name, "title": title, "artist": artist},
        )


def _carried(track: Track) -> Match | None:
    mbid = str(getattr(track, "recording_mbid", None) or "").lower()
    return Match(track=track, id=mbid, score=1.0, how="id") if MBID.match(mbid) else None
