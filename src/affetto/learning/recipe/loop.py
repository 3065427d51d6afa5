"""The recipe of a training loop over epochs, shared by every network of the laboratory."""

from typing import Literal

from pydantic import Field

from affetto.learning.recipe.part import Part

__all__ = ["LoopRecipe"]


class LoopRecipe(Part):
    """How the weights are found: epochs over the clips.

    Attributes:
        epochs: Times that every clip is learnt from; the most of them where ``patience`` stops earlier.
        most_steps: Steps after which there is no further epoch, so that a large corpus costs no more than a small one;
            0 for no such limit.
        batch: Clips in a step.
        optimizer: RMSProp (Tieleman & Hinton 2012), Adam (Kingma & Ba 2015), or Adam with decoupled weight decay
            (Loshchilov & Hutter 2019).
        rate: Learning rate; the highest of the cycle under ``one-cycle``.
        weight_decay: Pull of the weights towards zero.
        schedule: ``plateau`` lowers the rate when the monitored figure stands still, ``one-cycle`` raises and lowers
            it once over all epochs (Smith & Topin 2018), ``constant`` leaves it.
        plateau_patience: Epochs without improvement before the rate is lowered.
        plateau_factor: What the rate is multiplied by then.
        patience: Epochs without improvement on validation speakers before training stops and the best epoch is taken;
            0 learns from all speakers, for all epochs.
        monitor: What is watched on validation speakers: the loss, or the unweighted average recall.
        class_weights: ``balanced`` lets every label count as much as any other, however many clips it has (a
            clip weighs ten times its share at most).
        label_smoothing: Probability spread over the other labels of the corpus.
        averaging: Decay of the exponential moving average of the weights, per step; 0 takes the weights as they are.
        clip_gradient: Longest gradient.
        precision: Arithmetic.
    """

    epochs: int = Field(default=60, ge=1)
    most_steps: int = Field(default=0, ge=0)
    batch: int = Field(default=32, ge=2)
    optimizer: Literal["rmsprop", "adam", "adamw"] = "adamw"
    rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["plateau", "one-cycle", "constant"] = "one-cycle"
    plateau_patience: int = Field(default=5, ge=0)
    plateau_factor: float = Field(default=0.5, gt=0, lt=1)
    patience: int = Field(default=0, ge=0)
    monitor: Literal["loss", "uar"] = "loss"
    class_weights: Literal["balanced", "none"] = "balanced"
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    averaging: float = Field(default=0.0, ge=0, lt=1)
    clip_gradient: float = Field(default=5.0, gt=0)
    precision: Literal["bf16-mixed", "32-true"] = "32-true"

    def epochs_of(self, steps: int) -> int:
        """Epochs of a training in which each takes so many steps; at least one.

        >>> LoopRecipe(epochs=60, most_steps=1000).epochs_of(50)
        20
        """
        return min(self.epochs, max(self.most_steps // steps, 1)) if self.most_steps else self.epochs
