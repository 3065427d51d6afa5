"""Regions of a library: K-means clusters of mood, named in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from affetto.affect import Affect, Emotion, circumplex
from affetto.errors import CatalogError, OptionError
from affetto.music import tables
from affetto.music.kmeans import Clustering, kmeans, silhouette
from affetto.music.library import Floats, Indices, Library
from affetto.music.remembered import Remembered, recall, remember
from affetto.music.timbre import TIMBRE_WORDS, timbre
from affetto.music.track import Track
from affetto.music.words import pace_word

__all__ = ["REGION_COUNTS", "Region", "region_named", "region_of", "regions", "silhouette_of"]

REGION_COUNTS = range(8, 13)
"""How many regions a library may have when nobody says: at least one for each emotion; with more than twelve,
neighbouring centres lie closer than .25, which mood estimates do not resolve."""

_SAMPLE = 1500
_SILHOUETTE_SAMPLE = 600
_EXAMPLES = 3
_SPEAKERS = 400
_TEMPO_SCALE = 0.08
_TIMBRE_SCALE = 0.08
_NOTABLE = 0.35  # standard deviations of timbre
_LOYALTY = 0.03  # of silhouette, to the number of last time
_SAME = 0.25  # farther than this a region is another one: smaller moves are within what mood estimates resolve
_cache: WeakKeyDictionary[Library, dict[int | None, tuple[tuple["Region", ...], float]]] = WeakKeyDictionary()


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


def _space(library: Library, sound: Floats | None) -> npt.NDArray[np.float64]:
    """Where each track lies for the clusters.

    Mood alone where no sound is known. Else mood, tempo and timbre: tempo as a place on the circle of octaves, so that
    72 and 144 are one, and both scaled down so that they part tracks of one mood and never join different ones.
    """
    points = library.points.astype(np.float64)
    if sound is None:
        return points
    turn = 2 * np.pi * library.columns.octave.astype(np.float64)
    tempo = _TEMPO_SCALE * np.stack([np.cos(turn), np.sin(turn)], 1)
    return np.hstack([points, np.nan_to_num(tempo), _TIMBRE_SCALE * np.nan_to_num(sound.astype(np.float64))])


def _fit(
    space: npt.NDArray[np.float64], k: int | None, earlier: Sequence[Remembered]
) -> tuple[npt.NDArray[np.float64], float]:
    """Centres over at most 1,500 tracks, drawn with a fixed seed; without ``k`` the silhouette chooses it.

    The number and the centres of last time stay unless others are clearly better.
    """
    points = space
    if len(points) > _SAMPLE:
        points = points[np.sort(np.random.default_rng(0).choice(len(points), _SAMPLE, replace=False))]
    distinct = len(np.unique(points, axis=0))
    some = slice(None, None, -(-len(points) // _SILHOUETTE_SAMPLE))

    def run(count: int) -> Clustering:
        start = [one.centre for one in earlier] if len(earlier) == count else None
        return kmeans(points, count, start=start, restarts=1 if start else 10)

    def width(found: Clustering) -> float:
        return silhouette(points[some], found.labels[some]) if len(np.unique(found.labels[some])) > 1 else 0.0

    if k is not None:
        chosen = run(min(k, distinct))
    elif distinct <= REGION_COUNTS.start:
        chosen = run(max(1, distinct // 2))
    else:
        runs = [run(count) for count in REGION_COUNTS if count < distinct]
        chosen = max(runs, key=lambda one: width(one) + _LOYALTY * (len(one.centres) == len(earlier)))
    return chosen.centres, width(chosen)


def _members(
    library: Library, space: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]
) -> list[tuple[Indices, int]]:
    """Places of each cluster, most typical first, with the number of its centre; clusters without tracks are gone."""
    squared = ((space[:, None, :] - centres).astype(np.float32) ** 2).sum(2)
    owner = squared.argmin(1)
    squared += library.columns.covariance[:, :2].sum(1)[:, None]
    members = [(np.flatnonzero(owner == number), number) for number in range(len(centres))]
    return [(p[np.argsort(squared[p, number], kind="stable")], number) for p, number in members if len(p)]


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


def _take(library: Library, places: Indices) -> list[Track]:
    """The tracks that speak for a cluster when it is named: its most typical ones."""
    some = places[:_SPEAKERS]
    take = getattr(library, "take", None)
    return take(some) if take else [library[int(place)] for place in some]


def _timbre_word(sound: Floats | None, places: Indices) -> str | None:
    """What the timbre is like here if it is not like the rest of the library."""
    if sound is None or np.isnan(sound[places]).all():
        return None
    apart = np.nanmean(sound[places], axis=0) - np.nanmean(sound, axis=0)
    most = int(np.abs(apart).argmax())
    return TIMBRE_WORDS[most][0 if apart[most] > 0 else 1] if abs(apart[most]) > _NOTABLE else None


def _names(
    library: Library, members: Sequence[Indices], sound: Floats | None, centres: Sequence[Affect]
) -> list[tuple[str, float | None]]:
    """Three words for each cluster, and its median tempo."""
    speakers = [_take(library, places) for places in members]
    everywhere = Counter(feel for tracks in speakers for track in tracks for feel in track.feels)
    total = sum(map(len, speakers))
    found: list[tuple[str, float | None]] = []
    for mood, tracks, places in zip(_mood_names(centres), speakers, members, strict=True):
        octave = library.columns.octave[places]
        tempo = float(2 ** np.median(octave[np.isfinite(octave)])) if np.isfinite(octave).any() else None
        feels = (feel for feel in _standing_out(tracks, everywhere, total) if feel != mood)
        words = (mood, _timbre_word(sound, places) or next(feels, None), pace_word(tempo))
        found.append((", ".join(word for word in words if word), tempo))
    return found


def _kept_names(names: Sequence[str], centres: npt.NDArray[np.float64], earlier: Sequence[Remembered]) -> list[str]:
    """Names of last time for clusters that are where one was; the closest pairs choose first."""
    pairs = sorted(
        (float(np.linalg.norm(centre - np.array(one.centre))), number, one.name)
        for number, centre in enumerate(centres)
        for one in earlier
    )
    kept: dict[int, str] = {}
    for apart, number, name in pairs:
        if apart <= _SAME and number not in kept and name not in kept.values():
            kept[number] = name
    taken = set(kept.values())
    for number, name in enumerate(names):
        if number not in kept:
            free = (name, *(f"{name} {count}" for count in range(2, len(names) + 2)))
            kept[number] = next(other for other in free if other not in taken)
            taken.add(kept[number])
    return [kept[number] for number in range(len(names))]


def _centre(library: Library, places: Indices) -> Affect:
    points = library.points[places].astype(np.float64)
    (v, a), cov = points.mean(0), np.cov(points.T, bias=True)
    return Affect(float(v), float(a), ((float(cov[0, 0]), float(cov[0, 1])), (float(cov[1, 0]), float(cov[1, 1]))))


def _find(library: Library, k: int | None) -> tuple[tuple["Region", ...], float]:
    sound = timbre(library)
    space = _space(library, sound)
    store = getattr(library, "store", None)
    identity, key = (store.stamp()[0] if store else None), ("auto" if k is None else str(k))
    earlier = recall(identity, key, space.shape[1]) if identity else ()
    fitted, width = _fit(space, k, earlier)
    found = _members(library, space, fitted)
    members = [places for places, _ in found]
    centres = [_centre(library, places) for places in members]
    named = _names(library, members, sound, centres)
    places_of = np.stack([fitted[number] for _, number in found])
    names = _kept_names([name for name, _ in named], places_of, earlier)
    if identity:
        clusters = [Remembered(name, tuple(map(float, c))) for name, c in zip(names, places_of, strict=True)]
        if tuple(clusters) != earlier:
            remember(identity, key, clusters)
    regions = [
        Region(name=name, centre=centre, tempo=tempo, places=tuple(places.tolist()), library=library)
        for name, (_, tempo), centre, places in zip(names, named, centres, members, strict=True)
    ]
    return tuple(sorted(regions, key=lambda region: (-region.size, region.name))), width


def regions(library: Library, *, k: int | None = None) -> tuple[Region, ...]:
    """The regions of a library, largest first; none for an empty library.

    K-means over mood, and where the sound is known also over tempo (octave folded) and timbre. Without ``k`` the
    number is the one of `REGION_COUNTS` with the widest silhouette. The result is kept as long as the library. The
    person's own library remembers its regions: after a rescan they keep their names where they are still about where
    they were.

    Raises:
        OptionError: If ``k`` is below 1.
    """
    return _known(library, k)[0]


def silhouette_of(library: Library, *, k: int | None = None) -> float:
    """Mean silhouette width of the regions, in [-1, 1]; ``k`` as in `regions`. 0 where there is one region or none."""
    return _known(library, k)[1]


def _known(library: Library, k: int | None) -> tuple[tuple[Region, ...], float]:
    if k is not None and k < 1:
        raise OptionError(f"number of regions = {k}; give 1 or more")
    if not len(library):
        return (), 0.0
    known = _cache.setdefault(library, {})
    if k not in known:
        known[k] = _find(library, k)
    return known[k]


def region_named(name: str, library: Library, *, k: int | None = None) -> Region:
    """The region of a name: the whole of it, or words that only one region has; ``k`` as in `regions`.

    Raises:
        OptionError: If none or several fit.
    """
    found = regions(library, k=k)
    wanted = {word for word in name.casefold().replace(",", " ").split() if word}
    exact = [region for region in found if set(region.name.replace(",", " ").split()) == wanted]
    some = exact or [region for region in found if wanted and wanted <= set(region.name.replace(",", " ").split())]
    if len(some) == 1:
        return some[0]
    known = "; ".join(region.name for region in some or found)
    raise OptionError(f"mood {name!r}: {'several fit' if some else 'there is none of that name'}; known are {known}")


def region_of(emotion: Emotion, library: Library, *, k: int | None = None) -> Region:
    """The region whose centre is nearest to an emotion; ``k`` as in `regions`.

    Raises:
        CatalogError: If the library is empty.
    """
    found = regions(library, k=k)
    if not found:
        raise CatalogError("the library holds no track; add music or use the starter catalog")
    return min(found, key=lambda region: region.centre.distance(circumplex()[emotion]))
