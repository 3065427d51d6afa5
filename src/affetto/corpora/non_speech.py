"""Sounds that are not speech: what the gate learns to refuse, and what it is tested on."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from affetto.errors import CorpusError

__all__ = ["split_non_speech"]

_TEST_SHARE = 5  # one recording in five


def split_non_speech(root: Path, patterns: Sequence[str]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Files to learn from and files to test on; parts of one recording (``...-A``, ``...-B``) stay together.

    Args:
        root: Folder that the patterns start from.
        patterns: Glob patterns.

    Raises:
        CorpusError: If a pattern matches no file.
    """
    train: list[Path] = []
    test: list[Path] = []
    for pattern in patterns:
        paths = sorted(root.glob(pattern))
        if not paths:
            raise CorpusError(
                f"no file matches {pattern!r} below {root}; mend data.non_speech or data.root in the recipe"
            )
        for path in paths:
            recording = re.sub(r"-[A-Z]$", "", path.stem)
            (train if zlib.crc32(recording.encode()) % _TEST_SHARE else test).append(path)
    return tuple(train), tuple(test)
