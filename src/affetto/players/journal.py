"""What is under way at a player, on disk, so that work that was cut off goes on and nothing is made twice."""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from affetto.errors import PlayerError
from affetto.music.track import Track
from affetto.players.base import Match
from affetto.players.kept import read_facts, write_facts
from affetto.settings import settings

__all__ = ["Journal", "marker"]

_DAYS = 30 * 86_400.0  # seconds: matches are looked up anew after this long
_MOST = 20_000  # matches kept of one player


def marker(name: str) -> str:
    """The mark by which our own playlist of this name is known again, on any machine; goes into its description.

    >>> marker("Affetto: calm")
    'affetto-3f86db2999'
    """
    return f"affetto-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:10]}"


class Journal:
    """The journal of one player: ids of the playlists that we made there, and what tracks were found as.

    A playlist is written down as begun before it is asked for, so that one whose answer got lost is looked for
    instead of being made again.

    Args:
        player: Name of the connection.
        folder: Where it lies; None for the folder ``players`` in the data folder of the settings.
    """

    def __init__(self, player: str, *, folder: Path | None = None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{player}.json"
        self._held = self._read()

    def playlist(self, name: str) -> str | None:
        """The player's id of our playlist of this name; None when there is none that we know of."""
        entry = self._held["playlists"].get(name, {})
        return entry.get("id")

    def begun(self, name: str) -> bool:
        """Whether making the playlist was begun and never confirmed."""
        return self._held["playlists"].get(name, {}).get("begun", False)

    def begin(self, name: str) -> None:
        """Writes down that the playlist is about to be asked for."""
        self._held["playlists"][name] = {"begun": True}
        self.save()

    def made(self, name: str, identity: str) -> None:
        """Writes down the player's id of the playlist."""
        self._held["playlists"][name] = {"id": identity}
        self.save()

    def forget(self, name: str) -> None:
        """Forgets the playlist: the listener removed it there."""
        self._held["playlists"].pop(name, None)
        self.save()

    def match(self, track: Track) -> Match | None:
        """What the track was found as before; None when it was not, or long ago."""
        entry = self._held["matches"].get(_key(track))
        if not isinstance(entry, dict) or not 0 <= time.time() - float(entry.get("at", 0)) < _DAYS:
            return None
        facts = cast("dict[str, Any]", entry)
        return Match(track=track, id=facts["id"], score=facts["score"], how=facts["how"], seen=facts.get("seen", ""))

    def found(self, matches: Iterable[Match]) -> None:
        """Keeps what tracks were found as, until `save`."""
        for match in matches:
            held = self._held["matches"]
            held.pop(_key(match.track), None)
            held[_key(match.track)] = {
                "id": match.id,
                "score": match.score,
                "how": match.how,
                "seen": match.seen,
                "at": time.time(),
            }
            while len(held) > _MOST:
                del held[next(iter(held))]

    def remove(self) -> None:
        """Forgets everything."""
        self._held = {"playlists": {}, "matches": {}}
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()

    def save(self) -> None:
        """Writes it to disk, whole or not at all.

        Raises:
            PlayerError: If it cannot be written.
        """
        write_facts(self._file, self._held, what="journal")

    def _read(self) -> dict[str, dict[str, Any]]:
        held = read_facts(self._file)
        if held is None or (held and not all(isinstance(held.get(k), dict) for k in ("playlists", "matches"))):
            raise PlayerError(f"journal {self._file}: is damaged; remove it, our playlists are known by their marks")
        return held or {"playlists": {}, "matches": {}}


def _key(track: Track) -> str:
    """What a match depends on: the track's facts, not its place in the library."""
    facts = [track.title, track.artist, round(track.seconds or 0), getattr(track, "isrc", "") or ""]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]
