"""The statistics of every clip, as it is and varied, computed once and kept on disk."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.errors import ModelError
from affetto.learning.augment import add_bursts, add_noise, change_channel, murmur
from affetto.learning.bank import Bank
from affetto.learning.data import PreparedData
from affetto.learning.examples import VARIANTS
from affetto.learning.networks import clip_statistics
from affetto.learning.recipe import AugmentRecipe, RecognizerRecipe

__all__ = ["VIEWS_VERSION", "Views", "prepare_views"]

VIEWS_VERSION = 3
"""To be raised when a statistic or a view changes, so that neither old views nor what was learnt from them is used."""

_SEED = 7
_TOGETHER = 64  # clips; the longer ones among them lose their last frames
_LARGEST = 6e4  # of what half precision holds

Views = npt.NDArray[np.float16]
"""Statistics of clips, ``(views, clips, size)``; the first view of a clip is its speech as it is."""


def prepare_views(
    data: PreparedData,
    recipe: RecognizerRecipe,
    cache: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Views:
    """The statistics of all clips in every prepared variant, and in some more among noise and by other microphones.

    No view of a clip holds anything of another: views may be prepared before clips are divided into folds.

    Args:
        data: The clips.
        recipe: How they are varied; nothing is hidden, cropped or blended, and babble is made of the clip itself.
        cache: Folder of the prepared file.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        ModelError: If the file cannot be written.
    """
    names = [(clip.corpus, clip.path.name, clip.path.stat().st_size) for clip in data.clips]
    augment, varied = recipe.statistics.augment, recipe.statistics.varied
    told = repr((VIEWS_VERSION, names, augment.model_dump_json(), varied)).encode("utf-8", "surrogatepass")
    file = cache / f"statistics-{hashlib.sha256(told).hexdigest()[:12]}.npy"
    if not file.is_file():
        _save(file, _compute(data, augment, varied, progress))
    return np.load(file, mmap_mode="r")


def _compute(
    data: PreparedData, recipe: AugmentRecipe, varied: int, progress: Callable[[str, int, int], None] | None
) -> Views:
    variants = [*VARIANTS, *[""] * varied]  # "" for any of them, at random
    statistics = clip_statistics()
    found = np.zeros((len(variants), len(data.clips), statistics.size), np.float16)
    here = torch.device("cpu")
    noise = Bank([data.noise], here)
    for view, variant in enumerate(variants):
        rng = np.random.default_rng([_SEED, view])
        name = variant or VARIANTS[rng.integers(len(VARIANTS))]
        speech, lengths = Bank([data.speech[name]], here), data.speech[name].lengths
        order = np.argsort(lengths, kind="stable")
        for first in range(0, len(order), _TOGETHER):
            rows = order[first : first + _TOGETHER]
            length = max(int(lengths[rows].min()), statistics.shortest)
            power = speech.crops(rows, length, rng)
            if not variant:
                power = _varied(power, noise.crops(rng.integers(len(noise), size=len(rows)), length, rng), rng, recipe)
            with torch.inference_mode():
                values = statistics(power).numpy()
            found[view, rows] = np.clip(values, -_LARGEST, _LARGEST)
            if progress:
                progress("describing clips", view * len(order) + first + len(rows), found.shape[0] * len(order))
    return found


def _varied(power: Tensor, noise: Tensor, rng: np.random.Generator, recipe: AugmentRecipe) -> Tensor:
    """As it may be heard elsewhere: among noise or, for some, voices, and by another microphone."""
    power = power / (power.mean(dim=(1, 2), keepdim=True) + 1e-12)
    voices = torch.from_numpy(rng.random((len(power), 1, 1)) < recipe.babble)
    around = torch.where(voices, murmur(power, rng), noise)
    power = add_noise(power, around, rng, recipe)
    return change_channel(add_bursts(power, noise.flip(0), rng, recipe), rng, recipe)


def _save(file: Path, views: Views) -> None:
    partial = file.with_suffix(f".{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.save(stream, views)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelError(f"cannot write {file}: {error.strerror}; make room there and go on") from error
