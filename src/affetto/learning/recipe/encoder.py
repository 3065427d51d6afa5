"""The recipe of a classifier on a pretrained speech encoder."""

from typing import Literal

from pydantic import Field

from affetto.learning.recipe.loop import LoopRecipe
from affetto.learning.recipe.part import Part

__all__ = ["EncoderRecipe", "HeadRecipe"]


class HeadRecipe(Part):
    """What is learnt on top of the encoder.

    Attributes:
        hidden: Units of the one hidden layer; 0 for none.
        dropout: Share of features dropped in training.
    """

    hidden: int = Field(default=128, ge=0)
    dropout: float = Field(default=0.2, ge=0, lt=1)


class EncoderRecipe(Part):
    """A classifier on the hidden states of a Hugging Face speech encoder, their layers weighed by learnt weights.

    Attributes:
        family: Names this kind of model.
        checkpoint: Folder of the checkpoint, or its name on the hub (wav2vec2, HuBERT, WavLM, Whisper).
        local_files_only: Whether to take only what is on this machine, never asking the hub.
        fine_tune: Whether the encoder's transformer layers learn too; otherwise it stays as it is, and what it answers
            is computed once per clip.
        seconds: What is heard of a clip at most; a longer one is cut.
        head: What is learnt on top.
        training: How the weights are found; a rate of about 3e-5 suits fine-tuning.
    """

    family: Literal["encoder"]
    checkpoint: str = Field(min_length=1)
    local_files_only: bool = False
    fine_tune: bool = False
    seconds: float = Field(default=10.0, gt=0.5, le=30)
    head: HeadRecipe = HeadRecipe()
    training: LoopRecipe = LoopRecipe()
