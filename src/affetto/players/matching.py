"""How sure it is that two descriptions of a recording mean the same one."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from affetto.music.track import Track

__all__ = ["GOOD", "isrc_of", "likeness", "plain"]

GOOD = 0.75
"""The least likeness at which a track counts as found."""

_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}\Z")
_GUESTS = re.compile(r"\s*[(\[]?\s*\b(feat|ft|featuring|with)\b\.?\s+[^)\]]*[)\]]?\s*\Z")
_ASIDE = re.compile(r"\s+-\s+(?P<dash>[^-]+)\Z|\s*[(\[](?P<bracket>[^)\]]*)[)\]]")
_REISSUE = re.compile(r"\b(remaster(ed)?|mono|stereo|album version|single version|original( mix)?|deluxe|bonus)\b")
# Words that tell another recording of the same piece.
_VERSIONS = frozenset(
    {"live", "karaoke", "instrumental", "remix", "acoustic", "cover", "tribute", "demo", "sped", "slowed", "nightcore"}
    | {"reprise", "orchestral", "acapella", "rehearsal", "session", "loop", "edit", "extended", "8d"}
)
_SURE, _FAR = 3.0, 20.0  # seconds by which two lengths may differ: surely the same, surely not


def plain(text: str) -> str:
    """Text as it is compared: no case, accents or punctuation.

    >>> plain("Für Elise & Co.")
    'fur elise and co'
    """
    letters = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    return " ".join(
        "".join(m if m.isalnum() else "" if unicodedata.combining(m) or m in "'’" else " " for m in letters).split()
    )


def isrc_of(track: Track) -> str:
    """The track's International Standard Recording Code; empty when it has none."""
    code = re.sub(r"[-\s]", "", str(getattr(track, "isrc", None) or "")).upper()
    return code if _ISRC.match(code) else ""


def likeness(track: Track, *, title: str, artists: Iterable[str], seconds: float | None = None) -> float:
    """How alike a track and a candidate are, from 0 to 1.

    Titles count for one half, artists for about a third, lengths for the rest (nothing where one is unknown). Guests,
    remasters and the like make no difference; another version (live, karaoke, sped up) does.

    >>> from affetto.affect import Affect
    >>> song = Track(id="1", title="Ronda", artist="Ana", uri="a", mood=Affect(0, 0), mood_source="", seconds=200)
    >>> likeness(song, title="Ronda - Remastered 2011", artists=["Ana", "Bo"], seconds=201)
    1.0
    >>> likeness(song, title="Ronda (Live)", artists=["Ana"], seconds=240) < GOOD
    True
    """
    names = [plain(name) for name in artists]
    by_title = _alike(_core(track.title), _core(title))
    by_artist = _artists_alike(plain(track.artist), names)
    weighted, weight = 0.5 * by_title + 0.35 * by_artist, 0.85
    if track.seconds is not None and seconds is not None:
        weighted += 0.15 * _lengths_alike(track.seconds, seconds)
        weight += 0.15
    score = weighted / weight
    if by_title < 0.6 or by_artist < 0.5:
        score *= 0.5
    if _versions(track.title) != _versions(title):
        score *= 0.7
    return round(score, 3)


def _core(title: str) -> str:
    """The title without guests and without notes on the reissue."""
    text = _GUESTS.sub("", title.casefold())
    text = _ASIDE.sub(lambda m: "" if _REISSUE.search(m["dash"] or m["bracket"] or "") else m[0], text)
    return plain(text) or plain(title)


def _versions(title: str) -> frozenset[str]:
    asides = " ".join(m["dash"] or m["bracket"] or "" for m in _ASIDE.finditer(title.casefold()))
    return _VERSIONS & frozenset(plain(asides).split())


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    by_order = SequenceMatcher(None, one, other, autojunk=False).ratio()
    by_words = SequenceMatcher(None, " ".join(sorted(one.split())), " ".join(sorted(other.split())), autojunk=False)
    return max(by_order, by_words.ratio())


def _artists_alike(wanted: str, names: list[str]) -> float:
    """The likest of the names, or of all of them together; several may stand in one tag ("A and B", "A, B")."""
    if not wanted or not names:
        return 0.0
    inside = any(name and re.search(rf"\b{re.escape(name)}\b", wanted) for name in names)
    return max(*(_alike(wanted, name) for name in (*names, " ".join(names))), 0.9 if inside else 0.0)


def _lengths_alike(one: float, other: float) -> float:
    return min(1.0, max(0.0, 1 - (abs(one - other) - _SURE) / (_FAR - _SURE)))
