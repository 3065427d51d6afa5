"""Whether a track is music: speech and sound effects beat, pause and glide in other ways."""

import csv
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

__all__ = ["COLUMNS", "music_probability"]

COLUMNS: tuple[str, ...] = (
    "beat_strength",
    "onset_density",
    "onset_sd",
    "zcr_sd",
    "zcr_skew",
    "level_sd",
    "level_p05",
    "level_p75",
    "quiet_share",
    "level_change",
    "steadiness",
    "flatness_sd",
    "key_clarity",
    "chroma_entropy",
    "chroma_flatness",
    "chroma_change",
    "harmony_change",
    "mfcc_sd2",
    "mfcc_sd3",
    "mfcc_change2",
    "mfcc_change3",
    "beating3_1",
    "beating3_3",
    "beating3_4",
    "beating4_1",
    "beating4_3",
    "beating4_4",
)
"""Features that say it at any bandwidth and loudness."""


@cache
def _weights() -> tuple[npt.NDArray[np.float64], float]:
    """Centre, spread and weight of each column, and the bias (``music_or_not.csv``, made by ``affetto mood music``)."""
    text = resources.files("affetto.music.analysis").joinpath("music_or_not.csv").read_text(encoding="utf-8")
    rows = {row["feature"]: row for row in csv.DictReader(text.splitlines())}
    table = [[float(rows[name][part]) for part in ("centre", "spread", "weight")] for name in COLUMNS]
    return np.array(table), float(rows["bias"]["weight"])


def music_probability(features: Mapping[str, float]) -> float:
    """How likely it is music, 0 to 1, from the mean features of its excerpts."""
    table, bias = _weights()
    values = np.array([features[name] for name in COLUMNS])
    score = float(np.clip((values - table[:, 0]) / table[:, 1], -4, 4) @ table[:, 2]) + bias
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
