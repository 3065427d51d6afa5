"""Export: a fitted network as one ONNX file that takes the raw waveform."""

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from affetto.affect import EMOTIONS
from affetto.corpora import load_corpora
from affetto.errors import ModelError
from affetto.learning.baseline import cue_baseline
from affetto.learning.networks import EmotionNetwork, Recognition
from affetto.learning.recipe import Recipe
from affetto.voice.audio import RATE
from affetto.voice.cues import CueBaseline
from affetto.voice.recognizer import MODEL_VERSION
from affetto.voice.runtime import load_session

__all__ = ["export", "export_network", "voice_of_recipe"]

_OPSET = 17
_PARITY = 1e-4
_CHECKED = ((0.5, 1), (1.3, 2), (3.0, 1), (7.7, 3))
"""Lengths in seconds and batch sizes at which the file is compared with torch."""


def export(
    network: EmotionNetwork, path: Path, *, temperature: float, baseline: CueBaseline, facts: Mapping[str, str]
) -> None:
    """Writes the model file of the recognizer, after checking that onnxruntime gives what torch gives.

    Args:
        network: A fitted network in evaluation mode.
        path: The ONNX file.
        temperature: Divides the logits (see :func:`~affetto.learning.calibrate.fit_temperature`).
        baseline: The average voice, for explanations.
        facts: What made the model (recipe, seed, corpora), kept in its metadata.

    Raises:
        ModelError: If the exported file answers differently by more than 1e-4.
    """
    _write(Recognition(network, temperature), path, temperature=temperature, baseline=baseline, facts=facts)


def export_network(
    network: nn.Module,
    path: Path,
    *,
    labels: Sequence[str],
    temperature: float,
    baseline: CueBaseline,
    facts: Mapping[str, str],
) -> None:
    """Writes the model file of a network that answers a waveform with logits of its own labels.

    The file answers as the recognizer's does. Of the eight emotions, those that are no label get probability 0; a label
    that is none of the eight (boredom) is left out, and the others share its probability. There is no speech gate: the
    file answers 1 for speech, and leaves it to voice activity detection (metadata ``speech_gate`` is ``none``).

    Args:
        network: From speech ``(batch, samples)`` at 16 kHz to logits ``(batch, labels)``.
        path: The ONNX file.
        labels: What the logits stand for.
        temperature: Divides the logits.
        baseline: The average voice, for explanations.
        facts: What made the model, kept in its metadata.

    Raises:
        ModelError: If fewer than two labels are emotions, an operator is not known to ONNX (the message names it), or
            the exported file answers differently by more than 1e-4.
    """
    known = [label for label in labels if label in set(EMOTIONS)]
    if len(known) < 2:
        raise ModelError(
            f"labels {', '.join(labels)}: a model file reads the eight emotions ({', '.join(EMOTIONS)}), "
            "and two of them at least must have been learnt"
        )
    every = {**facts, "speech_gate": "none", "learnt": json.dumps(list(labels))}
    _write(_Ungated(network, labels, temperature), path, temperature=temperature, baseline=baseline, facts=every)


def voice_of_recipe(recipe: Recipe, cache: Path) -> CueBaseline:
    """The average voice of a recipe's corpora."""
    clips = load_corpora(recipe.data.corpora, recipe.data.root / recipe.data.speech)
    return cue_baseline([clip for clip in clips if clip.emotion is not None], cache)


class _Ungated(nn.Module):
    """Logits of any labels as the recognizer's two answers."""

    def __init__(self, network: nn.Module, labels: Sequence[str], temperature: float) -> None:
        super().__init__()
        kept = [place for place, label in enumerate(labels) if label in set(EMOTIONS)]
        places = [[labels[place] == emotion for emotion in EMOTIONS] for place in kept]
        self.network, self.temperature = network, temperature
        self.kept = nn.Buffer(torch.tensor(kept), persistent=False)
        self.places = nn.Buffer(torch.tensor(places, dtype=torch.float32), persistent=False)

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(waveform).index_select(1, self.kept)
        emotion = torch.softmax(logits / self.temperature, dim=1) @ self.places
        return emotion, torch.ones_like(emotion[:, 0])


def _write(
    recognition: nn.Module, path: Path, *, temperature: float, baseline: CueBaseline, facts: Mapping[str, str]
) -> None:
    metadata = {
        "affetto_model_version": str(MODEL_VERSION),
        "emotions": json.dumps([str(emotion) for emotion in EMOTIONS]),
        "rate": str(RATE),
        "temperature": repr(temperature),
        "cue_baseline": json.dumps(baseline.to_dict()),
        **facts,
    }
    recognition = recognition.eval()
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _trace(recognition, partial)
        model = onnx.load(partial)
        onnx.helper.set_model_props(model, metadata)
        onnx.save(model, partial)
        _check(recognition, partial)
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"cannot write model {path}: {error.strerror or error}; choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _trace(recognition: nn.Module, file: Path) -> None:
    with torch.inference_mode(), warnings.catch_warnings(), _silent("torch.onnx"):
        # The tracing exporter is deprecated, not wrong: it needs no further package and is checked below.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                recognition,
                (0.1 * torch.randn(1, 2 * RATE, generator=torch.Generator().manual_seed(0)),),
                file,
                input_names=["waveform"],
                output_names=["emotion", "speech"],
                dynamic_axes={"waveform": {0: "batch", 1: "samples"}, "emotion": {0: "batch"}, "speech": {0: "batch"}},
                opset_version=_OPSET,
                dynamo=False,
            )
        except OSError:
            raise
        except Exception as error:  # the exporter's own errors share no public base class
            why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"this model cannot be exported, ONNX has no form for a part of it: {why}") from error


@contextlib.contextmanager
def _silent(name: str) -> Generator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check(recognition: nn.Module, file: Path) -> None:
    rng = np.random.default_rng(0)
    try:
        session = load_session(file.read_bytes())
        for seconds, batch in _CHECKED:
            waveform = (0.1 * rng.standard_normal((batch, int(seconds * RATE)))).astype(np.float32)
            with torch.inference_mode():
                expected = [answer.numpy() for answer in recognition(torch.from_numpy(waveform))]
            found = session.run(None, {"waveform": waveform})
            gap = max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True))
            if gap > _PARITY:
                raise ModelError(
                    f"this model cannot be exported: on {batch} x {seconds} s onnxruntime differs from torch "
                    f"by {gap:.1e}"
                )
    except (ModelError, OSError):
        raise
    except Exception as error:  # onnxruntime's own errors share no public base class
        why = str(error).strip().splitlines()[0]
        raise ModelError(f"this model cannot be exported: onnxruntime refuses the file: {why}") from error
