"""The recipe of a network on the frames of a clip."""

from typing import Literal

from affetto.learning.recipe.part import Part

__all__ = ["SequenceRecipe"]


class SequenceRecipe(Part):
    """A network on log-mel or MFCC frames.

    Attributes:
        family: The architecture.
    """

    family: Literal["cnn", "lstm", "bilstm", "cnn-lstm", "reslstm", "cnn-asp"]
