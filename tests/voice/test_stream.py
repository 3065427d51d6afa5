"""Live recognition: the same reading as from a file whatever the blocks, steady labels, bounded memory, no drift."""

import csv
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import AudioError, OptionError
from affetto.voice.audio import RATE, Samples, read_audio, to_mono16k
from affetto.voice.recognizer import Recognizer
from affetto.voice.smoothing import Smoother
from affetto.voice.speech import FRAME, UtteranceFinder, find_utterances
from affetto.voice.stream import SCHEMA_VERSION, Event, LiveRecognizer
from tests.tiny import write_tiny_model

Say = Callable[..., Samples]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def talk(say: Say) -> Samples:
    """Two utterances, with silence around them."""
    gap = np.zeros(RATE, np.float32)
    return np.concatenate([gap, say("I did not expect to see you here today."), gap, say("Please go."), gap])


def listen(
    recognizer: Recognizer, sound: np.ndarray, *, rate: int = RATE, blocks: Iterator[int] | int = 800, **options: float
) -> list[Event]:
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    live = LiveRecognizer(recognizer, rate=rate, channels=channels, **options)
    events: list[Event] = []
    place = 0
    while place < len(sound):
        size = blocks if isinstance(blocks, int) else next(blocks)
        events += live.push(sound[place : place + size])
        place += size
    return events + live.close()


def finals(events: list[Event]) -> list[Event]:
    return [event for event in events if event.final]


def probabilities(event: Event) -> list[float]:
    assert event.reading is not None
    return [event.reading.probabilities[emotion] for emotion in EMOTIONS]


def changes(events: list[Event]) -> list[int]:
    """Where the label of partial readings changes, in ms."""
    partial = [event for event in events if event.type == "reading" and not event.final and event.label]
    return [b.audio_end_ms for a, b in itertools.pairwise(partial) if a.label != b.label]


