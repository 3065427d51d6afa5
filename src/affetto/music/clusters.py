"""Regions of a library: K-means clusters of mood, named in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from weakref import WeakKeyDictionary

import numpy as np

from affetto.affect import Affect, Emotion, circumplex
from affetto.errors import CatalogError, OptionError
from affetto.music import tables
from affetto.music.kmeans import kmeans, silhouette
from affetto.music.library import Indices, Library
from affetto.music.track import Track
from affetto.music.words import pace_word

__all__ = ["REGION_COUNTS", "Region", "region_of", "regions"]

REGION_COUNTS = range(8, 13)
"""How many regions a library may have when nobody says: at least one for each emotion; with more than twelve,
neighbouring centres lie closer than .25, which mood estimates do not resolve."""

_SAMPLE = 1500
_SILHOUETTE_SAMPLE = 600
_EXAMPLES = 3
_cache: WeakKeyDictionary[Library, dict[int | None, tuple["Region", ...]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """A part of a library where tracks share a mood.

    Attributes:
        name: Three words: the mood, the feel that stands out there, the pace ("calm, relaxed, slow").
        centre: Mean mood; its covariance is how the tracks scatter.
        tempo: Median tempo in beats per minute, or None when no track has one.
        places: Where its tracks are in the library, most typical first (least expected squared distance to the centre).
        library: The library it is a part of.
    """

    name: str
    centre: Affect
    tempo: float | None
    places: tuple[int, ...]
    library: Library

    @property
    def size(self) -> int:
        """Number of tracks."""
        return len(self.places)

    @property
    def tracks(self) -> Library:
        """Its tracks, most typical first."""
        return self.library.subset(self.places)

    @property
    def examples(self) -> tuple[Track, ...]:
        """Its three most typical tracks, each another piece."""
        pieces: dict[str, Track] = {}
        for place in self.places:
            track = self.library[place]
            pieces.setdefault(track.work, track)
            if len(pieces) == _EXAMPLES:
                break
        return tuple(pieces.values())


def _fit(library: Library, k: int | None) -> Sequence[tuple[float, float]]:
    """Centres over at most 1,500 tracks, drawn with a fixed seed; without ``k`` the silhouette chooses it."""
    points = library.points.astype(np.float64)
    if len(points) > _SAMPLE:
        points = points[np.sort(np.random.default_rng(0).choice(len(points), _SAMPLE, replace=False))]
    distinct = len(np.unique(points, axis=0))
    if k is not None:
        chosen = kmeans(points, min(k, distinct))
    elif distinct <= REGION_COUNTS.start:
        chosen = kmeans(points, max(1, distinct // 2))
    else:
        runs = [kmeans(points, count) for count in REGION_COUNTS if count < distinct]
        some = slice(None, None, -(-len(points) // _SILHOUETTE_SAMPLE))
        chosen = max(runs, key=lambda run: silhouette(points[some], run.labels[some]))
    return [(float(v), float(a)) for v, a in chosen.centres]


def _members(library: Library, centres: Sequence[tuple[float, float]]) -> list[Indices]:
    squared = ((library.points[:, None, :] - np.asarray(centres, dtype=np.float32)) ** 2).sum(2)
    owner = squared.argmin(1)
    squared += library.columns.covariance[:, :2].sum(1)[:, None]
    members = (np.flatnonzero(owner == number) for number in range(len(centres)))
    return [places[np.argsort(squared[places, number], kind="stable")] for number, places in enumerate(members)]


def _standing_out(tracks: Sequence[Track], everywhere: Counter[str], total: int) -> list[str]:
    """Feels by how much commoner they are here than elsewhere, weighed by how common they are here."""
    here = Counter(feel for track in tracks for feel in track.feels)
    gain = {feel: count / len(tracks) - everywhere[feel] / total for feel, count in here.items()}
    return sorted(gain, key=lambda feel: (-gain[feel], feel))


def _mood_names(centres: Sequence[Affect]) -> list[str]:
    """A different mood word for each centre: the closest pairs of centre and word choose first."""
    pairs = sorted(
        (centre.distance(place), number, word)
        for number, centre in enumerate(centres)
        for word, place in tables.words().items()
    )
    names: dict[int, str] = {}
    for _, number, word in pairs:
        if number not in names and word not in names.values():
            names[number] = word
    return [names.get(number, f"mood {number + 1}") for number in range(len(centres))]


def _name_all(library: Library, members: Sequence[Indices]) -> tuple[Region, ...]:
    everywhere = Counter(feel for track in library for feel in track.feels)
    centres = [_centre(library, places) for places in members]
    found: list[Region] = []
    for mood, centre, places in zip(_mood_names(centres), centres, members, strict=True):
        tracks = [library[int(place)] for place in places]
        tempos = [track.tempo for track in tracks if track.tempo]
        tempo = median(tempos) if tempos else None
        feel = next((feel for feel in _standing_out(tracks, everywhere, len(library)) if feel != mood), None)
        words = (mood, feel, pace_word(tempo))
        found.append(
            Region(
                name=", ".join(word for word in words if word),
                centre=centre,
                tempo=tempo,
                places=tuple(places.tolist()),
                library=library,
            )
        )
    return tuple(sorted(found, key=lambda region: (-region.size, region.name)))


def _centre(library: Library, places: Indices) -> Affect:
    points = library.points[places].astype(np.float64)
    (v, a), cov = points.mean(0), np.cov(points.T, bias=True)
    return Affect(float(v), float(a), ((float(cov[0, 0]), float(cov[0, 1])), (float(cov[1, 0]), float(cov[1, 1]))))


def regions(library: Library, *, k: int | None = None) -> tuple[Region, ...]:
    """The regions of a library, largest first; none for an empty library.

    K-means over the mood means (tempo was tried as a third, octave-folded axis and blurs the regions). Without ``k``
    the number is the one of `REGION_COUNTS` with the widest silhouette. The result is kept as long as the library.

    Raises:
        OptionError: If ``k`` is below 1.
    """
    if k is not None and k < 1:
        raise OptionError(f"number of regions = {k}; give 1 or more")
    if not len(library):
        return ()
    known = _cache.setdefault(library, {})
    if k not in known:
        known[k] = _name_all(library, [places for places in _members(library, _fit(library, k)) if len(places)])
    return known[k]


def region_of(emotion: Emotion, library: Library, *, k: int | None = None) -> Region:
    """The region whose centre is nearest to an emotion; ``k`` as in `regions`.

    Raises:
        CatalogError: If the library is empty.
    """
    found = regions(library, k=k)
    if not found:
        raise CatalogError("the library holds no track; add music or use the starter catalog")
    return min(found, key=lambda region: region.centre.distance(circumplex()[emotion]))
