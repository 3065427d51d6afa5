"""This machine as a player: tracks are played in the terminal, and what the listener does is written down."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import Check, Feedback, FeedbackKind, Match, Missing, Placed, Resolution, StoppedError, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.engines import Engine, find_engine, place_of
from affetto.players.feedback import FeedbackLog
from affetto.players.files import load_playlist, save_tracks
from affetto.players.near import bring_near, is_far
from affetto.players.secrets import Secrets
from affetto.settings import settings

__all__ = ["KEYS", "LocalPlayer", "Played", "connect", "open_player", "play_tracks"]

KEYS: Mapping[str, str] = {
    "l": "like",
    "d": "dislike",
    "s": "skip",
    "m": "not this mood",
    "n": "next",
    " ": "pause",
    "q": "quit",
}
"""Keys while a track plays. Skip says that it was not wanted; next says nothing."""

_POLL = 0.1  # seconds between looks at the keys and the sound


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of playing.

    Attributes:
        heard: Tracks that started.
        completed: Tracks that were heard to their end.
        failed: Tracks that could not be played, with the reason.
    """

    heard: int
    completed: int
    failed: tuple[tuple[Track, str], ...]


def play_tracks(
    tracks: Sequence[Track],
    *,
    engine: Engine,
    log: FeedbackLog,
    key: Callable[[float], str | None],
    show: Callable[[Track, int, str], None] | None = None,
    watch: Watch | None = None,
) -> Played:
    """Plays tracks one after the other, obeys the keys, and writes down what the listener did.

    Each track gives a "play" when it starts, and "completed" or "skip" with its seconds; "like", "dislike" and
    "not_this_mood" as they are given. Not this mood goes on to the next track.

    Args:
        tracks: What to play.
        engine: What makes the sound; it is not closed.
        log: Where feedback goes.
        key: Waits so many seconds for a key and gives it, or None.
        show: Called with the track, its number from 1, and what happened ("play", "like", "pause", ...).
        watch: Who watches.

    Raises:
        PlayerError: If none of the tracks can be played, or the engine ends.
    """
    watch, show = watch or Watch(), show or _show_nothing
    heard = completed = 0
    failed: list[tuple[Track, str]] = []
    for number, track in enumerate(tracks, start=1):
        watch.check()
        try:
            engine.start(bring_near(track.uri, watch=watch))
        except StoppedError:
            raise
        except PlayerError as error:
            failed.append((track, str(error)))
            continue
        show(track, number, "play")
        heard += 1
        end = _attend(track, number, engine=engine, log=log, key=key, show=show, watch=watch)
        if end == "failed":
            failed.append((track, "cannot be decoded"))
            heard -= 1
        completed += end == "completed"
        if end == "quit":
            break
    if failed and not heard:
        raise PlayerError(f"none of the {len(failed)} tracks can be played; the first: {failed[0][1]}")
    return Played(heard=heard, completed=completed, failed=tuple(failed))


def _attend(
    track: Track,
    number: int,
    *,
    engine: Engine,
    log: FeedbackLog,
    key: Callable[[float], str | None],
    show: Callable[[Track, int, str], None],
    watch: Watch,
) -> str:
    """Stays with a track until it ends, and gives how it ended."""
    held = begun = False
    while True:
        watch.check()
        wish = KEYS.get((key(_POLL) or "").lower())
        state = engine.state()
        if state == "failed":
            return state
        if not begun:
            _write(log, track, FeedbackKind.PLAY, engine)
            begun = True
        if state == "ended":
            _write(log, track, FeedbackKind.COMPLETED, engine)
            return "completed"
        if wish is None:
            continue
        if wish == "pause":
            held = not held
            engine.pause(held)
            show(track, number, "pause" if held else "go on")
            continue
        show(track, number, wish)
        if wish in ("like", "dislike"):
            _write(log, track, FeedbackKind(wish), engine)
            continue
        if wish in ("skip", "not this mood"):
            _write(log, track, FeedbackKind(wish.replace(" ", "_")), engine)
        return wish


