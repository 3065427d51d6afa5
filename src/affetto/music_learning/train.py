"""The model that ships: both processes from all the data, widths from folds."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from affetto.music.analysis import ANALYSIS_VERSION, FEATURES
from affetto.music.estimator import MOOD_VERSION, MoodModel
from affetto.music_learning.data import Rated, Table
from affetto.music_learning.evaluate import Progress, fit_rated, fit_table, judged, on_circumplex
from affetto.music_learning.recipe import MoodRecipe

__all__ = ["save", "train"]


def train(recipe: MoodRecipe, table: Table, rated: Rated, *, progress: Progress) -> MoodModel:
    """Fits both processes to all the data; how wide the estimate is comes from artists that were held out."""
    ratings = on_circumplex(rated.ratings, table.ratings)
    progress("fitting", 0, 3)
    first = fit_table(recipe, table, np.arange(len(table.ids)))
    progress("fitting", 1, 3)
    rows = np.arange(len(rated.ids))
    second = fit_rated(recipe, rated, ratings, rows)
    progress("fitting", 2, 3)
    share, wide = judged(recipe, rated, ratings, rows, first, second)
    progress("fitting", 3, 3)
    return MoodModel(table=first, rated=second, share=share.astype(np.float32), widening=wide[:2].astype(np.float32))


def save(model: MoodModel, path: Path, *, facts: dict[str, str]) -> None:
    """Writes the model as one file that opens without running code."""
    arrays: dict[str, Any] = {
        f"{name}.{key}": value
        for name, process in (("table", model.table), ("rated", model.rated))
        for key, value in process.to_arrays().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(
        partial,
        version=np.int64(MOOD_VERSION),
        analysis_version=np.int64(ANALYSIS_VERSION),
        features=np.array(FEATURES),
        share=model.share,
        widening=model.widening,
        facts=np.array(json.dumps(facts)),
        **arrays,
    )
    partial.replace(path)
