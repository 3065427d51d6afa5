"""The recipe of the mood model, in one TOML file."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from affetto.errors import RecipeError

__all__ = ["DataRecipe", "EvaluationRecipe", "FitRecipe", "MoodRecipe", "load_mood_recipe"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataRecipe(_Part):
    """What is learnt from.

    Attributes:
        root: Folder of all data, relative to the folder the command runs in.
        table: Song-level ratings with librosa features (DEAM), below ``root``.
        rated: Folder of sound with ratings (Emotify), below ``root``.
    """

    root: Path = Path("../shared")
    table: Path = Path("music/deam-librosa.csv")
    rated: Path = Path("music/emotify")


class FitRecipe(_Part):
    """How the weights are found.

    Attributes:
        anchors: Points that stand for the rows of the table: means of groups of songs.
        evidence_rows: Rows on which the evidence of the kernel is computed; its cost is cubic.
        iterations: Steps of its optimizer.
        seed: Of all draws.
    """

    anchors: int = Field(default=512, ge=8)
    evidence_rows: int = Field(default=600, ge=50)
    iterations: int = Field(default=25, ge=1)
    seed: int = 0


class EvaluationRecipe(_Part):
    """How it is judged.

    Attributes:
        table_folds: Folds of songs of the table.
        rated_folds: Folds of artists of the rated sound.
        repeats: Draws of the artists' folds.
        inner_folds: Folds inside each training fold that set the width of the intervals.
    """

    table_folds: int = Field(default=5, ge=2)
    rated_folds: int = Field(default=10, ge=2)
    repeats: int = Field(default=5, ge=1)
    inner_folds: int = Field(default=5, ge=2)


class MoodRecipe(_Part):
    """A whole recipe.

    Attributes:
        name: Short name; reports and models carry it.
        data: What is learnt from.
        fit: How the weights are found.
        evaluation: How it is judged.
    """

    name: str
    data: DataRecipe = DataRecipe()
    fit: FitRecipe = FitRecipe()
    evaluation: EvaluationRecipe = EvaluationRecipe()


def load_mood_recipe(path: str | Path) -> MoodRecipe:
    """Reads and checks a recipe.

    Raises:
        RecipeError: If the file cannot be read, or a key or value in it is wrong.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"recipe {path}: {error}; see recipes/mood.toml for the form") from error
    try:
        return MoodRecipe.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"recipe {path}: {key} = {first.get('input')!r}: {first['msg']}") from error
