"""What was heard here, as listens that ListenBrainz takes."""

from pathlib import Path
from typing import Any

from affetto.music.text import clean
from affetto.players.base import Feedback, FeedbackKind
from affetto.players.kept import read_facts, write_facts
from affetto.settings import settings
from affetto.version import __version__

__all__ = ["CLIENT", "Sent", "counts", "listen_of"]

CLIENT = "Affetto"
"""What our listens are marked with, so that they do not come back as feedback."""


class Sent:
    """Until when listens were submitted, on disk."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._file = (folder or settings().data_dir / "players") / f"{name}.submitted.json"

    def read(self) -> float:
        """Seconds since 1970; 0 where nothing was ever sent."""
        until = (read_facts(self._file) or {}).get("until")
        return float(until) if isinstance(until, int | float) else 0.0

    def write(self, until: float) -> None:
        """Keeps until when.

        Raises:
            PlayerError: If it cannot be written.
        """
        write_facts(self._file, {"until": until}, what="submitted listens")


def counts(feedback: Feedback) -> bool:
    """Whether enough was heard for a listen: all of a track, or four minutes of it."""
    seconds = feedback.detail.get("seconds")
    if feedback.kind is FeedbackKind.COMPLETED:
        return True
    return feedback.kind is FeedbackKind.SKIP and isinstance(seconds, int | float) and seconds >= 240


def listen_of(feedback: Feedback) -> dict[str, Any] | None:
    """A listen as the API wants it; None where title or artist are not known."""
    title, artist = clean(feedback.detail.get("title", "")), clean(feedback.detail.get("artist", ""))
    if not title or not artist:
        return None
    info = {"submission_client": CLIENT, "submission_client_version": __version__, "media_player": CLIENT}
    names = {"track_name": title, "artist_name": artist, "additional_info": info}
    seconds = feedback.detail.get("seconds")  # a listen bears the time at which it began
    began = feedback.at.timestamp() - (seconds if isinstance(seconds, int | float) else 0)
    return {"listened_at": int(began), "track_metadata": names}