def _write(log: FeedbackLog, track: Track, kind: FeedbackKind, engine: Engine) -> None:
    seconds = 0.0 if kind is FeedbackKind.PLAY else round(engine.position(), 1)
    detail: dict[str, str | float] = {"player": "local", "title": track.title, "artist": track.artist, "uri": track.uri}
    log.add(Feedback(track=track.id, kind=kind, at=datetime.now(UTC), detail={**detail, "seconds": seconds}))


class LocalPlayer:
    """This machine. Its playlists are files in the data folder.

    Args:
        folder: Where they lie; None for ``playlists`` in the data folder of the settings.
        log: Where feedback goes.
        find: Finds what makes the sound.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        log: FeedbackLog | None = None,
        find: Callable[[], Engine] = find_engine,
    ) -> None:
        self.folder = folder or settings().data_dir / "playlists"
        self.log, self._find = log or FeedbackLog(), find

    @property
    def name(self) -> str:
        """``local``."""
        return "local"

    @property
    def queue_file(self) -> Path:
        """What `queue` fills and ``affetto play`` plays."""
        return self.folder / "queue.m3u8"

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """The tracks whose files are there; addresses and songs of connected servers are taken as they are."""
        del watch
        found: list[Match] = []
        missing: list[Missing] = []
        for track in tracks:
            try:
                place = track.uri if is_far(track.uri) else place_of(track.uri)
                found.append(Match(track=track, id=place, score=1.0, how="path"))
            except PlayerError as error:
                missing.append(Missing(track=track, why=str(error)))
        return Resolution(found=tuple(found), missing=tuple(missing))

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Writes ``NAME.m3u8``, in place of an earlier one."""
        resolution = self.resolve(tracks, watch=watch)
        stem = re.sub(r"[^\w ,.()'-]+", "", name).strip(" .")[:80] or "playlist"
        path = self.folder / f"{stem}.m3u8"
        created = not path.exists()
        self._save(path, [match.track for match in resolution.found], title=name, about=about)
        return Placed(
            player=self.name, id=str(path), name=name, link=path.as_uri(), created=created, resolution=resolution
        )

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Adds tracks to what ``affetto play`` plays next."""
        resolution = self.resolve(tracks, watch=watch)
        held = load_playlist(self.queue_file) if self.queue_file.exists() else []
        self._save(self.queue_file, [*held, *(match.track for match in resolution.found)], title="queue")
        return resolution

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Plays tracks to their end, without keys; returns when the last one is over.

        Raises:
            OptionError: If a device is named.
            PlayerError: If nothing can make the sound, or no track can be played.
        """
        if device is not None:
            raise OptionError(f"device {device!r}: this machine plays on its own sound card; leave it out")
        resolution = self.resolve(tracks, watch=watch)
        engine = self._find()
        try:
            play_tracks(
                [match.track for match in resolution.found], engine=engine, log=self.log, key=_no_key, watch=watch
            )
        finally:
            engine.close()
        return resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """What was done while playing here."""
        del watch
        return (each for each in self.log.read(since=since) if each.detail.get("player") == "local")

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Whether something here can make the sound."""
        del watch
        try:
            engine = self._find()
        except PlayerError as error:
            yield Check(call="sound", ok=False, note=str(error))
            return
        engine.close()
        yield Check(call="sound", ok=True, note=engine.name)

    def _save(self, path: Path, tracks: Sequence[Track], *, title: str, about: str = "") -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlayerError(f"playlists {self.folder}: {error.strerror}; choose another data_dir") from None
        save_tracks(tracks, path, title=title, about=about)


def _show_nothing(track: Track, number: int, event: str) -> None:
    del track, number, event


def _no_key(seconds: float) -> None:
    time.sleep(seconds)


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Refuses: this machine needs no connection.

    Raises:
        OptionError: Always.
    """
    del given, ask, secrets
    raise OptionError(f"player {name!r}: needs no connection; use it as --player local")


def open_player(connection: Connection, *, secrets: Secrets) -> LocalPlayer:
    """This machine."""
    del connection, secrets
    return LocalPlayer()
