"""Out-of-fold predictions: the file that every published figure is computed from."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError

__all__ = ["Prediction", "read_predictions", "write_predictions"]

_FACTS = ("stem", "corpus", "speaker", "fold", "seed", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One clip, predicted by a model that did not learn from its speaker.

    Attributes:
        stem: File name of the clip without suffix.
        corpus: Its corpus.
        speaker: Its speaker.
        fold: The fold in which the speaker was left out.
        seed: Seed of the model.
        label: The emotion that the corpus states.
        probabilities: Of the eight emotions, shape ``(8,)``.
    """

    stem: str
    corpus: str
    speaker: str
    fold: str
    seed: int
    label: Emotion
    probabilities: npt.NDArray[np.floating]


def write_predictions(predictions: Sequence[Prediction], path: Path) -> None:
    """Writes a CSV with the columns ``stem, corpus, speaker, fold, seed, label, p_<emotion>...``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*_FACTS, *(f"p_{emotion}" for emotion in EMOTIONS)])
        for p in predictions:
            facts = [str(getattr(p, name)) for name in _FACTS]
            writer.writerow([*facts, *(f"{value:.5f}" for value in p.probabilities)])
    partial.replace(path)


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """Reads what :func:`write_predictions` wrote.

    Raises:
        CorpusError: If the file cannot be read or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(_parse(row) for row in csv.DictReader(file))
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise CorpusError(f"predictions {path}: {error!r}; make them with 'affetto evaluate'") from error


def _parse(row: dict[str, str]) -> Prediction:
    return Prediction(
        stem=row["stem"],
        corpus=row["corpus"],
        speaker=row["speaker"],
        fold=row["fold"],
        seed=int(row["seed"]),
        label=Emotion(row["label"]),
        probabilities=np.array([float(row[f"p_{emotion}"]) for emotion in EMOTIONS]),
    )
