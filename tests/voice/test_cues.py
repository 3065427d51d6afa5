"""What in a voice stands out: the measures and the words for them."""

import re

import numpy as np
import pytest

from affetto.affect import EMOTIONS, Emotion
from affetto.voice.audio import RATE, Samples
from affetto.voice.cues import CUES, CueBaseline, explain, measure_cues
from tests.speed import fastest


def baseline(**usual: float) -> CueBaseline:
    """An average voice of 10 in everything, with a spread of 4, and the usual deviations of an angry one."""
    cues = {name.replace("_", " "): value for name, value in usual.items()}
    return CueBaseline(dict.fromkeys(CUES, 10.0), dict.fromkeys(CUES, 4.0), {Emotion.ANGRY: cues})


def words(name: str, difference: float) -> str:
    sign = float(np.sign(difference))
    average = CueBaseline({name: 10.0}, {name: 1.0}, {Emotion.ANGRY: {name: 0.5 * sign}})
    (cue,) = explain({name: 10.0 + difference}, Emotion.ANGRY, average)
    return cue.words


WORDS = {
    ("pitch", 4.2): "pitch 4 semitones above the average voice",
    ("pitch", -1.0): "pitch 1 semitone below the average voice",
    ("pitch", 0.6): "pitch 0.6 semitones above the average voice",
    ("pitch range", 3.4): "livelier melody: pitch range 3 semitones above average",
    ("pitch range", -1.5): "flatter melody: pitch range 1.5 semitones below average",
    ("loudness range", 5.0): "stronger accents: loudness range 5 dB above average",
    ("loudness range", -5.0): "more even: loudness range 5 dB below average",
    ("pace", 1.2): "faster: 1.2 syllables a second above average",
    ("pace", -2.3): "slower: 2.3 syllables a second below average",
    ("pace", 1.0): "faster: 1 syllable a second above average",
    ("pauses", 8.0): "more pauses: 8 % more of the time than average",
    ("pauses", -8.0): "fewer pauses: 8 % less of the time than average",
    ("brightness", 5.4): "brighter, more pressed (+5 dB)",
    ("brightness", -5.4): "darker, softer (-5 dB)",
    ("clearness", 1.3): "clearer tone (+1.3 dB)",
    ("clearness", -3.0): "rougher or breathier tone (-3 dB)",
    ("voiced share", 12.0): "more sustained: the voice sounds 12 % more of the time",
    ("voiced share", -12.0): "less sustained: the voice sounds 12 % less of the time",
}


@pytest.mark.parametrize(("name", "difference"), WORDS)
def test_words_of_a_cue(name: str, difference: float) -> None:
    assert words(name, difference) == WORDS[name, difference]


@pytest.mark.parametrize("difference", [-30.0, -2.0, -1.96, -1.0, -0.4, 0.4, 1.0, 1.04, 1.96, 2.0, 30.0])
@pytest.mark.parametrize("name", CUES)
def test_words_of_every_cue_are_grammatical(name: str, difference: float) -> None:
    said = words(name, difference)
    assert re.search(r"\b1 (semitones|syllables)\b", said) is None
    assert re.search(r"\d (semitone|syllable)\b", said) is None or re.search(r"(?<![.\d])1 (semitone|syllable)\b", said)
    assert re.search(r"\d", said)
    assert "{" not in said
    assert not re.search(r"(?<![\d.])0 ", said)
    assert ".0" not in said


def test_a_cue_says_what_was_measured() -> None:
    (cue,) = explain({"pitch": 18.0}, Emotion.ANGRY, baseline(pitch=1.0))
    assert cue.to_dict() == {
        "name": "pitch",
        "value": 18.0,
        "unit": "semitones",
        "deviation": 2.0,
        "contribution": 1.5,  # 2 * 1 - 1 / 2 nats
        "words": "pitch 8 semitones above the average voice",
    }


