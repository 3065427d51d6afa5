"""Fitting: from prepared examples and a recipe to a network."""

import csv
import io
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from affetto.errors import CorpusError, ModelError
from affetto.learning.checkpoints import check_stamp, fingerprint, read_checkpoint, stamped, write_checkpoint
from affetto.learning.device import device
from affetto.learning.examples import Spectrograms
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import RecognizerRecipe
from affetto.learning.recognizer_batches import Batches, TrainingSet
from affetto.learning.steps import Steps

__all__ = ["METRICS", "embed", "fit", "predict_logits"]

METRICS = ("step", "loss", "gate")
"""The columns of ``metrics.csv``: means over the steps since the row before."""

_ROW_EVERY = 100  # steps
_CHECKPOINT_EVERY = {"cpu": 100, "cuda": 1000}  # steps: what an interruption costs at most
_TOGETHER = 64  # clips of the same length that are heard at once


def fit(
    examples: TrainingSet,
    recipe: RecognizerRecipe,
    *,
    folder: Path,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> EmotionNetwork:
    """Fits a network; an interrupted run goes on from its last checkpoint, to the same result, a finished one is kept.

    Args:
        examples: What to learn from.
        recipe: How.
        folder: Where checkpoints and ``metrics.csv`` (the loss curve) go.
        seed: Decides the first weights and every random choice.
        threads: Processor threads.
        progress: Called after every step with how many are done and how many there are.

    Returns:
        The network with averaged weights, in evaluation mode.

    Raises:
        CorpusError: If all clips have one label: there is nothing to tell apart.
        ModelError: If the folder holds a checkpoint of another version or training, or cannot be written to.
    """
    if len({examples.clips[i].target for i in examples.chosen}) < 2:
        raise CorpusError("the clips to learn from have one label only; give clips of at least two")
    finished, last, stamp = folder / "network.pt", folder / "last.ckpt", _stamp(examples, recipe, seed)
    if finished.is_file():
        content = read_checkpoint(finished)
        check_stamp(content, stamp, finished)
        network = EmotionNetwork(recipe.network, labels=len(examples.labels))
        network.load_state_dict(content["state"])
        return network.eval()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    steps = Steps(EmotionNetwork(recipe.network, labels=len(examples.labels)), recipe, device())
    done, curve = 0, _Curve(folder / "metrics.csv")
    if last.is_file():
        content = read_checkpoint(last)
        check_stamp(content, stamp, last)
        steps.load_state_dict(content["steps"])
        done, curve.rows = content["done"], content["curve"]
    batches = Batches(examples, recipe, seed=seed)
    for number in range(done, recipe.training.steps):
        curve.add(*steps.step(number, seed, batches.batch(number)))
        if progress:
            progress(number + 1, recipe.training.steps)
        if (number + 1) % _ROW_EVERY == 0:
            curve.write(number + 1)
        if (number + 1) % _CHECKPOINT_EVERY[device().type] == 0:
            state = {"steps": steps.state_dict(), "done": number + 1, "curve": curve.rows}
            write_checkpoint(stamped(state, stamp), last)
    network = steps.averaged()
    write_checkpoint(stamped({"state": network.state_dict()}, stamp), finished)
    last.unlink(missing_ok=True)
    return network


class _Curve:
    """The loss curve."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rows: list[list[float]] = []
        self._sums: list[Tensor] = []
        self._count = 0

    def add(self, emotion: Tensor, gate: Tensor) -> None:
        """Counts a step; nothing waits for its outcome."""
        losses = [emotion.clone(), gate.clone()]
        self._sums = losses if not self._sums else [a + b for a, b in zip(self._sums, losses, strict=True)]
        self._count += 1

    def write(self, step: int) -> None:
        """Adds a row for the steps counted since the one before, and writes the file whole."""
        self.rows.append([step, *(round(float(value) / self._count, 6) for value in self._sums)])
        self._sums, self._count = [], 0
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(METRICS)
        table.writerows(self.rows)
        partial = self._file.with_suffix(f".{os.getpid()}.partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text.getvalue(), encoding="utf-8")
            partial.replace(self._file)
        except OSError as error:
            raise ModelError(f"cannot write {self._file}: {error.strerror}; make room there and go on") from error


def _stamp(examples: TrainingSet, recipe: RecognizerRecipe, seed: int) -> str:
    """What is being trained: a checkpoint of something else is refused."""
    text = recipe.model_dump_json(exclude={"statistics"}) + repr((examples.labels, examples.learnt_from))
    return fingerprint(text, seed)


def predict_logits(
    network: EmotionNetwork,
    embedded: npt.NDArray[np.float32],
    *,
    profiles: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Logits of the labels and, last, of speech, for clips that were embedded: shape ``(clips, labels + 1)``.

    ``profiles`` are what is known of the speaker of each, as :func:`embed` gives it; zeros are of nobody known.
    """
    with torch.inference_mode():
        emotion, speech = network.answer(
            torch.from_numpy(embedded), None if profiles is None else torch.from_numpy(profiles)
        )
    return torch.cat([emotion, speech[:, None]], dim=1).numpy()


def embed(network: EmotionNetwork, spectrograms: Spectrograms, rows: Sequence[int]) -> npt.NDArray[np.float32]:
    """What the network's answers are made from, for whole clips: shape ``(len(rows), embedding_size)``."""
    here = device()
    alike: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        alike[int(spectrograms.lengths[row])].append(place)
    found = np.zeros((len(rows), network.embedding_size), np.float32)
    network.to(here)
    with torch.inference_mode():
        for places in alike.values():
            for first in range(0, len(places), _TOGETHER):
                some = places[first : first + _TOGETHER]
                power = np.stack([spectrograms.power(rows[place]) for place in some])
                found[some] = network.embed(torch.from_numpy(power).to(here)).cpu().numpy()
    network.cpu()
    return found
