"""Check what a caller asks for, and say what would have been right."""

import math
from collections.abc import Sequence
from difflib import get_close_matches

from affetto.errors import OptionError

__all__ = ["number", "one_of", "whole_number"]


def one_of(name: str, value: object, choices: Sequence[str]) -> str:
    """The choice that a value names, whatever its case, with spaces or hyphens for underscores.

    Raises:
        OptionError: If there is none; the message names the value, the choices and the nearest of them.

    >>> one_of("strategy", "Journey", ["journey", "genre"])
    'journey'
    """
    wanted = str(value).strip().casefold().replace(" ", "_").replace("-", "_")
    if wanted in choices:
        return wanted
    near = get_close_matches(wanted, choices, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise OptionError(f"unknown {name} {value!r}: choose from {', '.join(choices)}{hint}")


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """A whole number within bounds.

    Raises:
        OptionError: If it is not one.

    >>> whole_number("length", 12, 1, 500)
    12
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{name} = {value!r}: give a whole number from {low} to {high}")
    return value


def number(name: str, value: object, low: float, high: float) -> float:
    """A number within bounds.

    Raises:
        OptionError: If it is not one.

    >>> number("novelty", 1, -1, 1)
    1.0
    """
    known = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not low <= known <= high:
        raise OptionError(f"{name} = {value!r}: give a number from {low:g} to {high:g}")
    return known
