"""What the other listeners of a store like, as a start for each one's taste; only where they are pooled.

It is made of what stands in the store and of nothing else, so whoever takes back feedback, or leaves, was never in it.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock

from sqlalchemy import ColumnElement, case, func, select

from affetto.music.library import Floats
from affetto.recommendation.collaborative import FEWEST, Affinity, learn_others
from affetto.recommendation.history import Entry, entry_of, milliseconds
from affetto.recommendation.taste import Baseline, Event, Kind, Prior, TasteColumns
from affetto.recommendation.taste.columns import name_key
from affetto.recommendation.taste.shared import OWN, Common, learn_common
from affetto.settings import settings
from affetto.store import Store
from affetto.store.tables import FeedbackRow, ListenerRow

__all__ = ["ENOUGH", "LikeMinded", "Pooled", "like_minded"]

ENOUGH = 5
"""Artists that a listener must like before their likes are pooled, and before those of others count for them."""

_OTHERS = 2  # of a single other, all likes weigh the same and whose they are is plain
_GROWTH = 0.1  # new words over those that are known, and 5 of them at least, before likes are pooled anew
_WORDS = {Kind.LIKE: 1, Kind.ARTIST_MORE: 1, Kind.DISLIKE: -1, Kind.ARTIST_LESS: -1, Kind.NEVER: -1}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What others say to one listener, as a baseline of their taste (`affetto.recommendation.taste.Baseline`).

    Attributes:
        affinity: Which artists those like who are like them; None where that is not pooled.
        crowd: Which tracks everybody else likes; None where that is not pooled.
    """

    affinity: Affinity | None
    crowd: Common | None

    @property
    def prior(self) -> Prior | None:
        """What is believed of what is the listener's own; None for what is believed of one who is alone."""
        return None if self.crowd is None else OWN

    @property
    def reason(self) -> str:
        """Why what others like is played."""
        return (self.crowd or self._all[0]).reason

    @property
    def _all(self) -> list[Baseline]:
        return [each for each in (self.affinity, self.crowd) if each is not None]

    def of(self, event: Event) -> float:
        """The reward that is expected of an event."""
        return sum(each.of(event) for each in self._all)

    def scores(self, columns: TasteColumns) -> Floats:
        """The reward that is expected of every row."""
        first, *rest = (each.scores(columns) for each in self._all)
        return sum(rest, start=first)


