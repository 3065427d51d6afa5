"""Saved models: a folder with ``model.json``, which says what it is, beside the weights of its family.

Every file is listed with its SHA-256: a folder that was cut short or altered is refused before anything is read from
it. That guards against damage, not against an author: what a family reads must be safe by itself.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from affetto.errors import ModelError
from affetto.learning.recipe import Recipe
from affetto.version import __version__

__all__ = ["FORMAT", "Saved", "read_saved", "save_model"]

FORMAT = 1
"""Version of the folder's form."""

_FACTS = "model.json"
_LARGEST = 1 << 20  # bytes of model.json: nobody's recipe is as long


@dataclass(frozen=True, slots=True)
class Saved:
    """What ``model.json`` says.

    Attributes:
        folder: Where the model lies.
        recipe: What it is and how it learnt.
        labels: What the columns of its probabilities stand for.
        facts: What else its family noted.
    """

    folder: Path
    recipe: Recipe
    labels: tuple[str, ...]
    facts: Mapping[str, Any]

    def file(self, name: str) -> Path:
        """One of the files beside ``model.json``, checked when the folder was opened.

        Raises:
            ModelError: If the folder has none of that name.
        """
        if name not in self.facts["files"]:
            raise ModelError(f"{self.folder} holds no {name}; train the model again with 'affetto train'")
        return self.folder / name


class _Facts(BaseModel):
    model_config = ConfigDict(extra="allow")

    affetto: str
    recipe: dict[str, Any]
    labels: tuple[str, ...]
    files: dict[str, str]


def save_model(
    folder: Path,
    *,
    recipe: Recipe,
    labels: Sequence[str],
    write: Callable[[Path], None],
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Writes a model into a folder, whole or not at all; a model that lay there is replaced.

    Args:
        folder: Where to.
        recipe: What the model is.
        labels: What the columns of its probabilities stand for.
        write: Writes the files of the family into the folder it is given.
        facts: What else is worth knowing: versions, a temperature.

    Raises:
        ModelError: If the folder cannot be written to, or holds something that is not a model.
    """
    if folder.exists() and not (folder / _FACTS).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelError(f"{folder} holds something that is not a model; choose another folder")
    partial: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        write(partial)
        files = {path.name: _digest(path) for path in sorted(partial.iterdir())}
        every = {
            **(facts or {}),
            "format": FORMAT,
            "affetto": __version__,
            "family": recipe.model.family,
            "recipe": recipe.model_dump(mode="json"),
            "labels": list(labels),
            "files": files,
        }
        (partial / _FACTS).write_text(json.dumps(every, indent=1), encoding="utf-8")
        partial.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    except OSError as error:
        why = error.strerror or str(error)
        raise ModelError(f"cannot write the model {folder}: {why}; nothing of it was kept") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def read_saved(folder: Path) -> Saved:
    """Opens a folder that :func:`save_model` wrote, and checks that its files are whole.

    Raises:
        ModelError: If there is no model, or one of another version, or a damaged one.
    """
    file = folder / _FACTS
    if not file.is_file():
        raise ModelError(f"{folder} holds no saved model; train one with 'affetto train'")
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError("it is too long")
        raw = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("it is not a table")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}; train the model again with 'affetto train'") from error
    if raw.get("format") != FORMAT:
        raise ModelError(
            f"{folder} was saved in format {raw.get('format')!r} by affetto {raw.get('affetto')}, this is affetto "
            f"{__version__} with format {FORMAT}; train it again with 'affetto train', or use that version"
        )
    try:
        facts = _Facts.model_validate(raw)
        recipe = Recipe.model_validate(facts.recipe)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{file} was written by affetto {raw.get('affetto')} and does not fit this version, {__version__}: "
            f"{key}: {first['msg']}"
        ) from error
    for name, digest in facts.files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file() or _digest(path) != digest:
            raise ModelError(f"{path} is damaged or missing; copy the folder again, or train with 'affetto train'")
    return Saved(folder, recipe, facts.labels, raw)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
