"""Ratings that carry no date: which of them were read before, so that only what changed is news."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from affetto.errors import PlayerError
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
        try:
            held = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return cast("dict[str, float]", held) if isinstance(held, dict) else {}

    def write(self, ratings: Mapping[str, float]) -> None:
        """Keeps the ratings, in place of those before.

        Raises:
            PlayerError: If they cannot be written.
        """
        beside = self._file.with_name(f".{self._file.stem}.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(dict(ratings)), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            raise PlayerError(f"ratings {self._file}: {error.strerror}; choose another data_dir") from None
