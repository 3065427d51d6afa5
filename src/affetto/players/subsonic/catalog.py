"""The catalog of a Subsonic server in the library.

A song becomes a track whose address names the connection and the song, and no secret. The walk over the catalog goes on
where it stopped.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from affetto.errors import PlayerError
from affetto.music.duplicates import settle
from affetto.players.base import AccessError, Watch
from affetto.players.kept import read_facts, write_facts
from affetto.players.subsonic.api import PAGE, Fault, Song
from affetto.players.subsonic.player import Subsonic
from affetto.players.subsonic.rows import set_aside, waiting, write_songs
from affetto.settings import settings
from affetto.store import Store

__all__ = ["BUSY", "Imported", "import_catalog"]

BUSY = "a scan is running in this library; wait until it ends, or stop it"
"""What to say when the library is being written to by a scan."""
_DAY = 86_400.0
_KEEP_SECONDS = 2.0
_AT_ONCE = 100  # songs of albums that are written down together


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes:
        songs: Songs that the server lists.
        new: Tracks that were not known before.
        updated: Tracks whose facts changed.
        gone: Tracks that the server lists no more.
        heard: Songs that were listened to.
        waiting: Songs still to be listened to.
        failed: Songs that nothing came of, with the reason.
        same: Tracks that another one stands for, in all of the library.
        seconds: How long it took.
    """

    songs: int = 0
    new: int = 0
    updated: int = 0
    gone: int = 0
    heard: int = 0
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])
    same: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


def import_catalog(
    store: Store, player: Subsonic, *, folder: Path | None = None, watch: Watch | None = None
) -> Imported:
    """Makes every song of the server a track of the library; nothing is listened to.

    The mood rests on genre and mood tags until `listen_to_songs` has heard the song. What was imported before is
    brought up to date; songs that the server lists no more are set aside, and come back when it lists them again.

    Args:
        store: The library.
        player: The server.
        folder: Where it is remembered how far the walk came; None for the data folder of the settings.
        watch: Who watches.

    Raises:
        StoreError: If a scan is running, or the database fails.
        PlayerError: If the server fails; what was read is kept, and the next call goes on from there.
    """
    began, watch = time.monotonic(), watch or Watch()
    done, walk = Imported(), _Walk(player.name, folder)
    with store.lock("scan", busy=BUSY):
        try:
            for songs in _pages(player, walk, watch):
                new, updated = write_songs(store, player.name, songs)
                done.new, done.updated = done.new + new, done.updated + updated
                walk.saw(songs)
                done.songs = len(walk.seen)
                watch.progress("reading the catalog", done.songs, done.songs)
        except BaseException:
            walk.save()
            raise
        if not walk.seen:
            raise PlayerError(f"{player.api.who}: lists no songs; check that it has scanned its music")
        done.gone = set_aside(store, player.name, walk.seen)
        walk.end()
        done.same = settle(store)
    done.waiting = waiting(store, player.name)
    done.seconds = time.monotonic() - began
    return done


class _Walk:
    """How far the walk over a catalog came, on disk; forgotten after a day, since catalogs change."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{name}.walk.json"
        self._saved = time.monotonic()
        held = read_facts(self._file) or {}
        fresh = 0 <= time.time() - float(held.get("at") or 0) < _DAY
        self.seen: set[str] = set(map(str, held.get("seen") or [])) if fresh else set()
        self.albums: set[str] = set(map(str, held.get("albums") or [])) if fresh else set()
        self.by_album = bool(held.get("by_album")) and fresh

    @property
    def offset(self) -> int:
        """Songs that need not be asked for again; one page is, since songs may have moved by some places."""
        return max(0, len(self.seen) - PAGE)

    def saw(self, songs: Iterable[Song]) -> None:
        self.seen.update(song.id for song in songs)
        if time.monotonic() - self._saved > _KEEP_SECONDS:
            self.save()

    def save(self) -> None:
        facts = {"at": time.time(), "seen": sorted(self.seen), "albums": sorted(self.albums), "by_album": self.by_album}
        write_facts(self._file, facts, what="walk")
        self._saved = time.monotonic()

    def end(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()


def _pages(player: Subsonic, walk: _Walk, watch: Watch) -> Iterator[Sequence[Song]]:
    """Songs of the whole catalog in pages: by an empty search, or album by album where that finds nothing."""
    if not walk.by_album:
        found = False
        try:
            for page in player.api.songs(offset=walk.offset, watch=watch):
                found = True
                yield page
        except Fault as fault:
            if found or isinstance(fault, AccessError):
                raise
        if found or walk.seen:
            return
        walk.by_album = True
    songs, albums = list[Song](), list[str]()
    for album in player.api.albums(watch=watch):
        if album in walk.albums:
            continue
        try:
            more = player.api.album(album, watch=watch)
        except PlayerError:
            yield songs
            walk.albums.update(albums)
            raise
        songs += more
        albums.append(album)
        if len(songs) >= _AT_ONCE:
            yield songs
            walk.albums.update(albums)
            songs, albums = [], []
    if songs:
        yield songs
        walk.albums.update(albums)
