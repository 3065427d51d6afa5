"""Export: a fitted network as one ONNX file that takes the raw waveform."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch

from affetto.affect import EMOTIONS
from affetto.errors import ModelError
from affetto.learning.networks import EmotionNetwork, Recognition
from affetto.voice.audio import RATE
from affetto.voice.cues import CueBaseline
from affetto.voice.recognizer import MODEL_VERSION, Recognizer

__all__ = ["export"]

_OPSET = 17
_PARITY = 1e-4


def export(
    network: EmotionNetwork, path: Path, *, temperature: float, baseline: CueBaseline, facts: dict[str, str]
) -> None:
    """Writes the model file, after checking that onnxruntime gives what torch gives.

    Args:
        network: A fitted network in evaluation mode.
        path: The ONNX file.
        temperature: Divides the logits (see :func:`~affetto.learning.calibrate.fit_temperature`).
        baseline: The average voice, for explanations.
        facts: What made the model (recipe, seed, corpora), kept in its metadata.

    Raises:
        ModelError: If the exported file answers differently by more than 1e-4.
    """
    recognition = Recognition(network, temperature).eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with torch.inference_mode(), warnings.catch_warnings():
        # The tracing exporter is deprecated, not wrong: it needs no further package and is checked below.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            recognition,
            (torch.randn(1, 2 * RATE),),
            partial,
            input_names=["waveform"],
            output_names=["emotion", "speech"],
            dynamic_axes={"waveform": {0: "batch", 1: "samples"}, "emotion": {0: "batch"}, "speech": {0: "batch"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    model = onnx.load(partial)
    metadata = {
        "affetto_model_version": str(MODEL_VERSION),
        "emotions": json.dumps([str(emotion) for emotion in EMOTIONS]),
        "rate": str(RATE),
        "temperature": repr(temperature),
        "cue_baseline": json.dumps(baseline.to_dict()),
        **facts,
    }
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, partial)
    _check(recognition, partial)
    partial.replace(path)


def _check(recognition: Recognition, file: Path) -> None:
    rng = np.random.default_rng(0)
    recognizer = Recognizer(file)
    for seconds in (0.5, 1.3, 3.0, 7.7):
        waveform = (0.1 * rng.standard_normal(int(seconds * RATE))).astype(np.float32)
        with torch.inference_mode():
            emotion, speech = recognition(torch.from_numpy(waveform)[None])
        p, is_speech = recognizer.probabilities(waveform)
        gap = max(float(np.abs(emotion[0].numpy() - p).max()), abs(float(speech[0]) - is_speech))
        if gap > _PARITY:
            raise ModelError(f"{file}: onnxruntime differs from torch by {gap:.1e} on {seconds} s; the export is wrong")
