"""The tracks of a library as taste sees them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from affetto.music.library import Floats, Indices

__all__ = ["CONTENT", "TasteColumns", "standardized"]

_SCALES: Mapping[str, tuple[float, float]] = {
    "valence": (0.1, 0.35),
    "arousal": (0.0, 0.35),
    "tempo": (6.8, 0.45),
    "loudness": (-13.0, 4.5),
    "brightness": (0.0, 1.0),
    "percussion": (0.0, 1.0),
    "density": (0.0, 1.0),
}

CONTENT: tuple[str, ...] = tuple(_SCALES)
"""What is known of the sound of a track: valence and arousal of its mood, log2 of its tempo, loudness in LUFS, and the
three numbers of `affetto.music.timbre`. Each is kept less its usual value and over its usual spread."""

_CENTRES, _SPREADS = (np.array([scale[part] for scale in _SCALES.values()], dtype=np.float32) for part in (0, 1))
_FARTHEST = 4.0


def standardized(raw: npt.ArrayLike) -> Floats:
    """Raw values in the order of `CONTENT`, shape (..., 7), as taste takes them; NaN stays NaN.

    >>> standardized([0.45, 0.0, 6.8, -13.0, 0.0, 0.0, float("nan")]).round(2).tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan]
    """
    return np.clip((np.asarray(raw, dtype=np.float32) - _CENTRES) / _SPREADS, -_FARTHEST, _FARTHEST)


@dataclass(frozen=True, kw_only=True, eq=False)
class TasteColumns:
    """One row for each track.

    Attributes:
        content: Shape (n, `CONTENT`), standardized; NaN for what is not known.
        artist: Index into ``artists``.
        artists: Names of the artists.
        genre: Index into ``genres``.
        genres: Names of the genres.
        cluster: Index into ``clusters``.
        clusters: Names of the regions.
        place: The row of a track's key, or None where there is none.
    """

    content: Floats
    artist: Indices
    artists: tuple[str, ...]
    genre: Indices
    genres: tuple[str, ...]
    cluster: Indices
    clusters: tuple[str, ...]
    place: Callable[[str], int | None]

    def __len__(self) -> int:
        return len(self.content)

    @cached_property
    def known(self) -> Floats:
        """``content`` with 0, the usual value, for what is not known."""
        return np.nan_to_num(self.content, nan=0.0, posinf=0.0, neginf=0.0)

    @cached_property
    def artist_codes(self) -> Mapping[str, int]:
        """The index of each artist, by `name_key`."""
        return {name_key(name): code for code, name in enumerate(self.artists)}

    @cached_property
    def genre_codes(self) -> Mapping[str, int]:
        """The index of each genre, by `name_key`."""
        return {name_key(name): code for code, name in enumerate(self.genres)}

    @cached_property
    def cluster_codes(self) -> Mapping[str, int]:
        """The index of each region, by `name_key`."""
        return {name_key(name): code for code, name in enumerate(self.clusters)}


def name_key(name: str) -> str:
    """What names are compared by.

    >>> name_key(" Nina  Simone ")
    'nina simone'
    """
    return " ".join(name.casefold().split())
