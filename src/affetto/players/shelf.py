"""One playlist of ours among the listener's own: found again, made once, filled in place.

Servers that keep playlists differ in their calls, not in this. A playlist is made under its mark and renamed when its
id is known, so that one whose answer got lost can be told from every other and is never made twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from affetto.errors import OptionError
from affetto.players.base import UnsureError, Watch
from affetto.players.journal import Journal, marker

__all__ = ["Listed", "Shelf", "place", "title_of"]

_LOOKS = (1, 2, 4)  # times the pause before each look for a playlist whose answer got lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A playlist as a server lists it.

    Attributes:
        id: The server's own name of it.
        name: What the listener sees it called.
        note: Its comment; empty where it has none.
        mine: Whether it belongs to the account that is connected.
    """

    id: str
    name: str
    note: str = ""
    mine: bool = True


class Shelf(Protocol):
    """The calls of a server that keeps playlists; all but `create` may be repeated without harm."""

    def listed(self, watch: Watch) -> Iterator[Listed]:
        """Every playlist of the account."""
        ...

    def create(self, name: str, ids: Sequence[str], watch: Watch) -> str | None:
        """Makes a playlist and gives its id, or None where the server does not tell.

        Raises:
            UnsureError: If the answer got lost.
        """
        ...

    def fill(self, identity: str, ids: Sequence[str], watch: Watch) -> None:
        """Puts exactly these items in."""
        ...

    def entitle(self, identity: str, title: str, note: str, watch: Watch) -> None:
        """Names and describes a playlist."""
        ...


def title_of(name: str) -> str:
    """A name for a playlist: one line, at most 100 characters.

    Raises:
        OptionError: If nothing is left.
    """
    title = " ".join(name.split())[:100]
    if not title:
        raise OptionError("the playlist has no name; give it one")
    return title


def place(
    shelf: Shelf,
    *,
    who: str,
    title: str,
    about: str,
    ids: Sequence[str],
    journal: Journal,
    watch: Watch,
    pause: float = 0.5,
) -> tuple[str, bool]:
    """Makes our playlist of this title, or brings it up to date in place.

    Args:
        shelf: The server.
        who: Name of the server for messages.
        title: From `title_of`.
        about: A sentence to go with it.
        ids: The server's own names of the tracks, in order; at least one.
        journal: What we made there before.
        watch: Who watches.
        pause: Seconds before the first look for a playlist whose answer got lost.

    Returns:
        The playlist's id, and whether it is new.

    Raises:
        UnsureError: If it may have been made or not; the next call finds it if it was.
        PlayerError: If the server fails.
    """
    note = f"{' '.join(about.split())[:250]} [{marker(title)}]".strip()
    ours = _ours(shelf, title, journal, watch)
    created = ours is None
    if ours is None:
        ours = _make(shelf, title, ids, journal, watch, pause, who)
    journal.made(title, ours.id)
    watch.progress("filling", 0, len(ids))
    shelf.fill(ours.id, ids, watch)
    if (ours.name, ours.note) != (title, note):
        shelf.entitle(ours.id, title, note, watch)
    watch.progress("filling", len(ids), len(ids))
    return ours.id, created


def _make(
    shelf: Shelf, title: str, ids: Sequence[str], journal: Journal, watch: Watch, pause: float, who: str
) -> Listed:
    mark = marker(title)
    journal.begin(title)
    lost: UnsureError | None = None
    try:
        identity = shelf.create(mark, ids, watch)
        if identity:
            return Listed(id=identity, name=mark)
    except UnsureError as error:
        lost = error
    for wait in _LOOKS:
        found = _ours(shelf, title, journal, watch)
        if found is not None:
            return found
        watch.wait(pause * wait)
    found = _ours(shelf, title, journal, watch)
    if found is not None:
        return found
    raise lost or UnsureError(
        f"{who}: says that it made the playlist, but does not list it; look there, then try again"
    )


def _ours(shelf: Shelf, title: str, journal: Journal, watch: Watch) -> Listed | None:
    """The playlist that we made under this title, if the listener still has it.

    The one we remember goes first; else any of the account's that carries the mark, as its name or in its comment.
    """
    known, mark = journal.playlist(title), marker(title)
    marked: Listed | None = None
    for each in shelf.listed(watch):
        if known is not None and each.id == known:
            return each
        if marked is None and each.mine and (each.name == mark or f"[{mark}]" in each.note):
            marked = each
    if marked is None and known is not None:
        journal.forget(title)
    return marked
