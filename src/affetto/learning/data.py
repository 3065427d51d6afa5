"""From a recipe to what is learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affetto.affect import EMOTIONS
from affetto.corpora import load_corpora
from affetto.corpora.non_speech import split_non_speech
from affetto.corpora.table import Clip
from affetto.learning.examples import Spectrograms, prepare_noise, prepare_speech
from affetto.learning.fit import TrainingSet
from affetto.learning.recipe import Recipe

__all__ = ["PreparedData", "prepare"]


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

    @property
    def labels(self) -> tuple[str, ...]:
        """The eight emotions, then every further label of the clips."""
        emotions = tuple(str(emotion) for emotion in EMOTIONS)
        return (*emotions, *sorted({clip.target for clip in self.clips} - set(emotions)))

    def rows(self, clips: Sequence[Clip]) -> list[int]:
        """Where clips stand in the spectrograms."""
        place = {clip.path: row for row, clip in enumerate(self.clips)}
        return [place[clip.path] for clip in clips]

    def training_set(self, clips: Sequence[Clip]) -> TrainingSet:
        """Some of the clips, to be fitted."""
        return TrainingSet(self.clips, self.speech, self.noise, self.labels, np.array(self.rows(clips)))


def prepare(recipe: Recipe, cache: Path, *, progress: Callable[[str, int, int], None] | None = None) -> PreparedData:
    """Loads the corpora of a recipe and prepares their spectrograms, or takes the prepared ones.

    Args:
        recipe: Says which data and where.
        cache: Folder of prepared spectrograms.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        CorpusError: If data is missing or cannot be read.
    """
    root = recipe.data.root
    clips = load_corpora(recipe.data.corpora, root / recipe.data.speech)
    noise, _ = split_non_speech(root, recipe.data.non_speech)
    return PreparedData(
        clips=clips,
        noise=prepare_noise(noise, cache),
        speech=prepare_speech(clips, cache, progress=progress),
    )
