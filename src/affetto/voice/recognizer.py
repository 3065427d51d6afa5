"""The recognizer: speech in, reading out."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import ModelError
from affetto.voice.audio import RATE, AudioFile, Samples, ascii_name, to_mono16k
from affetto.voice.cues import CueBaseline, measure_cues, weigh_cues
from affetto.voice.cues import explain as standing_out
from affetto.voice.explanation import Explanation
from affetto.voice.memory import Heard, Moments, Trace
from affetto.voice.passage import Passage, explain_passage
from affetto.voice.profile import VoiceProfile
from affetto.voice.reading import Reading
from affetto.voice.runtime import load_session
from affetto.voice.speech import Utterance, find_utterances
from affetto.voice.uncertainty import Uncertainty

__all__ = ["MIN_SPEECH_SECONDS", "MODEL_VERSION", "Recognizer"]

MODEL_VERSION = 1
"""Version of the model file's inputs, outputs and metadata."""

MIN_SPEECH_SECONDS = 0.5
"""Less speech than this is not read."""

_SHORTEST = 4_096  # samples: a shorter window is padded, the convolutions need some frames
_WINDOW_SECONDS = 8.0
_SPEECH_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the network makes of a window: eight probabilities, P(speech), and where it places the voice, if it says."""

    probabilities: npt.NDArray[np.float32]
    speech: float
    embedding: tuple[float, ...] = ()


class Recognizer:
    """Reads the emotion expressed in speech, with a network that runs on onnxruntime.

    Args:
        model: An ONNX file made by ``affetto train``; None for the one that ships.
        threads: Threads of one inference.

    Attributes:
        metadata: What the model file says of itself.
        model_id: Identity of the model: what profiles know of a speaker by one model says nothing to another.
        profile_size: Numbers by which the model knows a speaker; 0 for a model that knows none.
        speech_threshold: What is less likely to be speech is not read.
        uncertainty: How its probabilities are to be taken.
        cue_baseline: The average voice, which cues are told against where the speaker is not known.

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
        self.model_id = self.metadata.get("model_id") or hashlib.sha256(data).hexdigest()[:16]
        self.uncertainty = Uncertainty.from_metadata(self.metadata)
        self.profile_size = int(self.metadata.get("profile_size", "0"))
        self._outputs = ["emotion", "speech", *["embedding"] * (self.profile_size > 0)]
        self.speech_threshold = float(self.metadata.get("speech_threshold", _SPEECH_THRESHOLD))
        self.cue_baseline = CueBaseline.from_dict(json.loads(self.metadata["cue_baseline"]))

    def __str__(self) -> str:
        return f"model {ascii_name(self.path) if self.path else '(shipped)'}"

    def hear(
        self,
        path: str | Path,
        *,
        profile: VoiceProfile | None = None,
        explain: bool = False,
        progress: Callable[[float, float | None], None] | None = None,
    ) -> Reading:
        """Reads a recording; memory stays bounded however long it is.

        Args:
            path: Any audio file, or a video with a sound track.
            profile: Who speaks, if that is known.
            explain: Whether to find out what the reading rests on, too; it takes a second or so.
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

        return self.read_utterances(find_utterances(blocks()), profile=profile, explain=explain)

    def read(
        self,
        samples: npt.ArrayLike,
        *,
        rate: int = RATE,
        profile: VoiceProfile | None = None,
        explain: bool = False,
    ) -> Reading:
        """Reads samples of any rate, shape ``(n,)`` or ``(n, channels)``, floats in [-1, 1] or integers.

        Raises:
            AudioError: If they cannot be sound.
        """
        return self.read_utterances(find_utterances([to_mono16k(samples, rate)]), profile=profile, explain=explain)

    def probabilities(self, speech: Samples) -> tuple[npt.NDArray[np.float32], float]:
        """The network's answer for some speech (mono float32 at 16 kHz): eight probabilities and P(speech)."""
        answer = self._answer(speech, None)
        return answer.probabilities, answer.speech

    def speech_score(self, utterances: Iterable[Utterance]) -> tuple[float, float]:
        """Seconds in which a voice seems to be active, and how likely the network thinks that it is speech.

        A recording is refused where the first is less than :data:`MIN_SPEECH_SECONDS` or the second less than
        ``speech_threshold``.
        """
        seconds = speech = 0.0
        for passage in _passages(utterances):
            seconds += passage.seconds
            speech += passage.seconds * self._answer(passage.samples, None).speech
        return seconds, speech / seconds if seconds else 0.0

    def read_window(self, speech: Samples, *, seconds: float, profile: VoiceProfile | None = None) -> Reading:
        """A quick reading of a few seconds, without cues.

        Args:
            speech: Mono float32 at 16 kHz.
            seconds: Seconds of it in which the voice is active.
            profile: Who speaks, if that is known.
        """
        answer = self._answer(speech, profile)
        reading = self._verdict(seconds * answer.probabilities.astype(np.float64), seconds * answer.speech, seconds)
        return self._known_by(profile, reading)

    def read_utterances(
        self, utterances: Iterable[Utterance], *, profile: VoiceProfile | None = None, explain: bool = False
    ) -> Reading:
        """One reading of the utterances of a recording, each weighing as much as it holds speech."""
        total = np.zeros(len(EMOTIONS))
        seconds = speech = 0.0
        cues: dict[str, float] = {}
        cue_seconds: dict[str, float] = {}
        heard = Heard()
        telling: dict[Emotion, tuple[float, Passage]] = {}
        for passage in _passages(utterances):
            window, active = passage.samples, passage.seconds
            answer = self._answer(window, profile)
            if explain:
                _remember_most_telling(telling, passage, answer)
            total += active * answer.probabilities
            speech += active * answer.speech
            seconds += active
            measured = measure_cues(window)
            for name, value in measured.items():
                cues[name] = cues.get(name, 0.0) + active * value
                cue_seconds[name] = cue_seconds.get(name, 0.0) + active
            heard = heard.then(self._heard(active, answer, measured))
        reading = self._verdict(total, speech, seconds)
        if reading.abstained:
            return self._known_by(profile, reading)
        before = tuple(reading.probabilities[emotion] for emotion in EMOTIONS)
        reading = self._known_by(profile, reading)
        emotion = reading.emotion
        assert emotion is not None
        means = {name: value / cue_seconds[name] for name, value in cues.items()}
        baseline = self.cue_baseline if profile is None else profile.baseline(self.cue_baseline)
        reading = replace(
            reading,
            cues=standing_out(means, emotion, baseline),
            trace=Trace(model=self.model_id, probabilities=before, heard=heard),
        )
        if not explain:
            return reading
        return replace(reading, explanation=self._explanation(telling[emotion][1], emotion, means, profile))

    def _explanation(
        self, passage: Passage, emotion: Emotion, cues: dict[str, float], profile: VoiceProfile | None
    ) -> Explanation:
        place = EMOTIONS.index(emotion)
        baseline = self.cue_baseline if profile is None else profile.baseline(self.cue_baseline)
        usual = profile is not None and bool(baseline.usual)
        return explain_passage(
            passage,
            lambda speech: float(self._answer(speech, profile).probabilities[place]),
            emotion=emotion,
            cues=weigh_cues(cues, emotion, baseline),
            against=f"the usual voice of {profile.name}" if usual and profile else "the average voice",
        )

    def _answer(self, speech: Samples, profile: VoiceProfile | None) -> _Answer:
        if len(speech) < _SHORTEST:
            speech = np.pad(speech, (0, _SHORTEST - len(speech)))
        inputs = {"waveform": np.ascontiguousarray(speech[None], np.float32)}
        if self.profile_size:
            known = profile.embedding_for(self.model_id, self.profile_size) if profile else ()
            inputs["profile"] = np.array([known or np.zeros(self.profile_size)], np.float32)  # zeros: nobody known
        emotion, speech_probability, *place = self._session.run(self._outputs, inputs)
        return _Answer(emotion[0], float(speech_probability[0]), tuple(map(float, place[0][0])) if place else ())

    def _heard(self, seconds: float, answer: _Answer, measured: dict[str, float]) -> Heard:
        return Heard(
            seconds=seconds,
            model=self.model_id if answer.embedding else "",
            embedding=answer.embedding,
            weight=seconds if answer.embedding else 0.0,
            cues={name: Moments(seconds, value) for name, value in measured.items()},
        )

    def _verdict(self, total: npt.NDArray[np.floating], speech: float, seconds: float) -> Reading:
        """The reading that sums over windows give, each weighed by its seconds of speech; cues are left out."""
        if seconds == 0:
            return Reading.abstain("no speech was heard")
        if seconds < MIN_SPEECH_SECONDS:
            return Reading.abstain(
                f"only {seconds:.2f} s of speech, at least {MIN_SPEECH_SECONDS} s are needed", seconds=seconds
            )
        if speech / seconds < self.speech_threshold:
            return Reading.abstain("sounds like music or noise, not like a voice speaking", seconds=seconds)
        mean = total / total.sum()
        return Reading(
            probabilities={emotion: float(p) for emotion, p in zip(EMOTIONS, mean, strict=True)},
            seconds=seconds,
            uncertainty=self.uncertainty,
        )

    def _known_by(self, profile: VoiceProfile | None, reading: Reading) -> Reading:
        """The reading as this person's corrections would have it."""
        if profile is None:
            return reading
        if reading.abstained:
            return replace(reading, profile=profile.name)
        probabilities = profile.apply(reading.probabilities, self.model_id)
        return replace(reading, probabilities=probabilities, profile=profile.name)


