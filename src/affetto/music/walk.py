"""Finding sound files below a folder, whatever else lies there."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

__all__ = ["SUFFIXES", "Found", "Walk"]

_T = TypeVar("_T")

SUFFIXES = frozenset({".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".wav", ".aiff", ".aif", ".wma"})
"""The kinds of files that are listened to."""

LONGEST_PATH = 2_000
"""Bytes of a path that a database index can hold on every server."""


@dataclass(frozen=True, slots=True)
class Found:
    """A sound file.

    Attributes:
        path: Where it is.
        size: Bytes.
        changed: When it was last changed, in nanoseconds since 1970.
    """

    path: str
    size: int
    changed: int


@dataclass(slots=True)
class Walk:
    """One walk below a folder; iterate over it once.

    Links to folders are followed, and each folder is entered once, so that links in circles end. What cannot be read
    is noted in ``problems`` and the walk goes on.

    Attributes:
        top: Where it begins.
        problems: Folders and files that could not be looked at, with the reason. Nothing below them is known.
    """

    top: str
    problems: dict[str, str] = field(default_factory=dict[str, str])

    def __iter__(self) -> Iterator[Found]:
        entered: set[tuple[int, int]] = set()
        waiting = [self.top]
        while waiting:
            folder = waiting.pop()
            entries = self._try(folder, lambda folder=folder: self._enter(folder, entered))
            for entry in sorted(entries or (), key=lambda entry: entry.name):
                if entry.name.startswith("."):  # what systems and players keep for themselves
                    continue
                about = self._try(entry.path, entry.stat)
                if about is None:
                    continue
                if stat.S_ISDIR(about.st_mode):
                    waiting.append(entry.path)
                elif stat.S_ISREG(about.st_mode) and _suffix(entry.name) in SUFFIXES:
                    if len(os.fsencode(entry.path)) > LONGEST_PATH:
                        self.problems[entry.path] = f"the path is longer than {LONGEST_PATH:,} bytes"
                    else:
                        yield Found(entry.path, about.st_size, about.st_mtime_ns)

    def _enter(self, folder: str, entered: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
        about = Path(folder).stat()
        key = (about.st_dev, about.st_ino)
        # Windows may not number its folders: 0 says nothing.
        if key in entered and about.st_ino:
            return []
        entered.add(key)
        with os.scandir(folder) as entries:
            return list(entries)

    def _try(self, path: str, look: Callable[[], _T]) -> _T | None:
        try:
            return look()
        except FileNotFoundError:
            # It went away while we looked, or is a link to nothing; only the top has to be there.
            if path == self.top:
                self.problems[path] = "is not there"
            return None
        except OSError as error:
            self.problems[path] = error.strerror or str(error)
            return None


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""
