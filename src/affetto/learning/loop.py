"""The training loop of the laboratory's networks: epochs, early stopping, learning rate, checkpoints and logs."""

import contextlib
import csv
import io
import logging
import math
import os
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, WeightAveraging
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from affetto.errors import ModelError
from affetto.learning.batches import Batch, Epochs
from affetto.learning.checkpoints import (
    SafeCheckpoints,
    check_stamp,
    read_checkpoint,
    stamped,
    write_checkpoint,
)
from affetto.learning.recipe.loop import LoopRecipe

__all__ = ["METRICS", "Examples", "train"]

METRICS = ("epoch", "rate", "loss", "accuracy", "validation_loss", "validation_accuracy", "validation_uar")
"""The columns of ``metrics.csv``, a row per epoch; those of validation are empty where there is none."""

_NETWORK, _LAST, _BEST = "network.pt", "last.ckpt", "best.ckpt"


@dataclass(frozen=True, slots=True)
class Examples:
    """What a training takes.

    Attributes:
        epochs: Batches to learn from.
        validation: Batches to watch; none where training goes through all its epochs.
        stamp: What is being trained (recipe, clips): a checkpoint of something else is refused.
    """

    epochs: Epochs
    validation: Sequence[Batch]
    stamp: str


class _Numbers(Dataset[Batch]):
    def __init__(self, epochs: Epochs, epoch: int) -> None:
        self._epochs, self._epoch, self._count = epochs, epoch, epochs.steps

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Batch:
        return self._epochs.batch(self._epoch, number)


class _Fixed(Dataset[Batch]):
    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Batch:
        return self._batches[number]


def _moved(batch: Batch, device: torch.device) -> Batch:
    inputs, *rest = batch
    return Batch(tuple(one.to(device) for one in inputs), *(one.to(device) for one in rest))


class _Data(lightning.LightningDataModule):
    def __init__(self, examples: Examples, device: torch.device) -> None:
        super().__init__()
        self._examples = examples
        self._watched = [_moved(batch, device) for batch in examples.validation]

    def train_dataloader(self) -> DataLoader[Batch]:
        assert self.trainer is not None
        numbers = _Numbers(self._examples.epochs, self.trainer.current_epoch)
        return DataLoader(numbers, batch_size=None, shuffle=False)

    def val_dataloader(self) -> DataLoader[Batch]:
        return DataLoader(_Fixed(self._watched), batch_size=None, shuffle=False)


