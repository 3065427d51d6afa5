"""What the mood of music is learnt from: the DEAM table and Emotify's sound, each with its ratings."""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.music.analysis import ANALYSIS_VERSION, FEATURES, TABLE_FEATURES, analyse

__all__ = ["RATED_GROUPS", "TABLE_GROUPS", "TARGETS", "Rated", "Table", "analyses", "read_rated", "read_table"]

_Array: TypeAlias = npt.NDArray[np.float64]

TARGETS = ("valence", "arousal", "joyful_activation", "calmness")
"""The outputs for Emotify: two composites of its nine scales, and two of the scales."""

_ITEMS = (
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
)
_COMPOSITES: dict[str, dict[str, float]] = {
    "valence": {
        "joyful_activation": 1,
        "amazement": 0.5,
        "tenderness": 0.5,
        "calmness": 0.5,
        "tension": -1,
        "sadness": -1,
    },
    "arousal": {
        "power": 1,
        "joyful_activation": 1,
        "tension": 1,
        "amazement": 0.5,
        "calmness": -1,
        "tenderness": -1,
        "sadness": -0.5,
        "nostalgia": -0.3,
    },
    "joyful_activation": {"joyful_activation": 1},
    "calmness": {"calmness": 1},
}
# Means that depend on the decoder or resampler more than on the music: the top of the band, and where it is empty.
_UNTRANSFERABLE = frozenset({"mel127", "mel128", "contrast7"})
_FAMILIES = {
    "shape": ("rolloff", "bandwidth", "zcr", "centroid", "flatness"),
    "poly": ("poly0", "poly1"),
    "shape_sd": ("centroid_sd", "rolloff_sd", "bandwidth_sd", "flatness_sd", "zcr_sd", "zcr_skew"),
    "dynamics": ("level_sd", "level_p05", "level_p25", "level_p75", "level_p95", "quiet_share", "level_change"),
    "onsets": ("onset_density", "onset_mean", "onset_sd", "onset_p90", "beat_strength"),
    "harmony": (
        "majorness",
        "key_clarity",
        "key_confidence",
        "chroma_entropy",
        "chroma_flatness",
        "chroma_change",
        "harmony_change",
    ),
    "texture": ("steadiness", "percussiveness"),
    "loudness": ("loudness", "loudness_range", "peak_over_loudness"),
    "tempo": ("tempo_octave", "tempo_strength"),
}


def _family(name: str) -> str:
    for family, names in _FAMILIES.items():
        if name in names:
            return family
    return "beating" if name.startswith("beating") else name.rstrip("0123456789")


def _grouped(names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if name not in _UNTRANSFERABLE:
            found.setdefault(_family(name), []).append(place)
    return tuple(map(tuple, found.values()))


TABLE_GROUPS = _grouped(TABLE_FEATURES)
"""Places in `FEATURES` that the table also has, by family."""

RATED_GROUPS = _grouped(FEATURES)
"""Places in `FEATURES`, by family."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Songs with published features and ratings.

    Attributes:
        ids: Names of the songs.
        features: Shape (n, features), zero where the table has none.
        ratings: Valence and arousal in [-1, 1], shape (n, 2).
    """

    ids: tuple[str, ...]
    features: _Array
    ratings: _Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rated:
    """Sound with ratings.

    Attributes:
        ids: Names of the tracks.
        artists: Who made each.
        genres: Genre of each.
        features: Shape (n, features).
        ratings: Shape (n, 4), `TARGETS`.
        error: Variance of each mean rating from the number of raters alone, shape (n, 4).
    """

    ids: tuple[str, ...]
    artists: tuple[str, ...]
    genres: tuple[str, ...]
    features: _Array
    ratings: _Array
    error: _Array


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: {error}; the recipe's data.root names the folder of all data") from error


def read_table(path: Path) -> Table:
    """Reads the DEAM table: ratings from 1 to 9 become [-1, 1], powers become logarithms as the analysis gives them.

    Raises:
        CorpusError: If it is missing or a column is.
    """
    rows = _rows(path)
    features = np.zeros((len(rows), len(FEATURES)))
    try:
        for group in TABLE_GROUPS:
            for place in group:
                features[:, place] = [float(row[FEATURES[place]]) for row in rows]
        ratings = np.array([[(float(row[axis]) - 5) / 4 for axis in ("valence", "arousal")] for row in rows])
        ids = tuple(row["deam_id"] for row in rows)
    except (KeyError, ValueError, IndexError) as error:
        raise CorpusError(f"{path}: {error!r}; expected deam_id, valence, arousal and librosa's means") from error
    mel = [place for place, name in enumerate(TABLE_FEATURES) if _family(name) == "mel"]
    features[:, mel] = np.log(features[:, mel] + 1e-6)
    return Table(ids=ids, features=features, ratings=ratings)


def analyses(files: list[Path], cache: Path, progress: Callable[[str, int, int], None], stage: str) -> _Array:
    """Features of files, kept in a folder by the content's length and name and the analysis version."""
    cache.mkdir(parents=True, exist_ok=True)
    found: list[npt.NDArray[np.float32]] = []
    for number, file in enumerate(files):
        mark = f"{file.resolve()} {file.stat().st_size} {ANALYSIS_VERSION} {','.join(FEATURES)}"
        kept = cache / f"{hashlib.sha256(mark.encode()).hexdigest()[:32]}.npy"
        if not kept.is_file():
            partial = kept.with_suffix(".partial.npy")
            np.save(partial, analyse(file).features)
            partial.replace(kept)
        found.append(np.load(kept))
        progress(stage, number + 1, len(files))
    return np.stack(found).astype(np.float64)


def read_rated(folder: Path, *, cache: Path, progress: Callable[[str, int, int], None]) -> Rated:
    """Reads Emotify: shares of listeners who felt each of nine emotions, and our analysis of the sound.

    A share ``p`` of ``n`` listeners has the sampling variance ``p (1 - p) / (n - 1)``; those of a composite add up with
    the squares of its weights.

    Raises:
        CorpusError: If a file is missing or damaged.
    """
    rows = _rows(folder / "tracks.csv")
    try:
        items = {item: np.array([float(row[item]) for row in rows]) for item in _ITEMS}
        raters = np.array([float(row["ratings"]) for row in rows])
        files = [folder / row["file"] for row in rows]
        ratings = [sum(w * items[item] for item, w in _COMPOSITES[target].items()) for target in TARGETS]
        chance = {item: share * (1 - share) / (raters - 1) for item, share in items.items()}
        error = [sum(w * w * chance[item] for item, w in _COMPOSITES[target].items()) for target in TARGETS]
        names = [tuple(row[column] for row in rows) for column in ("track_id", "artist", "genre")]
    except (KeyError, ValueError) as wrong:
        raise CorpusError(f"{folder / 'tracks.csv'}: {wrong!r}; expected Emotify's nine scales") from wrong
    return Rated(
        ids=names[0],
        artists=names[1],
        genres=names[2],
        features=analyses(files, cache, progress, "listening"),
        ratings=np.stack([np.asarray(column) for column in ratings], 1),
        error=np.stack([np.asarray(column) for column in error], 1),
    )
