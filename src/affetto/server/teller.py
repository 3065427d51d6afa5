"""Events as the messages of a session, and the music that follows them."""

from collections.abc import Iterable
from typing import Any

from affetto.recommendation.playlist import Playlist
from affetto.recommendation.replan import Change, LivePlaylist
from affetto.server.answer import answer, answered
from affetto.server.protocol import SessionStart, encode_event, encode_playlist
from affetto.voice.reading import Reading
from affetto.voice.stream import Event

__all__ = ["Teller"]


class Teller:
    """What one client is told: its events, and the music where it asked for some.

    Args:
        start: What the client asked for.
    """

    def __init__(self, start: SessionStart) -> None:
        self._cues = start.cues
        follow = start.follow
        self._entry: int | None = None
        self._again = None if follow is None else follow.entry  # what the next plan puts right
        self._music = (
            None if follow is None else LivePlaylist(intent=follow.intent, length=follow.length, plan=self._plan)
        )
        self._wish = follow
        self._spoken = 0.0  # seconds of speech of this utterance that the music has taken in
        self._from = 0

    def _plan(self, reading: Reading) -> Playlist:
        assert self._wish is not None
        playlist, self._entry = answer(
            reading, intent=self._wish.intent, length=self._wish.length, source="voice", entry=self._again
        )
        self._again = None
        return playlist

    def __call__(self, events: Iterable[Event]) -> list[str]:
        """The messages for some events, oldest first."""
        told: list[str] = []
        for event in events:
            told.append(encode_event(event, cues=self._cues))
            if self._music is not None and event.reading is not None:
                change = self._follow(event, event.reading, self._music)
                if change is not None:
                    told.append(encode_playlist(_plain(change, self._entry)))
        return told

    def _follow(self, event: Event, reading: Reading, music: LivePlaylist) -> Change | None:
        """Tells the music how much of what was read is new: windows overlap, and a final reading repeats them."""
        new = reading.seconds if self._spoken == 0 else (event.audio_end_ms - self._from) / 1_000
        change = music.update(reading, seconds=new, final=event.final)
        self._spoken, self._from = (0.0 if event.final else self._spoken + new), event.audio_end_ms
        return change


def _plain(change: Change, entry: int | None) -> dict[str, Any]:
    return {
        "before": None if change.before is None else str(change.before),
        "emotion": None if change.emotion is None else str(change.emotion),
        "probability": change.probability,
        "words": change.words,
        "playlist": answered(change.playlist, entry),
    }
