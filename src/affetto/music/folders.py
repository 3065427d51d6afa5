"""The folders of a library."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from affetto.errors import LibraryError
from affetto.music.report import shown
from affetto.store import Store
from affetto.store.tables import FileRow, FolderRow

__all__ = ["Folder", "add_folder", "folders", "wanted", "within"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder by its number and place."""

    id: int
    path: str


def folders(store: Store) -> list[str]:
    """The folders of the library."""
    with store.read() as connection:
        return list(connection.scalars(select(FolderRow.path).order_by(FolderRow.path)))


def add_folder(store: Store, path: str | Path) -> str:
    """Makes a folder one of the library's, and gives its full path.

    A folder within one that is there already adds nothing; one around it takes it over.

    Raises:
        LibraryError: If there is no such folder or it cannot be read.
    """
    try:
        top = str(Path(path).expanduser().resolve(strict=True))
        with os.scandir(top):
            pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryError(f"folder {shown(str(path))}: {reason}; give a folder that holds music") from error
    with store.write() as connection:
        known = connection.execute(select(FolderRow.id, FolderRow.path)).all()
        if any(within(top, row.path) for row in known):
            return top
        number = connection.execute(insert(FolderRow).values(path=top).returning(FolderRow.id)).scalar_one()
        inside = [row.id for row in known if within(row.path, top)]
        if inside:
            connection.execute(update(FileRow).where(FileRow.folder_id.in_(inside)).values(folder_id=number))
            connection.execute(delete(FolderRow).where(FolderRow.id.in_(inside)))
    return top


def within(path: str, top: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == top or path.startswith(top.rstrip(os.sep) + os.sep)


def wanted(store: Store, below: Sequence[str | Path] | None) -> list[tuple[Folder, str]]:
    """The folders to walk, each with the place to begin at: all of them, or those that some places lie in.

    Raises:
        LibraryError: If a place lies in none.
    """
    with store.read() as connection:
        known = [Folder(row.id, row.path) for row in connection.execute(select(FolderRow.id, FolderRow.path))]
    if below is None:
        return [(folder, folder.path) for folder in known]
    places: dict[str, Folder] = {}
    for place in map(str, below):
        folder = next((folder for folder in known if within(place, folder.path)), None)
        if folder is None:
            raise LibraryError(f"{shown(place)}: not within a folder of the library; add it first")
        places[place] = folder
    return [
        (folder, place)
        for place, folder in places.items()
        if not any(place != other and within(place, other) for other in places)
    ]
