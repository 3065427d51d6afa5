"""Fitting: from prepared examples and a recipe to a network."""

import hashlib
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from affetto.corpora.table import Clip
from affetto.errors import CorpusError
from affetto.learning.augment import add_noise, change_channel, hide_bands
from affetto.learning.checkpoints import SafeCheckpoints, check_stamp, read_checkpoint, stamped, write_checkpoint
from affetto.learning.examples import VARIANTS, Spectrograms
from affetto.learning.networks import HOP_LENGTH, EmotionNetwork
from affetto.learning.recipe import RecognizerRecipe
from affetto.voice.audio import RATE

__all__ = ["Batches", "TrainingSet", "embed", "fit", "predict_logits"]

_STEPS_PER_EPOCH = 100


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples to learn from.

    Attributes:
        clips: What is known of each clip, in the order of the spectrograms.
        speech: Spectrograms of the clips, one set per variant.
        noise: Spectrograms of sounds that are not speech.
        labels: What can be answered: the eight emotions, then further labels of the corpora.
        chosen: Indices of the clips that may be learnt from.
    """

    clips: Sequence[Clip]
    speech: dict[str, Spectrograms]
    noise: Spectrograms
    labels: tuple[str, ...]
    chosen: npt.NDArray[np.int64]


class Batches(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Augmented batches, each a pure function of the seed and its number, so that training resumes to the same result.

    A batch is mel power ``(batch, mels, frames)``, target probabilities ``(batch, labels)``, the labels its corpus
    knows ``(batch, labels)`` as booleans, and whether it is speech ``(batch,)``.
    """

    def __init__(
        self, examples: TrainingSet, recipe: RecognizerRecipe, *, seed: int, first: int = 0, count: int = 1
    ) -> None:
        self.examples, self.recipe, self.seed, self.first, self.count = examples, recipe, seed, first, count
        corpora = list(dict.fromkeys(examples.clips[i].corpus for i in examples.chosen))
        self._groups: list[list[npt.NDArray[np.int64]]] = []
        self._known: dict[str, list[bool]] = {}
        for corpus in corpora:
            rows = [i for i in examples.chosen if examples.clips[i].corpus == corpus]
            groups = [[i for i in rows if examples.clips[i].target == label] for label in examples.labels]
            self._groups.append([np.array(group) for group in groups if group])
            targets = {clip.target for clip in examples.clips if clip.corpus == corpus}
            self._known[corpus] = [label in targets for label in examples.labels]
        shares = np.array([recipe.shares.get(corpus, 1.0) for corpus in corpora])
        self._shares = shares / shares.sum()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if index >= self.count:
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.first + index])
        recipe, examples = self.recipe, self.examples
        length = int(rng.uniform(*recipe.augment.crop_seconds) * RATE / HOP_LENGTH)
        silent = round(recipe.training.non_speech_share * recipe.training.batch)
        chosen, corpora = self._choose(recipe.training.batch - silent, rng)
        variants = rng.integers(len(VARIANTS), size=len(chosen))
        crops = [examples.speech[VARIANTS[v]].crop(i, length, rng) for v, i in zip(variants, chosen, strict=True)]
        targets, known = self._targets(chosen)
        power = np.exp(np.stack(crops).astype(np.float32)).transpose(0, 2, 1)
        power /= power.mean(axis=(1, 2), keepdims=True) + 1e-12
        power, targets = self._mix(power, targets, corpora, rng)
        noise = self._noise(len(chosen) + silent, length, rng)
        power = np.concatenate([add_noise(power, noise[silent:], rng, recipe.augment), noise[:silent]])
        power = hide_bands(change_channel(power, rng, recipe.augment), rng, recipe.augment)
        empty = np.zeros((silent, len(examples.labels)), np.float32)
        return (
            torch.from_numpy(np.ascontiguousarray(power, dtype=np.float32)),
            torch.from_numpy(np.concatenate([targets, empty])),
            torch.from_numpy(np.concatenate([known, empty.astype(bool)])),
            torch.from_numpy((np.arange(len(power)) < len(chosen)).astype(np.float32)),
        )

    def _choose(self, count: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Clips by corpus share, then label, each equally likely; and the number of each one's corpus."""
        corpora = np.sort(rng.choice(len(self._shares), size=count, p=self._shares))
        groups = [self._groups[corpus] for corpus in corpora]
        return np.array([rng.choice(group[rng.integers(len(group))]) for group in groups]), corpora

    def _targets(self, chosen: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        clips = [self.examples.clips[i] for i in chosen]
        known = np.array([self._known[clip.corpus] for clip in clips])
        label = np.array([[clip.target == label for label in self.examples.labels] for clip in clips])
        smoothing = self.recipe.training.label_smoothing
        return ((1 - smoothing) * label + smoothing * known / known.sum(axis=1, keepdims=True)).astype(
            np.float32
        ), known

    def _mix(
        self,
        power: npt.NDArray[np.float32],
        targets: npt.NDArray[np.float32],
        corpora: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """Blends some examples with another of the same corpus, power and target alike (mixup, Zhang et al. 2018)."""
        partner = np.arange(len(power))
        for corpus in np.unique(corpora):
            rows = np.flatnonzero(corpora == corpus)
            partner[rows] = rng.permutation(rows)
        blended = rng.random(len(power)) < self.recipe.augment.mixup
        share = (blended * rng.uniform(0.0, 0.5, len(power))).astype(np.float32)
        mixed_power = power + share[:, None, None] * (power[partner] - power)
        return mixed_power, targets + share[:, None] * (targets[partner] - targets)

    def _noise(self, count: int, length: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        chosen = rng.integers(len(self.examples.noise), size=count)
        crops = np.stack([self.examples.noise.crop(i, length, rng) for i in chosen])
        return np.exp(crops.astype(np.float32)).transpose(0, 2, 1)


class _Training(lightning.LightningModule):
    def __init__(self, examples: TrainingSet, recipe: RecognizerRecipe, seed: int) -> None:
        super().__init__()
        self.network = EmotionNetwork(recipe.network, labels=len(examples.labels))
        self.examples, self.recipe, self.seed = examples, recipe, seed

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor, Tensor, Tensor]]:
        # Counted in steps, not epochs: after an interruption Lightning begins anywhere in an epoch.
        done = self.trainer.global_step
        count = max(1, min(_STEPS_PER_EPOCH, self.recipe.training.steps - done))
        batches = Batches(self.examples, self.recipe, seed=self.seed, first=done, count=count)
        return DataLoader(batches, batch_size=None, shuffle=False)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        del batch, batch_idx
        # Dropout draws from torch's own generator: seeded here, it draws the same after an interruption.
        torch.manual_seed(self.seed * 1_000_000 + self.trainer.global_step)

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        power, targets, known, speech = batch
        logits, gate = self.network(power)
        log_p = functional.log_softmax(logits.float().masked_fill(~known & (speech[:, None] > 0), -1e4), dim=1)
        emotion_loss = -(targets * log_p).sum() / speech.sum()
        gate_loss = functional.binary_cross_entropy_with_logits(gate.float(), speech)
        self.log("loss", emotion_loss, prog_bar=True)
        self.log("gate", gate_loss, prog_bar=True)
        return emotion_loss + self.recipe.training.gate_weight * gate_loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        training = self.recipe.training
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=training.rate, weight_decay=training.weight_decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, training.rate, total_steps=training.steps + 1, pct_start=0.2
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


def fit(
    examples: TrainingSet,
    recipe: RecognizerRecipe,
    *,
    folder: Path,
    seed: int = 0,
    threads: int = 1,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> EmotionNetwork:
    """Fits a network; an interrupted run goes on from its last checkpoint, to the same result, a finished one is kept.

    Args:
        examples: What to learn from.
        recipe: How.
        folder: Where checkpoints and ``metrics.csv`` (the loss curve) go.
        seed: Decides the first weights and every random choice.
        threads: Processor threads.
        progress: Whether to draw a progress bar.
        callbacks: Further Lightning callbacks.

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
    if last.is_file():
        check_stamp(read_checkpoint(last), stamp, last)
    torch.set_num_threads(threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    lightning.seed_everything(seed, verbose=False)
    training = _Training(examples, recipe, seed)
    trainer = lightning.Trainer(
        accelerator="cpu",
        precision=recipe.training.precision,
        max_steps=recipe.training.steps,
        reload_dataloaders_every_n_epochs=1,
        logger=CSVLogger(folder, name="", version=""),
        log_every_n_steps=20,
        enable_progress_bar=progress,
        enable_model_summary=False,
        gradient_clip_val=5.0,
        callbacks=[
            EMAWeightAveraging(
                decay=recipe.training.averaging,
                update_starting_at_step=min(_STEPS_PER_EPOCH, recipe.training.steps // 10),
            ),
            ModelCheckpoint(folder, filename="last", save_last=False, enable_version_counter=False),
            *callbacks,
        ],
        plugins=[SafeCheckpoints(stamp)],
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*Checkpoint directory.*")
        trainer.fit(training, ckpt_path=str(last) if last.is_file() else None)
    network = training.network.float().eval()
    write_checkpoint(stamped({"state": network.state_dict()}, stamp), finished)
    return network


def _stamp(examples: TrainingSet, recipe: RecognizerRecipe, seed: int) -> str:
    """What is being trained: a checkpoint of something else is refused."""
    clips = [(clip.corpus, clip.path.name, clip.target) for clip in (examples.clips[i] for i in examples.chosen)]
    text = recipe.model_dump_json() + repr((examples.labels, clips))
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}-seed{seed}"


def predict_logits(network: EmotionNetwork, spectrograms: Spectrograms, rows: Sequence[int]) -> npt.NDArray[np.float32]:
    """Logits of the labels and, last, of speech, for whole clips: shape ``(len(rows), labels + 1)``."""
    outputs: list[Tensor] = []
    with torch.inference_mode():
        for row in rows:
            power = torch.from_numpy(np.ascontiguousarray(spectrograms.power(row)))[None]
            emotion, speech = network(power)
            outputs.append(torch.cat([emotion[0], speech]))
    return torch.stack(outputs).numpy()


def embed(network: EmotionNetwork, spectrograms: Spectrograms, rows: Sequence[int]) -> npt.NDArray[np.float32]:
    """What the network's answers are made from, for whole clips: shape ``(len(rows), features)``."""
    with torch.inference_mode():
        outputs = [
            network.embed(torch.from_numpy(np.ascontiguousarray(spectrograms.power(row)))[None])[0] for row in rows
        ]
    return torch.stack(outputs).numpy()
