"""Playlist files: M3U8, XSPF, JSPF and PLS, as a place to put playlists and to read them from."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError, PlaylistError
from affetto.music.track import Track
from affetto.players.base import Check, Feedback, Match, Placed, Resolution, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.formats import READERS, WRITERS, Entry, Listing
from affetto.players.near import is_far
from affetto.players.secrets import Secrets
from affetto.recommendation.playlist import Playlist

__all__ = [
    "PLAYLIST_SUFFIXES",
    "READABLE_SUFFIXES",
    "FilePlayer",
    "check_target",
    "connect",
    "load_playlist",
    "open_file",
    "open_player",
    "save_playlist",
    "save_tracks",
]

_LARGEST = 16 << 20  # bytes
_UNKNOWN_MOOD = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))

PLAYLIST_SUFFIXES: tuple[str, ...] = tuple(WRITERS)
"""What `save_playlist` can write."""

READABLE_SUFFIXES: tuple[str, ...] = tuple(READERS)
"""What `load_playlist` can read."""


@contextlib.contextmanager
def _one_line(path: str | Path) -> Generator[None]:
    """Failures of the file system as a `PlaylistError`."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlaylistError(f"playlist {path}: {reason}; give another name or folder") from error


def check_target(path: str | Path) -> Path:
    """Where `save_playlist` would write, with links followed.

    Raises:
        PlaylistError: If it could not write there.
    """
    with _one_line(path):
        target = Path(path).resolve()
        _check(target)
    return target


def _check(target: Path) -> None:
    if target.suffix.lower() not in WRITERS:
        raise PlaylistError(f"playlist {target}: unknown kind {target.suffix!r}; use {', '.join(PLAYLIST_SUFFIXES)}")
    if target.is_dir():
        raise PlaylistError(f"playlist {target}: is a folder; give the name of a file")
    if not target.parent.is_dir():
        raise PlaylistError(f"playlist {target}: there is no folder {target.parent}; make it first")
    if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
        raise PlaylistError(f"playlist {target}: cannot be written; give another name")
    if not os.access(target.parent, os.W_OK):
        raise PlaylistError(f"playlist {target}: the folder {target.parent} cannot be written; give another folder")


def save_playlist(playlist: Playlist, path: str | Path, *, relative: bool = False) -> Path:
    """Write a playlist as ``.m3u8``, ``.xspf``, ``.jspf`` or ``.pls``, by the suffix, and give back where it lies.

    Titles, credits, reasons and lengths are in the file, but in ``.pls``, which has no place for credits and reasons.
    It appears whole or not at all: it is written beside the target and moved there; a link is followed, so that what
    it points to is replaced.

    Args:
        playlist: What to write.
        path: The file; its folder must exist.
        relative: Write the paths of files relative to that folder, so that both can move together.

    Raises:
        PlaylistError: If the suffix is another one, or the file cannot be written there.

    >>> import tempfile
    >>> from affetto.recommendation import recommend
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_playlist(recommend("calm", seed=1, length=3), f"{folder}/calm.m3u8").name
    'calm.m3u8'
    """
    notes = {
        item.track.id: " | ".join(part for part in (item.track.credit, item.why) if part) for item in playlist.items
    }
    return save_tracks(
        playlist.tracks, path, title=playlist.title, about=playlist.plan.explanation, notes=notes, relative=relative
    )


def save_tracks(
    tracks: Sequence[Track],
    path: str | Path,
    *,
    title: str = "",
    about: str = "",
    notes: Mapping[str, str] | None = None,
    relative: bool = False,
) -> Path:
    """Write tracks as a playlist file, as `save_playlist`.

    Args:
        tracks: What to write, in order.
        path: The file; its folder must exist.
        title: Name of the playlist.
        about: A sentence on it.
        notes: What to say of a track, by its id; None for its credit.
        relative: Write the paths of files relative to the folder of the file.

    Raises:
        PlaylistError: As `save_playlist`.
    """
    target = check_target(path)
    said = notes or {}
    entries = tuple(
        Entry(
            uri=_relative(track.uri, target.parent) if relative else track.uri,
            title=track.title,
            artist=track.artist,
            seconds=track.seconds,
            note=said.get(track.id, track.credit),
        )
        for track in tracks
    )
    _write(target, WRITERS[target.suffix.lower()](Listing(entries=entries, title=title, about=about)), path)
    return target


def _write(target: Path, content: str, path: str | Path) -> None:
    beside = target.with_name(f".{os.getpid()}{target.suffix}.part")
    with _one_line(path):
        try:
            beside.write_text(content, encoding="utf-8", newline="\n")
            beside.replace(target)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()


def _relative(uri: str, folder: Path) -> str:
    """A path as seen from a folder; addresses, relative paths and other drives as they are."""
    if not Path(uri).is_absolute():
        return uri
    with contextlib.suppress(ValueError):
        return os.path.relpath(uri, folder)
    return uri


