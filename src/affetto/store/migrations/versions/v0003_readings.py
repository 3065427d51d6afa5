"""The journal: readings of listeners."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("emotion", sa.String(length=16), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("playlist_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["listener_id"], ["listener.id"], name="fk_reading_listener_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["playlist_id"], ["playlist.id"], name="fk_reading_playlist_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reading_listener_id_at", "reading", ["listener_id", "at"], unique=False)
    op.create_index("ix_reading_playlist_id", "reading", ["playlist_id"], unique=False)


def downgrade() -> None:
    """Back to listeners without a journal."""
    op.drop_table("reading")
