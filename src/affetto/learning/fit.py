"""Fitting: from prepared examples and a recipe to a network."""

import hashlib
import logging
import warnings
from collections.abc import Sequence
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
from torch.utils.data import DataLoader

from affetto.errors import CorpusError
from affetto.learning.checkpoints import SafeCheckpoints, check_stamp, read_checkpoint, stamped, write_checkpoint
from affetto.learning.device import device
from affetto.learning.examples import Spectrograms
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import RecognizerRecipe
from affetto.learning.recognizer_batches import Batch, Batches, TrainingSet

__all__ = ["embed", "fit", "predict_logits"]

_STEPS_PER_EPOCH = 100


class _Training(lightning.LightningModule):
    def __init__(self, network: EmotionNetwork, batches: Batches, recipe: RecognizerRecipe, seed: int) -> None:
        super().__init__()
        self.network, self.batches, self.recipe, self.seed = network, batches, recipe, seed

    def train_dataloader(self) -> DataLoader[Batch]:
        # Counted in steps, not epochs: after an interruption Lightning begins anywhere in an epoch.
        done = self.trainer.global_step
        count = max(1, min(_STEPS_PER_EPOCH, self.recipe.training.steps - done))
        return DataLoader(self.batches.between(done, done + count), batch_size=None, shuffle=False)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        del batch, batch_idx
        # Dropout draws from torch's own generator: seeded here, it draws the same after an interruption.
        torch.manual_seed(self.seed * 1_000_000 + self.trainer.global_step)

    def training_step(self, batch: Batch) -> Tensor:
        power, targets, known, profiles, speech = batch
        embedding = self.network.embed(power)
        clips = len(targets)
        profile = profiles.to(embedding.dtype) @ embedding[:clips]
        if clips < len(power):  # what is no speech has no speaker
            profile = functional.pad(profile, (0, 0, 0, len(power) - clips))
        logits, gate = self.network.answer(embedding, profile)
        log_p = functional.log_softmax(logits[:clips].float().masked_fill(~known, -1e4), dim=1)
        emotion_loss = -(targets * log_p).sum() / clips
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
    network = EmotionNetwork(recipe.network, labels=len(examples.labels))
    here = device()
    training = _Training(network, Batches(examples, recipe, seed=seed, device=here), recipe, seed)
    trainer = lightning.Trainer(
        accelerator="cpu" if here.type == "cpu" else "auto",
        devices=1,
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
    network = training.network.float().eval().cpu()
    write_checkpoint(stamped({"state": network.state_dict()}, stamp), finished)
    return network


def _stamp(examples: TrainingSet, recipe: RecognizerRecipe, seed: int) -> str:
    """What is being trained: a checkpoint of something else is refused."""
    clips = [(clip.corpus, clip.path.name, clip.target) for clip in (examples.clips[i] for i in examples.chosen)]
    text = recipe.model_dump_json() + repr((examples.labels, clips))
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}-seed{seed}"


def predict_logits(
    network: EmotionNetwork,
    spectrograms: Spectrograms,
    rows: Sequence[int],
    *,
    profiles: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Logits of the labels and, last, of speech, for whole clips: shape ``(len(rows), labels + 1)``.

    ``profiles`` are what is known of the speaker of each, ``(len(rows), embedding_size)``; zeros are of nobody known.
    """
    embedded = torch.from_numpy(embed(network, spectrograms, rows))
    with torch.inference_mode():
        emotion, speech = network.answer(embedded, None if profiles is None else torch.from_numpy(profiles))
    return torch.cat([emotion, speech[:, None]], dim=1).numpy()


def embed(network: EmotionNetwork, spectrograms: Spectrograms, rows: Sequence[int]) -> npt.NDArray[np.float32]:
    """What the network's answers are made from, for whole clips: shape ``(len(rows), features)``."""
    with torch.inference_mode():
        outputs = [
            network.embed(torch.from_numpy(np.ascontiguousarray(spectrograms.power(row)))[None])[0] for row in rows
        ]
    return torch.stack(outputs).numpy()
