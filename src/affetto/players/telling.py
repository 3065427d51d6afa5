"""What was done with tracks at a player, told to a listener."""

import hashlib
from collections.abc import Iterable

from affetto.affect import Affect
from affetto.errors import OptionError
from affetto.music.track import Track
from affetto.players.base import Feedback, FeedbackKind
from affetto.recommendation.listener import Listener
from affetto.recommendation.taste import Kind

__all__ = ["tell"]

_LIKED, _DISLIKED = 0.7, 0.3  # of a rating; what lies between says neither
_UNKNOWN = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))


def tell(listener: Listener, feedback: Iterable[Feedback]) -> int:
    """Tells a listener's history what was done; gives how many entries there are to it.

    It may be told again, whole or in part: each thing counts once.

    Args:
        listener: Who did it.
        feedback: What was done.
    """
    told = 0
    for each in feedback:
        kind = _kind(each)
        if kind is None:
            continue
        held = each.detail.get("seconds")
        seconds = float(held) if kind is Kind.SKIP and isinstance(held, int | float) else None
        at, token = each.at.timestamp(), _token(each)
        try:
            listener.feedback(kind, each.track, seconds=seconds, at=at, token=token)
        except OptionError:  # of no playlist and no library that is known here: what was said of it is all there is
            listener.feedback(kind, _bare(each), seconds=seconds, at=at, token=token)
        told += 1
    return told


def _kind(feedback: Feedback) -> Kind | None:
    if feedback.kind is not FeedbackKind.RATING:
        return Kind(str(feedback.kind))
    rating = feedback.detail.get("rating")
    if not isinstance(rating, int | float):
        return None
    return Kind.LIKE if rating >= _LIKED else Kind.DISLIKE if rating <= _DISLIKED else None


def _token(feedback: Feedback) -> str:
    said = [str(feedback.detail.get("player", "")), feedback.track, str(feedback.kind), feedback.at.isoformat()]
    return hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()[:48]


def _bare(feedback: Feedback) -> Track:
    title, artist = (str(feedback.detail.get(name, "")) for name in ("title", "artist"))
    name = feedback.track
    return Track(id=name, title=title or name, artist=artist, uri=name, mood=_UNKNOWN, mood_source="")
