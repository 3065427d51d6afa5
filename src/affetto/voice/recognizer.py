"""The recognizer: speech in, reading out."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS
from affetto.errors import ModelError
from affetto.voice.audio import RATE, AudioFile, Samples, ascii_name, to_mono16k
from affetto.voice.cues import CueBaseline, explain, measure_cues
from affetto.voice.reading import Reading
from affetto.voice.runtime import load_session
from affetto.voice.speech import Utterance, find_utterances

__all__ = ["MIN_SPEECH_SECONDS", "MODEL_VERSION", "Recognizer"]

MODEL_VERSION = 1
"""Version of the model file's inputs, outputs and metadata."""

MIN_SPEECH_SECONDS = 0.5
"""Less speech than this is not read."""

_SHORTEST = 4_096  # samples: a shorter window is padded, the convolutions need some frames
_WINDOW_SECONDS = 8.0
_SPEECH_THRESHOLD = 0.5


class Recognizer:
    """Reads the emotion expressed in speech, with a network that runs on onnxruntime.

    Args:
        model: An ONNX file made by ``affetto train``; None for the one that ships.
        threads: Threads of one inference.

    Raises:
        ModelError: If the file is missing, is not a model of Affetto, or is of another version.
    """

    def __init__(self, model: str | Path | None = None, *, threads: int = 1) -> None:
        self.path = Path(model) if model else None
        try:
            data = self.path.read_bytes() if self.path else _shipped().read_bytes()
            self._session = load_session(data, threads=threads)
        except OSError as error:
            raise ModelError(f"{self}: {error.strerror}; leave the setting out to use the shipped model") from error
        except Exception as error:  # onnxruntime's own errors share no public base class
            raise ModelError(f"{self}: not an ONNX model; make one with 'affetto train'") from error
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        version = self.metadata.get("affetto_model_version")
        if version != str(MODEL_VERSION):
            raise ModelError(
                f"model {self.path}: version {version}, this Affetto reads {MODEL_VERSION}; train it again"
            )
        self._baseline = CueBaseline.from_dict(json.loads(self.metadata["cue_baseline"]))

    def __str__(self) -> str:
        return f"model {ascii_name(self.path) if self.path else '(shipped)'}"

    def hear(self, path: str | Path, *, progress: Callable[[float, float | None], None] | None = None) -> Reading:
        """Reads a recording; memory stays bounded however long it is.

        Args:
            path: Any audio file, or a video with a sound track.
            progress: Called with the seconds heard and, where the file tells, the seconds there are.

        Raises:
            AudioError: If the file cannot be decoded.
        """
        file = AudioFile(path)

        def blocks() -> Iterator[Samples]:
            heard = 0.0
            for block in file:
                yield block
                heard += len(block) / RATE
                if progress:
                    progress(heard, file.seconds)

        return self.read_utterances(find_utterances(blocks()))

    def read(self, samples: npt.ArrayLike, *, rate: int = RATE) -> Reading:
        """Reads samples of any rate, shape ``(n,)`` or ``(n, channels)``, floats in [-1, 1] or integers.

        Raises:
            AudioError: If they cannot be sound.
        """
        return self.read_utterances(find_utterances([to_mono16k(samples, rate)]))

    def probabilities(self, speech: Samples) -> tuple[npt.NDArray[np.float32], float]:
        """The network's answer for some speech (mono float32 at 16 kHz): eight probabilities and P(speech)."""
        if len(speech) < _SHORTEST:
            speech = np.pad(speech, (0, _SHORTEST - len(speech)))
        emotion, is_speech = self._session.run(None, {"waveform": np.ascontiguousarray(speech[None], np.float32)})
        return emotion[0], float(is_speech[0])

    def read_window(self, speech: Samples, *, seconds: float) -> Reading:
        """A quick reading of a few seconds, without cues.

        Args:
            speech: Mono float32 at 16 kHz.
            seconds: Seconds of it in which the voice is active.
        """
        p, is_speech = self.probabilities(speech)
        return _verdict(seconds * p.astype(np.float64), seconds * is_speech, seconds)

    def read_utterances(self, utterances: Iterable[Utterance]) -> Reading:
        """One reading of the utterances of a recording, each weighing as much as it holds speech."""
        total = np.zeros(len(EMOTIONS))
        seconds = speech = 0.0
        cues: dict[str, float] = {}
        cue_seconds: dict[str, float] = {}
        for window, active in _windows(utterances):
            p, is_speech = self.probabilities(window)
            total += active * p
            speech += active * is_speech
            seconds += active
            for name, value in measure_cues(window).items():
                cues[name] = cues.get(name, 0.0) + active * value
                cue_seconds[name] = cue_seconds.get(name, 0.0) + active
        reading = _verdict(total, speech, seconds)
        if reading.abstained:
            return reading
        assert reading.emotion is not None
        means = {name: value / cue_seconds[name] for name, value in cues.items()}
        return replace(reading, cues=explain(means, reading.emotion, self._baseline))


def _verdict(total: npt.NDArray[np.floating], speech: float, seconds: float) -> Reading:
    """The reading that sums over windows give, each weighed by its seconds of speech; cues are left out."""
    if seconds == 0:
        return Reading.abstain("no speech was heard")
    if seconds < MIN_SPEECH_SECONDS:
        return Reading.abstain(
            f"only {seconds:.2f} s of speech, at least {MIN_SPEECH_SECONDS} s are needed", seconds=seconds
        )
    if speech / seconds < _SPEECH_THRESHOLD:
        return Reading.abstain("sounds like music or noise, not like a voice speaking", seconds=seconds)
    mean = total / total.sum()
    return Reading(
        probabilities={emotion: float(p) for emotion, p in zip(EMOTIONS, mean, strict=True)}, seconds=seconds
    )


def _windows(utterances: Iterable[Utterance]) -> Iterator[tuple[Samples, float]]:
    """Utterances joined into windows of some seconds, each with the seconds of speech in it."""
    parts: list[Samples] = []
    active = 0.0
    for utterance in utterances:
        parts.append(utterance.samples)
        active += utterance.speech_seconds
        if sum(map(len, parts)) >= _WINDOW_SECONDS * RATE:
            yield np.concatenate(parts), active
            parts, active = [], 0.0
    if parts:
        yield np.concatenate(parts), active


def _shipped() -> Any:
    return resources.files("affetto.voice.weights").joinpath("affetto.onnx")
