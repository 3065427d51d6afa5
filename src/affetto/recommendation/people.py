"""Who listens: finding, listing, exporting and deleting listeners in a store."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select

from affetto.errors import OptionError
from affetto.recommendation.history import History, milliseconds, read_entries
from affetto.recommendation.journal import Journal
from affetto.recommendation.saved import Saved
from affetto.store import Store
from affetto.store.tables import FeedbackRow, ListenerRow, PlaylistRow

__all__ = [
    "FORMAT",
    "ONLY_FEEDBACK",
    "Person",
    "delete_person",
    "export_person",
    "find_person",
    "import_feedback",
    "list_people",
]

FORMAT = 1
"""Version of the form that `export_person` writes."""

ONLY_FEEDBACK = ("affetto", "format", "name", "feedback")
"""The parts of an export that `import_feedback` reads."""

_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A listener as a line of a list.

    Attributes:
        number: Number in the store.
        name: What they are called.
        created: When they first came, in milliseconds since 1970.
        feedback: Entries of feedback that stand.
        playlists: Playlists that are kept.
    """

    number: int
    name: str
    created: int
    feedback: int = 0
    playlists: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "since": datetime.fromtimestamp(self.created / 1000, UTC).isoformat(),
            "feedback": self.feedback,
            "playlists": self.playlists,
        }


def _checked_name(name: str) -> str:
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if not plain or len(plain) > _LONGEST or not plain.isprintable():
        raise OptionError(f"listener {name[:_LONGEST]!r}: give a name of 1 to {_LONGEST} printable characters")
    return plain


def find_person(store: Store, name: str, *, make: bool) -> Person | None:
    """The listener of a name.

    Args:
        store: Where to look.
        name: The name.
        make: Make them when there is none; two programs that do so at once get the same one.

    Raises:
        OptionError: If it cannot be a name.
    """
    plain = _checked_name(name)
    query = select(ListenerRow.id, ListenerRow.created).where(ListenerRow.name == plain)
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None and make:
        with store.write(library=False) as connection:
            connection.execute(
                store.insert_or_update(ListenerRow, ["name"], ["name"]).values(name=plain, created=milliseconds())
            )
            row = connection.execute(query).first()
    return None if row is None else Person(number=row.id, name=plain, created=row.created)


def list_people(store: Store) -> list[Person]:
    """All listeners, by name."""
    feedback = select(func.count()).where(FeedbackRow.listener_id == ListenerRow.id, FeedbackRow.undone.is_(None))
    playlists = select(func.count()).where(PlaylistRow.listener_id == ListenerRow.id)
    query = select(
        ListenerRow.id,
        ListenerRow.name,
        ListenerRow.created,
        feedback.correlate(ListenerRow).scalar_subquery().label("feedback"),
        playlists.correlate(ListenerRow).scalar_subquery().label("playlists"),
    ).order_by(ListenerRow.name)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Person(number=row.id, name=row.name, created=row.created, feedback=row.feedback, playlists=row.playlists)
        for row in rows
    ]


def delete_person(store: Store, person: Person) -> None:
    """Deletes a listener and everything that is kept of them."""
    with store.write(library=False) as connection:
        connection.execute(delete(ListenerRow).where(ListenerRow.id == person.number))


def export_person(store: Store, person: Person) -> dict[str, Any]:
    """Everything that is kept of a listener, as plain values for JSON."""
    history, saved = History(store, person.number), Saved(store, person.number)
    return {
        "affetto": "listener",
        "format": FORMAT,
        "name": person.name,
        "since": datetime.fromtimestamp(person.created / 1000, UTC).isoformat(),
        "feedback": [entry.to_dict() for entry in history.entries(undone=True)],
        "readings": [entry.to_dict() for entry in reversed(Journal(store, person.number).entries())],
        "playlists": [each.to_dict() for each in reversed(saved.playlists())],
        "outcomes": [outcome.to_dict() for outcome in saved.outcomes()],
        "choices": {str(emotion): list(intents) for emotion, intents in saved.choices().items()},
        "asks": saved.asks(),
    }


def import_feedback(history: History, held: Mapping[str, Any]) -> int:
    """Takes in the feedback of an export; what is known already counts once. Gives how many entries were new.

    Raises:
        OptionError: If it is of another form; then nothing is taken in.
    """
    known = held.get("affetto") == "listener" and held.get("format") == FORMAT
    if not known or not isinstance(held.get("feedback"), list):
        raise OptionError("this is no export of a listener that can be read; make one: affetto taste export FILE")
    entries = read_entries(held["feedback"])
    before = history.count()
    history.add(entries)
    return history.count() - before