def _passages(utterances: Iterable[Utterance]) -> Iterator[Passage]:
    """Utterances joined into passages of some seconds."""
    parts: list[Utterance] = []
    for utterance in utterances:
        parts.append(utterance)
        if sum(len(part.samples) for part in parts) >= _WINDOW_SECONDS * RATE:
            yield _joined(parts)
            parts = []
    if parts:
        yield _joined(parts)


def _joined(parts: list[Utterance]) -> Passage:
    offsets = accumulate((len(part.samples) for part in parts[:-1]), initial=0)
    return Passage(
        np.concatenate([part.samples for part in parts]),
        sum(part.speech_seconds for part in parts),
        tuple((offset, part.start) for offset, part in zip(offsets, parts, strict=True)),
    )


def _remember_most_telling(telling: dict[Emotion, tuple[float, Passage]], passage: Passage, answer: _Answer) -> None:
    """Keeps, for each emotion, the passage that says most for it: which is asked about is known at the end only."""
    for emotion, p in zip(EMOTIONS, answer.probabilities, strict=True):
        says = passage.seconds * float(p)
        if emotion not in telling or says > telling[emotion][0]:
            telling[emotion] = says, passage


def _shipped() -> Any:
    return resources.files("affetto.voice.weights").joinpath("affetto.onnx")
