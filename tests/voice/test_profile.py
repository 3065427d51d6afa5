"""What is known of a voice, and what it changes in a reading."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import OptionError
from affetto.voice.audio import RATE, Samples
from affetto.voice.correction import FEWEST_CORRECTIONS
from affetto.voice.enrolment import enrol, spoken
from affetto.voice.memory import FORGETTING_SECONDS, Heard, Moments
from affetto.voice.profile import VoiceProfile
from affetto.voice.profiles import profile_text
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer
from affetto.voice.stream import LiveRecognizer
from tests.tiny import write_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    return Recognizer(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx"))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    return Recognizer(write_tiny_model(tmp_path_factory.mktemp("model") / "older.onnx", speaker=False))


@pytest.fixture(scope="module")
def profile(tiny: Recognizer, speech: Samples) -> VoiceProfile:
    return VoiceProfile.of("anna", enrol(tiny, spoken([speech])))


def numbers(reading: Reading) -> list[float]:
    return [reading.probabilities[emotion] for emotion in EMOTIONS]


@st.composite
def heard(draw: st.DrawFn) -> Heard:
    seconds = draw(st.floats(0.1, 900))
    value = st.floats(-50, 50)
    cues = {
        name: Moments(seconds, draw(value), draw(st.floats(0, 20))) for name in draw(st.sets(st.sampled_from("ab")))
    }
    return Heard(seconds=seconds, model="m", embedding=(draw(value), draw(value)), weight=seconds, cues=cues)


@given(heard(), heard(), heard())
def test_it_does_not_matter_how_speech_is_divided(a: Heard, b: Heard, c: Heard) -> None:
    one, other = a.then(b).then(c), a.then(b.then(c))
    assert one.seconds == pytest.approx(other.seconds)
    assert one.weight == pytest.approx(other.weight)
    assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    assert set(one.cues) == set(other.cues)
    for name in one.cues:
        for part in ("weight", "mean", "variance"):
            assert getattr(one.cues[name], part) == pytest.approx(getattr(other.cues[name], part), abs=1e-5)


def test_moments_are_those_of_all_that_was_heard() -> None:
    values = np.random.default_rng(0).normal(3, 2, 50)
    together = Heard()
    for value in values:
        together = together.then(Heard(seconds=1e-6, cues={"a": Moments(1e-6, float(value))}))
    assert together.cues["a"].mean == pytest.approx(values.mean(), rel=1e-4)
    assert together.cues["a"].variance == pytest.approx(values.var(), rel=1e-4)


def test_what_was_heard_long_ago_is_forgotten() -> None:
    old = Heard(seconds=60, model="m", embedding=(1.0,), weight=60)
    for _ in range(100):
        old = old.then(Heard(seconds=60, model="m", embedding=(0.0,), weight=60))
    assert old.embedding[0] < 1e-4
    assert old.weight <= FORGETTING_SECONDS * 1.1
    assert old.seconds == pytest.approx(6_060)


def test_an_embedding_of_another_model_is_kept_apart() -> None:
    ours = Heard(seconds=10, model="a", embedding=(1.0,), weight=10, cues={"pitch": Moments(10, 1.0)})
    joined = ours.then(Heard(seconds=10, model="b", embedding=(9.0, 9.0), weight=10, cues={"pitch": Moments(10, 3.0)}))
    assert (joined.model, joined.embedding) == ("a", (1.0,))
    assert 2 < joined.cues["pitch"].mean < 2.02
    assert Heard().then(ours).embedding == (1.0,)


def test_enrolment_keeps_numbers_and_knows_the_voice_again(
    tiny: Recognizer, profile: VoiceProfile, speech: Samples
) -> None:
    assert len(profile.heard.embedding) == tiny.profile_size == 2
    assert profile.heard.model == tiny.model_id == "tiny"
    assert {"pitch", "pace", "brightness"} <= set(profile.heard.cues)
    unknown, known = tiny.read(speech), tiny.read(speech, profile=profile)
    assert (unknown.profile, known.profile) == (None, "anna")
    louder = tiny.read(3 * speech, profile=profile)
    assert louder.probabilities[Emotion.ANGRY] > tiny.read(3 * speech).probabilities[Emotion.ANGRY]
    assert numbers(known) == pytest.approx(numbers(unknown), abs=0.05)  # the voice as it is wont to be


def test_a_reading_without_a_profile_is_as_before(tiny: Recognizer, older: Recognizer, speech: Samples) -> None:
    assert numbers(tiny.read(speech)) == pytest.approx(numbers(older.read(speech)), abs=1e-6)
    empty = VoiceProfile.of("nobody", Heard())
    assert numbers(tiny.read(speech, profile=empty)) == numbers(tiny.read(speech))


def test_cues_are_told_against_the_own_baseline(say: Callable[..., Samples]) -> None:
    recognizer = Recognizer()
    words = "I did not expect to see you here today. Please put the blue cup on the kitchen table."
    usual = np.concatenate([say(words, pitch=20, voice="en+f3")] * 2)
    profile = VoiceProfile.of("anna", enrol(recognizer, spoken([usual])))
    high = say(words, pitch=90, voice="en+f3")
    told = [cue.words for cue in recognizer.read(high, profile=profile).cues]
    plain = [cue.words for cue in recognizer.read(high).cues]
    assert not any("usual" in line for line in plain)
    assert not any("average" in line for line in told)
    baseline = profile.baseline(recognizer.cue_baseline)  # what the person's voice is told against
    assert baseline.mean["pitch"] == profile.heard.cues["pitch"].mean != recognizer.cue_baseline.mean["pitch"]
    assert all(value > 0 for value in baseline.spread.values())


def test_a_profile_of_another_model_keeps_its_cues_and_says_so(
    tmp_path: Path, tiny: Recognizer, profile: VoiceProfile, speech: Samples
) -> None:
    other = Recognizer(write_tiny_model(tmp_path / "other.onnx", model_id="other"))
    assert numbers(other.read(speech, profile=profile)) == numbers(other.read(speech))
    assert profile.note_for(tiny.model_id, tiny.profile_size) is None
    note = profile.note_for(other.model_id, other.profile_size)
    assert note is not None
    assert "enrol again with 'affetto voice enrol --name anna'" in note
    assert "knows no speakers" in (profile.note_for("x", 0) or "")
    again = profile.remembering(other.read(speech, profile=profile))
    assert again.heard.embedding == profile.heard.embedding


def test_it_adapts_to_sure_readings_only(tiny: Recognizer, profile: VoiceProfile, speech: Samples) -> None:
    sure = tiny.read(4 * speech, profile=profile)
    assert sure.confidence > 0.5
    grown = profile.remembering(sure)
    assert grown.heard.seconds > profile.heard.seconds
    assert grown.heard.embedding != profile.heard.embedding
    off = replace(profile, adapt=False).remembering(sure)
    assert off.heard == profile.heard
    for reading in (
        tiny.read(np.zeros(RATE)),
        Reading.abstain("noise", seconds=9.0),
        replace(sure, probabilities=dict.fromkeys(EMOTIONS, 1 / 8)),
        replace(sure, uncertainty=replace(sure.uncertainty, unclear_below=1.0)),
        replace(sure, seconds=0.6),
    ):
        assert profile.remembering(reading).heard == profile.heard


def test_one_long_recording_does_not_take_over(tiny: Recognizer, profile: VoiceProfile, speech: Samples) -> None:
    sure = tiny.read(4 * speech)
    assert sure.trace is not None
    long = replace(sure, trace=replace(sure.trace, heard=replace(sure.trace.heard, seconds=9_000.0, weight=600.0)))
    grown = profile.remembering(long)
    assert grown.heard.seconds == pytest.approx(profile.heard.seconds + 30)
    assert grown.heard.weight < profile.heard.weight + 3


def reading_of(likeliest: Emotion, p: float = 0.4, *, model: str = "tiny") -> Reading:
    """A reading that leaves a trace; each is a little different."""
    from affetto.voice.memory import Trace

    rest = (1 - p) / 7
    probabilities = {emotion: p if emotion is likeliest else rest for emotion in EMOTIONS}
    trace = Trace(model=model, probabilities=tuple(probabilities.values()), heard=Heard(seconds=2.0))
    return Reading(probabilities=probabilities, seconds=2.0, trace=trace)


def test_corrections_change_readings_after_a_few_and_undoing_gives_them_back(
    tiny: Recognizer, profile: VoiceProfile, speech: Samples
) -> None:
    steps = [profile]
    for place in range(FEWEST_CORRECTIONS + 3):
        steps.append(steps[-1].corrected(Emotion.CALM, reading_of(Emotion.SAD, 0.4 + 0.02 * place)))
    read = [numbers(tiny.read(speech, profile=step)) for step in steps]
    for few in range(FEWEST_CORRECTIONS):
        assert read[few] == read[0]
    calm = EMOTIONS.index(Emotion.CALM)
    assert read[0][calm] < read[FEWEST_CORRECTIONS][calm] < read[-1][calm]
    assert math.isclose(sum(read[-1]), 1)
    back = steps[-1]
    for place in range(len(steps) - 2, -1, -1):
        back = back.undone()
        assert numbers(tiny.read(speech, profile=back)) == read[place]
    assert back.heard == profile.heard
    with pytest.raises(OptionError, match="no correction to undo"):
        back.undone()


def test_corrections_of_another_model_are_not_used(tiny: Recognizer, profile: VoiceProfile, speech: Samples) -> None:
    other = profile
    for place in range(5):
        other = other.corrected(Emotion.CALM, reading_of(Emotion.SAD, 0.4 + 0.02 * place, model="other"))
    assert numbers(tiny.read(speech, profile=other)) == numbers(tiny.read(speech, profile=profile))


def test_the_last_reading_can_be_corrected_once(tiny: Recognizer, profile: VoiceProfile, speech: Samples) -> None:
    with pytest.raises(OptionError, match="no reading to correct; hear something with --profile anna first"):
        profile.corrected(Emotion.CALM)
    used = profile.remembering(tiny.read(speech, profile=profile))
    assert used.last is not None
    assert used.last.heard == Heard(seconds=used.last.heard.seconds)  # nothing of the voice, but how long
    once = used.corrected(Emotion.CALM)
    assert [(one.emotion, one.model) for one in once.corrections] == [(Emotion.CALM, "tiny")]
    with pytest.raises(OptionError, match="put right already, as calm; undo it first"):
        once.corrected(Emotion.SAD)
    assert once.undone().corrected(Emotion.SAD).corrections[0].emotion is Emotion.SAD
    with pytest.raises(OptionError, match="no reading to correct"):
        profile.corrected(Emotion.CALM, Reading.abstain("no speech was heard"))


def test_what_corrections_do_is_said(profile: VoiceProfile) -> None:
    assert profile.effect == "no corrections"
    for place in range(4):
        profile = profile.corrected(Emotion.CALM, reading_of(Emotion.SAD, 0.4 + 0.02 * place))
        if place == 0:
            assert profile.effect == "1 correction; readings change from 3 on"
    assert profile.effect == "4 corrections: more calm, less sad"
    assert profile.summary()["corrections"][0]["read"] == "sad"


def test_a_live_voice_is_read_with_its_profile(tiny: Recognizer, profile: VoiceProfile, speech: Samples) -> None:
    live = LiveRecognizer(tiny, profile=profile)
    events = [*live.push(speech), *live.close()]
    readings = [event.reading for event in events if event.reading is not None]
    assert readings
    assert {reading.profile for reading in readings} == {"anna"}
    plain = LiveRecognizer(tiny)
    assert len([*plain.push(speech), *plain.close()]) == len(events)


def test_a_profile_does_not_grow_with_what_is_heard_and_holds_no_sound(
    tiny: Recognizer, profile: VoiceProfile, speech: Samples
) -> None:
    """Numbers per quality of a voice, not per second of it."""
    size = len(profile_text(profile))
    for _ in range(5):
        profile = profile.remembering(tiny.read(4 * speech, profile=profile))
    assert len(profile_text(profile)) < size + 600  # the last reading, longer fractions
    numbers_kept = len(profile.heard.embedding) + 3 * len(profile.heard.cues)
    assert numbers_kept < 1e-3 * len(speech)
