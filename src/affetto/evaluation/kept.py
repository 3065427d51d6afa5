"""Models of trained folds, kept beside the predictions: what judges a clip must not have met its speaker.

One folder for each protocol, seed and fold::

    DIR/emobox-ravdess/seed0-fold1/
      fold.json    which fold and seed it is, and the clips that it tests
      model/       what Model.save wrote
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affetto.corpora.splits import Fold
from affetto.errors import ModelError
from affetto.learning.model import Model

__all__ = ["Kept", "KeptFold", "TestedClip", "is_kept", "keep_fold", "read_kept"]

_FOLD, _MODEL = "fold.json", "model"

TestedClip = tuple[str, str, str]
"""Corpus, speaker and stem of a clip."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a fold's model is kept.

    Attributes:
        root: The folder of all.
        protocol: Name of the protocol that made the folds.
        fold: The fold.
        seed: Seed of the training.
    """

    root: Path
    protocol: str
    fold: Fold
    seed: int

    @property
    def folder(self) -> Path:
        """The folder of this one."""
        name = re.sub(r"[^\w-]", "-", self.fold.name)
        return self.root / self.protocol / f"seed{self.seed}-fold{name}"

    @property
    def facts(self) -> dict[str, Any]:
        """What ``fold.json`` says."""
        tested = sorted([clip.corpus, clip.speaker, clip.stem] for clip in self.fold.held)
        return {"protocol": self.protocol, "fold": self.fold.name, "seed": self.seed, "tested": tested}


@dataclass(frozen=True, slots=True)
class KeptFold:
    """A kept model and the clips it may judge.

    Attributes:
        model: Folder for :func:`~affetto.learning.families.load_model`.
        protocol: Name of the protocol.
        fold: Name of the fold.
        seed: Seed of the training.
        tested: The clips that it was tested on; it has met no speaker of theirs where the protocol keeps its word.
    """

    model: Path
    protocol: str
    fold: str
    seed: int
    tested: frozenset[TestedClip]


def is_kept(kept: Kept) -> bool:
    """Whether this very fold is there, with the clips it has now."""
    try:
        found: object = json.loads((kept.folder / _FOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return found == kept.facts and (kept.folder / _MODEL).is_dir()


def keep_fold(model: Model, kept: Kept) -> None:
    """Saves a fitted model with what it tests; one that lay there is replaced.

    Raises:
        ModelError: If it cannot be written.
    """
    file = kept.folder / _FOLD
    try:
        file.unlink(missing_ok=True)  # a folder without it is unfinished
        if (kept.folder / _MODEL).is_dir():
            shutil.rmtree(kept.folder / _MODEL)
        kept.folder.mkdir(parents=True, exist_ok=True)
        model.save(kept.folder / _MODEL)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(kept.facts) + "\n", encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise ModelError(f"{kept.folder}: {error}; give --keep-models a folder that can be written to") from error


def read_kept(folder: Path) -> tuple[KeptFold, ...]:
    """Every fold that is kept below a folder, by protocol, seed and fold.

    Raises:
        ModelError: If there is none, or one is damaged.
    """
    found: list[KeptFold] = []
    for file in sorted(folder.rglob(_FOLD)):
        try:
            raw: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            tested = frozenset((str(corpus), str(speaker), str(stem)) for corpus, speaker, stem in raw["tested"])
            one = KeptFold(file.parent / _MODEL, str(raw["protocol"]), str(raw["fold"]), int(raw["seed"]), tested)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{file}: {error!r}; keep the fold again with 'affetto evaluate --keep-models'") from error
        found.append(one)
    if not found:
        raise ModelError(
            f"{folder} holds no models of folds; keep them with 'affetto evaluate RECIPE --keep-models {folder}'"
        )
    return tuple(sorted(found, key=lambda one: (one.protocol, one.seed, len(one.fold), one.fold)))
