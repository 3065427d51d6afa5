"""Features as a file: CSV, Weka's ARFF or Parquet, written row by row beside the target and put in place when whole."""

import csv
import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from affetto.errors import OptionError

__all__ = ["TABLE_SUFFIXES", "Rows", "check_table", "write_table"]

TABLE_SUFFIXES: tuple[str, ...] = (".csv", ".arff", ".parquet")
"""The kinds of file that :func:`write_table` knows."""

_BATCH = 256  # rows of a group in a Parquet file


class Rows(Protocol):
    """Where the rows of a table go."""

    def __call__(self, file: str, values: Sequence[float]) -> None:
        """Adds a row.

        Args:
            file: Name of the recording.
            values: One for each column after the first.
        """
        ...


def check_table(path: Path) -> None:
    """Refuses a file that could not be written, before any work is done.

    Raises:
        OptionError: If the suffix is of no known kind, the folder is missing, or Parquet is asked for without pyarrow.
    """
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise OptionError(f"table {_ascii(path)}: unknown kind {path.suffix!r}; give {', '.join(TABLE_SUFFIXES)}")
    if not path.parent.is_dir():
        raise OptionError(f"table {_ascii(path)}: there is no folder {_ascii(path.parent)}; make it first")
    if path.is_dir():
        raise OptionError(f"table {_ascii(path)}: that is a folder; give a file")
    if path.suffix.lower() == ".parquet":
        _pyarrow()


@contextmanager
def write_table(path: Path, columns: Sequence[str]) -> Generator[Rows]:
    """Opens a table of recordings: the value yielded takes its rows.

    The file appears when the block ends well and holds a row; else what stood there before is left as it was.

    Args:
        path: Target, of a suffix in :data:`TABLE_SUFFIXES`.
        columns: Names of the values; the first column, ``file``, comes before them.

    Raises:
        OptionError: As :func:`check_table`, and if the disk refuses.
    """
    check_table(path)
    beside = path.with_name(f".{os.getpid()}-{path.name}.part")
    count = 0
    try:
        with ExitStack() as stack:
            with _one_line(path):
                rows = stack.enter_context(_WRITERS[path.suffix.lower()](beside, columns))

            def add(file: str, values: Sequence[float]) -> None:
                nonlocal count
                if len(values) != len(columns):
                    raise ValueError(f"{len(values)} values for {len(columns)} columns")
                with _one_line(path):
                    rows(file, values)
                count += 1

            yield add
            with _one_line(path):
                stack.close()
        if count:
            with _one_line(path):
                beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def _one_line(path: Path) -> Generator[None]:
    """What the disk says, as one line."""
    try:
        yield
    except OSError as error:
        raise OptionError(f"table {_ascii(path)}: {error.strerror or error}; nothing was written") from error


@contextmanager
def _csv(path: Path, columns: Sequence[str]) -> Generator[Rows]:
    """RFC 4180; what is not Unicode in a file's name is written with backslashes."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", *columns])

        def add(file: str, values: Sequence[float]) -> None:
            writer.writerow([file, *map(_number, values)])

        yield add


@contextmanager
def _arff(path: Path, columns: Sequence[str]) -> Generator[Rows]:
    """Weka's attribute-relation file format (Witten & Frank 2005)."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write("@relation affetto\n\n@attribute file string\n")
        file.writelines(f"@attribute {_quoted(name)} numeric\n" for name in columns)
        file.write("\n@data\n")
        target = file

        def add(file: str, values: Sequence[float]) -> None:
            target.write(",".join([_quoted(file), *map(_number, values)]) + "\n")

        yield add


@contextmanager
def _parquet(path: Path, columns: Sequence[str]) -> Generator[Rows]:
    arrow, parquet = _pyarrow()
    schema = arrow.schema([("file", arrow.string()), *((name, arrow.float64()) for name in columns)])
    waiting: list[tuple[str, Sequence[float]]] = []

    with parquet.ParquetWriter(str(path), schema, compression="zstd") as writer:

        def flush() -> None:
            files, values = zip(*waiting, strict=True)
            cells = [
                arrow.array(map(_unicode, files), arrow.string()),
                *(arrow.array(c, arrow.float64()) for c in zip(*values, strict=True)),
            ]
            writer.write_table(arrow.Table.from_arrays(cells, schema=schema))
            waiting.clear()

        def add(file: str, values: Sequence[float]) -> None:
            waiting.append((file, values))
            if len(waiting) == _BATCH:
                flush()

        yield add
        if waiting:
            flush()


_WRITERS = {".csv": _csv, ".arff": _arff, ".parquet": _parquet}


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise OptionError(
            'a .parquet table needs pyarrow: pip install "affetto[train]", or write .csv or .arff'
        ) from error
    return pyarrow, pyarrow.parquet


def _number(value: float) -> str:
    return f"{value:.9g}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def _unicode(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _ascii(path: Path) -> str:
    return str(path).encode("ascii", "backslashreplace").decode("ascii")
