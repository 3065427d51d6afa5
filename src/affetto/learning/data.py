"""From a recipe to what is learnt from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from affetto.affect import EMOTIONS
from affetto.corpora import load_corpora
from affetto.corpora.non_speech import split_non_speech
from affetto.corpora.table import Clip
from affetto.errors import CorpusError
from affetto.learning.bank import Bank
from affetto.learning.device import device
from affetto.learning.examples import VARIANTS, Spectrograms, prepare_noise, prepare_speech
from affetto.learning.recipe import Recipe
from affetto.learning.recognizer_batches import TrainingSet

__all__ = ["PreparedData", "prepare"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedData:
    """Everything a recipe learns from, prepared.

    Attributes:
        clips: All clips, in the order of the spectrograms.
        speech: Spectrograms of the clips, one set per variant.
        noise: Spectrograms of sounds that are not speech.
    """

    clips: tuple[Clip, ...]
    speech: dict[str, Spectrograms]
    noise: Spectrograms
    _banks: dict[torch.device, tuple[Bank, Bank]] = field(default_factory=dict, repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The eight emotions, then every further label of the clips."""
        emotions = tuple(str(emotion) for emotion in EMOTIONS)
        return (*emotions, *sorted({clip.target for clip in self.clips} - set(emotions)))

    def rows(self, clips: Sequence[Clip]) -> list[int]:
        """Where clips stand in the spectrograms.

        Raises:
            CorpusError: If one of them was not prepared.
        """
        place = {clip.path: row for row, clip in enumerate(self.clips)}
        strange = next((clip for clip in clips if clip.path not in place), None)
        if strange is not None:
            raise CorpusError(
                f"{strange.path.name} was not prepared: it could not be decoded, or is not of the recipe's corpora; "
                "leave out what prepare() leaves out"
            )
        return [place[clip.path] for clip in clips]

    def training_set(self, clips: Sequence[Clip]) -> TrainingSet:
        """Some of the clips, to be fitted; the spectrograms are sent to the device that learns once."""
        here = device()
        if here not in self._banks:
            self._banks[here] = Bank([self.speech[variant] for variant in VARIANTS], here), Bank([self.noise], here)
        speech, noise = self._banks[here]
        return TrainingSet(self.clips, speech, noise, self.labels, np.array(self.rows(clips)))


def prepare(recipe: Recipe, cache: Path, *, progress: Callable[[str, int, int], None] | None = None) -> PreparedData:
    """Loads the corpora of a recipe and prepares their spectrograms, or takes the prepared ones.

    Args:
        recipe: Says which data and where.
        cache: Folder of prepared spectrograms.
        progress: Called with what is being done, how much is done and how much there is.

    Returns:
        Everything but the clips that cannot be decoded; each is logged as a warning, and how many there are.

    Raises:
        CorpusError: If data is missing.
    """
    root = recipe.data.root
    clips = load_corpora(recipe.data.corpora, root / recipe.data.speech)
    noise, _ = split_non_speech(root, recipe.data.non_speech)
    speech = prepare_speech(clips, cache, progress=progress)
    usable = speech["plain"].lengths > 0
    if not usable.all():
        _log.warning("%d of %d clip(s) left out", int((~usable).sum()), len(clips))
    return PreparedData(
        clips=tuple(clip for clip, keep in zip(clips, usable, strict=True) if keep),
        noise=prepare_noise(noise, cache),
        speech={variant: spectrograms.only(usable) for variant, spectrograms in speech.items()},
    )