def load_playlist(path: str | Path, *, within: Path | None = None) -> list[Track]:
    """The tracks of a playlist file, as `Track` of unknown mood; nothing that it names is opened.

    Paths are made absolute from the folder of the file. What is left out: addresses other than http and https, files
    on other machines, and what has no place in the names of files. Songs of connected servers stay as they are.

    Args:
        path: ``.m3u8``, ``.m3u``, ``.xspf``, ``.jspf`` or ``.pls``.
        within: Leave out files outside of this folder; None to take any.

    Raises:
        PlaylistError: If the file cannot be read, is too large, or is not what its suffix says.
    """
    source = Path(path)
    read = READERS.get(source.suffix.lower())
    if read is None:
        raise PlaylistError(f"playlist {path}: unknown kind {source.suffix!r}; use {', '.join(READABLE_SUFFIXES)}")
    with _one_line(path):
        if not source.is_file():
            reason = "is not a file" if source.exists() else "no such file"
            raise PlaylistError(f"playlist {path}: {reason}; give another name")
        with source.open("rb") as file:
            content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise PlaylistError(f"playlist {path}: is larger than {_LARGEST >> 20} MiB; give a playlist")
    try:
        listing = read(_decode(content, source.suffix.lower()))
    except PlaylistError as error:
        raise PlaylistError(f"playlist {path}: {error}; give another file") from None
    folder = Path(os.path.abspath(source)).parent  # noqa: PTH100 - as it is written, links not followed
    tracks: list[Track] = []
    for entry in listing.entries:
        uri = _place(entry.uri, folder, within)
        if uri is not None:
            tracks.append(_as_track(entry, uri))
    return tracks


def _decode(content: bytes, suffix: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if suffix in (".m3u", ".pls"):
            return content.decode("cp1252", errors="replace")  # from before UTF-8
        raise PlaylistError("is not UTF-8") from None


def _place(uri: str, folder: Path, within: Path | None) -> str | None:
    """Where a track lies: an address or an absolute path; None for what is refused."""
    if not uri or "\0" in uri or uri.startswith(("\\\\", "//")):
        return None
    if is_far(uri):
        return uri if within is None else None
    scheme = uri.partition(":")[0].lower()
    if scheme in ("http", "https"):
        try:
            return uri if urlsplit(uri).hostname and not any(mark < "!" for mark in uri) else None
        except ValueError:
            return None
    if "://" in uri[: len(scheme) + 3]:
        return None
    path = os.path.normpath(folder / uri)
    if within is not None and not Path(os.path.realpath(path)).is_relative_to(within.resolve()):
        return None
    return path


def _as_track(entry: Entry, uri: str) -> Track:
    title = entry.title.strip() or Path(uri).stem
    return Track(
        id=uri,
        title=title,
        artist=entry.artist.strip(),
        uri=uri,
        mood=_UNKNOWN_MOOD,
        mood_source="",
        seconds=entry.seconds,
    )


def open_file(path: str | Path) -> None:
    """Opens a file in the program that the system opens its kind with, and does not wait for it.

    Raises:
        PlayerError: If there is no such program.
    """
    target = str(Path(path).resolve())
    if sys.platform == "win32":
        os.startfile(target)
        return
    program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if program is None:
        raise PlayerError(f"there is no program that opens {target}; play it here: affetto play {target}")
    subprocess.Popen(
        [program, target],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class FilePlayer:
    """A playlist file as a player: it takes what it is given, and hands it to the system's player.

    Args:
        path: The file.
        relative: Write the paths of files relative to its folder.
    """

    def __init__(self, path: str | Path, *, relative: bool = False) -> None:
        self._path, self._relative = check_target(path), relative

    @property
    def name(self) -> str:
        """``file:`` and its path."""
        return f"file:{self._path}"

    def resolve(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Everything: a file lists what it is told."""
        del watch
        found = (Match(track=track, id=track.uri, score=1.0, how="path") for track in tracks)
        return Resolution(found=tuple(found))

    def make_playlist(
        self, name: str, tracks: Sequence[Track], *, about: str = "", watch: Watch | None = None
    ) -> Placed:
        """Writes the file, in place of an earlier one."""
        del watch
        created = not self._path.exists()
        save_tracks(tracks, self._path, title=name, about=about, relative=self._relative)
        return Placed(
            player=self.name,
            id=str(self._path),
            name=name,
            link=self._path.as_uri(),
            created=created,
            resolution=self.resolve(tracks),
        )

    def queue(self, tracks: Sequence[Track], *, watch: Watch | None = None) -> Resolution:
        """Adds tracks at the end of the file."""
        del watch
        held = load_playlist(self._path) if self._path.exists() else []
        save_tracks([*held, *tracks], self._path, title=self._path.stem, relative=self._relative)
        return self.resolve(tracks)

    def play(self, tracks: Sequence[Track], *, device: str | None = None, watch: Watch | None = None) -> Resolution:
        """Writes the file and opens it in the system's player."""
        if device is not None:
            raise OptionError(f"device {device!r}: a file plays on this machine only; leave it out")
        made = self.make_playlist(self._path.stem, tracks, watch=watch)
        open_file(self._path)
        return made.resolution

    def read_feedback(self, *, since: datetime | None = None, watch: Watch | None = None) -> Iterator[Feedback]:
        """Nothing: a file does not know who listens."""
        del since, watch
        return iter(())

    def check(self, *, watch: Watch | None = None) -> Iterator[Check]:
        """Whether the file can be written."""
        del watch
        check_target(self._path)
        yield Check(call="write", ok=True, note=str(self._path))


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Refuses: a file needs no connection.

    Raises:
        OptionError: Always.
    """
    del given, ask, secrets
    raise OptionError(f"player {name!r}: needs no connection; use it as file:NAME.m3u8")


def open_player(connection: Connection, *, secrets: Secrets) -> FilePlayer:
    """The file that ``file:`` names.

    Raises:
        OptionError: If it names none.
        PlaylistError: If it could not be written.
    """
    del secrets
    path = connection.facts.get("path")
    if not path:
        raise OptionError("player 'file:': names no file; write file:NAME.m3u8")
    return FilePlayer(path)
