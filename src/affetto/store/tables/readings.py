"""The journal: what was heard of a listener, and when."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from affetto.store.tables.base import Base

__all__ = ["ReadingRow"]


class ReadingRow(Base):
    """One reading of a listener, or where they said that they are. Nothing of the sound.

    Attributes:
        at: When, in milliseconds since 1970.
        source: "voice", "file" or "hand".
        emotion: The likeliest emotion, or the one that the person named; empty where neither is known.
        valence: The affect, with ``arousal``.
        probabilities: Of the eight emotions as JSON; empty where the person set a point.
        seconds: Seconds of speech that it rests on.
        playlist_id: The playlist that answered it; None when there was none, or it was deleted since.
    """

    __tablename__ = "reading"
    __table_args__ = (Index("ix_reading_listener_id_at", "listener_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"))
    at: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(8))
    emotion: Mapped[str] = mapped_column(String(16), default="")
    valence: Mapped[float]
    arousal: Mapped[float]
    probabilities: Mapped[str] = mapped_column(Text, default="")
    seconds: Mapped[float] = mapped_column(default=0.0)
    playlist_id: Mapped[int | None] = mapped_column(ForeignKey("playlist.id", ondelete="SET NULL"), index=True)
