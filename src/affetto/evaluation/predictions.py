"""Out-of-fold predictions: the file that every published figure is computed from."""

import contextlib
import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS
from affetto.errors import CorpusError

__all__ = [
    "DECIMALS",
    "EIGHT",
    "Prediction",
    "average_predictions",
    "label_order",
    "merge_predictions",
    "probabilities_of",
    "read_predictions",
    "restrict_predictions",
    "write_predictions",
]

EIGHT = tuple(emotion.value for emotion in EMOTIONS)
"""The eight emotions as labels."""

_FACTS = ("stem", "corpus", "speaker", "fold", "seed", "label")
DECIMALS = 5
"""Of a written probability."""
_ROUNDING = 1e-3  # how far from 1 rounded probabilities may add up
_FLOOR = 1e-6  # of a probability that was rounded to 0, before its logarithm is taken

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One clip, predicted by a model that did not learn from it.

    Attributes:
        stem: File name of the clip without suffix.
        corpus: Its corpus.
        speaker: Its speaker.
        fold: The fold in which it was tested.
        seed: Seed of the model.
        label: What the corpus states: one of the eight emotions, or the corpus's own word (boredom).
        probabilities: Of ``labels``, in their order; those that the clip's corpus does not have are 0.
        labels: The answers there were.
        gender: ``"f"``, ``"m"`` or ``""`` where it is not known.
        seconds: Length of the recording, or None where it has not been measured.
    """

    stem: str
    corpus: str
    speaker: str
    fold: str
    seed: int
    label: str
    probabilities: Floats
    labels: tuple[str, ...] = EIGHT
    gender: str = ""
    seconds: float | None = None

    @property
    def clip(self) -> tuple[str, str, str]:
        """Which clip it is: corpus, speaker and stem."""
        return self.corpus, self.speaker, self.stem

    @property
    def guess(self) -> str:
        """The most probable label."""
        return self.labels[int(self.probabilities.argmax())]


def label_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels as they are listed everywhere: the eight emotions in their order, then others by alphabet.

    >>> label_order({"boredom", "sad", "neutral"})
    ('neutral', 'sad', 'boredom')
    """
    found = set(labels)
    return (*(label for label in EIGHT if label in found), *sorted(found - set(EIGHT)))


def probabilities_of(predictions: Sequence[Prediction], labels: Sequence[str]) -> Floats:
    """Probabilities of many predictions over one list of labels, shape ``(predictions, labels)``; 0 where unknown."""
    place = {label: column for column, label in enumerate(labels)}
    matrix = np.zeros((len(predictions), len(labels)))
    columns: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for row, p in enumerate(predictions):
        if p.labels not in columns:
            known = [i for i, label in enumerate(p.labels) if label in place]
            columns[p.labels] = known, [place[p.labels[i]] for i in known]
        source, target = columns[p.labels]
        matrix[row, target] = p.probabilities[source]
    return matrix


def write_predictions(predictions: Sequence[Prediction], path: Path) -> None:
    """Writes a CSV with the columns ``stem, corpus, speaker, fold, seed, label, [gender, seconds,] p_<label>...``.

    Columns of labels that no prediction gives any probability are left out, and so are gender and seconds where they
    are never known. Probabilities have five decimals.

    Raises:
        CorpusError: If it cannot be written; a file that was there before is left as it was.
    """
    every = label_order({label for p in predictions for label in (*p.labels, p.label)})
    matrix = probabilities_of(predictions, every)
    used = [k for k, label in enumerate(every) if matrix[:, k].any() or any(p.label == label for p in predictions)]
    facts = list(_FACTS)
    facts += ["gender"] * any(p.gender for p in predictions)
    facts += ["seconds"] * any(p.seconds is not None for p in predictions)
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*facts, *(f"p_{every[k]}" for k in used)])
            for p, row in zip(predictions, matrix[:, used], strict=True):
                writer.writerow([*(_fact(p, name) for name in facts), *map(_short, row)])
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise CorpusError(f"predictions {path} cannot be written: {error}") from error


def _fact(p: Prediction, name: str) -> str:
    value: object = getattr(p, name)
    if name == "seconds":
        return "" if p.seconds is None else f"{p.seconds:.2f}"
    return str(value)


