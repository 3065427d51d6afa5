"""What a taste amounts to, in words and numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto.recommendation.history import Entry
from affetto.recommendation.taste import CONTENT, MINIMUM, Taste, TasteColumns

__all__ = ["Portrait", "portrait"]

_WORDS: dict[str, tuple[str, str]] = {
    "valence": ("brighter moods", "darker moods"),
    "arousal": ("livelier music", "calmer music"),
    "tempo": ("faster tempos", "slower tempos"),
    "loudness": ("loud recordings", "quiet recordings"),
    "brightness": ("bright sound", "dark sound"),
    "percussion": ("percussive sound", "smooth sound"),
    "density": ("dense sound", "sparse sound"),
}
_MOST = 8
_NOTABLE = 0.02
_FORETOLD = 0.75  # three to one that it was not chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A taste in a few lines. Values are in likes: 1 is a like, -1 a dislike.

    Attributes:
        feedback: How often each thing was done.
        evidence: How many deeds taught something, older ones counting less.
        cold: Whether that is too little to change the order of anything.
        trust: How far taste is acted on, from 0 to 1: how surely it foretells what is liked, better than chance would.
        artists: The artists that stand out, most liked first.
        genres: The genres that stand out, most liked first.
        sound: What stands out of the sound, strongest first.
        never: How many tracks are never to be played again.
    """

    feedback: dict[str, int]
    evidence: float
    cold: bool
    trust: float
    artists: tuple[tuple[str, float], ...]
    genres: tuple[tuple[str, float], ...]
    sound: tuple[tuple[str, float], ...]
    never: int

    @property
    def lacking(self) -> int:
        """How many more deeds it takes until taste counts."""
        return max(1, round(MINIMUM - self.evidence)) if self.cold else 0

    @property
    def standing(self) -> str:
        """How far taste counts, in words."""
        if self.cold:
            return f"{self.lacking} more until taste counts; until then mood alone decides"
        share = f"taste counts for {round(100 * self.trust)} % of what it could"
        if self.trust < _FORETOLD:
            return f"I have not found yet what foretells your likes: {share}, mood decides the rest"
        return f"what you liked foretells what you like: {share}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "feedback": self.feedback,
            "evidence": round(self.evidence, 3),
            "cold": self.cold,
            "trust": round(self.trust, 4),
            "artists": [{"name": name, "value": round(value, 4)} for name, value in self.artists],
            "genres": [{"name": name, "value": round(value, 4)} for name, value in self.genres],
            "sound": [{"words": words, "value": round(value, 4)} for words, value in self.sound],
            "never": self.never,
        }


def portrait(taste: Taste, entries: Sequence[Entry]) -> Portrait:
    """The portrait of a taste.

    Args:
        taste: What was learnt.
        entries: What it was learnt from.
    """
    artists = sorted({entry.artist for entry in entries if entry.artist})
    genres = sorted({str(entry.facts.get("genre") or "") for entry in entries} - {""})
    columns = _columns(artists, genres)
    values = [taste.parts(columns, row) for row in range(len(columns))]
    content, of_artists, of_genres = (
        values[: len(CONTENT)],
        values[len(CONTENT) : len(CONTENT) + len(artists)],
        values[len(CONTENT) + len(artists) :],
    )
    sound = [
        (_WORDS[name][0 if parts.content > 0 else 1], abs(parts.content))
        for name, parts in zip(CONTENT, content, strict=True)
        if abs(parts.content) >= _NOTABLE
    ]
    counts = Counter(str(entry.kind) for entry in entries)
    return Portrait(
        feedback=dict(counts.most_common()),
        evidence=taste.evidence,
        cold=taste.cold,
        trust=0.0 if taste.cold else taste.trust,
        artists=_standing_out(artists, [parts.artist for parts in of_artists]),
        genres=_standing_out(genres, [parts.genre for parts in of_genres]),
        sound=tuple(sorted(sound, key=lambda pair: -pair[1])),
        never=len(taste.never),
    )


def _columns(artists: Sequence[str], genres: Sequence[str]) -> TasteColumns:
    """A row for each content feature at one spread, then one for each artist, then one for each genre."""
    size = len(CONTENT) + len(artists) + len(genres)
    content = np.zeros((size, len(CONTENT)), dtype=np.float32)
    content[: len(CONTENT)] = np.eye(len(CONTENT), dtype=np.float32)
    artist, genre = np.zeros(size, dtype=np.intp), np.zeros(size, dtype=np.intp)
    artist[len(CONTENT) : len(CONTENT) + len(artists)] = 1 + np.arange(len(artists))
    genre[len(CONTENT) + len(artists) :] = 1 + np.arange(len(genres))
    return TasteColumns(
        content=content,
        artist=artist,
        artists=("", *artists),
        genre=genre,
        genres=("", *genres),
        cluster=np.zeros(size, dtype=np.intp),
        clusters=("",),
        place=lambda _: None,
    )


def _standing_out(names: Sequence[str], values: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """The most and the least liked, most liked first."""
    pairs = sorted(zip(names, values, strict=True), key=lambda pair: (-pair[1], pair[0]))
    notable = [pair for pair in pairs if abs(pair[1]) >= _NOTABLE]
    return tuple(notable if len(notable) <= 2 * _MOST else [*notable[:_MOST], *notable[-_MOST:]])
