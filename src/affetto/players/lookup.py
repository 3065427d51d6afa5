"""Looking tracks up at a player: what was found before is not asked again, and the likest candidate is taken."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from affetto.music.track import Track
from affetto.players.base import Match, Missing, Resolution, Watch
from affetto.players.journal import Journal
from affetto.players.matching import GOOD

__all__ = ["best_match", "look_up", "titles"]

_ASIDE = re.compile(r"\s*[(\[][^)\]]*[)\]]|\s+-\s+[^-]*\Z")
_Query = TypeVar("_Query")


def look_up(
    tracks: Sequence[Track],
    find: Callable[[Track], Match | Missing],
    *,
    journal: Journal | None = None,
    known: Callable[[Track], Match | None] = lambda _: None,
    watch: Watch,
) -> Resolution:
    """Finds tracks one by one.

    Args:
        tracks: What to look for.
        find: Asks the player.
        journal: Where what is found is written down at once, so that a search that was cut off goes on where it
            stopped; None where asking again costs nothing.
        known: What a track itself tells of its place at the player; neither asked nor written down.
        watch: Who watches.

    Raises:
        PlayerError: If the player fails; what was found is kept.
    """
    found: list[Match] = []
    missing: list[Missing] = []
    try:
        for done, track in enumerate(tracks):
            watch.progress("looking up", done, len(tracks))
            match = known(track)
            if match is None:
                match = (journal.match(track) if journal else None) or find(track)
                if journal and isinstance(match, Match):
                    journal.found([match])
            if isinstance(match, Match):
                found.append(match)
            else:
                missing.append(match)
        watch.progress("looking up", len(tracks), len(tracks))
    finally:
        if journal:
            journal.save()
    return Resolution(found=tuple(found), missing=tuple(missing))


def best_match(track: Track, queries: Iterable[_Query], search: Callable[[_Query], Iterable[Match]]) -> Match | Missing:
    """The likest of what a player offers; the queries are tried in order until one gives something good enough.

    Args:
        track: What is looked for.
        queries: What to ask, the surest first; empty ones and repeats are left out.
        search: Asks the player, and gives each candidate as a match with its score.
    """
    best: Match | None = None
    seen = 0
    for query in filter(None, dict.fromkeys(queries)):
        for candidate in search(query):
            seen += 1
            if best is None or candidate.score > best.score:
                best = candidate
        if best is not None and best.score >= GOOD:
            return best
    why = "nothing found" if best is None else f"best of {seen} scores {best.score:.2f}: {best.seen}"
    return Missing(track=track, why=why)


def titles(title: str) -> tuple[str, str]:
    """The title as it stands, and without what stands in brackets or behind a dash.

    >>> titles("Ronda (Remastered 2011)")
    ('Ronda (Remastered 2011)', 'Ronda')
    """
    return title, _ASIDE.sub("", title).strip()
