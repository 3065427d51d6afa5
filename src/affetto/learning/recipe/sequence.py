"""The recipe of a network on the frames of a clip."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from affetto.learning.recipe.loop import LoopRecipe
from affetto.learning.recipe.part import Part

__all__ = ["FramesRecipe", "SequenceRecipe", "ShapeRecipe", "VariationRecipe"]

_CONVOLUTIONAL = {"channels", "dropout"}
_RECURRENT = {"hidden", "layers", "dropout"}
_SHAPES = {
    "cnn": _CONVOLUTIONAL,
    "lstm": _RECURRENT,
    "bilstm": _RECURRENT,
    "cnn-lstm": _CONVOLUTIONAL | _RECURRENT,
    "reslstm": _RECURRENT,
    "cnn-asp": _CONVOLUTIONAL | {"heads"},
}


class FramesRecipe(Part):
    """What the network sees of a clip: frames of its speech.

    Attributes:
        features: Logarithm of the power in mel bands, or its cosine transform.
        frame_ms: Length of a frame, milliseconds; the longer, the finer the pitch is resolved.
        hop_ms: From one frame to the next, milliseconds; the longer, the cheaper.
        n_mels: Mel bands.
        n_mfcc: Coefficients of the cosine transform, the first of which is the level; used with ``mfcc``.
        deltas: 1 adds the change over time, 2 also the change of the change.
        normalization: ``level`` takes the level of the recording out, ``training`` keeps it and standardizes every
            row by its mean and deviation over the training clips, ``utterance`` standardizes every row within the
            clip, which takes out the microphone and much of the speaker.
        centred: Adds a second copy of the rows from which the mean over the clip is taken.
    """

    features: Literal["log-mel", "mfcc"] = "log-mel"
    frame_ms: float = Field(default=32.0, ge=10, le=128)
    hop_ms: float = Field(default=16.0, ge=5, le=128)
    n_mels: int = Field(default=64, ge=8, le=128)
    n_mfcc: int = Field(default=40, ge=2, le=128)
    deltas: Literal[0, 1, 2] = 0
    normalization: Literal["level", "training", "utterance"] = "level"
    centred: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "FramesRecipe":
        if self.features == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc = {self.n_mfcc} is more than n_mels = {self.n_mels}")
        if self.hop_ms > self.frame_ms:
            raise ValueError(
                f"hop_ms = {self.hop_ms} is longer than frame_ms = {self.frame_ms}: sound would be skipped"
            )
        return self


class ShapeRecipe(Part):
    """The shape of the network; each family has some of these.

    Attributes:
        channels: Channels of the convolution stages, each of which halves the bands.
        hidden: Units of a recurrent layer (in each direction).
        layers: Recurrent layers.
        heads: Heads of the attentive pooling.
        dropout: Share of features dropped in training, before the answer and between recurrent layers.
    """

    channels: tuple[int, ...] = Field(default=(16, 24, 32, 48), min_length=1, max_length=6)
    hidden: int = Field(default=64, ge=2)
    layers: int = Field(default=2, ge=1, le=8)
    heads: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.4, ge=0, lt=1)


class VariationRecipe(Part):
    """Changes to the mel power of a clip that leave its emotion as it is; shares are probabilities.

    Attributes:
        crop: Shortest and longest stretch that is kept of a clip, as a share of it.
        speed: Slowest and fastest speed, pitch and formants moving with it (by warping time and mel bands).
        noise: Share of clips with noise added.
        snr_db: Lowest and highest signal-to-noise ratio.
        channel_db: Standard deviation of a random smooth change of the spectrum.
        frequency_mask: Widest band of mel bins hidden, twice per clip (SpecAugment, Park et al. 2019).
        time_mask: Longest stretch hidden, as a share of the clip, twice per clip.
        mixup: Share of clips blended with another of the same corpus (Zhang et al. 2018).
    """

    crop: tuple[float, float] = (0.7, 1.0)
    speed: tuple[float, float] = (0.9, 1.1)
    noise: float = Field(default=0.3, ge=0, le=1)
    snr_db: tuple[float, float] = (10.0, 35.0)
    channel_db: float = Field(default=1.5, ge=0)
    frequency_mask: int = Field(default=8, ge=0, le=32)
    time_mask: float = Field(default=0.1, ge=0, lt=0.5)
    mixup: float = Field(default=0.2, ge=0, le=1)

    @field_validator("crop", "speed", "snr_db")
    @classmethod
    def _ordered(cls, value: tuple[float, float], info: ValidationInfo) -> tuple[float, float]:
        lowest, highest = {"crop": (0.1, 1.0), "speed": (0.5, 2.0)}.get(info.field_name or "", (-20.0, 100.0))
        if not lowest <= value[0] <= value[1] <= highest:
            raise ValueError(f"give the smaller first, both within {lowest} and {highest}")
        return value


class SequenceRecipe(Part):
    """A network on log-mel or MFCC frames.

    Attributes:
        family: The architecture.
        frames: What the network sees of a clip.
        network: Its shape.
        training: How the weights are found.
        augment: How clips are varied.
    """

    family: Literal["cnn", "lstm", "bilstm", "cnn-lstm", "reslstm", "cnn-asp"]
    frames: FramesRecipe = FramesRecipe()
    network: ShapeRecipe = ShapeRecipe()
    training: LoopRecipe = LoopRecipe()
    augment: VariationRecipe = VariationRecipe()

    @field_validator("network")
    @classmethod
    def _used(cls, value: ShapeRecipe, info: ValidationInfo) -> ShapeRecipe:
        data: dict[str, Any] = info.data
        family = data.get("family")
        if family is None:
            return value
        for name, field in ShapeRecipe.model_fields.items():
            if name not in _SHAPES[family] and getattr(value, name) != field.default:
                used = ", ".join(name for name in ShapeRecipe.model_fields if name in _SHAPES[family])
                raise ValueError(f"{name} means nothing to family {family}; it has {used}")
        if family == "cnn-asp" and value.channels[-1] % value.heads:
            raise ValueError(f"heads = {value.heads} do not divide the last of the channels, {value.channels[-1]}")
        return value
