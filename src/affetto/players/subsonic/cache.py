"""Songs of a server that were downloaded."""

import contextlib
import hashlib
import os
from pathlib import Path

from affetto.errors import PlayerError
from affetto.players.base import Watch
from affetto.players.subsonic.player import Subsonic
from affetto.settings import settings

__all__ = ["AudioCache"]

_LARGEST = 512 << 20  # bytes of one song


class AudioCache:
    """Songs that were downloaded: to be listened to, and not to be asked for again.

    Args:
        name: Name of the connection.
        folder: Where they lie; None for the cache folder of the settings.
        most: Bytes to keep; what was used longest ago goes first.
    """

    def __init__(self, name: str, *, folder: Path | None = None, most: int = 2 << 30) -> None:
        self._folder = (folder or settings().cache_dir) / "subsonic" / name
        self._most = most

    def get(self, identity: str) -> Path | None:
        """The file of a song, if it is here."""
        found = self._path(identity)
        with contextlib.suppress(OSError):
            os.utime(found)
        return found if found.is_file() else None

    def fetch(self, player: Subsonic, identity: str, *, watch: Watch) -> Path:
        """The file of a song, downloaded if it is not here.

        Raises:
            PlayerError: If it cannot be had, or written.
        """
        here = self.get(identity)
        if here is not None:
            return here
        target = self._path(identity)
        part = target.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("w+b") as file:
                    player.api.download(identity, file, most=_LARGEST, watch=watch)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise PlayerError(f"{target}: {error.strerror}; make room, or choose another cache_dir") from None
        self._prune(target)
        return target

    def _path(self, identity: str) -> Path:
        # What a server calls a song is no name for a file; what kind it is, its content tells.
        return self._folder / f"{hashlib.sha256(identity.encode('utf-8', 'replace')).hexdigest()[:32]}.song"

    def _prune(self, last: Path) -> None:
        """Removes what was used longest ago, beyond what may be kept; never the file that is about to be used."""
        with contextlib.suppress(OSError):
            files = sorted(((f.stat().st_mtime, f.stat().st_size, f) for f in self._folder.iterdir()), reverse=True)
            kept = 0
            for _, size, file in files:
                kept += size
                if kept > self._most and file != last:
                    file.unlink(missing_ok=True)
