"""The Music Player Daemon, through python-mpd2 (the ``players`` extra).

Tracks are found by their path within MPD's music folder, then by title, artist and length. The queue is added to and
never cleared. Ratings, likes, play and skip counts are read from stickers, by the names that MPD's clients share.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path, PurePath
from typing import Any, TypeVar, cast

from affetto.errors import OptionError, PlayerError
from affetto.music.text import clean
from affetto.music.track import Track
from affetto.players.base import AccessError, Check, Feedback, FeedbackKind, Match, Missing, Placed, Resolution, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.http import Patience, Trouble, persevere
from affetto.players.journal import Journal, marker
from affetto.players.matching import GOOD, likeness
from affetto.players.ratings import Ratings
from affetto.players.secrets import Secret, Secrets, redact
from affetto.players.shelf import title_of

__all__ = ["MpdPlayer", "Playing", "connect", "open_player"]

_T = TypeVar("_T")
_PORT = 6600
_CANDIDATES = 50
_DEEPEST = 12  # folders of a path that are tried
_LINE, _ANSWER = 1 << 20, 64 << 20  # bytes
_ASIDE = re.compile(r"\s*[(\[][^)\]]*[)\]]|\s+-\s+[^-]*\Z")
_RATING, _LIKE, _PLAYS, _PLAYED, _SKIPS, _SKIPPED = (
    "rating",
    "like",
    "playCount",
    "lastPlayed",
    "skipCount",
    "lastSkipped",
)
_DENIED, _BAD_PASSWORD, _UNKNOWN, _NO_EXIST = 4, 3, 5, 50


class _RefusedError(PlayerError):
    """MPD understood and refused."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


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
        self._name, self._address, self._password = name, address, password
        self._journal = journal or Journal(name)
        self._ratings = ratings or Ratings(name)
        self._patience = patience or Patience()
        self._who = f"MPD at {address}"
        self._client: Any = None
        self._root: int | None = None  # how many parts of a path lie above the music folder, once known

    @property
    def name(self) -> str:
        """The name it is connected under."""
        return self._name

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Finds tracks by their path, then by title, artist and length; addresses are taken where MPD can play them."""
        watch = watch or Watch()
        found: list[Match] = []
        missing: list[Missing] = []
        handlers = frozenset[str]()
        if any(_is_address(track.uri) for track in tracks):
            handlers = frozenset(map(str, self._call(lambda mpd: mpd.urlhandlers(), watch)))
        for done, track in enumerate(tracks):
            watch.progress("looking up", done, len(tracks))
            match = self._find(track, handlers, watch)
            if isinstance(match, Match):
                found.append(match)
            else:
                missing.append(match)
        watch.progress("looking up", len(tracks), len(tracks))
        return Resolution(found=tuple(found), missing=tuple(missing))

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
            raise PlayerError(f"{self._who}: none of the {len(tracks)} tracks was found, so no playlist was made")
        listed = {str(each.get("playlist")) for each in self._call(lambda mpd: mpd.listplaylists(), watch)}
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
            with contextlib.suppress(_RefusedError):
                self._checked(lambda: mpd.rm(called))
            fill_new(mpd)

        def fill_new(mpd: Any) -> None:
            mpd.command_list_ok_begin()
            for uri in uris:
                mpd.playlistadd(called, uri)
            mpd.command_list_end()

        if not exists:
            if called == title:
                self._journal.begin(title)
            self._call(begin_anew, watch)
        else:
            self._call(fill, watch)
        self._journal.made(title, called)
        watch.progress("filling", len(uris), len(uris))
        return Placed(player=self.name, id=called, name=called, link="", created=not exists, resolution=resolution)

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Puts tracks right behind the current song, in order."""
        watch = watch or Watch()
        resolution = self._some(tracks, watch)
        current = self._call(lambda mpd: mpd.status(), watch).get("song")
        place = None if current is None else int(current) + 1
        self._add(resolution.ids, place, watch)
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Puts tracks at the end of the queue and plays from the first of them on; the device is an output of MPD."""
        watch = watch or Watch()
        output = None if device is None else self._output(device, watch)
        resolution = self._some(tracks, watch)
        first = self._add(resolution.ids, None, watch)
        if output is not None:
            self._call(lambda mpd: mpd.enableoutput(output), watch)
        self._call(lambda mpd: mpd.playid(first), watch)
        return resolution

    def current(self, *, watch: Watch | None = None) -> Playing:
        """What plays right now."""
        watch = watch or Watch()
        status = self._call(lambda mpd: mpd.status(), watch)
        song = self._call(lambda mpd: mpd.currentsong(), watch)
        return Playing(
            state=str(status.get("state", "stop")),
            file=clean(_one(song, "file"), longest=1000),
            title=clean(_one(song, "title")),
            artist=clean(_one(song, "artist")),
            elapsed=_number(status.get("elapsed")) or 0.0,
            seconds=_number(status.get("duration")) or _number(song.get("duration")),
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
            self._call(lambda mpd: mpd.sticker_set("song", uri, _RATING, 2 * stars), watch)
            return
        try:
            self._call(lambda mpd: mpd.sticker_delete("song", uri, _RATING), watch)
        except _RefusedError as error:
            if error.number != _NO_EXIST:
                raise

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Ratings, likes, plays and skips that MPD's clients keep as stickers; nothing where MPD keeps none.

        Plays and skips carry the time of the last one. Ratings and likes carry none: with ``since``, those that differ
        from what was read before are given, with the time of reading.
        """
        watch = watch or Watch()
        since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
        now, given = datetime.now(UTC), list[Feedback]()
        before, ratings = self._ratings.read(), dict[str, float]()
        held = {name: self._stickers(name, watch) for name in (_RATING, _LIKE, _PLAYS, _PLAYED, _SKIPS, _SKIPPED)}
        songs = self._facts(sorted({file for stickers in held.values() for file in stickers}), watch)

        def tell(file: str, kind: FeedbackKind, at: datetime, **detail: float) -> None:
            title, artist = songs.get(file, ("", ""))
            facts = {"player": self.name, "title": title, "artist": artist, **detail}
            given.append(Feedback(track=f"mpd:{self.name}/{file}", kind=kind, at=at, detail=facts))

        for file, value in held[_RATING].items():
            ratings[f"{_RATING} {file}"] = value
            if 0 <= value <= 10 and (since is None or before.get(f"{_RATING} {file}") != value):
                tell(file, FeedbackKind.RATING, now, rating=value / 10)
        for file, value in held[_LIKE].items():
            ratings[f"{_LIKE} {file}"] = value
            if value in (0, 2) and (since is None or before.get(f"{_LIKE} {file}") != value):
                tell(file, FeedbackKind.LIKE if value == 2 else FeedbackKind.DISLIKE, now)
        for counts, times, kind in (
            (_PLAYS, _PLAYED, FeedbackKind.PLAY),
            (_SKIPS, _SKIPPED, FeedbackKind.SKIP),
        ):
            for file, stamp in held[times].items():
                at = _when(stamp)
                if at is not None and (since is None or at >= since):
                    detail = {"plays": held[counts].get(file, 1.0)} if kind is FeedbackKind.PLAY else {}
                    tell(file, kind, at, **detail)
        yield from sorted(given, key=lambda each: each.at)
        self._ratings.write(ratings)

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Tries the calls that change nothing."""
        watch = watch or Watch()
        calls: tuple[tuple[str, Callable[[Any], Any], Callable[[Any], str]], ...] = (
            ("status", lambda mpd: mpd.status(), lambda got: f"{got.get('state', 'unknown')}"),
            ("currentsong", lambda mpd: mpd.currentsong(), lambda got: _one(got, "title") or "nothing"),
            ("stats", lambda mpd: mpd.stats(), lambda got: f"{got.get('songs', 0)} songs"),
            ("outputs", lambda mpd: mpd.outputs(), lambda got: ", ".join(_one(each, "outputname") for each in got)),
            ("listplaylists", lambda mpd: mpd.listplaylists(), lambda got: f"{len(got)} stored"),
            ("sticker", lambda mpd: mpd.sticker_find("song", "", _RATING), lambda got: f"{len(got)} rated"),
        )
        for call, do, note in calls:
            try:
                yield Check(call=call, ok=True, note=clean(note(self._call(do, watch))))
            except PlayerError as error:
                yield Check(call=call, ok=False, note=str(error))

    def close(self) -> None:
        """Ends the connection."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.disconnect()
            self._client = None

    # -- looking up ---------------------------------------------------------------------------------------------------

    def _some(self, tracks: Sequence[Track], watch: Watch) -> Resolution:
        resolution = self.resolve(tracks, watch=watch)
        if not resolution.found:
            raise PlayerError(f"{self._who}: none of the {len(tracks)} tracks was found, so nothing plays")
        return resolution

    def _find(self, track: Track, handlers: frozenset[str], watch: Watch) -> Match | Missing:
        if _is_address(track.uri):
            scheme = track.uri.partition("://")[0].lower()
            if scheme in ("http", "https") and f"{scheme}://" in handlers and not _breaks(track.uri):
                return Match(track=track, id=track.uri, score=1.0, how="path")
        elif PurePath(track.uri).is_absolute():
            file = self._by_path(track.uri, watch)
            if file:
                return Match(track=track, id=file, score=1.0, how="path")
        best: Match | None = None
        seen = 0
        title = clean(track.title)
        for query in filter(None, dict.fromkeys((title, _ASIDE.sub("", title).strip()))):
            songs = self._call(lambda mpd, q=query: mpd.search("title", q, "window", (0, _CANDIDATES)), watch)
            for song in songs[:_CANDIDATES]:
                file, names = _one(song, "file"), [_one(song, "artist"), _one(song, "albumartist")]
                if not file or _breaks(file):
                    continue
                seen += 1
                artists = [name for name in names if name]
                length = _number(song.get("duration")) or _number(song.get("time"))
                score = likeness(track, title=_one(song, "title"), artists=artists, seconds=length)
                if best is None or score > best.score:
                    shown = clean(f"{', '.join(artists[:1])} - {_one(song, 'title')}")
                    best = Match(track=track, id=file, score=score, how="search", seen=shown)
            if best is not None and best.score >= GOOD:
                return best
        why = "nothing found" if best is None else f"best of {seen} scores {best.score:.2f}: {best.seen}"
        return Missing(track=track, why=why)

    def _by_path(self, path: str, watch: Watch) -> str:
        """The name that MPD gives to a file: the end of its path, from the music folder on."""
        parts = PurePath(path).parts
        if _breaks(path):
            return ""
        starts = list(range(max(1, len(parts) - _DEEPEST), len(parts)))
        if self._root is not None and self._root in starts:
            starts = [self._root, *(start for start in starts if start != self._root)]
        for start in starts:
            file = "/".join(parts[start:])
            if any(_one(song, "file") == file for song in self._call(lambda mpd, f=file: mpd.find("file", f), watch)):
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
        outputs = self._call(lambda mpd: mpd.outputs(), watch)
        for each in outputs:
            if _one(each, "outputname").casefold() == device.casefold():
                return _one(each, "outputid")
        names = ", ".join(clean(_one(each, "outputname")) for each in outputs)
        raise OptionError(f"device {device!r}: MPD has no such output; choose {names}")

    def _add(self, uris: Sequence[str], place: int | None, watch: Watch) -> str:
        """Adds to the queue in one go, and gives the number of the first; a lost answer is not repeated."""

        def add(mpd: Any) -> str:
            mpd.command_list_ok_begin()
            for number, uri in enumerate(uris):
                if place is None:
                    mpd.addid(uri)
                else:
                    mpd.addid(uri, place + number)
            return str(next(iter(mpd.command_list_end()), ""))

        return self._call(add, watch, again=False)

    def _stickers(self, name: str, watch: Watch) -> dict[str, float]:
        """The numbers of a sticker, by file; none where MPD keeps no stickers."""
        try:
            found = self._call(lambda mpd: mpd.sticker_find("song", "", name), watch)
        except _RefusedError as error:
            if error.number in (_UNKNOWN, _NO_EXIST):
                return {}
            raise
        numbers: dict[str, float] = {}
        for each in found:
            value = _number(_one(each, "sticker").removeprefix(f"{name}="))
            if value is not None:
                numbers[_one(each, "file")] = value
        return numbers

    def _facts(self, files: Sequence[str], watch: Watch) -> dict[str, tuple[str, str]]:
        """Title and artist of files."""
        facts: dict[str, tuple[str, str]] = {}
        for file in files:
            if _breaks(file):
                continue
            for song in self._call(lambda mpd, f=file: mpd.find("file", f), watch)[:1]:
                facts[file] = clean(_one(song, "title")), clean(_one(song, "artist"))
        return facts

    # -- calls ------------------------------------------------------------------------------------------------------

    def _call(self, do: Callable[[Any], _T], watch: Watch, *, again: bool = True) -> _T:
        def attempt() -> _T:
            return self._checked(lambda: do(self._open()))

        return persevere(attempt, who=self._who, again=again, watch=watch, patience=self._patience)

    def _open(self) -> Any:
        """The client, connected and let in."""
        if self._client is None:
            mpd = _library()
            client = mpd.MPDClient()
            client.timeout = self._patience.timeout
            host, port = _place(self._address)
            try:
                client.connect(host, port)
            except OSError as error:
                reason = error.strerror or "does not answer in time"
                raise Trouble(f"cannot be reached ({reason})", transient=True) from None
            client._rbfile = _Bounded(client._rbfile, self._patience.whole)
            self._client = client
            if self._password is not None:
                client.password(self._password.reveal())
        self._client._rbfile.begin()
        return self._client

    def _checked(self, do: Callable[[], _T]) -> _T:
        """Does it; failures become `Trouble` or an error of ours, and end the connection where it is out of step."""
        mpd = _library()
        try:
            return do()
        except mpd.CommandError as error:
            self._leave_list()
            number = cast("int", getattr(getattr(error, "errno", None), "value", 0))
            said = redact(clean(getattr(error, "msg", "") or "", longest=160))
            if number in (_DENIED, _BAD_PASSWORD):
                self.close()
                words = "wrong password" if number == _BAD_PASSWORD else f"does not allow this ({said})"
                raise AccessError(f"{self._who}: {words}; connect again: affetto connect mpd") from None
            raise _RefusedError(f"{self._who}: refused: {said or 'no reason given'}; see its log", number) from None
        except TimeoutError:
            self.close()
            raise Trouble("did not answer in time", transient=True, unsure=True) from None
        except (mpd.ConnectionError, OSError):
            self.close()
            raise Trouble("closed the connection before the answer was whole", transient=True, unsure=True) from None
        except (mpd.MPDError, ValueError, TypeError, AttributeError, KeyError, IndexError):
            # Whatever it is that answers, python-mpd2 stumbled over it.
            self.close()
            raise Trouble("does not answer as MPD does", transient=True, unsure=True) from None
        except Trouble:
            self.close()
            raise

    def _leave_list(self) -> None:
        """Brings the client back in step after a list of commands failed."""
        if self._client is not None and getattr(self._client, "_command_list", None) is not None:
            self.close()


