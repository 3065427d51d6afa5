"""Export: a fitted network as one ONNX file that takes the raw waveform."""

import contextlib
import hashlib
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
from affetto.learning.fourier import compute_basis
from affetto.learning.halves import halve
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
    every = {**facts, "profile_size": str(network.embedding_size), "model_id": _model_id(network)}
    recognition = Recognition(network, temperature)
    _write(
        recognition,
        path,
        profile_size=network.embedding_size,
        temperature=temperature,
        baseline=baseline,
        facts=every,
    )


def _model_id(network: nn.Module) -> str:
    """Tells weights apart: what was learnt of a voice with some means nothing to others."""
    digest = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode() + values.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


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
    recognition: nn.Module,
    path: Path,
    *,
    temperature: float,
    baseline: CueBaseline,
    facts: Mapping[str, str],
    profile_size: int = 0,
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
        _trace(recognition, partial, profile_size)
        model = onnx.load(partial)
        compute_basis(model)
        halve(model)
        onnx.helper.set_model_props(model, metadata)
        onnx.save(model, partial)
        _check(recognition, partial, profile_size)
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"cannot write model {path}: {error.strerror or error}; choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _inputs(waveform: Tensor, profile_size: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """The inputs of a model file by name: the waveform and, where it knows speakers, a profile."""
    if not profile_size:
        return {"waveform": waveform}
    profile = rng.standard_normal((len(waveform), profile_size)).astype(np.float32)
    return {"waveform": waveform, "profile": torch.from_numpy(profile)}


def _trace(recognition: nn.Module, file: Path, profile_size: int) -> None:
    rng = np.random.default_rng(0)
    waveform = torch.from_numpy((0.1 * rng.standard_normal((1, 2 * RATE))).astype(np.float32))
    inputs = _inputs(waveform, profile_size, rng)
    outputs = ["emotion", "speech", "embedding"] if profile_size else ["emotion", "speech"]
    with torch.inference_mode(), warnings.catch_warnings(), _silent("torch.onnx"):
        # The tracing exporter is deprecated, not wrong: it needs no further package and is checked below.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                recognition,
                tuple(inputs.values()),
                file,
                input_names=list(inputs),
                output_names=outputs,
                dynamic_axes={name: {0: "batch"} for name in (*inputs, *outputs)}
                | {"waveform": {0: "batch", 1: "samples"}},
                opset_version=_OPSET,
                # as it is, not with normalization multiplied into weights: they would have more digits to keep
                training=torch.onnx.TrainingMode.PRESERVE,
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


def _check(recognition: nn.Module, file: Path, profile_size: int) -> None:
    rng = np.random.default_rng(0)
    try:
        session = load_session(file.read_bytes())
        for seconds, batch in _CHECKED:
            waveform = (0.1 * rng.standard_normal((batch, int(seconds * RATE)))).astype(np.float32)
            inputs = _inputs(torch.from_numpy(waveform), profile_size, rng)
            with torch.inference_mode():
                expected = [answer.numpy() for answer in recognition(*inputs.values())]
            found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
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
