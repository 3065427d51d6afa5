"""What was done at players, told to the listener in the store, for later playlists to learn from.

What a player reports is matched with the music that playlists are made from: by its address, else by artist and title.
Of music that is not there, the names are kept, which still tell the artist. What is told twice counts once.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from affetto.affect import Affect
from affetto.music.track import Track
from affetto.players.base import Feedback, FeedbackKind, Player, Watch
from affetto.players.kept import read_facts, write_facts
from affetto.players.matching import plain
from affetto.players.ratings import Ratings
from affetto.recommendation.history import Entry
from affetto.recommendation.listener import Listener
from affetto.recommendation.named import facts_of
from affetto.recommendation.people import FORMAT
from affetto.recommendation.source import Music, find_music
from affetto.recommendation.taste import Kind
from affetto.settings import settings

__all__ = ["Taught", "teach"]

_UNKNOWN = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))
_LIKED, _DISLIKED = 0.75, 0.25  # ratings from which on they are a like, and down from which they are a dislike


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What a listener's feedback at one player came to.

    Attributes:
        player: Name of the player.
        read: What was read there since the last time.
        new: How much of it was new to the listener in the store.
        unknown: How much of it was about music that is not in the library.
    """

    player: str
    read: int
    new: int
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def teach(listener: Listener, player: Player, *, folder: Path | None = None, watch: Watch | None = None) -> Taught:
    """Tells a listener in the store what they did at a player since the last time.

    Args:
        listener: Whose deeds they are.
        player: Where they were done; one that gives no feedback, as Spotify, teaches nothing.
        folder: Where it is remembered how far was read; None for the data folder of the settings.
        watch: Who watches.

    Raises:
        PlayerError: If the player fails; the next call reads it again.
        StoreError: If the store cannot be used; the next call reads it again.
    """
    watch, began = watch or Watch(), datetime.now(UTC)
    file = (folder or settings().data_dir / "players") / f"{player.name.replace(':', '-')}.taught.json"
    until = (read_facts(file) or {}).get(listener.name)
    since = datetime.fromtimestamp(until, UTC) if isinstance(until, int | float) else None
    ratings = Ratings(player.name, folder=folder)
    before = ratings.read()
    try:
        told = list(player.read_feedback(since=since, watch=watch))
        new, unknown = _tell(listener, player.name, told, watch) if told else (0, 0)
    except BaseException:
        ratings.write(before)  # what was not taken in is news again
        raise
    write_facts(file, {**(read_facts(file) or {}), listener.name: began.timestamp()}, what="taught feedback")
    return Taught(player=player.name, read=len(told), new=new, unknown=unknown)


def _tell(listener: Listener, player: str, told: Sequence[Feedback], watch: Watch) -> tuple[int, int]:
    """How much was new, and how much about music that is not known."""
    music, new, unknown, entries = _KnownMusic(), 0, 0, list[Entry]()
    newest = max((entry.number for entry in listener.history(limit=1, undone=True)), default=0)
    for feedback, kind in _deeds(told):
        watch.check()
        found = music.find(feedback)
        unknown += found is None
        if found is None and kind is Kind.PLAY:
            continue  # teaches nothing
        track, where = found or (_bare(feedback), None)
        held, at, token = feedback.detail.get("seconds"), feedback.at.timestamp(), _token(player, feedback)
        seconds = float(held) if kind is Kind.SKIP and isinstance(held, int | float) else None
        if player == "local":
            # What is played here is looked for in the listener's playlists: they know what it was chosen for.
            new += listener.feedback(kind, track, seconds=seconds, at=at, token=token).number > newest
            continue
        entries.append(
            Entry(
                kind=kind,
                library="given" if where is None else where.key,
                track=track.id,
                at=round(at * 1000),
                seconds=seconds,
                facts=facts_of(track, where),
                token=token,
            )
        )
    held = {"affetto": "listener", "format": FORMAT, "feedback": [entry.to_dict() for entry in entries]}
    return new + (listener.import_feedback(held) if entries else 0), unknown


def _bare(feedback: Feedback) -> Track:
    """What a player says of a track is all there is where it is in no library; it still tells the artist."""
    title, artist = (str(feedback.detail.get(name, "")) for name in ("title", "artist"))
    uri = str(feedback.detail.get("uri") or feedback.track)
    return Track(id=feedback.track, title=title or uri, artist=artist, uri=uri, mood=_UNKNOWN, mood_source="")


def _token(player: str, feedback: Feedback) -> str:
    """A name for this very deed."""
    facts = f"{player}\n{feedback.track}\n{feedback.kind}\n{feedback.at.timestamp()}"
    return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:40]


def _deeds(told: Sequence[Feedback]) -> Iterator[tuple[Feedback, Kind]]:
    """What of it says something; a middling rating does not."""
    for each in told:
        if each.kind is not FeedbackKind.RATING:
            yield each, Kind(each.kind)
            continue
        rating = each.detail.get("rating")
        if isinstance(rating, int | float) and rating >= _LIKED:
            yield each, Kind.LIKE
        elif isinstance(rating, int | float) and rating <= _DISLIKED:
            yield each, Kind.DISLIKE


class _KnownMusic:
    """The music that playlists are made from, by address, and by artist and title."""

    def __init__(self) -> None:
        self._music = {music.key: music for music in (find_music(), find_music("starter"))}
        self._places: dict[str, tuple[Music, int]] = {}
        self._names: dict[tuple[str, str], tuple[Music, int]] = {}
        for music in self._music.values():
            for place, track in enumerate(music.library):
                self._places.setdefault(track.uri, (music, place))
                self._names.setdefault((plain(track.artist), plain(track.title)), (music, place))

    def find(self, feedback: Feedback) -> tuple[Track, Music] | None:
        """The track that feedback is about, and the music that it is from."""
        detail = feedback.detail
        name = plain(str(detail.get("artist", ""))), plain(str(detail.get("title", "")))
        addresses = (str(detail.get("uri", "")), feedback.track)
        found = next((self._places[uri] for uri in addresses if uri in self._places), None)
        if found is None and all(name):
            found = self._names.get(name)
        if found is None:
            return None
        music, place = found
        return music.library.take([place])[0], music
