"""The recipe of the recognizer that ships: one convolutional network for many corpora."""

from typing import Annotated, Literal

from pydantic import Field

from affetto.learning.recipe.part import Part

__all__ = ["AugmentRecipe", "NetworkRecipe", "RecognizerRecipe", "StatisticsRecipe", "TrainingRecipe"]

_Stride = Annotated[int, Field(ge=1, le=4)]


class NetworkRecipe(Part):
    """The shape of the network.

    Attributes:
        members: Networks of this shape that learn side by side, each from its own first weights; logits are averaged.
        channels: Channels of the five convolution stages of each.
        strides: Frames from one column to the next in each stage; the larger, the cheaper.
        squeeze: Whether residual blocks weigh their channels by what is in the whole clip (Hu et al. 2018).
        attention_heads: Heads of the attentive pooling.
        dropout: Share of pooled features dropped in training.
        floor_db: What is further under the mean of a clip than this is not told apart.
    """

    members: int = Field(default=1, ge=1, le=8)
    channels: tuple[int, int, int, int, int] = (32, 48, 64, 96, 128)
    strides: tuple[_Stride, _Stride, _Stride, _Stride, _Stride] = (1, 2, 1, 2, 1)
    squeeze: bool = False
    attention_heads: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.4, ge=0, lt=1)
    floor_db: float = Field(default=50.0, gt=0, le=100)


class TrainingRecipe(Part):
    """How the weights are found: a fixed number of steps, no choice of epoch.

    Attributes:
        steps: Optimizer steps.
        batch: Examples in a step.
        group: Clips of one speaker in a batch; those of the others in a group are what is known of the speaker of one.
            1 draws every clip by itself, and speakers stay unknown.
        unknown: Share of examples whose speaker stays unknown.
        rate: Highest learning rate (one cycle, cosine).
        weight_decay: AdamW weight decay.
        label_smoothing: Probability spread over the other emotions of the corpus.
        averaging: Decay of the exponential moving average of the weights.
        non_speech_share: Share of sounds that are not speech in a batch, for the gate.
        gate_weight: Weight of the speech gate's loss.
        consistency: Weight of the divergence between the answers to two views of the same clip; where it is above 0,
            half of a batch are second views.
        precision: Arithmetic of the convolutions.
    """

    steps: int = Field(default=3000, ge=1)
    batch: int = Field(default=64, ge=2)
    group: int = Field(default=1, ge=1, le=16)
    unknown: float = Field(default=0.5, ge=0, le=1)
    rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.02, ge=0)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    averaging: float = Field(default=0.998, ge=0, lt=1)
    non_speech_share: float = Field(default=0.1, ge=0, le=0.5)
    gate_weight: float = Field(default=0.2, ge=0)
    consistency: float = Field(default=0.0, ge=0)
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"


class AugmentRecipe(Part):
    """Changes to an example that leave its emotion as it is; shares are probabilities.

    Attributes:
        crop_seconds: Shortest and longest crop; one length for a whole batch.
        noise: Share of examples with noise added.
        babble: Share of the noises that are other voices of the batch.
        snr_db: Lowest and highest signal-to-noise ratio.
        burst: Share of examples with a short noise as loud as the voice, such as a cough.
        channel_db: Standard deviation of a random smooth change of the spectrum.
        tilt: Share of examples whose highs, or lows, are made fainter, by up to ``tilt_db``.
        tilt_db: Greatest difference between both ends of the spectrum.
        throat: Share of examples whose bands are moved, as by a longer or a shorter vocal tract.
        throat_factor: Greatest factor by which frequencies are moved, up or down.
        band: Share of examples with the top of the spectrum cut off and for half of them the bottom too, as on a phone.
        frequency_mask: Widest band of mel bins hidden, twice per example.
        time_mask: Longest stretch hidden, as a share of the crop, twice per example.
        mixup: Share of examples blended with another of the same corpus.
    """

    crop_seconds: tuple[float, float] = (2.0, 4.0)
    noise: float = Field(default=0.4, ge=0, le=1)
    babble: float = Field(default=0.2, ge=0, le=1)
    snr_db: tuple[float, float] = (5.0, 35.0)
    burst: float = Field(default=0.15, ge=0, le=1)
    channel_db: float = Field(default=2.5, ge=0)
    tilt: float = Field(default=0.3, ge=0, le=1)
    tilt_db: float = Field(default=25.0, ge=0)
    throat: float = Field(default=0.0, ge=0, le=1)
    throat_factor: float = Field(default=1.15, ge=1, le=2)
    band: float = Field(default=0.15, ge=0, le=1)
    frequency_mask: int = Field(default=10, ge=0, le=32)
    time_mask: float = Field(default=0.15, ge=0, lt=0.5)
    mixup: float = Field(default=0.3, ge=0, le=1)


class StatisticsRecipe(Part):
    """A further member that answers from the statistics of a clip; it learns by itself, in a minute or two.

    Attributes:
        hidden: Units of its hidden layer; 0 for no such member.
        varied: Views of each clip that are varied at random, beside its prepared variants.
        share: Share of what is learnt from that is varied at random.
        steps: Optimizer steps.
        batch: Clips in a step.
        rate: Highest learning rate (one cycle, cosine).
        weight_decay: AdamW weight decay.
        input_dropout: Share of the statistics dropped in training.
        dropout: Share of the hidden units dropped in training.
        elsewhere: Weight of telling a clip's label from those that its corpus lacks, too.
        augment: How the varied views are varied; nothing is cropped, moved or hidden in them.
    """

    hidden: int = Field(default=0, ge=0)
    varied: int = Field(default=24, ge=0)
    share: float = Field(default=0.9, ge=0, le=1)
    steps: int = Field(default=2500, ge=1)
    batch: int = Field(default=256, ge=2)
    rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    input_dropout: float = Field(default=0.4, ge=0, lt=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    elsewhere: float = Field(default=0.05, ge=0)
    augment: AugmentRecipe = AugmentRecipe()


class RecognizerRecipe(Part):
    """A network on the mel spectrogram, for several corpora with different emotions, with a speech gate.

    Attributes:
        family: Names this kind of model.
        shares: Share of each corpus in a batch of speech, they need not sum to 1; one that is left out gets share 1.
        network: The shape of the network.
        training: How the weights are found.
        augment: How examples are varied.
        statistics: The member that answers from statistics.
    """

    family: Literal["recognizer"] = "recognizer"
    shares: dict[str, float] = Field(default_factory=dict[str, float])
    network: NetworkRecipe = NetworkRecipe()
    training: TrainingRecipe = TrainingRecipe()
    augment: AugmentRecipe = AugmentRecipe()
    statistics: StatisticsRecipe = StatisticsRecipe()
