"""How well a listener knows a track: how often it was heard, and how long ago."""

from dataclasses import dataclass, field

import numpy as np

from affetto.music.library import Floats
from affetto.recommendation.taste.columns import TasteColumns
from affetto.recommendation.taste.events import Event, Kind

__all__ = ["Familiarity"]

_DAY = 86400.0
_ENDS = frozenset({Kind.COMPLETED, Kind.SKIP})


@dataclass(slots=True, eq=False)
class Familiarity:
    """Listenings of each track. An end that follows a start is the same listening; one on its own counts too.

    Attributes:
        half_life: Days after which a listening counts half.
        last: When each track was last heard.
    """

    half_life: float = 60.0
    last: dict[str, float] = field(default_factory=dict[str, float])
    _count: dict[str, float] = field(default_factory=dict[str, float])
    _open: set[str] = field(default_factory=set[str])

    def copy(self) -> "Familiarity":
        """One that can grow on its own."""
        return Familiarity(self.half_life, dict(self.last), dict(self._count), set(self._open))

    def add(self, event: Event) -> None:
        """Takes in a start or an end; other deeds say nothing about being heard."""
        key = event.track
        if not key or (event.kind is not Kind.PLAY and event.kind not in _ENDS):
            return
        if event.kind in _ENDS and key in self._open:
            self._open.discard(key)
            self.last[key] = max(self.last[key], event.time)
            return
        if event.kind is Kind.PLAY:
            self._open.add(key)
        before = self.last.get(key, event.time)
        latest = max(before, event.time)
        self._count[key] = self._count.get(key, 0.0) * self._fade(latest - before) + self._fade(latest - event.time)
        self.last[key] = latest

    def _fade(self, seconds: float) -> float:
        return 2.0 ** (-seconds / (self.half_life * _DAY))

    def of(self, key: str, now: float) -> float:
        """From 0, never heard, towards 1; .5 after one listening today, .75 after two."""
        if key not in self._count:
            return 0.0
        return 1.0 - 2.0 ** (-self._count[key] * self._fade(max(0.0, now - self.last[key])))

    def scores(self, columns: TasteColumns, now: float) -> Floats:
        """`of` for every row of some columns."""
        found = np.zeros(len(columns), dtype=np.float32)
        for key in self._count:
            place = columns.place(key)
            if place is not None:
                found[place] = self.of(key, now)
        return found
