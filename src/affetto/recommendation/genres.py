"""Match the genres that the settings name for an emotion to those that a library holds."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from affetto.affect import Emotion
from affetto.music.library import Library
from affetto.settings import settings

__all__ = ["GenreMatch", "match_genres", "tracks_in_genres"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GenreMatch:
    """A genre of the library that answers a wanted one.

    Attributes:
        held: The genre as the library names it.
        wanted: The genre that was asked for.
        exact: Whether it is the wanted genre itself, not a neighbour that stands in for it.
    """

    held: str
    wanted: str
    exact: bool


@cache
def _neighbours() -> Mapping[str, tuple[str, ...]]:
    text = resources.files("affetto.recommendation").joinpath("neighbours.csv").read_text(encoding="utf-8")
    return {row["genre"]: tuple(row["nearest"].split("|")) for row in csv.DictReader(text.splitlines())}


def _named(wanted: str, held: str) -> bool:
    """Whether the words of one name are among those of the other ("rock" names "Alternative Rock")."""
    words = set(re.findall(r"[\w&]+", wanted.casefold().replace("-", " ")))
    return bool(words) and words <= set(re.findall(r"[\w&]+", held.casefold().replace("-", " ")))


def match_genres(wanted: Sequence[str], held: Sequence[str]) -> list[GenreMatch]:
    """Genres of a library that answer the wanted ones, best first.

    First those that carry the wanted name, then, for wanted genres that the library lacks or holds besides, the
    neighbours from ``neighbours.csv`` in its order, and the neighbours of those.

    >>> [match.held for match in match_genres(["metal"], ["Classical", "Rock", "Horror"])]
    ['Rock', 'Horror', 'Classical']
    >>> match_genres(["rock"], ["Alternative Rock"])[0].exact
    True
    """
    found: dict[str, GenreMatch] = {}
    for genre in wanted:
        for name in held:
            if _named(genre, name):
                found.setdefault(name, GenreMatch(held=name, wanted=genre, exact=True))
    for genre in wanted:
        ring, seen = [genre.casefold()], {genre.casefold()}
        while ring:
            ring = [near for known in ring for near in _neighbours().get(known, ()) if near not in seen]
            seen.update(ring)
            for near in dict.fromkeys(ring):
                for name in held:
                    if _named(near, name):
                        found.setdefault(name, GenreMatch(held=name, wanted=genre, exact=False))
    return list(found.values())


def tracks_in_genres(emotion: Emotion, library: Library, enough: int) -> tuple[list[int], list[GenreMatch]]:
    """Places of the tracks whose genre the settings name for an emotion, and the genres that were taken.

    Genres are added, best match first, until ``enough`` tracks are there; when every match together holds fewer, the
    whole library is.
    """
    columns = library.columns
    places: list[int] = []
    taken: list[GenreMatch] = []
    for match in match_genres(settings().genres[emotion], columns.genres):
        if len(places) >= enough:
            break
        code = columns.genres.index(match.held)
        places += (columns.genre == code).nonzero()[0].tolist()
        taken.append(match)
    if len(places) >= min(enough, len(library)):
        return sorted(places), taken
    return list(range(len(library))), taken
