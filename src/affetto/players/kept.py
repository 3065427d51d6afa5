"""Small files of facts in the data folder: written whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from affetto.errors import PlayerError

__all__ = ["read_facts", "write_facts"]


def read_facts(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file.

    Returns:
        The object, empty where there is no such file; None where the file cannot be read or holds something else.
    """
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", held) if isinstance(held, dict) else None


def write_facts(file: Path, facts: Mapping[str, Any], *, what: str, indent: int | None = None) -> None:
    """Writes a JSON object in place of what was there.

    Args:
        file: The file; its folder is made.
        facts: What to write.
        what: What it is, for the message ("journal").
        indent: Spaces, for files that people look at.

    Raises:
        PlayerError: If it cannot be written.
    """
    beside = file.with_name(f".{file.stem}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(facts, indent=indent) + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise PlayerError(f"{what} {file}: {error.strerror}; choose another data_dir") from None
