"""What listeners did with tracks, kept as one JSON object a line, for the taste model to learn from."""

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from affetto.errors import PlayerError, StoreError
from affetto.players.base import Feedback, FeedbackKind
from affetto.settings import settings
from affetto.store.locks import file_lock

__all__ = ["FeedbackLog"]

_LONGEST = 1 << 16  # bytes of a line


class FeedbackLog:
    """The feedback on disk; only its owner may read it.

    Lines are only added, by one player at a time: another would take what is half written for a line that a crash cut
    off. Such a line is left out when reading.

    Args:
        path: The file; None for ``feedback.jsonl`` in the data folder of the settings.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings().data_dir / "feedback.jsonl"

    def add(self, *feedback: Feedback) -> None:
        """Writes feedback down.

        Raises:
            PlayerError: If it cannot be written.
        """
        lines = b"".join(json.dumps(each.to_dict()).encode() + b"\n" for each in feedback)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(self.path.with_name(f"{self.path.name}.lock"), busy=None):
                self._append(lines)
        except OSError as error:
            raise PlayerError(f"feedback {self.path}: {error.strerror}; choose another data_dir") from None
        except StoreError as error:
            raise PlayerError(f"feedback {error}") from None

    def _append(self, lines: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                if os.read(descriptor, 1) != b"\n":
                    lines = b"\n" + lines
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)

    def read(self, *, since: datetime | None = None) -> Iterator[Feedback]:
        """The feedback in the order in which it was written.

        Args:
            since: Leave out what is not after this time; None for all.

        Raises:
            PlayerError: If the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                while line := file.readline(_LONGEST):
                    each = _feedback(line)
                    if each is not None and (since is None or each.at > since):
                        yield each
        except FileNotFoundError:
            return
        except OSError as error:
            raise PlayerError(f"feedback {self.path}: {error.strerror}; mend or remove the file") from None


def _feedback(line: bytes) -> Feedback | None:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        held: Any = json.loads(line)
        detail = cast("dict[str, Any]", dict(held["detail"]))
        return Feedback(
            track=str(held["track"]),
            kind=FeedbackKind(held["kind"]),
            at=datetime.fromisoformat(held["at"]),
            detail={k: v for k, v in detail.items() if isinstance(v, str | int | float)},
        )
    return None
