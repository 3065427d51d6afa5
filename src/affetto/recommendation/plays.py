"""How often tracks were played, whoever listened."""

from sqlalchemy import func, select

from affetto.recommendation.taste.events import Kind
from affetto.store import Store
from affetto.store.tables import FeedbackRow

__all__ = ["play_counts"]

_PLAYED = (Kind.PLAY, Kind.COMPLETED)


def play_counts(store: Store, *, library: str) -> dict[str, float]:
    """Plays of each track that was played, by its id; what was taken back does not count.

    Args:
        store: Where feedback is kept.
        library: The music that the tracks are from: "own", "starter" or the name of a catalog.

    Raises:
        StoreError: If the store cannot be read.
    """
    query = (
        select(FeedbackRow.track, func.count())
        .where(FeedbackRow.library == library, FeedbackRow.undone.is_(None))
        .where(FeedbackRow.kind.in_([str(kind) for kind in _PLAYED]), FeedbackRow.track != "")
        .group_by(FeedbackRow.track)
    )
    with store.read() as connection:
        return {track: float(count) for track, count in connection.execute(query)}
