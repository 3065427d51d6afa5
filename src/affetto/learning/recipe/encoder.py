"""The recipe of a classifier on a pretrained speech encoder."""

from pathlib import Path
from typing import Literal

from affetto.learning.recipe.part import Part

__all__ = ["EncoderRecipe"]


class EncoderRecipe(Part):
    """A classifier on the hidden states of a Hugging Face speech encoder.

    Attributes:
        family: Names this kind of model.
        checkpoint: Folder of the checkpoint, or its name on the hub.
    """

    family: Literal["encoder"]
    checkpoint: Path
