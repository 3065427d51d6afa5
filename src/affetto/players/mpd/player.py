"""MPD as a player."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from affetto.errors import OptionError, PlayerError
from affetto.music.text import clean
from affetto.music.track import Track
from affetto.players.base import Check, Feedback, Match, Missing, Placed, Resolution, Watch
from affetto.players.journal import Journal, marker
from affetto.players.lookup import best_match, look_up, titles
from affetto.players.matching import likeness
from affetto.players.mpd.client import NO_EXIST, Client, RefusedError, breaks, first, number
from affetto.players.mpd.stickers import RATING, read_stickers
from affetto.players.patience import Patience
from affetto.players.ratings import Ratings
from affetto.players.secrets import Secret
from affetto.players.shelf import title_of

__all__ = ["MpdPlayer", "Playing"]

_CANDIDATES = 50
_DEEPEST = 12  # folders of a path that are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """What MPD plays.

    Attributes:
        state: "play", "pause" or "stop".
        file: The song's path within the music folder, or its address; empty when there is none.
        title: Its title.
        artist: Its artist.
        elapsed: Seconds played so far.
        seconds: Its length, or None.
    """

    state: str
    file: str = ""
    title: str = ""
    artist: str = ""
    elapsed: float = 0.0
    seconds: float | None = None


class MpdPlayer:
    """One MPD.

    Args:
        name: Name of the connection.
        address: Path of its socket, or "host:port".
        password: Its password, if it has one.
        journal: Which playlists are ours.
        ratings: Which ratings were read before.
        patience: How long to keep trying.
    """

    def __init__(
        self,
        name: str,
        *,
        address: str,
        password: Secret | None = None,
        journal: Journal | None = None,
        ratings: Ratings | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._name = name
        self._journal = journal or Journal(name)
        self._ratings = ratings or Ratings(name)
        self.client = Client(address, password=password, patience=patience)
        self._root: int | None = None  # how many parts of a path lie above the music folder, once known

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Finds tracks by their path, then by title, artist and length; addresses are taken where MPD can play them."""
        watch = watch or Watch()
        handlers = frozenset[str]()
        if any(_is_address(track.uri) for track in tracks):
            handlers = frozenset(map(str, self.client.call(lambda mpd: mpd.urlhandlers(), watch)))
        return look_up(tracks, lambda track: self._find(track, handlers, watch), watch=watch)

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Stores a playlist, or brings ours of this name up to date.

        MPD's playlists have no description, so ``about`` is left out. Where the listener has a playlist of this name,
        ours is called after it with its mark behind.
        """
        del about
        watch = watch or Watch()
        title = _file_name(title_of(name))
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"{self.client.who}: none of the {len(tracks)} tracks was found, so no playlist was made")
        listed = {str(each.get("playlist")) for each in self.client.call(lambda mpd: mpd.listplaylists(), watch)}
        called, exists = self._ours(title, listed)
        uris = resolution.ids

        def fill(mpd: Any) -> None:
            mpd.command_list_ok_begin()
            if exists:
                mpd.playlistclear(called)
            for uri in uris:
                mpd.playlistadd(called, uri)
            mpd.command_list_end()

        def begin_anew(mpd: Any) -> None:
            # After a lost answer part of it may be there already.
            with contextlib.suppress(RefusedError):
                self.client.checked(lambda: mpd.rm(called))
            fill(mpd)

        if not exists and called == title:
            self._journal.begin(title)
        self.client.call(fill if exists else begin_anew, watch)
        self._journal.made(title, called)
        watch.progress("filling", len(uris), len(uris))
        return Placed(player=self.name, id=called, name=called, link="", created=not exists, resolution=resolution)

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Puts tracks right behind the current song, in order."""
        watch = watch or Watch()
        resolution = self._some(tracks, watch)
        current = self.client.call(lambda mpd: mpd.status(), watch).get("song")
        place = None if current is None else int(current) + 1
        self._add(resolution.ids, place, watch)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Puts tracks at the end of the queue and plays from the first of them on; the device is an output of MPD."""
        watch = watch or Watch()
        output = None if device is None else self._output(device, watch)
        resolution = self._some(tracks, watch)
        start = self._add(resolution.ids, None, watch)
        if output is not None:
            self.client.call(lambda mpd: mpd.enableoutput(output), watch)
        self.client.call(lambda mpd: mpd.playid(start), watch)
        return resolution

    def current(self, *, watch: Watch | None = None) -> Playing:
        """What plays right now."""
        watch = watch or Watch()
        status = self.client.call(lambda mpd: mpd.status(), watch)
        song = self.client.call(lambda mpd: mpd.currentsong(), watch)
        return Playing(
            state=str(status.get("state", "stop")),
            file=clean(first(song, "file"), longest=1000),
            title=clean(first(song, "title")),
            artist=clean(first(song, "artist")),
            elapsed=number(status.get("elapsed")) or 0.0,
            seconds=number(status.get("duration")) or number(song.get("duration")),
        )

    def rate(self, track: Track, stars: int, *, watch: Watch | None = None) -> None:
        """Gives a track 1 to 5 stars in the sticker that MPD's clients share (0 to 10), or takes them away with 0.

        Raises:
            OptionError: If there are no such stars.
            PlayerError: If MPD does not have the track, or keeps no stickers.
        """
        if not 0 <= stars <= 5:
            raise OptionError(f"rating {stars}: 0 to 5 stars")
        watch = watch or Watch()
        (uri,) = self._some([track], watch).ids
        if stars:
            self.client.call(lambda mpd: mpd.sticker_set("song", uri, RATING, 2 * stars), watch)
            return
        try:
            self.client.call(lambda mpd: mpd.sticker_delete("song", uri, RATING), watch)
        except RefusedError as error:
            if error.number != NO_EXIST:
                raise

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Ratings, likes, plays and skips that MPD's clients keep as stickers; nothing where MPD keeps none.

        Plays and skips carry the time of the last one. Ratings and likes carry none: with ``since``, those that differ
        from what was read before are given, with the time of reading.
        """
        yield from read_stickers(self.client, self.name, self._ratings, since=since, watch=watch or Watch())

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls that change nothing."""
        watch = watch or Watch()
        calls: tuple[tuple[str, Callable[[Any], Any], Callable[[Any], str]], ...] = (
            ("status", lambda mpd: mpd.status(), lambda got: f"{got.get('state', 'unknown')}"),
            ("currentsong", lambda mpd: mpd.currentsong(), lambda got: first(got, "title") or "nothing"),
            ("stats", lambda mpd: mpd.stats(), lambda got: f"{got.get('songs', 0)} songs"),
            ("outputs", lambda mpd: mpd.outputs(), lambda got: ", ".join(first(each, "outputname") for each in got)),
            ("listplaylists", lambda mpd: mpd.listplaylists(), lambda got: f"{len(got)} stored"),
            ("sticker", lambda mpd: mpd.sticker_find("song", "", RATING), lambda got: f"{len(got)} rated"),
        )
        for call, do, note in calls:
            try:
                yield Check(call=call, ok=True, note=clean(note(self.client.call(do, watch))))
            except PlayerError as error:
                yield Check(call=call, ok=False, note=str(error))

    def close(self) -> None:
        """Ends the connection."""
        self.client.close()

    # -- looking up ---------------------------------------------------------------------------------------------------

    def _some(self, tracks: Sequence[Track], watch: Watch) -> Resolution:
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"{self.client.who}: none of the {len(tracks)} tracks was found, so nothing plays")
        return resolution

    def _find(self, track: Track, handlers: frozenset[str], watch: Watch) -> Match | Missing:
        if _is_address(track.uri):
            scheme = track.uri.partition("://")[0].lower()
            if scheme in ("http", "https") and f"{scheme}://" in handlers and not breaks(track.uri):
                return Match(track=track, id=track.uri, score=1.0, how="path")
        elif PurePath(track.uri).is_absolute():
            file = self._by_path(track.uri, watch)
            if file:
                return Match(track=track, id=file, score=1.0, how="path")

        def search(query: str) -> Iterator[Match]:
            songs = self.client.call(lambda mpd: mpd.search("title", query, "window", (0, _CANDIDATES)), watch)
            yield from filter(None, (_candidate(track, song) for song in songs[:_CANDIDATES]))

        return best_match(track, titles(clean(track.title)), search)

    def _by_path(self, path: str, watch: Watch) -> str:
        """The name that MPD gives to a file: the end of its path, from the music folder on."""
        parts = PurePath(path).parts
        if breaks(path):
            return ""
        starts = list(range(max(1, len(parts) - _DEEPEST), len(parts)))
        if self._root is not None and self._root in starts:
            starts = [self._root, *(start for start in starts if start != self._root)]
        for start in starts:
            file = "/".join(parts[start:])
            if any(
                first(song, "file") == file for song in self.client.call(lambda mpd, f=file: mpd.find("file", f), watch)
            ):
                self._root = start
                return file
        return ""

    def _ours(self, title: str, listed: set[str]) -> tuple[str, bool]:
        """What our playlist of this title is called at MPD, and whether it is there."""
        marked = f"{title} [{marker(title)}]"
        known = self._journal.playlist(title)
        for name in (known, marked):
            if name is not None and name in listed:
                return name, True
        if title in listed and not self._journal.begun(title):
            return marked, False
        return title, False

    def _output(self, device: str, watch: Watch) -> str:
        outputs = self.client.call(lambda mpd: mpd.outputs(), watch)
        for each in outputs:
            if first(each, "outputname").casefold() == device.casefold():
                return first(each, "outputid")
        names = ", ".join(clean(first(each, "outputname")) for each in outputs)
        raise OptionError(f"device {device!r}: MPD has no such output; choose {names}")

    def _add(self, uris: Sequence[str], place: int | None, watch: Watch) -> str:
        """Adds to the queue in one go, and gives the number of the first; a lost answer is not repeated."""

        def add(mpd: Any) -> str:
            mpd.command_list_ok_begin()
            for offset, uri in enumerate(uris):
                if place is None:
                    mpd.addid(uri)
                else:
                    mpd.addid(uri, place + offset)
            return str(next(iter(mpd.command_list_end()), ""))

        return self.client.call(add, watch, again=False)


def _candidate(track: Track, song: Any) -> Match | None:
    """A song as a match; None for what cannot be named to MPD."""
    file, title = first(song, "file"), first(song, "title")
    if not file or breaks(file):
        return None
    artists = [name for name in (first(song, "artist"), first(song, "albumartist")) if name]
    length = number(song.get("duration")) or number(song.get("time"))
    score = likeness(track, title=title, artists=artists, seconds=length)
    return Match(track=track, id=file, score=score, how="search", seen=clean(f"{', '.join(artists[:1])} - {title}"))


def _is_address(uri: str) -> bool:
    return "://" in uri


def _file_name(title: str) -> str:
    """A title as MPD can store it: it names a file."""
    return clean(title.replace("/", "-")).lstrip(".") or "playlist"
