"""Writing a collection to a file."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

from affetto.errors import LibraryError, OptionError
from affetto.music.catalog import FIELDS
from affetto.music.entries import entries
from affetto.music.report import shown
from affetto.store import Store

__all__ = ["EXPORTS", "export"]

EXPORTS = (".csv", ".jsonl")
"""A catalog that `affetto.music.load_catalog` reads, or all that is known."""


def export(store: Store, path: str | Path, *, which: str = "usable") -> int:
    """Writes a collection to a file, whole or not at all, and gives the number of tracks.

    Args:
        store: The collection.
        path: ``.csv``, a catalog as `affetto.music.load_catalog` reads it, or ``.jsonl``, all that is known, one
            track a line.
        which: One of `affetto.music.entries.LISTS`, but ``failed``.

    Raises:
        OptionError: If the suffix or the list is another one.
        LibraryError: If the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in EXPORTS or which == "failed":
        raise OptionError(f"export {shown(str(path))}: write tracks as {' or '.join(EXPORTS)}")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    count = 0
    try:
        try:
            with part.open("w", encoding="utf-8", newline="", errors="replace") as file:
                writer = _catalog_writer(file) if suffix == ".csv" else None
                for entry in entries(store, which=which):
                    count += 1
                    if writer is None:
                        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                    else:
                        writer.writerow(_catalog_row(entry))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryError(f"export {shown(str(path))}: {reason}; give another name or folder") from error
    return count


def _catalog_writer(file: io.TextIOBase | Any) -> Any:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    return writer


def _number(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _catalog_row(entry: dict[str, Any]) -> list[str]:
    there = [file["path"] for file in entry["files"] if file["state"] != "missing"]
    return [
        str(entry["id"]),
        entry["title"],
        entry["artist"] or "unknown artist",
        entry["genre"],
        "|".join(entry["feels"]),
        _number(entry["tempo"], 2),
        _number(entry["seconds"], 2) if (entry["seconds"] or 0) >= 1 else "",
        there[0] if there else entry["uri"] or f"track:{entry['id']}",
        "",
        "",
        *(_number(entry[name]) for name in ("valence", "arousal", "valence_sd", "arousal_sd")),
        entry["mood_source"],
    ]
