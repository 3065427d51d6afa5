"""The tables behind the mood of a track, each row with its source."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from affetto.affect import Affect

__all__ = ["feels", "genres", "words"]


def _read(name: str) -> Mapping[str, Affect]:
    rows = csv.reader(resources.files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines())
    next(rows)
    table: dict[str, Affect] = {}
    for label, valence, arousal, *spread in rows:
        sd_v, sd_a = (float(value) for value in spread[:2]) if len(spread) == 3 else (0.0, 0.0)
        table[label] = Affect(float(valence), float(arousal), ((sd_v**2, 0.0), (0.0, sd_a**2)))
    return MappingProxyType(table)


@cache
def feels() -> Mapping[str, Affect]:
    """Where each feel lies and how far music so described spreads (``feels.csv``).

    >>> feels()["calming"].valence
    0.45
    """
    return _read("feels")


@cache
def genres() -> Mapping[str, Affect]:
    """Where music of each genre lies, with its wide spread (``genres.csv``)."""
    return _read("genres")


@cache
def words() -> Mapping[str, Affect]:
    """Words for places on the circumplex (``words.csv``)."""
    return _read("words")