class _Bounded:
    """What MPD sends, as long as it is bearable in length and in time."""

    def __init__(self, file: Any, seconds: float) -> None:
        self._file, self._seconds = file, seconds
        self.begin()

    def begin(self) -> None:
        """Begins a new answer."""
        self._read, self._until = 0, time.monotonic() + self._seconds

    def readline(self) -> bytes:
        line: bytes = self._file.readline(_LINE)
        self._read += len(line)
        if self._read > _ANSWER or len(line) == _LINE:
            raise Trouble(f"answered with more than {_ANSWER >> 20} MiB")
        if time.monotonic() > self._until:
            raise Trouble("took too long to answer", transient=True, unsure=True)
        return line

    def close(self) -> None:
        self._file.close()


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Finds MPD, and asks for its password if it wants one.

    Raises:
        OptionError: If the address cannot be one.
        AccessError: If the password is wrong.
        PlayerError: If the extra is missing, or nothing there answers as MPD does.
    """
    address = _address(given.get("url") or os.environ.get("MPD_HOST") or ask.line("Address of MPD"))
    watch, patience = Watch(tell=ask.tell), Patience(tries=2)
    player, password = MpdPlayer(name, address=address, patience=patience), None
    try:
        songs = _songs(player, watch)
    except AccessError:
        if not _is_here(address):
            ask.tell("MPD takes passwords as they are: who listens on the network between can read it.")
        password = ask.secret("Password of MPD")
        if not password.reveal() or _breaks(password.reveal()):
            raise OptionError("no password was given; run the command again") from None
        player = MpdPlayer(name, address=address, password=password, patience=patience)
        songs = _songs(player, watch)
    finally:
        player.close()
    if password is None:
        secrets.remove(name)
    else:
        secrets.put(name, password)
    ask.tell(f"Connected to MPD at {address}, which holds {songs} songs.")
    return Connection(name=name, kind="mpd", facts={"url": address, "password": "no" if password is None else "yes"})


def open_player(connection: Connection, *, secrets: Secrets) -> MpdPlayer:
    """The player of a connection.

    Raises:
        AccessError: If its password is gone.
        PlayerError: If the extra is missing.
    """
    _library()
    password = None
    if connection.facts.get("password") == "yes":
        password = secrets.get(connection.name)
        if password is None:
            raise AccessError(
                f"MPD: the password is not in {secrets.place} any more; connect again: affetto connect mpd"
            )
    return MpdPlayer(connection.name, address=_address(connection.facts.get("url", "")), password=password)


def _songs(player: MpdPlayer, watch: Watch) -> str:
    return str(player._call(lambda mpd: mpd.stats(), watch).get("songs", "0"))  # pyright: ignore[reportPrivateUsage]


def _library() -> Any:
    try:
        import mpd
    except ImportError:
        raise PlayerError("MPD needs an extra: pip install 'affetto[players]'") from None
    return mpd


def _address(text: str) -> str:
    """The path of a socket, or host and port.

    >>> _address("localhost"), _address("mpd://10.0.0.2:6601"), _address("[::1]:6600")
    ('localhost:6600', '10.0.0.2:6601', '[::1]:6600')
    """
    text = text.strip().removeprefix("mpd://").rstrip("/")
    if text.startswith(("/", "~")):
        return str(Path(text).expanduser())
    if "@" in text:
        raise OptionError("the address of MPD holds a password; leave it out, it is asked for")
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", text)
    port = int(found[2] or _PORT) if found else 0
    if found is None or not 0 < port < 65_536:
        raise OptionError(f"address {clean(text, longest=80)!r}: give HOST, HOST:PORT or the path of MPD's socket")
    return f"{found[1]}:{port}"


def _place(address: str) -> tuple[str, int | None]:
    if address.startswith("/"):
        return address, None
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _is_here(address: str) -> bool:
    """Whether MPD runs on this machine."""
    host, _ = _place(address)
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(uri: str) -> bool:
    return "://" in uri


def _breaks(text: str) -> bool:
    """Whether a text would be read as more than one command."""
    return any(mark in text for mark in "\n\r\0")


def _file_name(title: str) -> str:
    """A title as MPD can store it: it names a file."""
    return clean(title.replace("/", "-")).lstrip(".") or "playlist"


def _one(song: Any, key: str) -> str:
    """The first of possibly several values."""
    value: Any = song.get(key, "") if isinstance(song, dict) else ""
    if isinstance(value, list):
        value = next(iter(cast("list[Any]", value)), "")
    return str(value)


def _number(value: object) -> float | None:
    try:
        number = float(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1e12 else None


def _when(stamp: float) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(stamp, UTC) if stamp > 0 else None
    return None
