"""``affetto play``, and what ``hear`` and ``listen`` do with a playlist: it goes to a player, and is heard."""

import contextlib
import json
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from affetto.errors import OptionError

__all__ = ["Delivery", "Play", "PlayerName", "keys", "register"]

PlayerName = Annotated[
    str | None,
    typer.Option("--player", help="Put the playlist there: a connected player, local, or file:NAME.m3u8."),
]
Play = Annotated[bool, typer.Option("--play", help="Play it: there, or in the system's own player.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("play")(_play)


def _play(
    what: Annotated[
        list[str] | None, typer.Argument(help="Playlist files, sound files or addresses; default: the queue.")
    ] = None,
    player: Annotated[
        str | None, typer.Option("--player", help="Play on a connected player instead of this machine.")
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="With --player: the device that plays.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Put them behind what is playing.")] = False,
    engine: Annotated[
        str | None, typer.Option("--with", help="mpv, ffplay or sound (our own); default: the first that is there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object at the end, for programs.")] = False,
) -> None:
    """Play music in the terminal, with keys to say what you think of it, or on a player.

    l like, d dislike, s skip, m not this mood, n next, space pause, q quit.
    What you do is written down on this machine, for later playlists to learn from.
    """
    from affetto.cli import show
    from affetto.players.connections import open_player
    from affetto.players.local import LocalPlayer

    if device is not None and player is None:
        raise OptionError(f"--device {device}: goes with --player; add it")
    if engine is not None and (player is not None or queue):
        raise OptionError(f"--with {engine}: is for playing here; leave --player and --queue out")
    local = LocalPlayer()
    tracks = _tracks(what or [], local)
    if player is None and not queue:
        _play_here(tracks, engine=engine, as_json=as_json)
        if not what:
            local.queue_file.unlink(missing_ok=True)
        return
    there = local if player is None else open_player(player)
    with _watch(quiet=as_json) as watch:
        resolution = there.queue(tracks, watch=watch) if queue else there.play(tracks, device=device, watch=watch)
    if as_json:
        print(json.dumps({"player": there.name, **resolution.to_dict()}))
        return
    done = "queued" if queue else "playing"
    show.line(f"{there.name}: {done} {len(resolution.found)} of {len(tracks)} tracks")
    _show_missing(resolution)


def _tracks(what: Sequence[str], local: Any) -> list[Any]:
    """The tracks that are named: by playlists, by files of sound, or by addresses."""
    from affetto.players.files import READABLE_SUFFIXES, load_playlist

    if not what:
        if not local.queue_file.exists():
            raise OptionError("there is nothing in the queue; name a playlist, or fill it with affetto play --queue")
        return load_playlist(local.queue_file)
    tracks: list[Any] = []
    for each in what:
        if "://" not in each and Path(each).suffix.lower() in READABLE_SUFFIXES:
            tracks += load_playlist(each)
            continue
        tracks.append(_track(each))
    if not tracks:
        raise OptionError(f"{', '.join(what)}: no track that can be played; give another playlist")
    return tracks


def _track(what: str) -> Any:
    """A file of sound with what its tags tell, or an address."""
    from affetto.affect import Affect
    from affetto.music.tags import read_tags
    from affetto.music.track import Track
    from affetto.players.near import is_far

    there = "://" in what or is_far(what)
    uri = what if there else str(Path(what).resolve())
    facts: dict[str, Any] = {"title": Path(uri).stem, "artist": ""}
    if not there:
        with contextlib.suppress(OSError):  # what cannot be read, the player will say
            tags = read_tags(uri)
            facts = {"title": tags.title, "artist": tags.artist, "seconds": tags.seconds}
    mood = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))
    return Track(id=uri, uri=uri, mood=mood, mood_source="", **facts)


def _play_here(tracks: Sequence[Any], *, engine: str | None, as_json: bool) -> None:
    """Plays in the terminal until the end, q or Ctrl-C."""
    from affetto.cli import show
    from affetto.players.engines import find_engine
    from affetto.players.feedback import FeedbackLog
    from affetto.players.local import KEYS, play_tracks

    def tell(track: Any, number: int, event: str) -> None:
        if as_json:
            return
        if event == "play":
            by = f" · {track.artist}" if track.artist else ""
            show.line(f"{number:>3}  {track.title}{by}", style="bold")
            if track.credit:
                show.line(f"     {track.credit}", style="dim")
        else:
            show.line(f"     {event}", style="dim")

    sound = find_engine(engine)
    try:
        with keys() as key:
            if not as_json and sys.stdin.isatty():
                names = {" ": "space"}
                show.line(", ".join(f"{names.get(k, k)} {v}" for k, v in KEYS.items()), style="dim")
            played = play_tracks(tracks, engine=sound, log=FeedbackLog(), key=key, show=tell)
    finally:
        sound.close()
        _teach()
    _submit()
    for track, reason in played.failed:
        print(f"affetto: {track.title}: {reason}", file=sys.stderr)
    if as_json:
        failed = [{"track": track.id, "why": reason} for track, reason in played.failed]
        print(json.dumps({"heard": played.heard, "completed": played.completed, "failed": failed}))


