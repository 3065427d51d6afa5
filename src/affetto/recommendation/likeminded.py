"""What the other listeners of a store like, as a start for each one's taste; only where likes are pooled.

It is made of what stands in the store and of nothing else, so whoever takes back feedback, or leaves, was never in it.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock

from sqlalchemy import ColumnElement, case, func, select

from affetto.recommendation.collaborative import FEWEST, Affinity, learn_others
from affetto.recommendation.taste.columns import name_key
from affetto.recommendation.taste.events import Kind
from affetto.settings import settings
from affetto.store import Store
from affetto.store.tables import FeedbackRow, ListenerRow

__all__ = ["ENOUGH", "LikeMinded", "like_minded"]

ENOUGH = 5
"""Artists that a listener must like before their likes are pooled, and before those of others count for them."""

_OTHERS = 2  # of a single other, all likes weigh the same and whose they are is plain
_GROWTH = 0.1  # new words over those that are known, and 5 of them at least, before likes are pooled anew
_WORDS = {Kind.LIKE: 1, Kind.ARTIST_MORE: 1, Kind.DISLIKE: -1, Kind.ARTIST_LESS: -1, Kind.NEVER: -1}

_log = logging.getLogger(__name__)


class LikeMinded:
    """The pooled likes of the listeners of a store.

    They are pooled when someone's taste is first asked for, and kept: anew only when something was taken back or
    somebody left, at once, or when enough was added. Until then looking costs one row for each listener.

    Args:
        store: Where the listeners are.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._revisions: Mapping[int, int] = {}
        self._last = self._known = 0
        self._likes: Mapping[int, list[str]] = {}
        self._affinity: dict[int, Affinity | None] = {}

    def baseline(self, listener: int) -> Affinity | None:
        """What a listener is expected to like by the likes of others; the same object for as long as it stays.

        Args:
            listener: The listener's number.

        Returns:
            None for one who likes too few artists, where fewer than two others like enough, and without implicit.
        """
        with self._lock:
            with self._store.read() as connection:
                rows = connection.execute(select(ListenerRow.id, ListenerRow.revision)).all()
            revisions = {int(row.id): int(row.revision) for row in rows}
            if revisions != self._revisions:
                if self._outdated():
                    self._pool()
                self._revisions = revisions
            if listener not in self._affinity:
                self._affinity[listener] = _affinity(self._likes, listener)
            return self._affinity[listener]

    def _outdated(self) -> bool:
        within = func.coalesce(func.sum(case((FeedbackRow.id <= self._last, 1), else_=0)), 0)
        with self._store.read() as connection:
            known, words = connection.execute(select(within, func.count()).where(*_standing())).one()
        return int(known) != self._known or int(words) - int(known) >= max(ENOUGH, _GROWTH * self._known)

    def _pool(self) -> None:
        query = select(FeedbackRow.id, FeedbackRow.listener_id, FeedbackRow.kind, FeedbackRow.facts)
        with self._store.read() as connection:
            rows = connection.execute(query.where(*_standing()).order_by(FeedbackRow.id)).all()
        self._last, self._known = (int(rows[-1].id) if rows else 0), len(rows)
        said = defaultdict[int, Counter[str]](Counter)
        for row in rows:
            artist = name_key(str(json.loads(row.facts).get("artist") or ""))
            said[row.listener_id][artist] += _WORDS[Kind(row.kind)]
        likes = {who: [name for name, sum_ in words.items() if name and sum_ > 0] for who, words in said.items()}
        self._likes = {who: liked for who, liked in likes.items() if len(liked) >= ENOUGH}
        self._affinity = {}


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


_pool_of = lru_cache(maxsize=4)(LikeMinded)


def like_minded(store: Store) -> LikeMinded | None:
    """The pooled likes of a store, the same for all its listeners; None where the settings do not pool them."""
    return _pool_of(store) if settings().pool_likes else None
