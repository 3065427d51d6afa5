"""Who cannot be enrolled is told why."""

from collections.abc import Callable

import numpy as np
import pytest

from affetto.errors import AudioError
from affetto.voice.audio import RATE, Samples
from affetto.voice.enrolment import ENOUGH_SECONDS, enrol, spoken
from affetto.voice.recognizer import Recognizer


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


def blocks(sound: Samples) -> list[Samples]:
    return [sound[first : first + 800] for first in range(0, len(sound), 800)]


def test_ordinary_speech_is_enrolled_however_it_comes(recognizer: Recognizer, speech: Samples) -> None:
    whole = enrol(recognizer, spoken([speech]))
    assert whole == enrol(recognizer, spoken(blocks(speech)))
    assert whole.seconds > 6
    mild = speech + 0.002 * np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    assert enrol(recognizer, spoken([mild])).seconds > 6


def test_progress_is_told_and_no_more_is_heard_than_needed(recognizer: Recognizer, speech: Samples) -> None:
    told: list[float] = []
    long = np.concatenate([speech] * 4)
    heard = enrol(recognizer, spoken(blocks(long), enough=ENOUGH_SECONDS, progress=told.append))
    assert told == sorted(told)
    assert ENOUGH_SECONDS <= told[-1] < ENOUGH_SECONDS + 0.5
    assert heard.seconds == pytest.approx(told[-1], abs=0.5)
    assert enrol(recognizer, spoken([np.concatenate([speech] * 12)])).seconds < 75


def test_what_cannot_be_enrolled_is_told_why(
    recognizer: Recognizer, speech: Samples, say: Callable[..., Samples]
) -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(len(speech)).astype(np.float32)
    level = float(np.std(speech[np.abs(speech) > 0.01]))
    for sound, why in (
        (np.zeros(5 * RATE, np.float32), "no speech was heard; speak for some 15 seconds"),
        (say("Hello there, how are you?"), r"only [12]\.\d s of speech, 6 are needed"),
        (speech + 0.7 * level * noise, r"too noisy: the voice stands only \d+ dB above the noise, 12 are needed"),
        (np.clip(40 * speech, -1, 1), "too loud and clipped; turn the microphone down"),
    ):
        with pytest.raises(AudioError, match=why):
            enrol(recognizer, spoken([sound]))
