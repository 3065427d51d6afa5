"""The music for the person of this server, and what is written down of it."""

import contextlib
from typing import Any

from affetto.affect import Emotion
from affetto.errors import AffettoError
from affetto.recommendation import recommend
from affetto.recommendation.intent import Intent, Start
from affetto.recommendation.journal import Source
from affetto.recommendation.listener import Listener
from affetto.recommendation.playlist import Playlist
from affetto.server.shown import shown_playlist

__all__ = ["answer", "answered", "warm"]


def answer(
    start: Start,
    *,
    intent: Intent | None = None,
    length: int | None = None,
    strategy: str = "journey",
    seed: int | None = None,
    source: Source,
    entry: int | None = None,
) -> tuple[Playlist, int]:
    """A playlist for the person, kept with the reading that it answers; and the number of the entry in the journal.

    Args:
        start: Where they are.
        intent: What the music is for; None for what suits.
        length: Tracks; None for the setting.
        strategy: As in `affetto.recommend`.
        seed: Source of all chance; None draws one.
        source: How the start was found.
        entry: An entry of the journal that this one takes the place of.
    """
    listener = Listener.open()
    playlist = listener.recommend(start, intent=intent, length=length, strategy=strategy, seed=seed)
    return playlist, listener.journal.add(start, source=source, playlist=playlist.number, entry=entry)


def warm() -> None:
    """Loads what the first playlist needs, so that the first person does not wait for it; nothing is written."""
    with contextlib.suppress(AffettoError):  # whoever asks for music is told
        known = Listener.known()
        if known is None:
            recommend(Emotion.CALM)
        else:
            known.recommend(Emotion.CALM, keep=False)


def answered(playlist: Playlist, entry: int | None) -> dict[str, Any]:
    """A playlist as the page takes it."""
    return {**shown_playlist(playlist), "id": playlist.number, "entry": entry}
