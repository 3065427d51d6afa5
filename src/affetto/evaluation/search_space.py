"""What ``affetto tune`` searches: options of a recipe, each over a range or some values."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affetto.errors import OptionError

__all__ = ["Choice", "Range", "Space", "parse_space", "read_space"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers from ``low`` to ``high``; whole ones where both are whole.

    Attributes:
        low: The least.
        high: The most.
        log: Whether to draw on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values."""

    values: tuple[str | int | float | bool, ...]


Space = Mapping[str, Range | Choice]


def parse_space(text: str) -> tuple[str, Range | Choice]:
    """One option to search, as on the command line.

    Args:
        text: ``key=low..high``, ``key=low..high,log`` or ``key=a,b,c``.

    Raises:
        OptionError: If it is none of these.

    >>> parse_space("model.c=0.1..100,log")
    ('model.c', Range(low=0.1, high=100, log=True))
    >>> parse_space("model.kernel=rbf,linear")
    ('model.kernel', Choice(values=('rbf', 'linear')))
    """
    key, equals, values = text.partition("=")
    key, values = key.strip(), values.strip()
    if not equals or not key or not values:
        raise OptionError(f"{text!r} is not an option to search; write key=low..high[,log] or key=a,b,c")
    if ".." in values:
        ends, _, scale = values.partition(",")
        low, _, high = ends.partition("..")
        if scale.strip() not in ("", "log"):
            raise OptionError(f"{text!r}: {scale.strip()!r} is no scale; write log or leave it out")
        return key, _range(text, _scalar(low), _scalar(high), bool(scale))
    return key, Choice(tuple(_scalar(value) for value in values.split(",")))


def _scalar(text: str) -> str | int | float | bool:
    try:
        value: Any = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
    return value if isinstance(value, str | int | float | bool) else text.strip()


def _range(where: str, low: object, high: object, log: object) -> Range:
    numbers = [end for end in (low, high) if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) < 2 or not numbers[0] < numbers[1] or (log and numbers[0] <= 0):
        raise OptionError(f"{where}: give two numbers, the smaller first, above 0 for a logarithmic scale")
    return Range(low=numbers[0], high=numbers[1], log=bool(log))


def read_space(path: Path) -> dict[str, Range | Choice]:
    """The options to search, from a TOML file: ``"model.c" = { low = 0.1, high = 100, log = true }`` or a list each.

    Raises:
        OptionError: If the file cannot be read or an entry is neither.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"space {path}: {error}") from error
    return {key: _entry(f"space {path}, {key}", value) for key, value in _flat(raw, ()).items()}


def _flat(table: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and "low" not in value:
            flat |= _flat(value, (*path, key))
        else:
            flat[".".join((*path, key))] = value
    return flat


def _entry(where: str, value: Any) -> Range | Choice:
    if isinstance(value, list) and value and all(isinstance(item, str | int | float | bool) for item in value):
        return Choice(tuple(value))
    if isinstance(value, dict) and set(value) <= {"low", "high", "log"}:
        return _range(where, value.get("low"), value.get("high"), value.get("log", False))
    raise OptionError(f"{where}: write {{ low = 0.1, high = 100, log = true }} or a list of values")