def test_the_strongest_four_come_first() -> None:
    usual = dict(zip((name.replace(" ", "_") for name in CUES), np.linspace(0.1, 0.8, len(CUES)), strict=True))
    cues = explain(dict.fromkeys(CUES, 18.0), Emotion.ANGRY, baseline(**usual))
    assert len(cues) == 4
    contributions = [cue.contribution for cue in cues]
    assert contributions == sorted(contributions, reverse=True)
    assert min(contributions) > 0


def test_only_what_speaks_for_the_emotion_is_shown() -> None:
    average = baseline(pitch=1.0, brightness=-1.0, pace=1.0)
    values = {"pitch": 18.0, "brightness": 18.0, "pace": 11.0, "pauses": 18.0}
    # brightness speaks against it, the pace is hardly faster, and pauses tell nothing about it
    assert [cue.name for cue in explain(values, Emotion.ANGRY, average)] == ["pitch"]
    assert explain(values, Emotion.SAD, average) == ()


def test_cues_unknown_to_the_model_are_left_out() -> None:
    average = CueBaseline({"pitch": 0.0, "pace": 0.0}, {"pitch": 1.0, "pace": 0.0}, {Emotion.SAD: {"pitch": 1.0}})
    values = {"pitch": 3.0, "pace": 3.0, "brightness": 3.0, "of a later version": 3.0}
    assert [cue.name for cue in explain(values, Emotion.SAD, average)] == ["pitch"]


def test_a_baseline_survives_json() -> None:
    average = baseline(pitch=1.0)
    assert CueBaseline.from_dict(average.to_dict()) == average


@pytest.mark.filterwarnings("error")
def test_cues_of_speech(say) -> None:
    cues = measure_cues(say("Please put the blue cup on the kitchen table."))
    assert list(cues) == list(CUES)
    assert all(isinstance(value, float) and np.isfinite(value) for value in cues.values())
    assert -12 < cues["pitch"] < 12  # semitones above 100 Hz
    assert 0 < cues["pitch range"] < 24
    assert 1 < cues["pace"] < 9
    assert 0 <= cues["pauses"] < 60
    assert 20 < cues["voiced share"] < 100


def test_cues_follow_the_voice(say) -> None:
    text = "Please put the blue cup on the kitchen table."
    low, high = measure_cues(say(text, pitch=20)), measure_cues(say(text, pitch=90))
    slow, fast = measure_cues(say(text, speed=110)), measure_cues(say(text, speed=230))
    assert high["pitch"] > low["pitch"] + 4
    assert fast["pace"] > slow["pace"] + 1
    y = say(text)
    quiet = measure_cues(0.1 * y)
    for name, value in measure_cues(y).items():
        assert quiet[name] == pytest.approx(value, abs=0.05 + 0.02 * abs(value))  # loudness is the microphone's


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "y",
    [
        np.zeros(RATE, np.float32),
        np.full(RATE, 0.3, np.float32),
        np.zeros(1, np.float32),
        np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * np.float32(0.1),
        np.eye(1, RATE, 300, dtype=np.float32)[0],
    ],
    ids=["silence", "offset", "one sample", "noise", "click"],
)
def test_cues_without_a_voice_are_finite(y: Samples) -> None:
    cues = measure_cues(y)
    assert {"loudness range", "pace", "pauses", "brightness", "voiced share"} <= set(cues) <= set(CUES)
    assert np.isfinite(list(cues.values())).all()


def test_cues_of_three_seconds_are_measured_in_milliseconds(speech: Samples) -> None:
    y = speech[RATE : 4 * RATE]
    assert fastest(lambda: measure_cues(y), rounds=15) < 0.02  # about 0.005 on one idle core


def test_every_emotion_can_be_explained() -> None:
    average = CueBaseline(dict.fromkeys(CUES, 0.0), dict.fromkeys(CUES, 1.0), {e: {"pitch": 1.0} for e in EMOTIONS})
    for emotion in EMOTIONS:
        assert [cue.name for cue in explain({"pitch": 1.0}, emotion, average)] == ["pitch"]
