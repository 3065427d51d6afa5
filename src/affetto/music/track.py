"""A piece of music and where it lives."""

import math
import re
from dataclasses import dataclass
from typing import Any

from affetto.affect import Affect

__all__ = ["Track"]

# What tells versions and parts of a piece apart: "(var. 3)", " - Big Hit 2", "in D Major", "No. 2", "II", "B", "Loop".
_ASIDE = re.compile(r"\s*[(\[].*?[)\]]|\s+-\s.*$|:.*$|\s+in [a-g]\b.*$")
_PART = re.compile(
    r"(\s+(no\.?|op\.?|pt\.?|part|vol\.?|ver\.?|version|var\.?))?\s+"
    r"(\d+|[ivx]+|[a-d]|loop|mix|remix|reprise|finale|instrumental|extended|alternate|edit)$"
)

# A mood that nobody knows: neutral, anywhere within half of the circumplex.
_UNKNOWN_MOOD = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A piece of music, its facts and its mood.

    What is not a number or cannot be (a tempo of 0, a mood of NaN) counts as unknown.

    Attributes:
        id: Name of the track within its library, unique there.
        title: Title of the track.
        artist: Who made it.
        uri: Stream address or path of the file.
        mood: Estimated affect; its covariance is how far the estimate may be off.
        mood_source: What the mood was estimated from ("feels, genre, tempo").
        genre: Genre as the library names it; empty when unknown.
        feels: Mood words given to the track, in lower case.
        tempo: Beats per minute, or None when unknown.
        seconds: Length, or None when unknown.
        album: Album that it is from; empty when unknown.
        key: Key ("C major", "F# minor"); empty when unknown.
        loudness: Integrated loudness in LUFS, or None when unknown.
        licence: Short name of the licence ("CC BY 4.0"); empty when not stated.
        credit: The line to show wherever the track is played; empty when none is asked for.
    """

    id: str
    title: str
    artist: str
    uri: str
    mood: Affect
    mood_source: str
    genre: str = ""
    feels: tuple[str, ...] = ()
    tempo: float | None = None
    seconds: float | None = None
    album: str = ""
    key: str = ""
    loudness: float | None = None
    licence: str = ""
    credit: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tempo", _known(self.tempo))
        object.__setattr__(self, "seconds", _known(self.seconds))
        if self.loudness is not None and not math.isfinite(self.loudness):
            object.__setattr__(self, "loudness", None)
        mood = self.mood
        if not all(map(math.isfinite, (mood.valence, mood.arousal, *mood.covariance[0], *mood.covariance[1]))):
            object.__setattr__(self, "mood", _UNKNOWN_MOOD)

    @property
    def work(self) -> str:
        """The piece behind the track: equal for versions and parts of one piece by one artist.

        >>> at = dict(id="1", uri="a.mp3", mood=Affect(0, 0), mood_source="")
        >>> Track(title="Gymnopedie No. 2", artist="Satie", **at).work
        'satie: gymnopedie'
        >>> Track(title="Canon in D (for harps)", artist="Pachelbel", **at).work
        'pachelbel: canon'
        """
        title = self.title.casefold().strip()
        piece = _PART.sub("", _ASIDE.sub("", title).strip()) or title
        return f"{self.artist.casefold().strip()}: {piece}"

    def to_dict(self) -> dict[str, Any]:
        """The track as plain values for JSON.

        >>> track = Track(id="1", title="A", artist="B", uri="a.mp3", mood=Affect(0.5, -0.25), mood_source="feels")
        >>> track.to_dict()["valence"], track.to_dict()["tempo"]
        (0.5, None)
        """
        (vv, va), (_, aa) = self.mood.covariance
        return {
            "id": self.id,
            "title": self.title,
            "artist": self.artist,
            "uri": self.uri,
            "genre": self.genre,
            "feels": list(self.feels),
            "tempo": self.tempo,
            "seconds": self.seconds,
            "album": self.album,
            "key": self.key,
            "loudness": self.loudness,
            "licence": self.licence,
            "credit": self.credit,
            "valence": self.mood.valence,
            "arousal": self.mood.arousal,
            "covariance": [[vv, va], [va, aa]],
            "mood_source": self.mood_source,
        }
