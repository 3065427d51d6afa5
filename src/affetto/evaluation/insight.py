"""What trainings left behind for a report: learning curves, where a model places clips, what its answers depend on."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from affetto.evaluation.charts import Curve, Map, project
from affetto.evaluation.folds import INSIGHT
from affetto.evaluation.predictions import Prediction, label_order, probabilities_of

__all__ = ["Insight", "maps_of", "read_insight"]

_HOW = ("PCA", "LDA", "t-SNE")
_FLOOR = 1e-4  # of a probability, before its logarithm is taken


@dataclass(frozen=True, slots=True)
class Insight:
    """What is known of a run beside its predictions.

    Attributes:
        curves: Learning curves, one for each fold and seed.
        importance: Mean importance of each feature over folds and seeds.
        maps: Maps of the clips.
        placed_by: What the maps are of, for people.
    """

    curves: tuple[Curve, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict[str, float])
    maps: tuple[Map, ...] = ()
    placed_by: str = ""


def read_insight(logs: Sequence[Path], predictions: Sequence[Prediction]) -> Insight:
    """Reads what the folds' folders hold; maps are of the first fold's embedding, else of the probabilities.

    Args:
        logs: Folders of the trained folds; empty for a report that is read from its predictions alone.
        predictions: Those of the run.
    """
    curves = tuple(curve for folder in logs for curve in _curves(folder))
    importance: dict[str, list[float]] = {}
    embedding = None
    for folder in logs:
        if not (folder / INSIGHT).is_file():
            continue
        with np.load(folder / INSIGHT) as kept:
            if "importance" in kept:
                for name, value in zip(kept["features"], kept["importance"], strict=True):
                    importance.setdefault(str(name), []).append(float(value))
            if embedding is None and "embedding" in kept:
                embedding = np.asarray(kept["embedding"], np.float64)
    first = predictions[0]
    inside = [p for p in predictions if (p.fold, p.seed) == (first.fold, first.seed)]
    if embedding is not None and len(embedding) == len(inside):
        labels = [p.label for p in inside]
        maps = tuple(project(embedding, labels, how=how) for how in _HOW)
        placed_by = f"the model's embedding, fold {first.fold}"
    else:
        maps, placed_by = maps_of(predictions), "the logarithm of the probabilities, first seed"
    means = {name: float(np.mean(values)) for name, values in importance.items()}
    return Insight(curves, means, maps, placed_by)


def maps_of(predictions: Sequence[Prediction]) -> tuple[Map, ...]:
    """Maps of the first seed's clips by their probabilities."""
    seed = min(p.seed for p in predictions)
    rows = [p for p in predictions if p.seed == seed]
    labels = label_order({label for p in rows for label in p.labels})
    values = np.log(np.maximum(probabilities_of(rows, labels), _FLOOR))
    values = values[:, values.std(axis=0) > 0]
    if values.shape[1] < 2 or len(rows) < 3:
        return ()
    return tuple(project(values, [p.label for p in rows], how=how) for how in _HOW)


def _curves(folder: Path) -> list[Curve]:
    found: list[Curve] = []
    for file in sorted(folder.rglob("metrics.csv")):
        with file.open(newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        if not rows:
            continue
        loss = _column(rows, ("loss", "train_loss"))
        watched = _column(rows, ("validation_uar", "val_uar"))
        x = _column(rows, ("epoch", "step"))
        if any(not math.isnan(value) for value in loss):
            found.append(Curve(folder.name.rpartition("-")[0], x, loss, watched))
    return found


def _column(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> tuple[float, ...]:
    name = next((name for name in names if name in rows[0]), None)
    if name is None:
        return tuple(map(float, range(len(rows)))) if "step" in names else (math.nan,) * len(rows)
    return tuple(_number(row[name]) for row in rows)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