def _submit() -> None:
    """Sends what was heard to ListenBrainz, where that was agreed to; what does not get there goes the next time."""
    from affetto.errors import PlayerError
    from affetto.players.listenbrainz import submit_heard

    try:
        submit_heard()
    except PlayerError as error:
        print(f"affetto: {error}", file=sys.stderr)


def _teach() -> None:
    """Tells the listener in the store what was done while playing; what does not get there goes the next time."""
    from affetto.errors import AffettoError
    from affetto.players.local import LocalPlayer
    from affetto.players.teaching import teach
    from affetto.recommendation.listener import Listener

    try:
        teach(Listener.open(), LocalPlayer())
    except AffettoError as error:
        print(f"affetto: {error}", file=sys.stderr)


@contextlib.contextmanager
def keys() -> Generator[Callable[[float], str | None]]:
    """Single keys of the terminal: the value yielded waits so many seconds for one, and gives it or None.

    Where there is no terminal it only waits.
    """
    import time

    def none(seconds: float) -> None:
        time.sleep(seconds)

    if not sys.stdin.isatty():
        yield none
    elif sys.platform == "win32":
        yield _windows_key
    else:
        import select
        import termios
        import tty

        def key(seconds: float) -> str | None:
            ready, _, _ = select.select([sys.stdin], [], [], seconds)
            return sys.stdin.read(1) if ready else None

        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield key
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _windows_key(seconds: float) -> str | None:  # pragma: no cover - only on Windows
    import importlib
    import time

    console: Any = importlib.import_module("msvcrt")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if console.kbhit():
            return str(console.getwch())
        time.sleep(0.01)
    return None


class Delivery:
    """What is to be done with a playlist once it is made; refuses before anything is heard.

    Args:
        player: Name of the player; None for none.
        play: Whether to play it.
        save: The file that ``--save`` writes.

    Raises:
        OptionError: If the player is not connected.
        PlayerError: If it cannot be opened.
    """

    def __init__(self, player: str | None, *, play: bool, save: Path | None) -> None:
        from affetto.players.connections import open_player

        self._player = None if player is None else open_player(player)
        self._play, self._save = play, save

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self._play or self._player is not None

    def place(self, playlist: Any, *, as_json: bool) -> dict[str, Any] | None:
        """Puts the playlist where it was asked for; gives what came of it for JSON.

        Raises:
            PlayerError: If it does not get there.
        """
        if self._player is None:
            return None
        with _watch(quiet=as_json) as watch:
            placed = self._player.make_playlist(
                playlist.title, playlist.tracks, about=self._about(playlist), watch=watch
            )
        if not as_json:
            self._show(placed, len(playlist.tracks))
        return placed.to_dict()

    def play(self, playlist: Any, *, as_json: bool) -> None:
        """Plays the playlist, if that was asked for.

        Raises:
            PlayerError: If it cannot be played.
        """
        if not self._play:
            return
        if self._player is None:
            _open_in_system_player(playlist, self._save)
        elif self._player.name == "local":
            _play_here(playlist.tracks, engine=None, as_json=as_json)
        else:
            with _watch(quiet=as_json) as watch:
                self._player.play(playlist.tracks, watch=watch)

    def _about(self, playlist: Any) -> str:
        """The sentence that goes along; what was heard in the voice stays on this machine."""
        here = self._player is not None and (self._player.name == "local" or self._player.name.startswith("file:"))
        return str(playlist.explanation) if here else "Made by Affetto."

    def _show(self, placed: Any, wanted: int) -> None:
        from affetto.cli import show

        done = "made" if placed.created else "brought up to date"
        show.line(f"{placed.player}: {done}, {len(placed.resolution.found)} of {wanted} tracks")
        if placed.link:
            show.line(f"  {placed.link}")
        _show_missing(placed.resolution)


def _open_in_system_player(playlist: Any, save: Path | None) -> None:
    from affetto.players.files import open_file, save_playlist
    from affetto.players.local import LocalPlayer

    if save is None:
        folder = LocalPlayer().folder
        folder.mkdir(parents=True, exist_ok=True)
        save = save_playlist(playlist, folder / "last.m3u8")
    open_file(save)


def _show_missing(resolution: Any) -> None:
    from affetto.cli import show

    if resolution.missing:
        show.line(f"  not found ({len(resolution.missing)}):")
    for miss in resolution.missing:
        show.line(f"    {miss.track.title} · {miss.track.artist}: {miss.why}", style="dim")


@contextlib.contextmanager
def _watch(*, quiet: bool) -> Generator[Any]:
    from affetto.cli import show
    from affetto.players.base import Watch

    def tell(text: str) -> None:
        print(f"affetto: {text}", file=sys.stderr)

    if quiet or not show.error_console.is_terminal:
        yield Watch(tell=tell)
        return
    with show.stages(transient=True) as report:
        yield Watch(progress=report, tell=tell)
