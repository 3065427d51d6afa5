"""The names that clusters had, so that they keep them while music comes and goes."""

import contextlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from affetto.settings import settings

__all__ = ["Remembered", "recall", "remember"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """A cluster as it was.

    Attributes:
        name: Its name.
        centre: Its centre in the space of the clusters.
    """

    name: str
    centre: tuple[float, ...]


def _file(identity: str) -> Path:
    return settings().data_dir / f"moods-{identity}.json"


def _read(identity: str) -> dict[str, Any]:
    try:
        kept = json.loads(_file(identity).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], kept["clusters"]) if isinstance(kept, dict) and kept.get("format") == _FORMAT else {}


def recall(identity: str, key: str, dimensions: int) -> tuple[Remembered, ...]:
    """The clusters of a library as they were; none where nothing usable is kept."""
    try:
        found = [
            Remembered(str(entry["name"]), tuple(float(value) for value in entry["centre"]))
            for entry in _read(identity).get(key, ())
        ]
    except (KeyError, TypeError, ValueError):
        return ()
    whole = all(len(one.centre) == dimensions and all(map(math.isfinite, one.centre)) for one in found)
    return tuple(found) if whole and len({one.name for one in found}) == len(found) else ()


def remember(identity: str, key: str, clusters: Sequence[Remembered]) -> None:
    """Keeps the clusters of a library; where that fails, they are named anew the next time."""
    kept = _read(identity)
    kept[key] = [{"name": one.name, "centre": list(one.centre)} for one in clusters]
    file = _file(identity)
    partial = file.with_suffix(".partial")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"format": _FORMAT, "clusters": kept}, indent=1), encoding="utf-8")
        partial.replace(file)
