"""``affetto voice``: from enrolment to correction, as a person would use it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.affect import Emotion
from affetto.api import hear, recognizer
from affetto.settings import settings
from affetto.voice import microphone
from affetto.voice.audio import RATE, Samples
from affetto.voice.profiles import ProfileStore
from tests.cli.conftest import Outcome
from tests.tiny import write_tiny_model

Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_MODEL", str(write_tiny_model(tmp_path / "tiny.onnx")))
    settings.cache_clear()
    recognizer.cache_clear()
    yield
    recognizer.cache_clear()


@pytest.fixture
def voice(tmp_path: Path, speech: Samples) -> Path:
    file = tmp_path / "voice.wav"
    soundfile.write(file, speech, RATE)
    return file


def test_a_voice_is_enrolled_used_corrected_and_deleted(affetto: Run, voice: Path, tmp_path: Path) -> None:
    done = affetto("voice", "enrol", "--name", "anna", voice)
    assert done.code == 0
    assert "Enrolled: anna, by" in done.out
    assert "pitch" in done.out
    heard = json.loads(affetto("hear", "--json", "--no-playlist", "--profile", "anna", voice).out)["reading"]
    assert heard["profile"] == "anna"
    noted = affetto("voice", "correct", "calm")
    assert noted.out == "Noted: calm. anna: 1 correction; readings change from 3 on.\n"
    shown = json.loads(affetto("voice", "show", "--json").out)
    assert [one["emotion"] for one in shown["corrections"]] == ["calm"]
    assert shown["enrolled"]
    assert "1 correction" in affetto("voice", "show").out
    assert "anna" in affetto("voice", "list").out
    assert json.loads(affetto("voice", "list", "--json").out)["name"] == "anna"
    assert affetto("voice", "undo").out == "Taken back. anna: no corrections.\n"
    assert affetto("voice", "undo").err == "affetto: profile anna: no correction to undo\n"
    assert "stays as it is" in affetto("voice", "adapt", "off").out
    assert not json.loads(affetto("voice", "show", "anna", "--json").out)["adapt"]
    out = tmp_path / "anna.json"
    assert affetto("voice", "export", "--out", out).code == 0
    assert affetto("voice", "export", "anna").out == out.read_text(encoding="utf-8")
    assert "already; choose another --name" in affetto("voice", "import", out).err
    assert affetto("voice", "import", out, "--name", "bea").out == "Imported as bea.\n"
    assert affetto("voice", "import", out, "--replace").code == 0
    assert affetto("voice", "show").err == "affetto: several voice profiles; say which: anna, bea\n"
    for name in ("anna", "bea"):
        assert affetto("voice", "delete", name).code == 0
    assert "No voice profile yet" in affetto("voice", "list").out
    assert affetto("voice", "show").code == 2


def test_enrolling_again_keeps_the_corrections(affetto: Run, voice: Path) -> None:
    affetto("voice", "enrol", voice)
    affetto("hear", "--no-playlist", "--profile", "me", voice)
    affetto("voice", "correct", "happy")
    again = affetto("voice", "enrol", "--json", voice)
    assert len(json.loads(again.out)["corrections"]) == 1
    assert "Enrolled again: me" in affetto("voice", "enrol", voice).out


def test_bad_input_is_told(affetto: Run, voice: Path, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(5 * RATE), RATE)
    for arguments, said in (
        (("voice", "enrol", silence), "this voice cannot be enrolled: no speech was heard"),
        (("voice", "enrol", "--name", "../me", voice), "profile name '../me'"),
        (("voice", "enrol", "--device", "1", voice), "goes with the microphone"),
        (("voice", "adapt", "perhaps"), "say on or off"),
        (("voice", "correct", "calm"), "no voice profile yet; make one with 'affetto voice enrol'"),
        (("hear", "--profile", "bob", voice), "no voice profile 'bob'"),
        (("listen", "--profile", "bob", "--no-profile"), "contradict each other"),
        (("voice", "import", silence), "not a voice profile"),
    ):
        outcome = affetto(*arguments)
        assert outcome.code == 2
        assert said in outcome.err
        assert "Traceback" not in outcome.err


def test_the_only_profile_serves_at_the_microphone(
    affetto: Run, voice: Path, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blocks(**_: object):
        yield from (speech[first : first + 800] for first in range(0, len(speech), 800))

    monkeypatch.setattr(microphone, "stream_microphone", blocks)
    done = affetto("voice", "enrol")
    assert "Speak in your everyday voice" in done.out
    assert "Enrolled: me" in done.out
    assert json.loads(affetto("listen", "--json", "--no-playlist").out)["reading"]["profile"] == "me"
    lines = affetto("listen", "--live", "--json").out.splitlines()
    finals = [event for event in map(json.loads, lines) if event.get("final")]
    assert finals
    assert {event["reading"]["profile"] for event in finals} == {"me"}
    without = affetto("listen", "--json", "--no-playlist", "--no-profile")
    assert json.loads(without.out)["reading"]["profile"] is None
    assert json.loads(affetto("hear", "--json", "--no-playlist", voice).out)["reading"]["profile"] is None
    live = affetto("listen", "--live", "--json", "--fast", "--from", voice).out
    assert {event["reading"]["profile"] for event in map(json.loads, live.splitlines()) if event.get("final")} == {None}


def test_an_older_model_is_told(affetto: Run, voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    affetto("voice", "enrol", voice)
    monkeypatch.setenv("AFFETTO_MODEL", str(write_tiny_model(tmp_path / "new.onnx", model_id="new")))
    settings.cache_clear()
    recognizer.cache_clear()
    outcome = affetto("hear", "--json", "--no-playlist", "--profile", "me", voice)
    assert outcome.code == 0
    assert "note: profile me was enrolled with another model" in outcome.err
    assert "enrol again" in affetto("voice", "show").out


def test_the_python_way(affetto: Run, voice: Path) -> None:
    affetto("voice", "enrol", voice)
    store = ProfileStore()
    before = store.load("me")
    assert hear(voice, profile=before).profile == "me"
    assert store.load("me") == before
    assert hear(voice, profile="me").profile == "me"
    assert store.load("me").last is not None
    assert store.correct("me", Emotion.CALM).corrections