class _Learner(lightning.LightningModule):
    """A network, its loss and its optimizer."""

    def __init__(
        self, network: nn.Module, recipe: LoopRecipe, *, steps: int, watched: str, seed: int, shows: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe, self.total_steps, self.watched, self.seed, self._shows = recipe, steps, watched, seed, shows
        # Added up where the network is: to read a number off a graphics processor is to wait for it.
        self._sums, self._count = torch.zeros(2, dtype=torch.float64), 0
        self._heard: list[tuple[Tensor, Tensor]] = []
        self._plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        del batch, batch_idx
        # Dropout draws from torch's own generator: seeded here, it draws the same after an interruption.
        torch.manual_seed(self.seed * 1_000_000 + self.trainer.global_step)

    def _loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        logits = self.network(*batch.inputs).float().masked_fill(~batch.known, -1e4)
        each = -(batch.targets * functional.log_softmax(logits, dim=1)).sum(dim=1)
        return (batch.weights * each).sum() / batch.weights.sum(), logits.detach()

    def training_step(self, batch: Batch) -> Tensor:
        loss, logits = self._loss(batch)
        right = (logits.argmax(dim=1) == batch.targets.argmax(dim=1)).sum()
        self._sums += torch.stack([loss.detach().double() * len(logits), right.double()])
        self._count += len(logits)
        if self._shows:
            self.log("train_loss", loss.detach(), prog_bar=True, batch_size=len(logits))
        return loss

    def on_train_epoch_start(self) -> None:
        self._sums, self._count = torch.zeros(2, dtype=torch.float64, device=self.device), 0

    def learnt(self) -> tuple[float, float]:
        """Mean loss and accuracy over the steps of this epoch."""
        loss, right = (self._sums / max(self._count, 1)).tolist()
        return loss, right

    def validation_step(self, batch: Batch) -> None:
        loss, logits = self._loss(batch)
        self.log("validation_loss", loss, prog_bar=True, batch_size=float(batch.weights.sum()))  # pyright: ignore[reportArgumentType]
        self._heard.append((logits.argmax(dim=1), batch.targets.argmax(dim=1)))

    def on_validation_epoch_end(self) -> None:
        guess, true = (torch.cat(parts) for parts in zip(*self._heard, strict=True))
        self._heard.clear()
        recalls = [(guess[true == label] == label).float().mean() for label in true.unique()]
        self.log("validation_uar", torch.stack(recalls).mean(), prog_bar=True)
        self.log("validation_accuracy", (guess == true).float().mean())

    def on_train_epoch_end(self) -> None:
        # Lightning lowers the rate after it has written the checkpoint: a resumed training would go another way.
        if self._plateau is not None:
            watched = self.trainer.callback_metrics.get(self.watched)
            self._plateau.step(self.learnt()[0] if watched is None else float(watched))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["plateau"] = self._plateau.state_dict() if self._plateau else None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._plateau_state = checkpoint["plateau"]

    def _optimizer(self) -> Optimizer:
        recipe = self.recipe
        learnt = [p for p in self.network.parameters() if p.requires_grad]
        match recipe.optimizer:
            case "rmsprop":
                return torch.optim.RMSprop(learnt, lr=recipe.rate, weight_decay=recipe.weight_decay)
            case "adam":
                return torch.optim.Adam(learnt, lr=recipe.rate, weight_decay=recipe.weight_decay)
            case "adamw":
                return torch.optim.AdamW(learnt, lr=recipe.rate, weight_decay=recipe.weight_decay)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        recipe, optimizer = self.recipe, self._optimizer()
        if recipe.schedule == "one-cycle":
            cycle = OneCycleLR(
                optimizer,
                recipe.rate,
                total_steps=max(self.total_steps + 1, 10),  # fewer leave a phase without a step
                pct_start=0.2,
                cycle_momentum=recipe.optimizer != "rmsprop",
            )
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        if recipe.schedule == "plateau":
            self._plateau = ReduceLROnPlateau(
                optimizer,
                mode="max" if self.watched == "validation_uar" else "min",
                patience=recipe.plateau_patience,
                factor=recipe.plateau_factor,
            )
            if self._plateau_state is not None:
                self._plateau.load_state_dict(self._plateau_state)
        return optimizer


class _Averaging(WeightAveraging):
    """The moving average of the weights, beside them on their device, from the second epoch on."""

    def __init__(self, device: torch.device, decay: float, *, start: int) -> None:
        super().__init__(device, use_buffers=True, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self._start = start

    def setup(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        if self._average_model is not None:  # asks of every tensor whether it is the first time: not over there
            self._average_model.n_averaged = self._average_model.n_averaged.cpu()

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        del epoch_idx
        return step_idx is not None and step_idx >= self._start


class _History(Callback):
    """The learning curve, kept in the checkpoint and written to ``metrics.csv`` after every epoch."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "metrics.csv"
        self._rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, _Learner)
        found = trainer.callback_metrics
        loss, accuracy = pl_module.learnt()
        row = {
            "epoch": float(trainer.current_epoch),
            "rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            "loss": loss,
            "accuracy": accuracy,
            **{name: float(found[name]) for name in METRICS if name in found},
        }
        self._rows.append(row)
        for logger in trainer.loggers:
            logger.log_metrics(
                {f"epoch/{name}": row[name] for name in METRICS[1:] if name in row}, trainer.current_epoch
            )
        self._write()

    def _write(self) -> None:
        text = io.StringIO()
        table: csv.DictWriter[str] = csv.DictWriter(text, METRICS, lineterminator="\n")
        table.writeheader()
        for row in self._rows:
            table.writerow({n: f"{v:.0f}" if n == "epoch" else f"{v:.6g}" for n, v in row.items()})
        partial = self._file.with_suffix(f".{os.getpid()}.partial")
        try:
            partial.write_text(text.getvalue(), encoding="utf-8")
            partial.replace(self._file)
        except OSError as error:
            raise ModelError(f"cannot write {self._file}: {error.strerror}; make room there and go on") from error

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self._rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._rows = list(state_dict["rows"])


def train(
    network: nn.Module,
    examples: Examples,
    recipe: LoopRecipe,
    *,
    folder: Path,
    device: torch.device,
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Trains a network in place; an interrupted training goes on from its last epoch, a finished one is kept.

    With validation and a patience, training stops when validation has stood still for so long, and the network is left
    as it was in its best epoch; otherwise it goes through all its epochs. ``metrics.csv`` and TensorBoard's files in
    ``folder`` tell the course of it.

    Args:
        network: Gives logits ``(clips, labels)`` for the inputs of a batch; on the processor and in evaluation mode
            afterwards.
        examples: What it learns from, and is watched on.
        recipe: How.
        folder: Where checkpoints and logs go.
        device: Where it is trained.
        seed: Decides every random choice but the network's first weights.
        threads: Processor threads.
        progress: Whether to draw a progress bar.
        callbacks: Further Lightning callbacks.

    Raises:
        ModelError: If the folder holds a checkpoint of another version or training, or cannot be written to.
    """
    stamp = f"{examples.stamp}-seed{seed}"
    finished, last, best = folder / _NETWORK, folder / _LAST, folder / _BEST
    if finished.is_file():
        content = read_checkpoint(finished)
        check_stamp(content, stamp, finished)
        network.load_state_dict(content["state"])
        network.eval()
        return
    if last.is_file():
        check_stamp(read_checkpoint(last), stamp, last)
    watched = f"validation_{recipe.monitor}" if examples.validation else "loss"
    mode = "max" if watched == "validation_uar" else "min"
    epochs = recipe.epochs_of(examples.epochs.steps)
    steps = examples.epochs.steps * epochs
    learner = _Learner(network, recipe, steps=steps, watched=watched, seed=seed, shows=progress)
    stops = bool(examples.validation) and recipe.patience > 0
    every: list[Callback] = [*callbacks, _History(folder)]
    if recipe.averaging > 0:
        every.insert(0, _Averaging(device, recipe.averaging, start=examples.epochs.steps))
    if stops:
        every.append(EarlyStopping(watched, mode=mode, patience=recipe.patience, check_on_train_epoch_end=True))
        # before the one below, so that what is gone on from knows which epoch was best
        every.append(
            ModelCheckpoint(
                folder,
                filename="best",
                monitor=watched,
                mode=mode,
                save_on_train_epoch_end=True,
                enable_version_counter=False,
            )
        )
    every.append(ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with _quiet():
            trainer = lightning.Trainer(
                accelerator="gpu" if device.type == "cuda" else "cpu",
                devices=[device.index or 0] if device.type == "cuda" else 1,
                precision=recipe.precision,
                max_epochs=epochs,
                reload_dataloaders_every_n_epochs=1,
                num_sanity_val_steps=0,
                limit_val_batches=None if examples.validation else 0,
                logger=TensorBoardLogger(str(folder), name="", version=""),
                log_every_n_steps=max(1, examples.epochs.steps // 2),
                enable_progress_bar=progress,
                enable_model_summary=False,
                gradient_clip_val=recipe.clip_gradient,
                callbacks=every,
                plugins=[SafeCheckpoints(stamp)],
            )
            trainer.fit(learner, datamodule=_Data(examples, device), ckpt_path=str(last) if last.is_file() else None)
    finally:
        torch.set_num_threads(before)
    network.cpu().float()
    if stops and best.is_file():
        state = read_checkpoint(best)["state_dict"]
        network.load_state_dict({name.removeprefix("network."): value for name, value in state.items()})
    network.eval()
    if not all(math.isfinite(float(p.detach().sum())) for p in network.parameters()):
        raise ModelError(f"training in {folder} diverged: weights are not finite; lower model.training.rate")
    write_checkpoint(stamped({"state": network.state_dict()}, stamp), finished)


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keeps Lightning's advice on workers, folders and loggers to itself."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*Checkpoint directory.*",
            ".*lr_scheduler.step.*",
            ".*`isinstance.treespec, LeafSpec.`.*",
            ".*litlogger.*",
        ):
            warnings.filterwarnings("ignore", message=message)
        yield
