"""A corpus of empty files and a model that needs no sound, for tests of protocols, reports and searches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from affetto.corpora.table import Clip
from affetto.evaluation.predictions import label_order
from affetto.learning.recipe import Recipe

RAVDESS_CODES = ("01", "02", "03", "04", "05", "06", "07", "08")


def write_ravdess(root: Path, *, actors: Sequence[int] = range(1, 25), takes: int = 1) -> Path:
    """Empty files under RAVDESS's own names."""
    folder = root / "speech" / "ravdess"
    folder.mkdir(parents=True, exist_ok=True)
    for actor in actors:
        for code in RAVDESS_CODES:
            for take in range(1, takes + 1):
                (folder / f"03-01-{code}-01-01-{take:02}-{actor:02}.wav").touch()
    return root


def write_tess(root: Path, words: Sequence[str] = ("back", "bar", "base", "bath")) -> Path:
    """Empty files under TESS's own names."""
    folder = root / "speech" / "tess"
    folder.mkdir(parents=True, exist_ok=True)
    for actress in ("OAF", "YAF"):
        for word in words:
            for emotion in ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad"):
                (folder / f"{actress}_{word}_{emotion}.wav").touch()
    return root


def write_emodb(root: Path) -> Path:
    """Empty files under EmoDB's own names; the last speaker is never bored."""
    folder = root / "speech" / "emodb"
    folder.mkdir(parents=True, exist_ok=True)
    for speaker in ("03", "08", "09", "10"):
        for sentence in ("a01", "a02", "b03"):
            for code in "WLEAFTN" if speaker != "10" else "WEAFTN":
                (folder / f"{speaker}{sentence}{code}a.wav").touch()
    return root


def fake_recipe(root: Path, *corpora: str) -> Recipe:
    """A recipe of these corpora; what it says of the model is not looked at."""
    return Recipe.model_validate(
        {"name": "fake", "data": {"root": root, "corpora": corpora}, "model": {"family": "svm"}}
    )


class FakeModel:
    """Knows the labels of most clips, those of speakers it has learnt from better; keeps account of what it saw."""

    needs_validation = False
    broken: ClassVar[frozenset[str]] = frozenset()
    fits: ClassVar[list[tuple[tuple[Clip, ...], tuple[Clip, ...], int]]] = []

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        self.recipe, self.cache = recipe, cache
        self._labels: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    def prepare(self, clips: Sequence[Clip], *, progress: object = None) -> tuple[Clip, ...]:
        del progress
        return tuple(clip for clip in clips if clip.stem not in self.broken)

    def fit(
        self,
        clips: Sequence[Clip],
        *,
        validation: Sequence[Clip] = (),
        folder: Path,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        del progress
        self._labels = label_order({clip.target for clip in clips})
        self._people = {(clip.corpus, clip.speaker) for clip in clips}
        self._seed = seed
        self.fits.append((tuple(clips), tuple(validation), seed))
        lines = [
            "epoch,loss,validation_uar",
            *(f"{epoch},{1 / (epoch + 1)},{'0.5' if epoch else ''}" for epoch in range(5)),
        ]
        (folder / "metrics.csv").write_text("\n".join(lines), encoding="utf-8")

    def predict_proba(self, clips: Sequence[Clip]) -> np.ndarray:
        rows = []
        for clip in clips:
            rng = np.random.default_rng(sum(map(ord, clip.stem)) + 1000 * self._seed)
            logits = rng.standard_normal(len(self._labels))
            if clip.target in self._labels:
                known = (clip.corpus, clip.speaker) in self._people
                logits[self._labels.index(clip.target)] += 6.0 if known else self.strength()
            rows.append(np.exp(logits) / np.exp(logits).sum())
        return np.array(rows)

    def strength(self) -> float:
        return 1.5

    def embed(self, clips: Sequence[Clip]) -> np.ndarray:
        return self.predict_proba(clips)

    def importance(self) -> Mapping[str, float]:
        return {"pitch": 0.7, "loudness": 0.2 + 0.1 * self._seed}

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        people = sorted(f"{corpus}:{speaker}" for corpus, speaker in self._people)
        (folder / "model.json").write_text(f"{self._seed} {' '.join(people)}", encoding="utf-8")
