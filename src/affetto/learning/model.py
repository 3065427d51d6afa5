"""The interface of everything that learns emotions from clips."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from affetto.corpora.table import Clip

__all__ = ["Floats", "Model", "Progress", "SharesWork"]

Floats = npt.NDArray[np.floating]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


class Model(Protocol):
    """Something that learns emotions from clips; a family of models is one class.

    Attributes:
        needs_validation: Whether ``fit`` wants clips of further speakers, to know when to stop.
    """

    needs_validation: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """What the columns of :meth:`predict_proba` stand for: targets of clips (see ``Facts.target``)."""
        ...

    def prepare(self, clips: Sequence[Clip], *, progress: Progress | None = None) -> tuple[Clip, ...]:
        """Computes and keeps what the model needs of each clip.

        Returns:
            The clips that can be used; those that cannot be decoded are left out, each logged as a warning.
        """
        ...

    def fit(
        self,
        clips: Sequence[Clip],
        *,
        validation: Sequence[Clip] = (),
        folder: Path,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        """Learns from clips; an interrupted fit goes on from the checkpoint in ``folder``, a finished one is kept.

        Args:
            clips: What is learnt from.
            validation: Clips of other speakers, to know when to stop; empty for families that do without.
            folder: Where checkpoints and logs go.
            seed: Decides every random choice.
            progress: Whether to draw a progress bar.

        Raises:
            CorpusError: If the clips cannot be learnt from (one label only, say).
            ModelError: If ``folder`` holds a checkpoint of another version.
        """
        ...

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Probabilities of the labels, shape ``(clips, labels)``; rows sum to 1."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the fitted model into a folder, whole or not at all."""
        ...

    def export(self, path: Path, *, temperature: float = 1.0, facts: dict[str, str] | None = None) -> None:
        """Writes one ONNX file that takes the raw waveform, as the recognizer does.

        Raises:
            ModelError: If the family has operators that ONNX lacks (the message names them), or the exported file
                answers differently by more than 1e-4.
        """
        ...


@runtime_checkable
class SharesWork(Protocol):
    """A model that can prepare clips in several processes.

    Attributes:
        jobs: How many.
    """

    jobs: int