class LikeMinded:
    """The pooled likes of the listeners of a store.

    They are pooled when someone's taste is first asked for, and kept: anew only when something was taken back or
    somebody left, at once, or when enough was added. Until then looking costs a row for each listener, and a count of
    the words of those who did something since the last look.

    Args:
        store: Where the listeners are.
        artists: Whether to pool which artists are liked.
        tracks: Whether to pool which tracks are liked or disliked.
    """

    def __init__(self, store: Store, *, artists: bool = True, tracks: bool = False) -> None:
        self._store, self._lock = store, Lock()
        self._artists, self._tracks = artists, tracks
        self._revisions: Mapping[int, int] = {}
        self._last = 0
        self._known: Mapping[int, int] = {}  # words of each that are pooled
        self._new: dict[int, int] = {}  # words of each that came since
        self._likes: Mapping[int, list[str]] = {}
        self._said: Mapping[int, list[Event]] = {}
        self._pooled: dict[int, Pooled | None] = {}

    def baseline(self, listener: int) -> Pooled | None:
        """What a listener is expected to like by the likes of others; the same object for as long as it stays.

        Args:
            listener: The listener's number.

        Returns:
            None for one who likes too few artists, and where too few others like enough or nothing can be made of it:
            artists take two others and implicit, tracks twenty others.
        """
        with self._lock:
            with self._store.read() as connection:
                rows = connection.execute(select(ListenerRow.id, ListenerRow.revision)).all()
            revisions = {int(row.id): int(row.revision) for row in rows}
            if revisions != self._revisions:
                if self._outdated(revisions):
                    self._pool()
                self._revisions = revisions
            if listener not in self._pooled:
                affinity = _affinity(self._likes, listener) if self._artists else None
                crowd = _crowd(self._said, listener) if self._tracks else None
                none = affinity is None and crowd is None
                self._pooled[listener] = None if none else Pooled(affinity, crowd)
            return self._pooled[listener]

    def _outdated(self, revisions: Mapping[int, int]) -> bool:
        if self._known.keys() - revisions.keys():
            return True  # somebody left
        changed = [who for who, revision in revisions.items() if revision != self._revisions.get(who)]
        within = func.coalesce(func.sum(case((FeedbackRow.id <= self._last, 1), else_=0)), 0)
        query = select(FeedbackRow.listener_id, within.label("known"), func.count().label("words"))
        mine = (*_standing(), FeedbackRow.listener_id.in_(changed))
        with self._store.read() as connection:
            rows = connection.execute(query.where(*mine).group_by(FeedbackRow.listener_id)).all()
        counts = {int(row.listener_id): (int(row.known), int(row.words)) for row in rows}
        for who in changed:
            known, words = counts.get(who, (0, 0))
            if known != self._known.get(who, 0):
                return True  # something was taken back
            self._new[who] = words - known
        return sum(self._new.values()) >= max(ENOUGH, _GROWTH * sum(self._known.values()))

    def _pool(self) -> None:
        with self._store.read() as connection:
            rows = connection.execute(select(FeedbackRow).where(*_standing()).order_by(FeedbackRow.id)).all()
        self._last = int(rows[-1].id) if rows else 0
        said = defaultdict[int, list[Entry]](list)
        for row in rows:
            said[row.listener_id].append(entry_of(row))
        self._known, self._new = {who: len(entries) for who, entries in said.items()}, {}
        likes = {who: _liked(entries) for who, entries in said.items()}
        self._likes = {who: liked for who, liked in likes.items() if len(liked) >= ENOUGH}
        now = milliseconds()
        # What a mood adds is not pooled: it is each one's own, and nobody else's business.
        self._said = {who: [replace(each.event(now), context=None) for each in said[who]] for who in self._likes}
        self._pooled = {}


def _liked(entries: Sequence[Entry]) -> list[str]:
    """The artists of whom more good was said than bad."""
    words = Counter[str]()
    for entry in entries:
        words[name_key(entry.artist)] += _WORDS[entry.kind]
    return [name for name, sum_ in words.items() if name and sum_ > 0]


def _standing() -> tuple[ColumnElement[bool], ...]:
    return FeedbackRow.undone.is_(None), FeedbackRow.kind.in_([str(kind) for kind in _WORDS])


def _affinity(likes: Mapping[int, list[str]], listener: int) -> Affinity | None:
    """What the others say to one listener, the less the fewer they are; their own likes are not told back to them."""
    others = {str(who): liked for who, liked in likes.items() if who != listener}
    if listener not in likes or len(others) < _OTHERS:
        return None
    learnt = learn_others(others, fewest=_OTHERS)
    if learnt.factors is None:
        _log.warning("likes are not pooled: implicit is not installed (pip install 'affetto[collaborative]')")
        return None
    return learnt.for_listener(likes[listener], trust=min(1.0, len(likes) / FEWEST))


def _crowd(said: Mapping[int, Sequence[Event]], listener: int) -> Common | None:
    """What the others like together, where they are many enough for it to be nobody's in particular."""
    others = {str(who): events for who, events in said.items() if who != listener}
    if listener not in said or len(others) < FEWEST:
        return None
    return learn_common(others, now=milliseconds() / 1000)


_pool_of = lru_cache(maxsize=4)(LikeMinded)


def like_minded(store: Store) -> LikeMinded | None:
    """The pooled likes of a store, the same for all its listeners; None where the settings do not pool them."""
    artists, tracks = settings().pool_likes, settings().pool_tracks
    return _pool_of(store, artists=artists, tracks=tracks) if artists or tracks else None
