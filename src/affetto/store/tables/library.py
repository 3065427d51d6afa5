"""The library: folders, files, tracks, what is known of their moods."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from affetto.store.tables.base import Base, PathBytes

__all__ = ["EvidenceRow", "FeaturesRow", "FileRow", "FolderRow", "TrackRow"]


class FolderRow(Base):
    """A folder that the person added.

    Attributes:
        path: Where it is, with links followed.
        scanned: When it was last walked to its end, in seconds since 1970; None while it never was.
        problem: Why it could not be walked the last time; empty when it could.
    """

    __tablename__ = "folder"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathBytes, unique=True)
    scanned: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(Text, default="")


class TrackRow(Base):
    """A piece of music, wherever its files are. A number is never given twice.

    Attributes:
        content: Identity of its sound, see `affetto.music.identity`; None for what was imported without a file.
        uri: Address, for what was imported; None for files.
        feels: Mood words of the tags, separated by "|".
        guessed: Which of title, artist and album were guessed from the path, separated by "|".
        tag_tempo: Tempo by the tags; ``tag_key`` and ``gain`` likewise (ReplayGain of the track in dB).
        fixed_tempo: Tempo as the person says it is.
        analysis: Version of the analysis that the columns up to ``music`` come from; 0 before there is one.
        valence: The fused mood; ``valence_var``, ``arousal_var`` and ``mood_cov`` are its covariance.
        mood_version: Version of the estimator that it comes from.
        work: Normalized artist and title, equal for versions of a piece.
        version: What kind of version it is ("live", "remaster"); empty for the plain one.
        quality: Higher is better when one of several equal tracks is chosen.
        same_as: The track that is used instead of this one.
        aside: Why it is never played ("speech"); empty for music.
        present: Whether a file of it is there, or an address.
        added: When, in seconds since 1970.
    """

    __tablename__ = "track"
    __table_args__ = (
        Index("ix_track_work", "work"),
        Index("ix_track_isrc", "isrc"),
        Index("ix_track_seconds", "seconds"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str | None] = mapped_column(String(40), unique=True)
    uri: Mapped[str | None] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text, default="")
    artist: Mapped[str] = mapped_column(Text, default="")
    album_artist: Mapped[str] = mapped_column(Text, default="")
    album: Mapped[str] = mapped_column(Text, default="")
    year: Mapped[int | None] = mapped_column(Integer)
    genre: Mapped[str] = mapped_column(Text, default="")
    feels: Mapped[str] = mapped_column(Text, default="")
    guessed: Mapped[str] = mapped_column(Text, default="")
    tag_tempo: Mapped[float | None]
    tag_key: Mapped[str] = mapped_column(Text, default="")
    gain: Mapped[float | None]
    recording_mbid: Mapped[str] = mapped_column(Text, default="")
    artist_mbid: Mapped[str] = mapped_column(Text, default="")
    release_mbid: Mapped[str] = mapped_column(Text, default="")
    isrc: Mapped[str] = mapped_column(Text, default="")
    seconds: Mapped[float | None]
    tempo: Mapped[float | None]
    tempo_alternative: Mapped[float | None]
    tempo_strength: Mapped[float | None]
    fixed_tempo: Mapped[float | None]
    key: Mapped[str] = mapped_column(Text, default="")
    mode: Mapped[str] = mapped_column(Text, default="")
    key_confidence: Mapped[float | None]
    loudness: Mapped[float | None]
    loudness_range: Mapped[float | None]
    onset_density: Mapped[float | None]
    music: Mapped[float | None]
    analysis: Mapped[int] = mapped_column(default=0)
    valence: Mapped[float] = mapped_column(default=0.0)
    arousal: Mapped[float] = mapped_column(default=0.0)
    valence_var: Mapped[float] = mapped_column(default=0.25)
    arousal_var: Mapped[float] = mapped_column(default=0.25)
    mood_cov: Mapped[float] = mapped_column(default=0.0)
    mood_source: Mapped[str] = mapped_column(Text, default="none")
    mood_version: Mapped[int] = mapped_column(default=0)
    work: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[str] = mapped_column(Text, default="")
    quality: Mapped[float] = mapped_column(default=0.0)
    same_as: Mapped[int | None] = mapped_column(ForeignKey("track.id", ondelete="SET NULL"), index=True)
    aside: Mapped[str] = mapped_column(Text, default="")
    present: Mapped[bool] = mapped_column(default=True)
    added: Mapped[int] = mapped_column(BigInteger, default=0)


class FeaturesRow(Base):
    """What the analysis gives besides numbers that are shown: kept apart, so that a walk over all tracks stays quick.

    Attributes:
        data: Float32 values, little endian, one for each of `affetto.music.analysis.FEATURES`.
    """

    __tablename__ = "features"

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class EvidenceRow(Base):
    """One belief about the mood of a track; all of them together can be fused again at any time.

    Attributes:
        source: What says so, unique for a track: "audio", "genre", "tags: relaxed", "catalog: songs.csv", "person".
        kind: The kind of evidence, as `affetto.music.estimator.EvidenceKind`.
    """

    __tablename__ = "evidence"

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    valence: Mapped[float]
    arousal: Mapped[float]
    valence_var: Mapped[float]
    arousal_var: Mapped[float]
    covariance: Mapped[float] = mapped_column(default=0.0)


class FileRow(Base):
    """A file in one of the folders.

    Attributes:
        size: Bytes, and ``changed``, nanoseconds since 1970: while both stay, the file is taken as unchanged.
        state: "waiting" to be listened to, "here", "missing" or "failed".
        version: Version of the analysis that it was handled by.
        problem: Why it failed, in one line.
        note: What else is worth knowing ("tags over 32 MB, read in part").
        track_id: What is in it; None until that is known.
    """

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_state_id", "state", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    folder_id: Mapped[int] = mapped_column(ForeignKey("folder.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(PathBytes, unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    track_id: Mapped[int | None] = mapped_column(ForeignKey("track.id", ondelete="SET NULL"), index=True)
