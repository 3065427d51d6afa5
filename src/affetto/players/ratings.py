"""Ratings that carry no date: which of them were read before, so that only what changed is news."""

from collections.abc import Mapping
from pathlib import Path

from affetto.players.kept import read_facts, write_facts
from affetto.settings import settings

__all__ = ["Ratings"]


class Ratings:
    """The ratings of one player as they were when they were last read.

    Args:
        player: Name of the connection.
        folder: Where they lie; None for the folder ``players`` in the data folder of the settings.
    """

    def __init__(self, player: str, *, folder: Path | None = None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{player}.ratings.json"

    def read(self) -> dict[str, float]:
        """Ratings by the player's own name of a track; none where they are lost, and then all are news once more."""
        return read_facts(self._file) or {}

    def write(self, ratings: Mapping[str, float]) -> None:
        """Keeps the ratings, in place of those before.

        Raises:
            PlayerError: If they cannot be written.
        """
        write_facts(self._file, dict(ratings), what="ratings")
