"""The tables. A change here needs a migration in ``migrations/versions``; a test compares the two."""

from affetto.store.tables.base import Base, MetaRow, PathBytes
from affetto.store.tables.library import EvidenceRow, FeaturesRow, FileRow, FolderRow, TrackRow
from affetto.store.tables.listeners import ChoiceRow, FeedbackRow, ListenerRow, OutcomeRow, PlaylistRow
from affetto.store.tables.readings import ReadingRow

__all__ = [
    "Base",
    "ChoiceRow",
    "EvidenceRow",
    "FeaturesRow",
    "FeedbackRow",
    "FileRow",
    "FolderRow",
    "ListenerRow",
    "MetaRow",
    "OutcomeRow",
    "PathBytes",
    "PlaylistRow",
    "ReadingRow",
    "TrackRow",
]
