"""What MPD's clients keep of a listener, as stickers of songs."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from affetto.music.text import clean
from affetto.players.base import Feedback, FeedbackKind, Watch
from affetto.players.mpd.client import NO_EXIST, UNKNOWN, Client, RefusedError, breaks, first, number
from affetto.players.ratings import Ratings

__all__ = ["RATING", "read_stickers"]

RATING = "rating"
"""The sticker of stars that MPD's clients share, from 0 to 10."""

_LIKE, _PLAYS, _PLAYED, _SKIPS, _SKIPPED = (
    "like",
    "playCount",
    "lastPlayed",
    "skipCount",
    "lastSkipped",
)


def read_stickers(
    client: Client, player: str, kept: Ratings, *, since: datetime | None, watch: Watch
) -> Iterator[Feedback]:
    """Ratings, likes, plays and skips, oldest first; nothing where MPD keeps no stickers.

    Args:
        client: The connection.
        player: Name of the connection, for `Feedback.track`.
        kept: What was read before.
        since: As `affetto.players.base.Player.read_feedback`.
        watch: Who watches.

    Raises:
        PlayerError: If MPD fails.
    """
    since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
    now, given = datetime.now(UTC), list[Feedback]()
    before, ratings = kept.read(), dict[str, float]()
    held = {name: _stickers(client, name, watch) for name in (RATING, _LIKE, _PLAYS, _PLAYED, _SKIPS, _SKIPPED)}
    songs = _facts(client, sorted({file for stickers in held.values() for file in stickers}), watch)

    def tell(file: str, kind: FeedbackKind, at: datetime, **detail: float) -> None:
        title, artist = songs.get(file, ("", ""))
        facts = {"player": player, "title": title, "artist": artist, **detail}
        given.append(Feedback(track=f"mpd:{player}/{file}", kind=kind, at=at, detail=facts))

    for file, value in held[RATING].items():
        ratings[f"{RATING} {file}"] = value
        if 0 <= value <= 10 and (since is None or before.get(f"{RATING} {file}") != value):
            tell(file, FeedbackKind.RATING, now, rating=max(0.0, value - 2) / 8)  # 2 is one star
    for file, value in held[_LIKE].items():
        ratings[f"{_LIKE} {file}"] = value
        if value in (0, 2) and (since is None or before.get(f"{_LIKE} {file}") != value):
            tell(file, FeedbackKind.LIKE if value == 2 else FeedbackKind.DISLIKE, now)
    for counts, times, kind in (
        (_PLAYS, _PLAYED, FeedbackKind.PLAY),
        (_SKIPS, _SKIPPED, FeedbackKind.SKIP),
    ):
        for file, stamp in held[times].items():
            at = _when(stamp)
            if at is not None and (since is None or at >= since):
                detail = {"plays": held[counts].get(file, 1.0)} if kind is FeedbackKind.PLAY else {}
                tell(file, kind, at, **detail)
    yield from sorted(given, key=lambda each: each.at)
    kept.write(ratings)


def _stickers(client: Client, name: str, watch: Watch) -> dict[str, float]:
    """The numbers of a sticker, by file; none where MPD keeps no stickers."""
    try:
        found = client.call(lambda mpd: mpd.sticker_find("song", "", name), watch)
    except RefusedError as error:
        if error.number in (UNKNOWN, NO_EXIST):
            return {}
        raise
    numbers: dict[str, float] = {}
    for each in found:
        value = number(first(each, "sticker").removeprefix(f"{name}="))
        if value is not None:
            numbers[first(each, "file")] = value
    return numbers


def _facts(client: Client, files: Sequence[str], watch: Watch) -> dict[str, tuple[str, str]]:
    """Title and artist of files."""
    facts: dict[str, tuple[str, str]] = {}
    for file in files:
        if breaks(file):
            continue
        for song in client.call(lambda mpd, f=file: mpd.find("file", f), watch)[:1]:
            facts[file] = clean(first(song, "title")), clean(first(song, "artist"))
    return facts


def _when(stamp: float) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(stamp, UTC) if stamp > 0 else None
    return None
