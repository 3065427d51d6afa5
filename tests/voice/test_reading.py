"""What was heard, in words and in numbers."""

import json

import pytest

from affetto.affect import EMOTIONS, Affect, Emotion, circumplex
from affetto.voice.explanation import Cue
from affetto.voice.reading import Reading

ANGRY = Reading(probabilities={Emotion.ANGRY: 0.71, Emotion.FEARFUL: 0.2, Emotion.HAPPY: 0.09}, seconds=2.5)


def test_a_reading_names_the_likeliest_emotion() -> None:
    assert ANGRY.emotion is Emotion.ANGRY
    assert ANGRY.confidence == 0.71
    assert not ANGRY.abstained
    assert ANGRY.words == "sounds angry, 71 %"


def test_a_doubtful_reading_names_two() -> None:
    reading = Reading(probabilities={Emotion.SAD: 0.40, Emotion.CALM: 0.35, Emotion.HAPPY: 0.25}, seconds=1)
    assert reading.words == "sounds sad (40 %) or calm (35 %)"


def test_the_affect_is_the_posterior_mean_never_the_label() -> None:
    angry, fearful, happy = (circumplex()[e] for e in (Emotion.ANGRY, Emotion.FEARFUL, Emotion.HAPPY))
    assert ANGRY.affect.valence == pytest.approx(0.71 * angry.valence + 0.2 * fearful.valence + 0.09 * happy.valence)
    assert ANGRY.affect.arousal == pytest.approx(0.71 * angry.arousal + 0.2 * fearful.arousal + 0.09 * happy.arousal)
    assert min(ANGRY.affect.spread) > 0


def test_an_abstention_says_why_and_nothing_else() -> None:
    reading = Reading.abstain("no speech was heard", seconds=0.1)
    assert reading.abstained
    assert reading.emotion is None
    assert reading.confidence == 0
    assert reading.words == "no reading: no speech was heard"
    assert set(reading.probabilities.values()) == {1 / 8}
    assert reading.cues == ()


def test_to_dict_is_the_documented_form() -> None:
    cue = Cue(
        name="pitch", value=4.0, unit="semitones", deviation=1.0, contribution=0.5, words="pitch 4 semitones above"
    )
    said = Reading(probabilities=ANGRY.probabilities, seconds=2.5, cues=(cue,)).to_dict()
    assert list(said) == [
        "emotion", "probabilities", "valence", "arousal", "covariance", "confidence", "plausible", "unclear",
        "abstained", "reason", "seconds", "profile",
    ]  # fmt: skip
    assert said["emotion"] == "angry"
    assert list(said["probabilities"]) == [str(emotion) for emotion in EMOTIONS]
    assert said["probabilities"]["calm"] == 0
    assert said["covariance"][0][1] == said["covariance"][1][0]
    assert json.loads(json.dumps(said)) == said
    assert list(cue.to_dict()) == ["name", "value", "unit", "deviation", "contribution", "words"]


def test_to_dict_of_an_abstention() -> None:
    said = Reading.abstain("sounds like music").to_dict()
    assert said["emotion"] is None
    assert said["abstained"] is True
    assert said["reason"] == "sounds like music"
    assert said["confidence"] == 0
    assert sum(said["probabilities"].values()) == pytest.approx(1)
    assert json.loads(json.dumps(said)) == said


def test_a_reading_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ANGRY.seconds = 1  # type: ignore[misc]
    assert isinstance(ANGRY.affect, Affect)
