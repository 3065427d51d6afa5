"""Listeners: what they did with tracks, what was played for them, and what they said of it.

Every row belongs to one listener and goes with them. Nothing here points to a track of the library, so that what
somebody said about a track outlives it. Times are milliseconds since 1970, as the clock gave them; the order of what
happened is that of the numbers.
"""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affetto.store.tables.base import Base

__all__ = ["ChoiceRow", "FeedbackRow", "ListenerRow", "OutcomeRow", "PlaylistRow"]


class ListenerRow(Base):
    """A person who listens.

    Attributes:
        name: What they are called here, unique.
        created: When they first came.
        revision: Grows with every change to their feedback, so that what was learnt from it knows when it is old.
        asks: Whether they are asked how they feel after a playlist.
    """

    __tablename__ = "listener"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    asks: Mapped[bool] = mapped_column(default=True)


class PlaylistRow(Base):
    """A playlist that was made for a listener.

    Attributes:
        made: When.
        title: What it is called.
        request: What made it, in the form of `affetto.recommendation.request`.
        shape: The shape of its journey; empty where there was no way to go.
        propensity: How likely that shape was when it was chosen.
        content: The playlist as JSON, each track with its reasons and the parts of its score.
    """

    __tablename__ = "playlist"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"), index=True)
    made: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    shape: Mapped[str] = mapped_column(String(16), default="")
    propensity: Mapped[float] = mapped_column(default=1.0)
    content: Mapped[str] = mapped_column(Text)


class FeedbackRow(Base):
    """One thing that a listener did with a track. Rows are only added; one that is taken back is marked.

    Attributes:
        kind: What was done, see `affetto.recommendation.feedback.FeedbackKind`.
        library: The music that the track is from: "own", "starter" or the name of a catalog.
        track: Its name there.
        at: When.
        seconds: How much of it had played; None where that is not known.
        valence: Of the mood that was wanted when it played, with ``arousal``; None where none was.
        propensity: How likely this track was when it was chosen; None where it was not chosen by us.
        playlist_id: The playlist that it played from.
        facts: The facts of the track as JSON, as they were.
        token: A name for this very act that the teller gives, so that what is told twice counts once.
        undone: When it was taken back.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("listener_id", "token", name="uq_feedback_token"),
        Index("ix_feedback_listener_id_id", "listener_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    library: Mapped[str] = mapped_column(Text, default="")
    track: Mapped[str] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float | None]
    valence: Mapped[float | None]
    arousal: Mapped[float | None]
    propensity: Mapped[float | None]
    playlist_id: Mapped[int | None] = mapped_column(ForeignKey("playlist.id", ondelete="SET NULL"), index=True)
    facts: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(String(64))
    undone: Mapped[int | None] = mapped_column(BigInteger)


class OutcomeRow(Base):
    """How a listener felt after a playlist.

    Attributes:
        playlist_id: The playlist, unique; None when it was deleted since.
        shape: The shape of its journey; empty where there was no way to go.
        said: "better", "same" or "worse".
        at: When they said it.
    """

    __tablename__ = "outcome"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    listener_id: Mapped[int] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"), index=True)
    playlist_id: Mapped[int | None] = mapped_column(ForeignKey("playlist.id", ondelete="SET NULL"), unique=True)
    shape: Mapped[str] = mapped_column(String(16), default="")
    said: Mapped[str] = mapped_column(String(8))
    at: Mapped[int] = mapped_column(BigInteger)


class ChoiceRow(Base):
    """What a listener last wanted of the music when they sounded so.

    Attributes:
        emotion: How they sounded.
        intents: What they chose, separated by commas.
        at: When.
    """

    __tablename__ = "choice"

    listener_id: Mapped[int] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"), primary_key=True)
    emotion: Mapped[str] = mapped_column(String(16), primary_key=True)
    intents: Mapped[str] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger)
