"""Timbre in three numbers a track, for the clusters: bright, struck, dense."""

from typing import TYPE_CHECKING

import numpy as np

from affetto.music.library import Floats, Library

if TYPE_CHECKING:
    from affetto.music.stored import StoredLibrary

__all__ = ["TIMBRE_WORDS", "timbre"]

TIMBRE_WORDS = (("bright", "dark"), ("percussive", "smooth"), ("dense", "sparse"))
"""What a high and what a low value of each of the three is called."""

# Mean and spread over the 300 tracks of Emotify: octaves of the spectral centroid, mean rise of the mel bands from
# frame to frame in dB, mean strength of the twelve pitches.
_COLUMNS = (("centroid", 10.58, 0.56), ("onset_mean", 1.30, 0.30), ("chroma_flatness", 0.43, 0.085))
_BATCH = 2000


def timbre(library: Library) -> Floats | None:
    """The timbre of each track, shape (n, 3), in standard deviations; NaN where the sound is not known.

    None for a library that knows no sound at all, such as the starter catalog.
    """
    if not hasattr(library, "numbers"):
        return None
    found = _stored(library)  # type: ignore[arg-type]
    return None if np.isnan(found).all() else found


def _stored(library: "StoredLibrary") -> Floats:
    from sqlalchemy import select

    from affetto.music.analysis import FEATURES
    from affetto.store.tables import FeaturesRow

    places = [FEATURES.index(name) for name, _, _ in _COLUMNS]
    centre, spread = (np.array([row[part] for row in _COLUMNS], np.float32) for part in (1, 2))
    found = np.full((len(library), len(_COLUMNS)), np.nan, np.float32)
    with library.store.read() as connection:
        for start in range(0, len(library), _BATCH):
            numbers = [int(number) for number in library.numbers[start : start + _BATCH]]
            query = select(FeaturesRow.track_id, FeaturesRow.data).where(FeaturesRow.track_id.in_(numbers))
            for number, data in connection.execute(query):
                values = np.frombuffer(data, "<f4")
                if len(values) == len(FEATURES):
                    found[int(np.searchsorted(library.numbers, number))] = values[places]
    found[:, 0] = np.log2(np.maximum(found[:, 0], 20.0))
    return np.clip((found - centre) / spread, -3, 3)
