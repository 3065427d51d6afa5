"""Where the speech is, however the sound arrives."""

import tracemalloc
from collections.abc import Callable
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.speech import FRAME, Utterance, UtteranceFinder, VoiceActivity, find_utterances

SILERO = [
    *(0.0095, 0.0046, 0.0999, 0.3585, 0.9946, 0.9935, 0.9992, 0.8858, 0.9988, 0.9982),
    *(0.9992, 0.9999, 0.9998, 0.9999, 1.0000, 0.9999, 0.9664, 0.0225, 0.0185, 0.0129),
]
LONGEST = 10.0 + 0.1  # seconds, a frame or two of slack


def cut(y: Samples, places: list[int]) -> list[Samples]:
    return np.split(y, sorted(place % (len(y) + 1) for place in places))


def assert_same(found: list[Utterance], expected: list[Utterance]) -> None:
    assert [(u.start, u.end, u.speech_seconds) for u in found] == [(u.start, u.end, u.speech_seconds) for u in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


@pytest.fixture(scope="module")
def utterances(speech: Samples) -> list[Utterance]:
    return list(find_utterances([speech]))


def test_four_sentences_with_long_pauses_are_four_utterances(speech: Samples, utterances: list[Utterance]) -> None:
    assert len(utterances) == 4
    for utterance in utterances:
        assert 1.0 < utterance.speech_seconds < 4.0
        assert utterance.speech_seconds <= len(utterance.samples) / RATE
        loud = np.abs(utterance.samples) > 0.05
        assert loud.any()
    outside = np.ones(len(speech), bool)
    for utterance in utterances:
        outside[utterance.start : utterance.end] = False
    assert np.abs(speech[outside]).max() < 0.05  # nothing loud is left out


def test_utterances_are_the_samples_of_the_recording(speech: Samples, utterances: list[Utterance]) -> None:
    padded = np.concatenate([speech, np.zeros(FRAME, np.float32)])
    for utterance in utterances:
        assert utterance.start % FRAME == 0
        assert utterance.end - utterance.start == len(utterance.samples)
        assert utterance.samples.dtype == np.float32
        np.testing.assert_array_equal(utterance.samples, padded[utterance.start : utterance.end])


def test_the_detector_answers_as_its_makers_does() -> None:
    """Every eighth probability that Silero's own model file gives for a bundled voice (``tools/make_detector.py``)."""
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as path:
        samples = read_audio(path)
    found = VoiceActivity()(samples[: len(samples) // FRAME * FRAME])
    np.testing.assert_allclose(found[::8], SILERO, atol=1e-4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(0, 10**6), max_size=30))
def test_blocks_do_not_change_the_utterances(places: list[int], speech: Samples, utterances: list[Utterance]) -> None:
    assert_same(list(find_utterances(cut(speech, places))), utterances)


@pytest.mark.parametrize("size", [160, FRAME, 800, 4_001, 10**9])
def test_equal_blocks_do_not_change_the_utterances(size: int, speech: Samples, utterances: list[Utterance]) -> None:
    blocks = [speech[i : i + size] for i in range(0, len(speech), size)]
    assert_same(list(find_utterances(blocks)), utterances)


def test_an_utterance_comes_as_soon_as_the_pause_is_long_enough(speech: Samples, utterances: list[Utterance]) -> None:
    finder, heard = UtteranceFinder(), 0
    for start in range(0, len(speech), FRAME):
        heard += FRAME
        if found := finder.push(speech[start : start + FRAME]):
            break
    assert_same(found, utterances[:1])
    assert heard - utterances[0].end < 0.8 * RATE


def test_speech_that_reaches_the_end_comes_with_flush(say) -> None:
    y = say("I did not expect to see you here today.")[: 2 * RATE // 2 + 137]
    finder = UtteranceFinder()
    assert finder.push(y) == []
    (last,) = finder.flush()
    assert last.end == -(-len(y) // FRAME) * FRAME
    assert finder.flush() == []


def test_long_speech_is_cut_at_ten_seconds_without_gap_or_overlap(say) -> None:
    words = say("Nobody knows where the children have gone.")
    loud = np.flatnonzero(np.abs(words) > 0.01)
    y = np.tile(words[loud[0] : loud[-1]], 16)
    found = list(find_utterances([y]))
    assert len(found) >= 3
    assert all(len(u.samples) / RATE <= LONGEST for u in found)
    assert found[0].end - found[0].start > 9.8 * RATE
    for one, following in pairwise(found):
        assert one.end <= following.start
        assert following.start - one.end < 0.1 * RATE
    assert sum(u.speech_seconds for u in found) > 0.8 * len(y) / RATE


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.floats(0.0, 1.4), min_size=2, max_size=5), data=st.data())
def test_utterances_are_in_order_and_never_overlap(gaps: list[float], data: st.DataObject, say) -> None:
    sentences = ("The train to the harbour leaves at seven.", "Oh!", "Please put the blue cup on the kitchen table.")
    parts: list[Samples] = []
    for gap in gaps:
        parts += [np.zeros(round(gap * RATE), np.float32), say(data.draw(st.sampled_from(sentences)))]
    y = np.concatenate(parts)
    end = 0
    for utterance in find_utterances([y]):
        assert utterance.start >= end
        assert 0.2 <= utterance.speech_seconds <= len(utterance.samples) / RATE <= LONGEST
        end = utterance.end
    assert end <= -(-len(y) // FRAME) * FRAME


@pytest.fixture
def likely(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float]], Samples]:
    """Sound whose frames are that likely to be speech."""

    def scripted(probabilities: list[float]) -> Samples:
        rest = list(probabilities)
        monkeypatch.setattr(
            VoiceActivity, "__call__", lambda _, frames: np.array([rest.pop(0) for _ in range(len(frames) // FRAME)])
        )
        return np.full(len(probabilities) * FRAME, 0.1, np.float32)

    return scripted


def test_a_voice_that_may_well_be_speech_is_heard(likely: Callable[[list[float]], Samples]) -> None:
    script = [0.0] * 30 + [0.3] * 10 + [0.1] * 10 + [0.0] * 40
    (heard,) = find_utterances([likely(script)])
    assert heard.speech_seconds == pytest.approx(20 * FRAME / RATE)
    assert list(find_utterances([likely(script)], sure=True)) == []


def test_a_fainter_voice_does_not_keep_a_sure_one_going(likely: Callable[[list[float]], Samples]) -> None:
    behind = [0.2] * 60
    finder = UtteranceFinder()
    assert len(finder.push(likely([0.9] * 30 + behind))) == 1
    finder = UtteranceFinder()
    assert finder.push(likely([0.3] * 30 + behind)) == []
    (whole,) = finder.flush()
    assert whole.speech_seconds == pytest.approx(90 * FRAME / RATE)


def test_what_is_surely_speech_lies_within_what_is_heard(speech: Samples, utterances: list[Utterance]) -> None:
    heard = np.zeros(len(speech) + FRAME, bool)
    for utterance in utterances:
        heard[utterance.start : utterance.end] = True
    for utterance in find_utterances([speech], sure=True):
        assert heard[utterance.start : utterance.end].all()


T = np.arange(4 * RATE) / RATE
RNG = np.random.default_rng(7)
NOISE = RNG.standard_normal(len(T))
NOT_SPEECH = {
    "silence": np.zeros(len(T)),
    "offset": np.full(len(T), 0.5),
    "white noise": 0.1 * NOISE,
    "loud white noise": 0.5 * NOISE,
    "faint noise": 1e-4 * NOISE,
    "rumble": np.cumsum(NOISE) / np.abs(np.cumsum(NOISE)).max(),
    "mains hum": 0.3 * np.sin(2 * np.pi * 50 * T),
    "tone": 0.3 * np.sin(2 * np.pi * 440 * T),
    "chord": 0.1 * sum(np.sin(2 * np.pi * hz * T) for hz in (220, 277.2, 329.6)),
    "sweep": 0.3 * np.sin(2 * np.pi * (100 * T + 200 * T**2)),
    "clicks": (np.arange(len(T)) % 8_000 == 0).astype(float),
}


@pytest.mark.parametrize("kind", NOT_SPEECH)
def test_what_is_not_speech_gives_no_utterance(kind: str) -> None:
    assert list(find_utterances([NOT_SPEECH[kind].astype(np.float32)])) == []


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513])
def test_next_to_nothing_gives_no_utterance(samples: int) -> None:
    assert list(find_utterances([np.zeros(samples, np.float32)])) == []
    assert list(find_utterances([])) == []


def test_voice_activity_keeps_its_state(speech: Samples) -> None:
    y = speech[: 200 * FRAME]
    whole = VoiceActivity()(y)
    assert whole.shape == (200,)
    assert whole.min() >= 0
    assert whole.max() <= 1
    activity = VoiceActivity()
    pieces = [activity(piece) for piece in np.split(y, [FRAME, FRAME, 4 * FRAME, 90 * FRAME])]
    assert [len(piece) for piece in pieces] == [1, 0, 3, 86, 110]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(activity(y), whole)  # it has heard something before


def test_memory_is_bounded_in_silence_and_in_speech(speech: Samples) -> None:
    block = speech[:RATE]
    VoiceActivity()(block[: 30 * FRAME])  # loads the model
    for y, seconds in ((np.zeros(RATE, np.float32), 120), (speech[2 * RATE : 3 * RATE], 60)):
        finder = UtteranceFinder()
        tracemalloc.start()
        try:
            for _ in range(seconds):
                finder.push(y.copy())
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held < 2_000_000  # bytes; ten seconds of samples are 640,000


def test_an_open_utterance_can_be_looked_at(speech: Samples, utterances: list[Utterance]) -> None:
    finder = UtteranceFinder()
    assert (finder.position, finder.probability, finder.in_speech, finder.peek(1.0)) == (0, 0.0, None, None)
    looks = []
    for start in range(0, utterances[0].end, FRAME):
        assert finder.push(speech[start : start + FRAME]) == []
        assert finder.position == start + FRAME
        assert 0 <= finder.probability <= 1
        look = finder.peek(1.0)
        assert (look is None) == (finder.in_speech is None)
        if look is not None:
            looks.append(look)
            assert look.speech_seconds == finder.in_speech
            assert look.window_seconds <= min(look.speech_seconds, 1.0 + FRAME / RATE)
            assert look.start == utterances[0].start <= look.onset < start + FRAME
            heard = speech[look.window_start : look.window_start + len(look.samples)]
            np.testing.assert_array_equal(look.samples, heard)
    assert len(looks) > 10
    assert max(len(look.samples) for look in looks) == pytest.approx(RATE, abs=FRAME)
