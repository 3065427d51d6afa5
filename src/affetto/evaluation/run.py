"""A run: what was judged how, with which predictions; and the folder that keeps it."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from affetto.corpora.splits import PARTS, find_protocol, part_of
from affetto.errors import CorpusError
from affetto.evaluation.predictions import Prediction, read_predictions, write_predictions
from affetto.evaluation.report import Figures, figures

__all__ = ["TOGETHER", "About", "Run", "keep_file", "read_run", "split_parts", "write_run"]

TOGETHER = ("every-corpus", "every-corpus-enrolled")
"""Protocols that judge several corpora in the same trainings; see :func:`split_parts`."""

PREDICTIONS = "predictions.csv"
INDEPENDENT = "speaker-independent.csv"
ABOUT = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What predictions do not say of themselves.

    Attributes:
        name: Name of the recipe, or of the file where nothing else is known.
        family: Family of the model, or ``""``.
        protocol: Name of the protocol, or ``""``.
        options: What was chosen about it.
        notes: What a reader of the figures should know.
        corpora: What is learnt from and tested, or empty where it is not known.
        key: Which recipe it was, corpora included, as :func:`~affetto.evaluation.toml.recipe_key` tells it.
    """

    name: str
    family: str = ""
    protocol: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Predictions and what they are about.

    Attributes:
        about: Recipe, protocol and notes.
        predictions: Out-of-fold predictions.
        independent: Predictions of the same recipe on unseen speakers, beside those of a leaky protocol; else empty.
    """

    about: About
    predictions: tuple[Prediction, ...]
    independent: tuple[Prediction, ...] = ()

    def figures(self) -> Figures:
        """Every figure, computed from the predictions."""
        return figures(self.predictions)

    @property
    def warning(self) -> str:
        """What is wrong with the figures (a leak), or ``""``."""
        rule = find_protocol(self.about.protocol) if self.about.protocol else None
        return rule.warning if rule else ""


def keep_file(path: Path, text: str) -> None:
    """Writes a text file whole or not at all.

    Raises:
        CorpusError: If it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise CorpusError(f"{path} cannot be written: {error}") from error


def write_run(run: Run, folder: Path) -> None:
    """Keeps a run: its predictions, those on unseen speakers where it has them, and what it is about."""
    write_predictions(run.predictions, folder / PREDICTIONS)
    if run.independent:
        write_predictions(run.independent, folder / INDEPENDENT)
    keep_file(folder / ABOUT, json.dumps(asdict(run.about), indent=1) + "\n")


def read_run(path: Path) -> Run:
    """The run of a folder or of a file of predictions.

    Raises:
        CorpusError: If there are no predictions, or what is beside them cannot be read.
    """
    file = path / PREDICTIONS if path.is_dir() else path
    predictions = read_predictions(file)
    beside = file.with_name(INDEPENDENT)
    independent = read_predictions(beside) if file.name == PREDICTIONS and beside.is_file() else ()
    return Run(_read_about(file), predictions, independent)


def _read_about(file: Path) -> About:
    name = file.parent.name if file.name == PREDICTIONS and file.parent.name else file.stem
    beside = file.with_name(ABOUT)
    if file.name != PREDICTIONS or not beside.is_file():
        return About(name=name)
    try:
        raw: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
        known: dict[str, Any] = {part.name: raw[part.name] for part in fields(About) if part.name in raw}
        known |= {name: tuple(map(str, known.get(name, ()))) for name in ("notes", "corpora")}
        about = About(**known)
        if about.protocol:
            find_protocol(about.protocol)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CorpusError(f"{beside}: {error!r}; remove it, or make the report anew") from error
    return about


def split_parts(run: Run) -> dict[str, Run]:
    """The runs that a run of ``every-corpus`` holds, by the names of its parts, each with its own protocol."""
    enrolled = run.about.protocol == TOGETHER[1]
    of_part: dict[str, list[Prediction]] = {part.name: [] for part in PARTS}
    for prediction in run.predictions:
        of_part[part_of(prediction.corpus, prediction.fold).name].append(prediction)
    corpora = {part.corpus for part in PARTS}
    runs: dict[str, Run] = {}
    for part in PARTS:
        if of_part[part.name]:
            notes = tuple(
                note
                for note in run.about.notes
                if note.split(":")[0] not in corpora or note.startswith(f"{part.corpus}:")
            )
            protocol = part.protocol
            if enrolled:
                protocol = "ravdess-emobox-enrolled" if protocol == "emobox-ravdess" else run.about.protocol
            options = {"test_on": [part.corpus]} if part.protocol == "loso" else {}
            about = replace(run.about, protocol=protocol, options=options, notes=notes)
            runs[part.name] = Run(about, tuple(of_part[part.name]))
    return runs
