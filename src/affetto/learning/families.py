"""Every family of models by its recipe."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from affetto.learning.model import Model
from affetto.learning.recipe import ClassicalRecipe, EncoderRecipe, Recipe, RecognizerRecipe, SequenceRecipe
from affetto.learning.store import read_saved

if TYPE_CHECKING:
    from affetto.learning.classical import ClassicalModel
    from affetto.learning.encoder import EncoderModel
    from affetto.learning.recognizer import RecognizerModel
    from affetto.learning.sequence import SequenceModel

    _Family = type[RecognizerModel | SequenceModel | EncoderModel | ClassicalModel]

__all__ = ["build_model", "load_model"]


def build_model(recipe: Recipe, cache: Path) -> Model:
    """The unfitted model of a recipe.

    Args:
        recipe: What it is and how it learns.
        cache: Folder of prepared examples.
    """
    return _family(recipe)(recipe, cache)


def load_model(folder: Path, cache: Path, *, data: Path | None = None) -> Model:
    """The fitted model that :meth:`Model.save` wrote.

    Args:
        folder: Where it lies.
        cache: Folder of prepared examples.
        data: Folder of all data, in place of the recipe's: the model may come from another machine.

    Raises:
        ModelError: If the folder holds none, or one of another version.
    """
    saved = read_saved(folder)
    if data is not None:
        moved = saved.recipe.data.model_copy(update={"root": data})
        saved = replace(saved, recipe=saved.recipe.model_copy(update={"data": moved}))
    return _family(saved.recipe).load(saved, cache)


def _family(recipe: Recipe) -> "_Family":
    """Imported when it is needed: each brings libraries of its own."""
    match recipe.model:
        case RecognizerRecipe():
            from affetto.learning.recognizer import RecognizerModel

            return RecognizerModel
        case SequenceRecipe():
            from affetto.learning.sequence import SequenceModel

            return SequenceModel
        case EncoderRecipe():
            from affetto.learning.encoder import EncoderModel

            return EncoderModel
        case ClassicalRecipe():
            from affetto.learning.classical import ClassicalModel

            return ClassicalModel
