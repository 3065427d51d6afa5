"""Training recipes: everything that makes a model, in one TOML file."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from affetto.corpora import CORPORA
from affetto.errors import RecipeError

__all__ = ["AugmentRecipe", "DataRecipe", "NetworkRecipe", "Recipe", "TrainingRecipe", "load_recipe"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataRecipe(_Part):
    """What is learnt from.

    Attributes:
        root: Folder of all data, relative to the folder the command runs in.
        speech: Folder below ``root`` that holds each corpus in a folder of its name.
        shares: Share of each corpus in a batch of speech; they need not sum to 1.
        non_speech: File patterns below ``root`` of sounds that are not speech: noise, music.
        non_speech_share: Share of such sounds in a batch, for the gate.
    """

    root: Path = Path("../shared")
    speech: str = "speech"
    shares: dict[str, float] = Field(min_length=1)
    non_speech: tuple[str, ...] = ()
    non_speech_share: float = Field(default=0.1, ge=0, le=0.5)


class NetworkRecipe(_Part):
    """The shape of the network.

    Attributes:
        channels: Channels of the five convolution stages.
        attention_heads: Heads of the attentive pooling.
        dropout: Share of pooled features dropped in training.
    """

    channels: tuple[int, int, int, int, int] = (32, 48, 64, 96, 128)
    attention_heads: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.4, ge=0, lt=1)


class TrainingRecipe(_Part):
    """How the weights are found: a fixed number of steps, no choice of epoch.

    Attributes:
        steps: Optimizer steps.
        batch: Examples in a step.
        rate: Highest learning rate (one cycle, cosine).
        weight_decay: AdamW weight decay.
        label_smoothing: Probability spread over the other emotions of the corpus.
        averaging: Decay of the exponential moving average of the weights.
        gate_weight: Weight of the speech gate's loss.
        precision: Arithmetic of the convolutions.
    """

    steps: int = Field(default=3000, ge=1)
    batch: int = Field(default=64, ge=2)
    rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.02, ge=0)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    averaging: float = Field(default=0.998, ge=0, lt=1)
    gate_weight: float = Field(default=0.2, ge=0)
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"


class AugmentRecipe(_Part):
    """Changes to an example that leave its emotion as it is; shares are probabilities.

    Attributes:
        crop_seconds: Shortest and longest crop; one length for a whole batch.
        noise: Share of examples with noise added.
        snr_db: Lowest and highest signal-to-noise ratio.
        channel_db: Standard deviation of a random smooth change of the spectrum.
        band: Share of examples with the top of the spectrum cut off, as on a phone.
        frequency_mask: Widest band of mel bins hidden, twice per example.
        time_mask: Longest stretch hidden, as a share of the crop, twice per example.
        mixup: Share of examples blended with another of the same corpus.
    """

    crop_seconds: tuple[float, float] = (2.0, 4.0)
    noise: float = Field(default=0.4, ge=0, le=1)
    snr_db: tuple[float, float] = (5.0, 35.0)
    channel_db: float = Field(default=2.5, ge=0)
    band: float = Field(default=0.1, ge=0, le=1)
    frequency_mask: int = Field(default=10, ge=0, le=32)
    time_mask: float = Field(default=0.15, ge=0, lt=0.5)
    mixup: float = Field(default=0.3, ge=0, le=1)


class Recipe(_Part):
    """A whole recipe.

    Attributes:
        name: Short name; reports and models carry it.
        data: What is learnt from.
        network: The shape of the network.
        training: How the weights are found.
        augment: How examples are varied.
    """

    name: str
    data: DataRecipe
    network: NetworkRecipe = NetworkRecipe()
    training: TrainingRecipe = TrainingRecipe()
    augment: AugmentRecipe = AugmentRecipe()

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora learnt from."""
        return tuple(self.data.shares)


def load_recipe(path: str | Path) -> Recipe:
    """Reads and checks a recipe.

    Raises:
        RecipeError: If the file cannot be read, or a key or value in it is wrong; the nearest key is suggested.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"recipe {path}: {error}; see recipes/default.toml for the form") from error
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {path}: {_explain(error)}") from error
    unknown = [name for name in recipe.corpora if name not in CORPORA]
    if unknown:
        raise RecipeError(
            f"recipe {path}: data.shares.{unknown[0]}: unknown corpus{_nearest(unknown[0], list(CORPORA))}"
        )
    return recipe


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{key} = {first.get('input')!r}: {first['msg']}"
    part: Any = Recipe
    for name in first["loc"][:-1]:
        part = part.model_fields[name].annotation
    return f"unknown key {key}{_nearest(str(first['loc'][-1]), list(part.model_fields))}"


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
