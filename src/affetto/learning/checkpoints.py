"""Checkpoints of a training: written whole or not at all, and only read by the training that wrote them."""

import contextlib
import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from affetto.errors import ModelError

__all__ = [
    "CHECKPOINT_VERSION",
    "SafeCheckpoints",
    "check_stamp",
    "fingerprint",
    "read_checkpoint",
    "stamped",
    "write_checkpoint",
]

CHECKPOINT_VERSION = 1
"""Version of what checkpoints and finished networks hold; one of another version is refused."""

_STAMP = "affetto"


def write_checkpoint(content: dict[str, Any], file: Path) -> None:
    """Writes a checkpoint beside the earlier one, then takes its place.

    Raises:
        ModelError: If it cannot be written (a full disk, say); the earlier one is as it was.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(buffer.getbuffer())
        partial.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ModelError(
            f"cannot write checkpoint {file}: {error.strerror or error}; make room there and give the same command "
            "again: training goes on from the checkpoint before"
        ) from error


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Reads a checkpoint; it holds tensors and plain values, anything else in it is refused.

    Raises:
        ModelError: If it is damaged, or no checkpoint.
    """
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds, each with a page of advice
        raise ModelError(
            f"{file} is not a checkpoint of Affetto, or damaged; remove it to train from the start"
        ) from error


def fingerprint(text: str, seed: int) -> str:
    """A short name for what is being trained, told in full by ``text``."""
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}-seed{seed}"


def check_stamp(content: dict[str, Any], stamp: str, file: Path) -> None:
    """Refuses a checkpoint of another version, or of another training.

    Args:
        content: The checkpoint.
        stamp: What is being trained: recipe, clips, seed.
        file: Where the checkpoint lies.

    Raises:
        ModelError: If it cannot be gone on from.
    """
    found = content.get(_STAMP)
    found = found if isinstance(found, dict) else {}
    version = found.get("version")
    if version != CHECKPOINT_VERSION:
        raise ModelError(
            f"checkpoint {file}: version {version}, this Affetto reads {CHECKPOINT_VERSION}; remove it to train again"
        )
    if found.get("stamp") != stamp:
        raise ModelError(
            f"checkpoint {file} belongs to another recipe, other clips or another seed; "
            "remove it or give another folder"
        )


def stamped(content: dict[str, Any], stamp: str) -> dict[str, Any]:
    """A checkpoint that says what it belongs to."""
    return {**content, _STAMP: {"version": CHECKPOINT_VERSION, "stamp": stamp}}


class SafeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, written and read as above.

    Args:
        stamp: What is being trained.
    """

    def __init__(self, stamp: str) -> None:
        super().__init__()
        self._stamp = stamp

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Writes a checkpoint, whole or not at all."""
        del storage_options
        write_checkpoint(stamped(checkpoint, self._stamp), Path(path))

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Reads a checkpoint of this very training."""
        del map_location, weights_only
        content = read_checkpoint(Path(path))
        check_stamp(content, self._stamp, Path(path))
        return content
