"""What to search for at Spotify, and which of the results is the track."""

import math
import re
from collections.abc import Iterator

from affetto.music.track import Track
from affetto.players.base import Match, Missing, Watch
from affetto.players.lookup import best_match
from affetto.players.matching import GOOD, isrc_of, likeness
from affetto.players.spotify.answers import field
from affetto.players.spotify.client import FOUND, Client

__all__ = ["find"]

_PAGES = 2

_URI = re.compile(r"spotify:track:[A-Za-z0-9]+\Z")


def find(track: Track, calls: Client, watch: Watch) -> Match | Missing:
    """Asks for a track by its ISRC, then by title and artist; the second page only where the first holds nothing good.

    Raises:
        PlayerError: If Spotify fails.
    """

    def search(query: tuple[str, str]) -> Iterator[Match]:
        text, how = query
        for page in range(_PAGES):
            answer = calls.call(
                lambda spotify, offset=page * FOUND: spotify.search(text, limit=FOUND, offset=offset, type="track"),
                watch,
            )
            tracks = field(answer, "tracks", dict)
            found = [
                match for match in (_candidate(track, item, how) for item in field(tracks, "items", list)) if match
            ]
            yield from found
            if any(match.score >= GOOD for match in found) or not tracks.get("next"):
                return

    return best_match(track, _queries(track), search)


def _queries(track: Track) -> Iterator[tuple[str, str]]:
    """What to search for, the surest first."""
    if code := isrc_of(track):
        yield f"isrc:{code}", "isrc"
    title, artist = _term(track.title), _term(track.artist)
    if title and artist:
        yield f'track:"{title}" artist:"{artist}"', "search"
    if title:
        yield f"{title} {artist}".strip(), "search"


def _term(text: str) -> str:
    """Words that are searched for, without what would steer the search."""
    return " ".join(re.sub(r'["*:()\[\]]', " ", text).split())[:80]


def _candidate(track: Track, item: object, how: str) -> Match | None:
    """A search result as a match; None for what is none."""
    if not isinstance(item, dict) or not _URI.match(str(item.get("uri", ""))) or item.get("is_playable") is False:
        return None
    artists = [str(each.get("name", "")) for each in item.get("artists") or [] if isinstance(each, dict)]
    title, length = str(item.get("name", "")), item.get("duration_ms")
    seconds = length / 1000 if isinstance(length, int | float) and math.isfinite(length) and length > 0 else None
    score = likeness(track, title=title, artists=artists, seconds=seconds)
    if how == "isrc":
        # The code names the recording; only where nothing else agrees is it taken for a wrong tag.
        score = score if score < 0.3 else max(score, 0.95)
    elif isrc_of(track) and isrc_of(track) == str((item.get("external_ids") or {}).get("isrc", "")).upper():
        how, score = "isrc", max(score, 0.95)
    return Match(track=track, id=str(item["uri"]), score=score, how=how, seen=f"{', '.join(artists)} - {title}")
