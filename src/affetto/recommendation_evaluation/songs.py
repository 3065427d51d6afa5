"""What is known of the sound of rated music: tempo, loudness, timbre."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.music.analysis import FEATURES
from affetto.music_learning.data import read_rated, read_table

__all__ = ["Sound", "read_sounds"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """The sound of one track.

    Attributes:
        artist: Who made it; empty when unknown.
        tempo: In beats per minute, None when unknown.
        loudness: In LUFS, None when unknown.
        features: Means that tell how it sounds, for how far tracks differ.
    """

    artist: str = ""
    tempo: float | None = None
    loudness: float | None = None
    features: npt.NDArray[np.float64]


def read_sounds(folder: Path, cache: Path, progress: Callable[[str, int, int], None]) -> dict[tuple[str, str], Sound]:
    """The sound of every track of DEAM (from its table) and of Emotify (listened to, and kept in a folder).

    Args:
        folder: Holds ``deam-librosa.csv`` and ``emotify``.
        cache: Where analyses are kept.
        progress: Told of each track.

    Raises:
        CorpusError: If a file is missing or damaged.
    """
    table = read_table(folder / "deam-librosa.csv")
    try:
        with (folder / "deam-librosa.csv").open(encoding="utf-8", newline="") as file:
            tempo = {row["deam_id"]: float(row["tempo"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise CorpusError(f"{folder / 'deam-librosa.csv'}: {error!r}; expected deam_id and tempo") from error
    used = np.flatnonzero(table.features.std(0) > 0)
    found = {
        ("deam", name): Sound(tempo=tempo[name], features=row[used])
        for name, row in zip(table.ids, table.features, strict=True)
    }
    rated = read_rated(folder / "emotify", cache=cache, progress=progress)
    octave, loudness = FEATURES.index("tempo_octave"), FEATURES.index("loudness")
    for name, artist, row in zip(rated.ids, rated.artists, rated.features, strict=True):
        found["emotify", name] = Sound(
            artist=artist, tempo=float(2.0 ** row[octave]), loudness=float(row[loudness]), features=row
        )
    return found
