"""What a voice profile gains in use: the very way from sound to reading that people get, speaker by speaker."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from affetto.affect import EMOTIONS
from affetto.corpora.protocols.enrolled import ENROLMENT_CLIPS, draw_enrolment
from affetto.errors import CorpusError
from affetto.evaluation.predictions import EIGHT, Prediction
from affetto.evaluation.robustness.judges import Judge, Recording
from affetto.learning.model import Progress
from affetto.voice.memory import Heard
from affetto.voice.profile import VoiceProfile
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer

__all__ = ["WAYS", "KnownVoices", "judge_known_voices"]

WAYS: Mapping[str, str] = {
    "unknown": "nothing is known of the speaker",
    "enrolled": "a profile of a few clips, which stays as it is",
    "adapting": "the same profile, which goes on learning from what it is used on",
}
"""How much is known of a speaker, in words."""

Predictions: TypeAlias = tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class KnownVoices:
    """What was read, by how much is known.

    Attributes:
        predictions: By way (see :data:`WAYS`), of the same clips.
        abstained: By way, how many clips were not read; they are left out of the predictions.
    """

    predictions: Mapping[str, Predictions]
    abstained: Mapping[str, int] = field(default_factory=dict[str, int])


def judge_known_voices(
    judges: Sequence[Judge], *, count: int = ENROLMENT_CLIPS, seed: int = 0, progress: Progress | None = None
) -> KnownVoices:
    """Reads the clips of every speaker without a profile, with one of a few other clips, and with one that adapts.

    Speakers of whom no clip would be left to judge are passed over.

    Args:
        judges: Models and the clips that they may judge, of speakers whom they have not met.
        count: Clips of a speaker that make the profile; whatever is expressed in them, they are not judged.
        seed: Decides which clips those are, and the order of the others.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        CorpusError: If a clip has no speaker or no emotion, or no speaker has clips enough.
    """
    total, done = sum(len(judge.clips) for judge in judges), 0
    found: dict[str, list[Prediction]] = {way: [] for way in WAYS}
    abstained = dict.fromkeys(WAYS, 0)
    for judge in judges:
        recognizer = Recognizer(judge.model)
        clips = [clip for clip in judge.clips if clip.label in EIGHT]
        if not clips or not all(clip.speaker for clip in clips):
            raise CorpusError("profiles are judged on clips whose speaker and emotion are known; name their --corpus")
        clips = _of_those_with_more(clips, count) or clips
        enrolment = set(draw_enrolment(clips, count=count, seed=seed))
        for speaker in dict.fromkeys((clip.corpus, clip.speaker) for clip in clips):
            own = [clip for clip in clips if (clip.corpus, clip.speaker) == speaker]
            profile = VoiceProfile.of("speaker", _heard(recognizer, [clip for clip in own if clip in enrolment]))
            profiles: dict[str, VoiceProfile | None] = {"unknown": None, "enrolled": profile, "adapting": profile}
            others = [clip for clip in own if clip not in enrolment]
            for place in np.random.default_rng((seed, len(others))).permutation(len(others)):
                clip = others[int(place)]
                for way, known in profiles.items():
                    reading = recognizer.hear(clip.path, profile=known)
                    if way == "adapting" and known is not None:
                        profiles[way] = known.remembering(reading)
                    abstained[way] += reading.abstained
                    if not reading.abstained:
                        found[way].append(_prediction(clip, judge, reading))
                done += 1
                if progress:
                    progress("reading known voices", done, total)
            done += len(own) - len(others)
    return KnownVoices({way: tuple(rows) for way, rows in found.items()}, abstained)


def _of_those_with_more(clips: Sequence[Recording], count: int) -> list[Recording]:
    counts = Counter((clip.corpus, clip.speaker) for clip in clips)
    return [clip for clip in clips if counts[clip.corpus, clip.speaker] > count]


def _heard(recognizer: Recognizer, clips: Sequence[Recording]) -> Heard:
    heard = Heard()
    for clip in clips:
        reading = recognizer.hear(clip.path)
        if reading.trace is not None:
            heard = heard.then(reading.trace.heard)
    return heard


def _prediction(clip: Recording, judge: Judge, reading: Reading) -> Prediction:
    return Prediction(
        stem=clip.stem,
        corpus=clip.corpus,
        speaker=clip.speaker,
        fold=judge.fold or "all",
        seed=0,
        label=clip.label,
        probabilities=np.array([reading.probabilities[emotion] for emotion in EMOTIONS]),
    )
