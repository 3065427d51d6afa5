"""The library: folders, files, tracks, what is known of their moods."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "folder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("scanned", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_folder"),
        sa.UniqueConstraint("path", name="uq_folder_path"),
    )
    op.create_table(
        "meta",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meta"),
    )
    op.create_table(
        "track",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=40), nullable=True),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("album_artist", sa.Text(), nullable=False),
        sa.Column("album", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("genre", sa.Text(), nullable=False),
        sa.Column("feels", sa.Text(), nullable=False),
        sa.Column("guessed", sa.Text(), nullable=False),
        sa.Column("tag_tempo", sa.Double(), nullable=True),
        sa.Column("tag_key", sa.Text(), nullable=False),
        sa.Column("gain", sa.Double(), nullable=True),
        sa.Column("recording_mbid", sa.Text(), nullable=False),
        sa.Column("artist_mbid", sa.Text(), nullable=False),
        sa.Column("release_mbid", sa.Text(), nullable=False),
        sa.Column("isrc", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("tempo", sa.Double(), nullable=True),
        sa.Column("tempo_alternative", sa.Double(), nullable=True),
        sa.Column("tempo_strength", sa.Double(), nullable=True),
        sa.Column("fixed_tempo", sa.Double(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("key_confidence", sa.Double(), nullable=True),
        sa.Column("loudness", sa.Double(), nullable=True),
        sa.Column("loudness_range", sa.Double(), nullable=True),
        sa.Column("onset_density", sa.Double(), nullable=True),
        sa.Column("music", sa.Double(), nullable=True),
        sa.Column("analysis", sa.Integer(), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("valence_var", sa.Double(), nullable=False),
        sa.Column("arousal_var", sa.Double(), nullable=False),
        sa.Column("mood_cov", sa.Double(), nullable=False),
        sa.Column("mood_source", sa.Text(), nullable=False),
        sa.Column("mood_version", sa.Integer(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("same_as", sa.Integer(), nullable=True),
        sa.Column("aside", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["same_as"], ["track.id"], name="fk_track_same_as", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_track"),
        sa.UniqueConstraint("content", name="uq_track_content"),
        sa.UniqueConstraint("uri", name="uq_track_uri"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_track_isrc", "track", ["isrc"], unique=False)
    op.create_index("ix_track_same_as", "track", ["same_as"], unique=False)
    op.create_index("ix_track_seconds", "track", ["seconds"], unique=False)
    op.create_index("ix_track_work", "track", ["work"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("valence_var", sa.Double(), nullable=False),
        sa.Column("arousal_var", sa.Double(), nullable=False),
        sa.Column("covariance", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_evidence_track_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("track_id", "source", name="pk_evidence"),
    )
    op.create_table(
        "features",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_features_track_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("track_id", name="pk_features"),
    )
    op.create_table(
        "file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("folder_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name="fk_file_folder_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_file_track_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_file"),
        sa.UniqueConstraint("path", name="uq_file_path"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_file_folder_id", "file", ["folder_id"], unique=False)
    op.create_index("ix_file_state_id", "file", ["state", "id"], unique=False)
    op.create_index("ix_file_track_id", "file", ["track_id"], unique=False)


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("file", "features", "evidence", "track", "meta", "folder"):
        op.drop_table(table)