def _short(value: float) -> str:
    """A probability without the zeros that say nothing.

    >>> _short(0.25), _short(0.000001), _short(1.0)
    ('.25', '0', '1')
    """
    return f"{value:.{DECIMALS}f}".strip("0").removesuffix(".") or "0"


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """Reads what :func:`write_predictions` wrote.

    Raises:
        CorpusError: If the file cannot be read, a column is missing, or probabilities do not add up to 1.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            labels = tuple(name[2:] for name in reader.fieldnames or () if name.startswith("p_"))
            predictions = tuple(_parse(row, labels, reader.line_num) for row in reader)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(f"predictions {path}: {error!r}; make them with 'affetto evaluate'") from error
    if not predictions:
        raise CorpusError(f"predictions {path}: no row in it; make them with 'affetto evaluate'")
    return predictions


def _parse(raw: dict[str, str | None], labels: tuple[str, ...], line: int) -> Prediction:
    row = {name: value for name, value in raw.items() if value is not None}
    if len(row) < len(raw):
        raise ValueError(f"line {line}: columns are missing")
    probabilities = np.array([float(row[f"p_{label}"] or 0) for label in labels])
    if row["label"] not in labels:
        raise ValueError(f"line {line}: no column p_{row['label']}")
    if not (abs(probabilities.sum() - 1) <= _ROUNDING and probabilities.min() >= 0):
        raise ValueError(f"line {line}: probabilities add up to {probabilities.sum():.4f}, not 1")
    seconds = float(row.get("seconds") or "nan")
    return Prediction(
        stem=row["stem"],
        corpus=row["corpus"],
        speaker=row["speaker"],
        fold=row["fold"],
        seed=int(row["seed"]),
        label=row["label"],
        probabilities=probabilities,
        labels=labels,
        gender=row.get("gender") or "",
        seconds=seconds if math.isfinite(seconds) else None,
    )


def merge_predictions(parts: Sequence[Sequence[Prediction]]) -> tuple[Prediction, ...]:
    """Predictions of several files as one, of several seeds say.

    Raises:
        CorpusError: If two of them predict the same clip with the same seed.
    """
    merged = tuple(p for part in parts for p in part)
    seen: set[tuple[tuple[str, str, str], int]] = set()
    for p in merged:
        if (p.clip, p.seed) in seen:
            raise CorpusError(
                f"{p.corpus} {p.stem} is predicted twice with seed {p.seed}; merge files of different seeds or clips"
            )
        seen.add((p.clip, p.seed))
    return tuple(sorted(merged, key=lambda p: p.seed))


def restrict_predictions(predictions: Sequence[Prediction], labels: Sequence[str]) -> tuple[Prediction, ...]:
    """What a model answers where only some labels are possible: clips of others are left out, the rest renormalized.

    Raises:
        CorpusError: If a label is not among the predictions', or a clip has no other label to be told from.
    """
    known = label_order({label for p in predictions for label in p.labels})
    for label in labels:
        if label not in known:
            raise CorpusError(f"label {label!r} is not in these predictions; they have {', '.join(known)}")
    kept: list[Prediction] = []
    for p in predictions:
        if p.label not in labels:
            continue
        possible = tuple(label for label in p.labels if label in labels)
        if len(possible) < 2:
            raise CorpusError(f"{p.stem}: {p.corpus} has one of the labels {', '.join(labels)} only; name another")
        some = probabilities_of([p], possible)[0]
        total = some.sum()
        even = np.full(len(possible), 1 / len(possible))
        kept.append(replace(p, labels=possible, probabilities=some / total if total > 0 else even))
    return tuple(kept)


def average_predictions(views: Sequence[Sequence[Prediction]]) -> tuple[Prediction, ...]:
    """The average of several views of the same clips: the mean of their log-probabilities, renormalized.

    Args:
        views: Two or more lists of predictions. A view of one seed is averaged with every seed of the others.

    Raises:
        CorpusError: If the views do not predict the same clips in the same folds, or their seeds do not pair.
    """
    if len(views) < 2:
        raise CorpusError("an average needs two or more files of predictions; give --from once for each")
    seeds = [sorted({p.seed for p in view}) for view in views]
    chosen = max(seeds, key=len)
    for found in seeds:
        if len(found) > 1 and found != chosen:
            raise CorpusError(f"seeds {found} and {chosen} do not pair; average files of the same seeds")
    averaged: list[Prediction] = []
    for seed in chosen:
        lists = [
            {p.clip: p for p in view if p.seed == seed or len(found) == 1}
            for view, found in zip(views, seeds, strict=True)
        ]
        for other in lists[1:]:
            different = lists[0].keys() ^ other.keys()
            if different:
                raise CorpusError(f"{len(different)} clip(s), such as {min(different)[2]}, are not in every file")
        for clip, first in lists[0].items():
            same = [one[clip] for one in lists]
            if any((p.fold, p.label) != (first.fold, first.label) for p in same):
                raise CorpusError(f"{first.stem}: the files test it in different folds or under different labels")
            labels = label_order({label for p in same for label in p.labels})
            p = _mean(probabilities_of(same, labels))
            averaged.append(replace(first, seed=seed, labels=labels, probabilities=p))
    return tuple(averaged)


def _mean(probabilities: Floats) -> Floats:
    possible = probabilities.any(axis=0)
    logs = np.log(np.maximum(probabilities, _FLOOR)).mean(axis=0)
    weights = np.where(possible, np.exp(logs - logs.max()), 0.0)
    return weights / weights.sum()
