"""What a listener's history taught, kept for as long as the history stays as it is."""

from collections.abc import Sequence
from dataclasses import replace

from affetto.recommendation.history import Entry, History
from affetto.recommendation.likeminded import LikeMinded, Pooled
from affetto.recommendation.taste import Taste

__all__ = ["Learner"]


class Learner:
    """The taste of one listener.

    It is always what a replay of the entries that stand would give, on top of what others like where likes are pooled.
    New entries are added to what is known; anything else that changed (something was taken back, here or on another
    device, or others are pooled anew) makes it learn anew.

    Args:
        history: What the listener did.
        others: The pooled likes of all listeners; None where they are not pooled.
    """

    def __init__(self, history: History, others: LikeMinded | None = None) -> None:
        self._history, self._others = history, others
        self._baseline: Pooled | None = None
        self._taste: Taste | None = None
        self._revision = self._last = self._known = 0

    def taste(self, now: float, *, upto: int | None = None) -> Taste:
        """The taste now.

        Args:
            now: The time for which it holds, in seconds since 1970.
            upto: Only what is up to this number of the history; None for all.
        """
        revision = self._history.revision()
        baseline = None if self._others is None else self._others.baseline(self._history.listener)
        if upto is not None:
            return learn(self._history.entries(upto=upto), now, baseline)
        if baseline is not self._baseline:
            self._taste, self._baseline = None, baseline
        if self._taste is None or revision != self._revision:
            standing, entries = self._history.since(self._last)
            if self._taste is not None and standing == self._known:
                self._grow(entries, now)
            else:
                self._learn(self._history.entries(), now)
            self._revision = revision
        assert self._taste is not None
        return replace(self._taste, now=now)

    def _grow(self, entries: Sequence[Entry], now: float) -> None:
        assert self._taste is not None
        for entry in entries:
            self._taste = self._taste.update(entry.event(round(now * 1000)), now=now)
            self._last, self._known = entry.number, self._known + 1

    def _learn(self, entries: Sequence[Entry], now: float) -> None:
        self._taste = learn(entries, now, self._baseline)
        self._last, self._known = (entries[-1].number if entries else 0), len(entries)


def learn(entries: Sequence[Entry], now: float, others: Pooled | None = None) -> Taste:
    """The taste that entries teach at a time, in seconds since 1970, beyond what others like."""
    events = [entry.event(round(now * 1000)) for entry in entries]
    return Taste.from_events(events, now=now, prior=None if others is None else others.prior, baseline=others)
