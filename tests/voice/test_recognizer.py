"""The shipped recognizer, as a caller sees it."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.affect import EMOTIONS
from affetto.errors import AudioError, ModelError
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.recognizer import Recognizer

SAMPLES = Path(str(resources.files("affetto.samples")))
WEIGHTS = Path(str(resources.files("affetto.voice.weights")))


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def voice() -> Samples:
    return read_audio(SAMPLES / "happy.flac")


def test_the_model_is_small_and_says_what_it_is(recognizer: Recognizer) -> None:
    assert (WEIGHTS / "affetto.onnx").stat().st_size <= 5_000_000
    assert recognizer.metadata["recipe"] == "default"
    assert "ravdess" in recognizer.metadata["corpora"]


@pytest.mark.parametrize("name", ["happy", "angry", "calm", "neutral"])
def test_every_bundled_voice_is_read(recognizer: Recognizer, name: str) -> None:
    reading = recognizer.hear(SAMPLES / f"{name}.flac")
    assert not reading.abstained
    assert set(reading.probabilities) == set(EMOTIONS)
    assert sum(reading.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert reading.seconds > 1


def test_samples_and_files_give_the_same_reading(recognizer: Recognizer, voice: Samples) -> None:
    heard, read = recognizer.hear(SAMPLES / "happy.flac"), recognizer.read(voice)
    assert heard.probabilities == read.probabilities
    assert heard.cues == read.cues
    as_integers = recognizer.read((voice * 32767).astype(np.int16))
    assert as_integers.probabilities[EMOTIONS[0]] == pytest.approx(heard.probabilities[EMOTIONS[0]], abs=0.02)


@pytest.mark.parametrize("gain", [0.3, 0.7, 1.5])
def test_the_level_hardly_matters(recognizer: Recognizer, voice: Samples, gain: float) -> None:
    assert recognizer.read(gain * voice).emotion is recognizer.read(voice).emotion


def test_noise_music_and_silence_are_not_read(recognizer: Recognizer) -> None:
    rng = np.random.default_rng(1)
    time = np.arange(5 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hz * time) for hz in (220, 277.2, 329.6, 440))
    melody = np.concatenate([np.sin(2 * np.pi * hz * time[: RATE // 2]) for hz in (262, 294, 330, 349, 392, 440)])
    for sound in (np.zeros(5 * RATE), 0.1 * rng.standard_normal(5 * RATE), 0.1 * chord, 0.3 * melody):
        reading = recognizer.read(sound)
        assert reading.abstained
        assert reading.reason


def test_too_little_speech_is_not_read(recognizer: Recognizer, voice: Samples) -> None:
    start = 6_000
    reading = recognizer.read(np.pad(voice[start : start + int(0.35 * RATE)], RATE))
    assert reading.abstained
    assert reading.reason is not None
    assert "speech" in reading.reason


def test_a_spoken_sentence_is_read(recognizer: Recognizer, say: Callable[..., Samples]) -> None:
    assert not recognizer.read(say("I did not expect to see you here today.")).abstained


def test_several_utterances_weigh_as_much_as_they_last(recognizer: Recognizer, voice: Samples) -> None:
    gap = np.zeros(3 * RATE, np.float32)
    once, thrice = recognizer.read(voice), recognizer.read(np.concatenate([voice, gap] * 3))
    assert thrice.seconds == pytest.approx(3 * once.seconds, rel=0.1)
    assert thrice.emotion is once.emotion


def test_progress_reaches_the_end(recognizer: Recognizer, tmp_path: Path, voice: Samples) -> None:
    file = tmp_path / "long.wav"
    soundfile.write(file, np.tile(voice, 8), RATE)
    seen: list[tuple[float, float | None]] = []
    recognizer.hear(file, progress=lambda heard, total: seen.append((heard, total)))
    assert seen[-1][0] == pytest.approx(8 * len(voice) / RATE, abs=0.01)
    assert seen[-1][1] == pytest.approx(seen[-1][0], abs=0.01)
    assert len(seen) > 3


def test_bad_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx"):
        Recognizer(tmp_path / "none.onnx")
    wrong = tmp_path / "wrong.onnx"
    wrong.write_text("not a model")
    with pytest.raises(ModelError, match=r"wrong\.onnx.*not an ONNX model"):
        Recognizer(wrong)
    with pytest.raises(ModelError, match="version None"):
        Recognizer(WEIGHTS / "silero_vad.onnx")


def test_what_cannot_be_sound_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(AudioError):
        recognizer.read(np.full(RATE, np.nan))
