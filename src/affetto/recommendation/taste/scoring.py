"""Weights with the names they belong to, and the scores that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats
from affetto.recommendation.taste.columns import CONTENT, TasteColumns, name_key
from affetto.recommendation.taste.events import Event
from affetto.recommendation.taste.evidence import FIXED, features_of

__all__ = ["Context", "Named", "Parts"]

Context: TypeAlias = tuple[float, float] | None

_CONTEXT = 1 + len(CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What makes up the mean score of one track.

    Attributes:
        content: Its sound and mood.
        genre: Its genre.
        cluster: Its region.
        artist: Its artist.
        track: The track itself.
        others: What the baseline says.
    """

    content: float = 0.0
    genre: float = 0.0
    cluster: float = 0.0
    artist: float = 0.0
    track: float = 0.0
    others: float = 0.0

    @property
    def total(self) -> float:
        """The mean score."""
        return self.content + self.genre + self.cluster + self.artist + self.track + self.others


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Named:
    """Weights by name.

    Attributes:
        fixed: Weights of the features that every track has, shape (`FIXED`,).
        levels: Weight of each genre and region that was met.
        artists: What each artist adds.
        tracks: What each track adds, by its key and artist.
    """

    fixed: npt.NDArray[np.float64]
    levels: Mapping[tuple[str, str], float]
    artists: Mapping[str, float]
    tracks: Mapping[tuple[str, str], float]

    def _content(self, context: Context) -> Floats:
        content = self.fixed[1:_CONTEXT].copy()
        if context is not None:
            content[:2] += np.asarray(context) @ self.fixed[_CONTEXT + 2 : FIXED].reshape(2, 2)
        return content.astype(np.float32)

    def rows(
        self, columns: TasteColumns, context: Context = None, unmet: tuple[Floats, Floats, Floats] | None = None
    ) -> Floats:
        """The score of every row, relative to a track of which nothing is known.

        Args:
            columns: The tracks.
            context: Valence and arousal of the waypoint they are meant for.
            unmet: Weights of artists, genres and regions that were never met; 0 where None.
        """
        artist, genre, cluster = unmet or tuple(
            np.zeros(len(names), dtype=np.float32) for names in (columns.artists, columns.genres, columns.clusters)
        )
        for name, weight in self.artists.items():
            if name in columns.artist_codes:
                artist[columns.artist_codes[name]] = weight
        for (group, name), weight in self.levels.items():
            codes, table = (columns.genre_codes, genre) if group == "genre" else (columns.cluster_codes, cluster)
            if name in codes:
                table[codes[name]] = weight
        found = columns.known @ self._content(context)
        for table, codes in ((artist, columns.artist), (genre, columns.genre), (cluster, columns.cluster)):
            if len(table):
                found += table[codes]
        for (key, _), weight in self.tracks.items():
            place = columns.place(key)
            if place is not None:
                found[place] += np.float32(weight)
        return found

    def event(self, event: Event) -> float:
        """The reward that is expected of an event, with how generous the listener is and what its mood adds."""
        artist = name_key(event.artist)
        found = float(features_of(event.content, event.context) @ self.fixed)
        for group, name in (("genre", event.genre), ("cluster", event.cluster)):
            found += self.levels.get((group, name_key(name)), 0.0)
        return found + self.artists.get(artist, 0.0) + self.tracks.get((event.track, artist), 0.0)

    def parts(self, columns: TasteColumns, row: int, context: Context = None) -> Parts:
        """What makes up the score of one row."""
        artist = name_key(columns.artists[columns.artist[row]])
        genre = ("genre", name_key(columns.genres[columns.genre[row]]))
        cluster = ("cluster", name_key(columns.clusters[columns.cluster[row]]))
        return Parts(
            content=float(columns.known[row] @ self._content(context)),
            genre=self.levels.get(genre, 0.0),
            cluster=self.levels.get(cluster, 0.0),
            artist=self.artists.get(artist, 0.0),
            track=sum(weight for (key, _), weight in self.tracks.items() if columns.place(key) == row),
        )
