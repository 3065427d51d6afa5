"""Numbers about a collection."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from affetto.music.report import shown
from affetto.music.stored import usable
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FileRow, FolderRow, TrackRow

__all__ = ["FolderStatus", "Status", "status_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStatus:
    """A folder of the collection.

    Attributes:
        path: Where it is.
        files: Sound files known in it, those that went missing left out.
        scanned: When it was last walked to its end, in seconds since 1970, or None.
        problem: Why it could not be walked; empty when it could.
    """

    path: str
    files: int
    scanned: int | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Numbers about a collection.

    Attributes:
        database: Where it is kept.
        usable: Tracks that playlists are made from.
        waiting: Files still to be listened to.
        failed: Files that nothing came of.
        missing: Tracks whose files are gone.
        versions: Tracks that another one stands for.
        aside: Tracks set aside by reason.
        sources: Usable tracks by what their mood was estimated from.
        corrected: Tracks whose mood the person corrected.
        folders: The folders.
    """

    database: str
    usable: int
    waiting: int
    failed: int
    missing: int
    versions: int
    aside: dict[str, int]
    sources: dict[str, int]
    corrected: int
    folders: tuple[FolderStatus, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("database", "usable", "waiting", "failed", "missing", "versions", "aside", "sources", "corrected")
        return {
            **{name: getattr(self, name) for name in names},
            "folders": [
                {"path": shown(item.path), "files": item.files, "scanned": item.scanned, "problem": item.problem}
                for item in self.folders
            ],
        }


def status_of(store: Store) -> Status:
    """Numbers about all of a collection."""
    with store.read() as connection:

        def count(*where: Any) -> int:
            query = select(func.count()).select_from(TrackRow).where(*where)
            return int(connection.execute(query).scalar_one())

        def by(column: Any, *where: Any) -> dict[str, int]:
            rows = connection.execute(select(column, func.count()).where(*where).group_by(column))
            return {str(name): int(number) for name, number in sorted(rows.all(), key=lambda row: (-row[1], row[0]))}

        states = by(FileRow.state)
        corrected = select(func.count()).select_from(EvidenceRow).where(EvidenceRow.kind == "person")
        files = (
            select(FileRow.folder_id, func.count().label("files"))
            .where(FileRow.state != "missing")
            .group_by(FileRow.folder_id)
            .subquery()
        )
        folders = connection.execute(
            select(FolderRow, func.coalesce(files.c.files, 0))
            .outerjoin(files, files.c.folder_id == FolderRow.id)
            .order_by(FolderRow.path)
        )
        return Status(
            database=store.name,
            usable=count(*usable()),
            waiting=states.get("waiting", 0),
            failed=states.get("failed", 0),
            missing=count(~TrackRow.present),
            versions=count(TrackRow.same_as.is_not(None), TrackRow.present),
            aside=by(TrackRow.aside, TrackRow.aside != "", TrackRow.present),
            sources=by(TrackRow.mood_source, *usable()),
            corrected=int(connection.execute(corrected).scalar_one()),
            folders=tuple(
                FolderStatus(path=row.path, files=row[-1], scanned=row.scanned, problem=row.problem) for row in folders
            ),
        )
