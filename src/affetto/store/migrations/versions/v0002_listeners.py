"""Listeners: their feedback, playlists, outcomes and choices."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "listener",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listener"),
        sa.UniqueConstraint("name", name="uq_listener_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "playlist",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("shape", sa.String(length=16), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["listener_id"], ["listener.id"], name="fk_playlist_listener_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_playlist"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_playlist_listener_id", "playlist", ["listener_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("library", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("valence", sa.Double(), nullable=True),
        sa.Column("arousal", sa.Double(), nullable=True),
        sa.Column("propensity", sa.Double(), nullable=True),
        sa.Column("playlist_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("undone", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["listener_id"], ["listener.id"], name="fk_feedback_listener_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["playlist_id"], ["playlist.id"], name="fk_feedback_playlist_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("listener_id", "token", name="uq_feedback_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feedback_listener_id_id", "feedback", ["listener_id", "id"], unique=False)
    op.create_index("ix_feedback_playlist_id", "feedback", ["playlist_id"], unique=False)
    op.create_table(
        "outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("playlist_id", sa.Integer(), nullable=True),
        sa.Column("shape", sa.String(length=16), nullable=False),
        sa.Column("said", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["listener_id"], ["listener.id"], name="fk_outcome_listener_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["playlist_id"], ["playlist.id"], name="fk_outcome_playlist_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_outcome"),
        sa.UniqueConstraint("playlist_id", name="uq_outcome_playlist_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outcome_listener_id", "outcome", ["listener_id"], unique=False)
    op.create_table(
        "choice",
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("emotion", sa.String(length=16), nullable=False),
        sa.Column("intents", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["listener_id"], ["listener.id"], name="fk_choice_listener_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("listener_id", "emotion", name="pk_choice"),
    )


def downgrade() -> None:
    """Back to the library alone."""
    for table in ("choice", "outcome", "feedback", "playlist", "listener"):
        op.drop_table(table)