class TestEvents:
    def test_an_utterance_starts_is_read_and_ends(self, recognizer: Recognizer, talk: Samples) -> None:
        events = listen(recognizer, talk)
        assert [event.sequence for event in events] == list(range(len(events)))
        first = [event for event in events if event.utterance == 1]
        assert first[0].type == "utterance.start"
        assert first[-1].type == "utterance.end"
        assert [event.type for event in first[1:-1]] == ["reading"] * (len(first) - 2)
        assert [event.final for event in first[1:-1]] == [False] * (len(first) - 3) + [True]
        assert len(first) >= 5
        assert {event.utterance for event in events} == {1, 2}

    def test_the_first_partial_comes_soon_and_the_rest_every_interval(
        self, recognizer: Recognizer, speech: Samples
    ) -> None:
        live = LiveRecognizer(recognizer)
        heard: list[tuple[float, Event]] = []
        for frame in speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME):
            heard += [(live.seconds, event) for event in live.push(frame)]
        for number in {event.utterance for _, event in heard}:
            times = [at for at, event in heard if event.utterance == number and event.type == "reading"][:-1]
            onset = next(event.audio_start_ms for _, event in heard if event.utterance == number) / 1_000 + 0.13
            assert 0.5 <= times[0] - onset <= 1.2
            assert np.allclose(np.diff(times), 0.5, atol=1.01 * FRAME / RATE)

    def test_partial_readings_rest_on_the_last_seconds(self, recognizer: Recognizer, speech: Samples) -> None:
        joined = np.concatenate([part[RATE // 2 : -RATE // 2] for part in np.array_split(speech, 4)])
        partial = [e for e in listen(recognizer, joined) if e.type == "reading" and not e.final]
        assert max(e.audio_end_ms - e.audio_start_ms for e in partial) <= 3_010
        short = [e for e in listen(recognizer, joined, window=1.5) if e.type == "reading" and not e.final]
        assert max(e.audio_end_ms - e.audio_start_ms for e in short) <= 1_510

    def test_the_interval_can_be_chosen(self, recognizer: Recognizer, talk: Samples) -> None:
        assert len(listen(recognizer, talk, interval=0.2)) > len(listen(recognizer, talk, interval=1.0))

    def test_silence_is_no_event_for_as_long_as_it_lasts(self, recognizer: Recognizer) -> None:
        assert listen(recognizer, np.zeros(60 * RATE, np.float32), blocks=RATE) == []

    def test_a_click_is_no_utterance(self, recognizer: Recognizer, say: Say) -> None:
        click = np.zeros(2 * RATE, np.float32)
        click[RATE : RATE + 1_200] = say("Please go.")[3_000:4_200]
        assert listen(recognizer, click) == []

    def test_a_word_is_an_utterance_without_a_reading(self, recognizer: Recognizer, say: Say) -> None:
        word = say("No.")
        events = listen(recognizer, np.concatenate([np.zeros(RATE, np.float32), word, np.zeros(2 * RATE, np.float32)]))
        assert [event.type for event in events] == ["utterance.start", "reading", "utterance.end"]
        reading = events[1].reading
        assert events[1].final
        assert reading is not None
        assert reading.abstained
        assert events[1].label is None

    def test_noise_that_passes_for_speech_is_abstained_from(self, talk: Samples, tmp_path: Path) -> None:
        never_sure = Recognizer(write_tiny_model(tmp_path / "tiny.onnx", speech_threshold="0.99"))
        readings = [event.reading for event in listen(never_sure, talk) if event.reading]
        assert readings
        assert all(reading.abstained for reading in readings)

    def test_speech_without_a_pause_is_cut_and_stays_one_story(self, recognizer: Recognizer, say: Say) -> None:
        text = say("the train to the harbour leaves at seven and nobody knows where the children have gone today")
        events = listen(recognizer, np.concatenate([text] * 4))
        assert len(finals(events)) >= 2
        assert all(event.audio_end_ms - event.audio_start_ms <= 10_300 for event in finals(events))

    def test_the_json_form_is_plain_and_complete(self, recognizer: Recognizer, talk: Samples) -> None:
        for event in listen(recognizer, talk):
            fields = json.loads(json.dumps(event.to_dict()))
            assert fields["schema"] == SCHEMA_VERSION == 1
            assert set(fields) == {
                "schema",
                "type",
                "sequence",
                "utterance",
                "audio_start_ms",
                "audio_end_ms",
                "final",
                "reading",
                "label",
                "message",
            }
            assert (fields["reading"] is None) == (event.type != "reading")
            if fields["reading"]:
                assert fields["label"] in [*map(str, EMOTIONS), None]


class TestFinals:
    """What a file gives, live sound gives."""

    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data(), rate=st.sampled_from([16_000, 44_100, 48_000, 8_000]), stereo=st.booleans())
    def test_equal_those_of_the_file_whatever_the_blocks(
        self, recognizer: Recognizer, talk: Samples, data: st.DataObject, rate: int, stereo: bool
    ) -> None:
        source = talk if rate == RATE else soxr.resample(talk, RATE, rate)
        source = np.stack([source, 0.5 * source], axis=1) if stereo else source
        sizes = data.draw(st.lists(st.integers(1, rate), min_size=1, max_size=20).filter(lambda s: sum(s) > rate // 20))
        blocks = (sizes[number % len(sizes)] for number in range(10**9))
        events = listen(recognizer, source, rate=rate, blocks=blocks)
        utterances = list(find_utterances([to_mono16k(source, rate)]))
        assert len(finals(events)) == len(utterances) == 2
        for event, utterance in zip(finals(events), utterances, strict=True):
            expected = recognizer.read_utterances([utterance])
            assert event.reading is not None
            assert np.allclose(probabilities(event), [expected.probabilities[e] for e in EMOTIONS], atol=1e-6)
            assert event.reading.reason == expected.reason
            assert event.reading.seconds == pytest.approx(expected.seconds)
            assert event.label == expected.emotion
            assert event.audio_start_ms == round(utterance.start / 16)
            assert event.audio_end_ms == round(utterance.end / 16)

    def test_equal_what_hear_gives_for_a_file_of_one_utterance(self, recognizer: Recognizer, say: Say) -> None:
        sound = np.concatenate([np.zeros(RATE, np.float32), say("Nobody knows where the children have gone.")])
        heard = recognizer.read(sound)
        (final,) = finals(listen(recognizer, sound))
        assert np.allclose(probabilities(final), [heard.probabilities[e] for e in EMOTIONS], atol=1e-6)
        assert final.reading is not None
        assert [cue.name for cue in final.reading.cues] == [cue.name for cue in heard.cues]

    def test_all_events_are_the_same_whatever_the_blocks(self, recognizer: Recognizer, talk: Samples) -> None:
        whole, pieces = listen(recognizer, talk, blocks=len(talk)), listen(recognizer, talk, blocks=37)
        assert [event.to_dict() | {"reading": None} for event in whole] == [
            event.to_dict() | {"reading": None} for event in pieces
        ]
        for a, b in zip(whole, pieces, strict=True):
            if a.reading:
                assert np.allclose(probabilities(a), probabilities(b), atol=1e-6)

    def test_integers_are_scaled(self, recognizer: Recognizer, talk: Samples) -> None:
        quantized = (talk * 32_767).astype(np.int16)
        events = listen(recognizer, quantized)
        for a, b in zip(finals(events), finals(listen(recognizer, quantized / 32_768.0)), strict=True):
            assert np.allclose(probabilities(a), probabilities(b), atol=1e-6)


class TestSmoothing:
    def test_the_label_keeps_still_at_a_wavering_voice(self) -> None:
        smoother = Smoother()
        labels = set()
        for hop in range(60):
            p = dict.fromkeys(EMOTIONS, 0.05)
            p[Emotion.SAD], p[Emotion.CALM] = (0.4, 0.3) if hop % 2 else (0.3, 0.4)
            smooth = smoother.update(p, time=0.5 * hop)
            assert sum(smooth.values()) == pytest.approx(1)
            labels.add(smoother.label)
        assert len(labels) == 1

    @given(st.lists(st.lists(st.floats(0, 1), min_size=8, max_size=8), min_size=2, max_size=80))
    def test_the_label_never_changes_twice_in_two_seconds(self, rows: list[list[float]]) -> None:
        smoother, labels = Smoother(), []
        for hop, row in enumerate(rows):
            p = np.array(row) + 1e-6
            smoother.update(dict(zip(EMOTIONS, (p / p.sum()).tolist(), strict=True)), time=0.5 * hop)
            labels.append(smoother.label)
        places = [hop for hop in range(1, len(labels)) if labels[hop] != labels[hop - 1]]
        assert all(b - a >= 4 for a, b in itertools.pairwise(places))

    def test_a_real_change_shows_within_seconds(self) -> None:
        smoother = Smoother()
        angry = {**dict.fromkeys(EMOTIONS, 0.04), Emotion.ANGRY: 0.72}
        calm = {**dict.fromkeys(EMOTIONS, 0.04), Emotion.CALM: 0.72}
        assert smoother.label is None
        for hop in range(10):
            smoother.update(angry, time=0.5 * hop)
        assert smoother.label == Emotion.ANGRY
        for hop in range(10, 13):
            smoother.update(calm, time=0.5 * hop)
        assert smoother.label == Emotion.CALM

    def test_no_memory_passes_readings_through(self) -> None:
        smoother = Smoother(memory=0, margin=0, dwell=0)
        for leader in (Emotion.SAD, Emotion.HAPPY, Emotion.SAD):
            p = {**dict.fromkeys(EMOTIONS, 0.1), leader: 0.3}
            assert smoother.update(p, time=1.0) == pytest.approx(p)
            assert smoother.label == leader

    def test_steady_synthetic_speech(self, recognizer: Recognizer, say: Say) -> None:
        for pitch in (30, 50, 80):
            text = "the train to the harbour leaves at seven and nobody knows where the children have gone"
            events = listen(recognizer, np.concatenate([say(text, pitch=pitch)] * 3))
            places = changes(events)
            assert all(b - a >= 1_900 for a, b in itertools.pairwise(places))

    @pytest.mark.shared
    def test_steady_speech_of_real_speakers(self, recognizer: Recognizer, shared: Path) -> None:
        with (shared / "speech" / "manifest.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["corpus"] in ("ravdess", "emodb")]
        counted, seconds = 0, 0.0
        for corpus, speaker, label in (
            ("ravdess", "A01", "calm"),
            ("ravdess", "A12", "angry"),
            ("emodb", "03", "sad"),
            ("emodb", "08", "happy"),
        ):
            clips = [r for r in rows if (r["corpus"], r["label"]) == (corpus, label) and r["speaker"].endswith(speaker)]
            voices = [find_utterances([read_audio(shared / "speech" / row["path"])]) for row in clips[:5]]
            sound = np.concatenate([np.zeros(RATE, np.float32), *(u.samples for voice in voices for u in voice)])
            places = changes(listen(recognizer, sound))
            assert all(b - a >= 1_900 for a, b in itertools.pairwise(places))
            counted, seconds = counted + len(places), seconds + len(sound) / RATE
        assert seconds > 25
        assert counted / seconds < 0.2


class TestFaults:
    def test_nan_is_silence_and_is_reported_once(self, recognizer: Recognizer, talk: Samples) -> None:
        broken = talk.copy()
        broken[100:200] = np.nan
        broken[300] = np.inf
        events = listen(recognizer, broken, blocks=160)
        assert [event.type for event in events].count("error") == 1
        assert events[0].type == "error"
        assert events[0].utterance == 0
        assert events[0].audio_start_ms == 6
        assert "NaN" in (events[0].message or "")
        clean = talk.copy()
        clean[100:200] = clean[300] = 0
        for a, b in zip(finals(events), finals(listen(recognizer, clean)), strict=True):
            assert np.allclose(probabilities(a), probabilities(b), atol=1e-6)

    def test_only_nan(self, recognizer: Recognizer) -> None:
        events = listen(recognizer, np.full((RATE, 2), np.nan), blocks=1_000)
        assert [event.type for event in events] == ["error"]
        assert events[0].audio_start_ms == 0

    def test_clipping_is_read(self, recognizer: Recognizer, talk: Samples) -> None:
        assert len(finals(listen(recognizer, np.clip(50 * talk, -1, 1)))) >= 1

    def test_nothing_and_blocks_of_one_sample(self, recognizer: Recognizer) -> None:
        live = LiveRecognizer(recognizer, rate=44_100)
        assert live.push([]) == live.push(np.zeros(0)) == live.push([0.1]) == []
        assert live.close() == []

    @pytest.mark.parametrize(
        ("samples", "says"),
        [
            (np.zeros((10, 2)), "1 channels"),
            (np.zeros((2, 2, 2)), "channels"),
            (["a"], "type"),
            (np.zeros(4, bool), "type"),
            (np.float32(1), "shape"),
        ],
    )
    def test_what_is_no_sound_is_refused(self, recognizer: Recognizer, samples: np.ndarray, says: str) -> None:
        with pytest.raises(AudioError, match=says):
            LiveRecognizer(recognizer).push(samples)

    @pytest.mark.parametrize("options", [{"rate": 0}, {"rate": 10**7}, {"channels": 0}, {"channels": 65}])
    def test_impossible_sources_are_refused(self, recognizer: Recognizer, options: dict[str, int]) -> None:
        with pytest.raises(AudioError):
            LiveRecognizer(recognizer, **options)

    @pytest.mark.parametrize(
        "options", [{"interval": 0}, {"interval": float("nan")}, {"window": 0.5}, {"window": 9}, {"interval": 61}]
    )
    def test_impossible_options_are_refused(self, recognizer: Recognizer, options: dict[str, float]) -> None:
        with pytest.raises(OptionError, match=next(iter(options))):
            LiveRecognizer(recognizer, **options)

    def test_a_closed_stream_takes_nothing(self, recognizer: Recognizer) -> None:
        live = LiveRecognizer(recognizer)
        assert live.close() == []
        assert live.close() == []
        with pytest.raises(AudioError, match="closed"):
            live.push(np.zeros(10))

    def test_closing_in_mid_utterance_gives_the_final_reading(self, recognizer: Recognizer, say: Say) -> None:
        live = LiveRecognizer(recognizer, rate=RATE)
        before = live.push(say("I did not expect to see you here today.")[: 3 * RATE // 2])
        assert not finals(before)
        after = live.close()
        assert [event.type for event in after] == ["reading", "utterance.end"]
        assert after[0].final
        assert after[0].sequence == before[-1].sequence + 1

    def test_an_utterance_that_becomes_one_in_the_last_frame(self, recognizer: Recognizer, say: Say) -> None:
        sound = np.concatenate([np.zeros(RATE, np.float32), say("Nobody knows where the children have gone.")])
        live, frames = LiveRecognizer(recognizer), 0
        while not live.push(sound[frames * FRAME : (frames + 1) * FRAME]):
            frames += 1
        events = listen(recognizer, sound[: frames * FRAME + 500])
        assert [event.type for event in events] == ["utterance.start", "reading", "utterance.end"]
        assert {event.utterance for event in events} == {1}
        assert events[1].final

    def test_the_shipped_model_serves_where_none_is_given(self) -> None:
        assert LiveRecognizer().push(np.zeros(100)) == []


class TestLongStreams:
    def test_the_meters(self, recognizer: Recognizer, say: Say) -> None:
        live = LiveRecognizer(recognizer)
        assert (live.level, live.speech_probability, live.seconds) == (-100.0, 0.0, 0.0)
        live.push(0.5 * np.sin(np.arange(RATE)))
        assert live.level == pytest.approx(-9.03, abs=0.1)
        assert live.seconds == pytest.approx(1.0, abs=FRAME / RATE)
        live.push(say("Nobody knows")[:8_000])
        assert live.speech_probability > 0.5

    @pytest.mark.parametrize("rate", [16_000, 44_100])
    def test_an_hour_leaves_memory_flat_and_times_true(
        self, recognizer: Recognizer, say: Say, rate: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An utterance every ten minutes of an hour in which the voice detector does not have to work."""
        _hear_nothing_in_zeros(monkeypatch)
        word = say("Nobody knows where the children have gone.")
        sound = word if rate == RATE else soxr.resample(word, RATE, rate)
        live = LiveRecognizer(recognizer, rate=rate)
        second = np.zeros(rate, np.float32)
        starts: list[float] = []
        sizes: list[int] = []
        heard = 0.0
        tracemalloc.start()
        for minute in range(61):
            if minute % 10 == 0:
                events = live.push(sound) + live.push(np.zeros(2 * rate, np.float32))
                starts.append(finals(events)[0].audio_start_ms / 1_000 - heard)
                heard += len(sound) / rate + 2
                sizes.append(tracemalloc.get_traced_memory()[0])
            for _ in range(60):
                live.push(second)
            heard += 60
        tracemalloc.stop()
        assert heard > 3_600
        assert live.seconds == pytest.approx(heard, abs=0.05)
        starts = starts[1:]  # the first has no sound before it to begin in
        assert max(starts) - min(starts) <= 2.01 * FRAME / RATE  # the onset may fall into either of two frames
        assert max(sizes[1:]) < 1.05 * sizes[1] + 20_000


def _hear_nothing_in_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pure silence is not speech; saying so at once makes an hour of it fast."""
    from affetto.voice.speech import VoiceActivity

    judge = VoiceActivity.__call__

    def call(self: VoiceActivity, frames: Samples) -> np.ndarray:
        return judge(self, frames) if frames.any() else np.zeros(len(frames) // FRAME, np.float32)

    monkeypatch.setattr(VoiceActivity, "__call__", call)


def test_peeking_changes_nothing(talk: Samples) -> None:
    finder, peeked = UtteranceFinder(), []
    found = []
    for block in np.array_split(talk, 300):
        found += finder.push(block)
        spoken = finder.peek(1.0)
        if spoken is not None:
            peeked.append(spoken)
            assert len(spoken.samples) <= RATE
            assert 0 < spoken.window_seconds <= spoken.speech_seconds
            assert spoken.start <= min(spoken.onset, spoken.window_start)
    found += finder.flush()
    expected = list(find_utterances([talk]))
    assert [(u.start, u.end, u.speech_seconds) for u in found] == [(u.start, u.end, u.speech_seconds) for u in expected]
    assert peeked
    assert finder.peek(1.0) is None
    assert finder.in_speech is None
