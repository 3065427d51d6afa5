"""What was read in every clip under every change: the file that the figures of the battery are computed from."""

import contextlib
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from affetto.errors import CorpusError

__all__ = ["CLEAN", "REFUSED", "ClipReadings", "read_readings", "write_readings"]

CLEAN = "as-it-is"
"""The column of the recordings without any change."""

REFUSED = "none"
"""What stands for an abstention: nothing was read."""

_FACTS = ("stem", "corpus", "speaker", "fold", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReadings:
    """One clip.

    Attributes:
        stem: File name without suffix.
        corpus: Its corpus, or ``""``.
        speaker: Its speaker, or ``""``.
        fold: The fold whose model judged it, or ``""`` where one model judged all.
        label: What the corpus states, or ``""``.
        read: By key of the test, the emotion that was read, or :data:`REFUSED`.
    """

    stem: str
    corpus: str = ""
    speaker: str = ""
    fold: str = ""
    label: str = ""
    read: Mapping[str, str] = field(default_factory=dict[str, str])


def write_readings(rows: Iterable[ClipReadings], path: Path) -> None:
    """Writes a CSV: what is known of each clip, then a column for each test.

    Raises:
        CorpusError: If it cannot be written; a file that was there before is left as it was.
    """
    rows = list(rows)
    tests = list(dict.fromkeys(key for row in rows for key in row.read))
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*_FACTS, *tests])
            for row in rows:
                writer.writerow([*(getattr(row, name) for name in _FACTS), *(row.read.get(key, "") for key in tests)])
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise CorpusError(f"readings {path} cannot be written: {error}") from error


def read_readings(path: Path) -> tuple[ClipReadings, ...]:
    """Reads what :func:`write_readings` wrote.

    Raises:
        CorpusError: If the file cannot be read, or is of something else.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            if columns[: len(_FACTS)] != list(_FACTS) or CLEAN not in columns:
                raise ValueError(f"no column {CLEAN}")
            tests = columns[len(_FACTS) :]
            rows = tuple(
                ClipReadings(**{name: row[name] for name in _FACTS}, read={key: row[key] for key in tests if row[key]})
                for row in reader
            )
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(f"readings {path}: {error!r}; make them with 'affetto robustness --out'") from error
    if not rows:
        raise CorpusError(f"readings {path}: no row in it; make them with 'affetto robustness --out'")
    return rows
