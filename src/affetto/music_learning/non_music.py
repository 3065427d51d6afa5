"""Learning what is music: Emotify against speech and sound effects, all at the same bandwidth."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.music.analysis.decode import Samples, open_sound
from affetto.music.analysis.excerpt import EXCERPT_FEATURES, hear
from affetto.music.analysis.music_or_not import COLUMNS
from affetto.music.analysis.spectra import RATE

__all__ = ["Judgement", "learn_music", "read_sounds"]

_Array: TypeAlias = npt.NDArray[np.float64]

_NARROW = 16_000  # speech corpora end at 8 kHz: music must too, or its treble would tell
_SECONDS = 30
_PENALTY = 3.0
_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """A linear judgement, and how good it was on who was held out.

    Attributes:
        rows: Feature, centre, spread and weight of each column, then the bias.
        recall: Share of music kept.
        refused: Share of speech and sound effects refused.
    """

    rows: list[tuple[str, float, float, float]]
    recall: float
    refused: float


def _narrow(path: Path) -> Samples:
    import soxr

    with open_sound(path) as sound:
        whole = np.concatenate([block.mean(1, dtype=np.float32) for block in sound.blocks])
        return soxr.resample(soxr.resample(whole, sound.rate, _NARROW), _NARROW, RATE).astype(np.float32)


def _joined(paths: list[Path]) -> Iterator[Samples]:
    """Short clips one after the other, with pauses as they are, up to half a minute."""
    held: list[Samples] = []
    for path in paths:
        held.append(_narrow(path))
        if sum(map(len, held)) >= _SECONDS * RATE:
            break
    if held:
        yield np.concatenate(held)[: _SECONDS * RATE]


def read_sounds(
    root: Path, music: Path, progress: Callable[[str, int, int], None]
) -> tuple[_Array, npt.NDArray[np.bool_], list[str]]:
    """Features, whether each is music, and who or what it is from.

    Raises:
        CorpusError: If the corpora are not there.
    """
    try:
        with (root / "speech" / "manifest.csv").open(encoding="utf-8") as file:
            clips = list(csv.DictReader(file))
        with (music / "tracks.csv").open(encoding="utf-8") as file:
            tracks = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"{root}: {error}; the recipe's data.root names the folder of all data") from error
    speakers: dict[str, list[Path]] = {}
    for clip in clips:
        speakers.setdefault(f"{clip['corpus']} {clip['speaker']}", []).append(root / "speech" / clip["path"])
    sources: list[tuple[list[Path], bool, str]] = [([music / t["file"]], True, t["artist"]) for t in tracks]
    for who, paths in speakers.items():
        half = len(paths) // 2
        sources += [(paths[:half], False, who), (paths[half:], False, who)]
    for kind in sorted((root / "speech" / "noise").iterdir()):
        if kind.name != "impulse_response":
            sources += [([path], False, path.stem.split("-")[1]) for path in sorted(kind.iterdir())[::2]]
    features: list[npt.NDArray[np.float64]] = []
    for number, (paths, _, _) in enumerate(sources):
        features += [hear(samples).features for samples in _joined(paths)]
        progress("music or not", number + 1, len(sources))
    return np.stack(features), np.array([is_music for _, is_music, _ in sources]), [who for _, _, who in sources]


def _logistic(x: _Array, y: _Array) -> _Array:
    """Ridge-penalized logistic regression by Newton's method, both classes weighing the same; the bias comes last."""
    design = np.hstack([x, np.ones((len(x), 1))])
    balance = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = _PENALTY * np.eye(design.shape[1])
    penalty[-1, -1] = 1e-6
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (balance * (p - y)) + penalty @ weights
        bend = (design * (balance * p * (1 - p))[:, None]).T @ design + penalty
        weights = weights - np.linalg.solve(bend, slope)
    return weights


def learn_music(features: _Array, is_music: npt.NDArray[np.bool_], groups: list[str]) -> Judgement:
    """Fits the judgement, and tells how good it is on artists, speakers and recordings that were held out."""
    from affetto.music_learning.evaluate import folds_of

    chosen = features[:, [EXCERPT_FEATURES.index(name) for name in COLUMNS]]
    centre, spread = chosen.mean(0), chosen.std(0) + 1e-9
    x, y = np.clip((chosen - centre) / spread, -4, 4), is_music.astype(np.float64)
    fold_of = folds_of(groups, _FOLDS, 0)
    right = np.zeros(len(y), bool)
    for fold in range(_FOLDS):
        weights = _logistic(x[fold_of != fold], y[fold_of != fold])
        held = fold_of == fold
        right[held] = (x[held] @ weights[:-1] + weights[-1] > 0) == is_music[held]
    weights = _logistic(x, y)
    rows = [
        (name, float(c), float(s), float(w))
        for name, c, s, w in zip(COLUMNS, centre, spread, weights[:-1], strict=True)
    ]
    return Judgement(
        rows=[*rows, ("bias", 0.0, 1.0, float(weights[-1]))],
        recall=float(right[is_music].mean()),
        refused=float(right[~is_music].mean()),
    )
