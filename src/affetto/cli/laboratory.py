"""What the commands that train and judge share."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from affetto.errors import AffettoError

if TYPE_CHECKING:
    from affetto.learning.recipe import Recipe

__all__ = ["changed_recipe", "need_training"]


def need_training() -> None:
    """Makes sure that what training needs is installed.

    Raises:
        AffettoError: If it is not.
    """
    try:
        import pytorch_lightning as _  # noqa: F401
    except ImportError as error:
        raise AffettoError("training needs an extra: pip install 'affetto[train]'") from error


def changed_recipe(
    path: Path, *, data: Path | None = None, corpora: Sequence[str] = (), changes: Sequence[str] = ()
) -> "Recipe":
    """A recipe as the options of a command change it.

    Args:
        path: The TOML file.
        data: Folder of all data, in place of the recipe's.
        corpora: Corpora to learn from and to test, in place of the recipe's.
        changes: ``key=value`` each.

    Raises:
        AffettoError: If the ``train`` extra is not installed.
        RecipeError: If the recipe is wrong.
    """
    need_training()
    from affetto.learning.recipe import load_recipe

    recipe = load_recipe(path, changes=changes)
    update: dict[str, object] = {}
    if data is not None:
        update["root"] = data
    if corpora:
        update["corpora"] = tuple(corpora)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=update)}) if update else recipe
