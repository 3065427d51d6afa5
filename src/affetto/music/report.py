"""What a scan tells while it goes on, and at its end."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Progress", "Report", "shown"]

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the stage ("looking", "listening"), how many files are done, and how many there are, None if unknown."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What a scan found.

    Attributes:
        found: Sound files looked at.
        unchanged: Those that were known.
        new: Tracks that were not known before.
        updated: Files listened or looked at again whose track was known: changed, moved or copied.
        missing: Files that are no longer there.
        waiting: Files still to be listened to, after a scan that was stopped.
        failed: Files that nothing came of, with the reason, at most a thousand.
        problems: Folders and files that could not be looked at, with the reason.
        same: Tracks that another one stands for.
        seconds: How long it took.
    """

    found: int = 0
    unchanged: int = 0
    new: int = 0
    updated: int = 0
    missing: int = 0
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    same: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("found", "unchanged", "new", "updated", "missing", "waiting", "same")
        return {
            **{name: getattr(self, name) for name in names},
            "failed": {shown(path): reason for path, reason in self.failed.items()},
            "problems": {shown(path): reason for path, reason in self.problems.items()},
            "seconds": round(self.seconds, 3),
        }


def shown(path: str) -> str:
    """A path as text, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "replace")
