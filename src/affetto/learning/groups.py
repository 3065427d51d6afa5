"""Which clips stand in a batch: every corpus by its share, every label alike, some clips of each speaker together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affetto.corpora.table import Clip

__all__ = ["Chosen", "Groups"]


class Chosen(NamedTuple):
    """The clips of a batch.

    Attributes:
        rows: Their numbers, ``(clips,)``.
        corpora: The number of each one's corpus, rising.
        profiles: What is known of the speaker of each, as the weights of the clips of the batch, ``(clips, clips)``; a
            row of zeros for a speaker who is not known.
    """

    rows: npt.NDArray[np.int64]
    corpora: npt.NDArray[np.int64]
    profiles: npt.NDArray[np.float32]


class Groups:
    """Draws clips.

    Args:
        clips: All clips.
        chosen: The numbers of those that may be drawn.
        shares: Share of each corpus in a batch; they need not sum to 1, one that is left out has share 1.
        size: Clips of one speaker that are drawn together; 1 draws each by itself.
        unknown: Share of the clips whose speaker stays unknown.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        chosen: npt.NDArray[np.int64],
        *,
        shares: Mapping[str, float],
        size: int = 1,
        unknown: float = 0.0,
    ) -> None:
        self._size, self._unknown = size, unknown
        self._named = np.array([bool(clip.speaker) for clip in clips])
        self.corpora = tuple(dict.fromkeys(clips[i].corpus for i in chosen))
        weights = np.array([shares.get(corpus, 1.0) for corpus in self.corpora])
        self._shares = weights / weights.sum()
        # by corpus, then by speaker (all together where clips are drawn one by one), then by label
        self._places: list[list[list[npt.NDArray[np.int64]]]] = []
        for corpus in self.corpora:
            people: dict[str, dict[str, list[int]]] = {}
            for i in chosen:
                if clips[i].corpus == corpus:
                    person = clips[i].speaker if size > 1 else ""
                    people.setdefault(person, {}).setdefault(clips[i].target, []).append(int(i))
            self._places.append([[np.array(rows) for rows in labels.values()] for labels in people.values()])

    def draw(self, count: int, rng: np.random.Generator) -> Chosen:
        """Draws ``count`` clips, at random and with repetition."""
        groups = -(-count // self._size)
        corpora = np.sort(rng.choice(len(self._shares), size=groups, p=self._shares))
        rows = np.concatenate([self._of_one_speaker(int(corpus), rng) for corpus in corpora])[:count]
        return Chosen(rows, np.repeat(corpora, self._size)[:count], self._profiles(rows, rng))

    def _of_one_speaker(self, corpus: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        people = self._places[corpus]
        labels = people[rng.integers(len(people))]
        places = rng.integers(len(labels), size=self._size)
        return np.array([rng.choice(labels[place]) for place in places])

    def _profiles(self, rows: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Each clip is known by a random number of the others in its group."""
        count = len(rows)
        if self._size == 1:
            return np.zeros((count, count), np.float32)
        group = np.arange(count) // self._size
        others = (group[:, None] == group) & (rows[:, None] != rows) & self._named[rows]
        order = np.where(others, rng.random((count, count)), -1.0)
        how_many = rng.integers(1, self._size, size=count) * (rng.random(count) >= self._unknown)
        rank = (-order).argsort(axis=1).argsort(axis=1)
        taken = others & (rank < how_many[:, None])
        return (taken / np.maximum(taken.sum(axis=1, keepdims=True), 1)).astype(np.float32)
