"""What a reading rests on: asked of the network by hiding parts of the sound, and of the cues."""

import base64
import json
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from affetto.affect import Emotion
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.cues import CUES, explain, weigh_cues
from affetto.voice.explanation_figure import explanation_svg
from affetto.voice.passage import Passage
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer
from affetto.voice.saliency import log_mel_picture, weigh, without

SAMPLES = Path(str(resources.files("affetto.samples")))
SCHEMA = json.loads(resources.files("affetto").joinpath("schemas/hear.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def reading(recognizer: Recognizer) -> Reading:
    return recognizer.hear(SAMPLES / "happy.flac", explain=True)


def noise_with_tone(seconds: float, *, start: float, end: float, hz: float) -> Samples:
    """Faint noise, and a tone for a while."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * hz * time) * ((time >= start) & (time < end))
    return (tone + 0.01 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)


def hears_tone(hz: float) -> Callable[[Samples], float]:
    """Something that only listens to one frequency."""

    def probability(speech: Samples) -> float:
        time = np.arange(len(speech)) / RATE
        energy = abs(np.exp(-2j * np.pi * hz * time) @ speech) / RATE
        return float(1 / (1 + np.exp(2 - 40 * energy)))

    return probability


def test_hiding_finds_the_moment_and_the_band_that_count() -> None:
    speech = noise_with_tone(4.0, start=2.0, end=2.5, hz=1500)
    found = weigh(speech, hears_tone(1500))
    assert found.strongest <= 2.0
    assert found.strongest + found.span >= 2.5
    band, step = np.unravel_index(np.argmax(found.map), np.shape(found.map))
    assert found.edges[band] <= 1500 < found.edges[band + 1]
    assert 2.0 - found.step <= step * found.step <= 2.5
    elsewhere = [value for place, value in enumerate(found.curve) if not 0.9 < place * found.step < 2.6]
    assert max(map(abs, elsewhere)) < 0.1 * max(found.curve)


@pytest.mark.parametrize("seconds", [0.3, 0.9, 1.7, 20.0])
def test_speech_of_any_length_is_asked_about(seconds: float) -> None:
    asked: list[int] = []

    def probability(speech: Samples) -> float:
        asked.append(len(speech))
        return 0.5

    speech = noise_with_tone(seconds, start=0, end=seconds, hz=200)
    found = weigh(speech, probability)
    assert set(asked) == {len(speech)}
    assert len(asked) <= 1 + 33 * 7
    assert found.span == pytest.approx(min(1.0, seconds / 2))
    assert len(found.map) == len(found.edges) - 1
    assert set(found.curve) == {0.0}
    assert (len(found.curve) - 1) * found.step + found.span <= seconds + 1e-6


def test_a_stretch_is_cut_out_without_a_click() -> None:
    speech = noise_with_tone(2.0, start=0, end=2, hz=100)
    cut = without(speech, 0.5, 1.0)
    assert len(cut) == pytest.approx(1.5 * RATE, abs=RATE // 50)
    assert np.abs(np.diff(cut)).max() < 2 * np.abs(np.diff(speech)).max()
    assert np.array_equal(without(speech, 0.0, 0.5), speech[RATE // 2 :])
    assert len(without(speech, 0.0, 9.0)) == 0


def test_the_picture_shows_what_sounds() -> None:
    picture = log_mel_picture(noise_with_tone(30.0, start=10, end=20, hz=1000))
    level = np.array(picture.decibels)
    assert level.shape[1] <= 240
    assert level.max() == 0
    assert level.min() >= -60
    row, column = np.unravel_index(level.argmax(), level.shape)
    assert picture.hertz[row] == pytest.approx(1000, rel=0.15)
    assert 10 <= column * picture.step <= 20


def test_a_moment_of_joined_utterances_is_told_in_the_recording() -> None:
    passage = Passage(np.zeros(3 * RATE, np.float32), 3.0, ((0, RATE // 2), (2 * RATE, 7 * RATE)))
    assert passage.in_recording(0.0) == 0.5
    assert passage.in_recording(1.5) == 2.0
    assert passage.in_recording(2.5) == 7.5


def test_a_reading_is_explained_when_asked(recognizer: Recognizer, reading: Reading) -> None:
    found = reading.explanation
    assert found is not None
    assert reading == recognizer.hear(SAMPLES / "happy.flac")  # asking changes nothing
    assert recognizer.hear(SAMPLES / "happy.flac").explanation is None
    assert found.emotion is reading.emotion
    assert found.weight == max(found.saliency.curve)
    low, high = found.strongest
    assert 0 <= low < high <= 4
    assert high - low == pytest.approx(1.0, abs=0.01)
    assert found.words == f"what weighed most was heard from {low:.1f} to {high:.1f} s"
    assert {cue.name for cue in found.cues} == set(CUES)
    assert set(reading.cues) <= set(found.cues)
    sizes = [abs(cue.contribution) for cue in found.cues]
    assert sizes == sorted(sizes, reverse=True)
    assert found.against == "the average voice"


def test_of_a_long_recording_the_passage_is_explained_that_says_most(recognizer: Recognizer) -> None:
    quiet = np.zeros(2 * RATE, np.float32)
    happy, calm = (read_audio(SAMPLES / f"{name}.flac") for name in ("happy", "calm"))
    before = np.concatenate([calm, quiet, calm, quiet, calm, quiet])
    found = recognizer.read(np.concatenate([before, *[happy] * 6]), explain=True)
    assert found.explanation is not None
    assert found.emotion is Emotion.HAPPY
    assert found.explanation.strongest[0] > len(before) / RATE - 4


def test_an_abstention_has_nothing_to_explain(recognizer: Recognizer) -> None:
    silent = recognizer.read(np.zeros(RATE, np.float32), explain=True)
    assert silent.explanation is None
    assert "explanation" not in silent.to_dict()


def test_its_json_is_what_the_schema_promises(reading: Reading) -> None:
    value = json.loads(json.dumps(reading.to_dict()))
    Draft202012Validator(SCHEMA).validate({"file": "x", "reading": value})
    promised = SCHEMA["$defs"]["explanation"]["properties"]
    assert value["explanation"].keys() == promised.keys()
    for part in ("strongest", "saliency", "spectrogram"):
        assert value["explanation"][part].keys() == promised[part]["properties"].keys()
    assert len(json.dumps(value)) < 60_000


def test_what_stands_out_is_the_part_of_all_cues_that_agrees(recognizer: Recognizer) -> None:
    values = {name: recognizer.cue_baseline.mean[name] + recognizer.cue_baseline.spread[name] for name in CUES}
    every = weigh_cues(values, Emotion.ANGRY, recognizer.cue_baseline)
    shown = explain(values, Emotion.ANGRY, recognizer.cue_baseline)
    assert len(every) == len(CUES)
    assert any(cue.contribution < 0 for cue in every)
    assert [cue for cue in every if cue.contribution > 0][: len(shown)] == list(shown)


def test_the_figure_is_one_file_that_anyone_can_open(reading: Reading) -> None:
    assert reading.explanation is not None
    drawing = explanation_svg(reading.explanation, title="<voice> & co")
    root = ElementTree.fromstring(drawing)
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<voice> & co" in texts
    assert all(any(cue.words in text for text in texts) for cue in reading.explanation.cues)
    assert not re.search(r'href="(?!data:image/png;base64,)', drawing)
    images = re.findall(r'base64,([^"]+)"', drawing)
    assert len(images) == 2
    for data in images:
        raw = base64.b64decode(data)
        assert raw.startswith(b"\x89PNG")
        columns, rows = struct.unpack(">II", raw[16:24])
        (size,) = struct.unpack(">I", raw[33:37])
        assert len(zlib.decompress(raw[41 : 41 + size])) == rows * (1 + 4 * columns)
