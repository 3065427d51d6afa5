"""The full account of why a track was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from affetto.affect import Affect
from affetto.errors import OptionError
from affetto.music.words import mood_word
from affetto.recommendation.saved import SavedPlaylist

__all__ = ["PARTS", "Account", "accounts_of"]

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "mood": "distance of its mood from the waypoint, doubt included; .25 apart costs 1",
        "character": "what its genre and feels are good for, whatever the mood",
        "length": "very short or very long",
        "liking": "what you are expected to think of it; a like counts 6 inside the mood",
        "recent": "heard of late; fades by half each day",
        "novelty": "known or new, as you asked",
        "tempo": "step of the tempo from the track before, octaves folded",
        "key": "step on the circle of fifths",
        "loudness": "step of the loudness",
        "variety": "likeness to the last four tracks: artist, album, genre, feels",
    }
)
"""What each part of the cost of a track is for. Costs add up; a negative one speaks for the track."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Why a track was chosen.

    Attributes:
        number: Its number in the playlist.
        title: Its title.
        artist: Who made it.
        reasons: The reasons in plain words.
        wanted: The waypoint that it played for.
        mood: Where the track lies.
        parts: What it cost, by what it cost for, see `PARTS`.
        propensity: Probability that it, of all candidates, was put there.
    """

    number: int
    title: str
    artist: str
    reasons: tuple[str, ...]
    wanted: Affect
    mood: Affect
    parts: Mapping[str, float]
    propensity: float | None

    @property
    def total(self) -> float:
        """All parts together; the least of all candidates but for flow further on."""
        return sum(self.parts.values())

    @property
    def place(self) -> str:
        """Where it lies and where it should, in words and numbers.

        >>> Account(number=1, title="A", artist="B", reasons=(), parts={}, propensity=None,
        ...     wanted=Affect(0.5, -0.4), mood=Affect(0.5, -0.3)).place
        'calm (+0.50, -0.30), 0.10 from the waypoint calm (+0.50, -0.40)'
        """
        return f"{_at(self.mood)}, {self.mood.distance(self.wanted):.2f} from the waypoint {_at(self.wanted)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "number": self.number,
            "title": self.title,
            "artist": self.artist,
            "reasons": list(self.reasons),
            "wanted": [self.wanted.valence, self.wanted.arousal],
            "mood": [self.mood.valence, self.mood.arousal],
            "distance": round(self.mood.distance(self.wanted), 4),
            "parts": dict(self.parts),
            "total": round(self.total, 4),
            "propensity": self.propensity,
        }


def _at(point: Affect) -> str:
    return f"{mood_word(point)} ({point.valence:+.2f}, {point.arousal:+.2f})"


def _account(number: int, plain: Mapping[str, Any]) -> Account:
    return Account(
        number=number,
        title=str(plain["title"]),
        artist=str(plain["artist"]),
        reasons=tuple(plain["reasons"]),
        wanted=Affect(float(plain["wanted"][0]), float(plain["wanted"][1])),
        mood=Affect(float(plain["valence"]), float(plain["arousal"])),
        parts=plain["parts"],
        propensity=plain["propensity"],
    )


def accounts_of(saved: SavedPlaylist, track: int | None = None) -> tuple[Account, ...]:
    """The accounts of the tracks of a kept playlist.

    Args:
        saved: The playlist.
        track: Number of one track, from 1; None for all.

    Raises:
        OptionError: If there is no such track.
    """
    if track is not None and not 1 <= track <= len(saved.tracks):
        raise OptionError(f"track {track}: playlist {saved.number} has tracks 1 to {len(saved.tracks)}")
    accounts = tuple(_account(number, plain) for number, plain in enumerate(saved.tracks, start=1))
    return accounts if track is None else (accounts[track - 1],)
