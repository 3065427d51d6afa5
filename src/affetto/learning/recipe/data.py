"""The ``[data]`` of a recipe."""

from pathlib import Path

from pydantic import Field

from affetto.learning.recipe.part import Part

__all__ = ["DataRecipe"]


class DataRecipe(Part):
    """What is learnt from.

    Attributes:
        corpora: Names of the corpora.
        root: Folder of all data, relative to the folder the command runs in.
        speech: Folder below ``root`` that holds each corpus in a folder of its name.
        non_speech: File patterns below ``root`` of sounds that are not speech: noise, music.
    """

    corpora: tuple[str, ...] = Field(min_length=1)
    root: Path = Path("../shared")
    speech: str = "speech"
    non_speech: tuple[str, ...] = ()
