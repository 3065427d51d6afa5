import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Affetto = Callable[..., Any]
VOICE = Path(str(resources.files("affetto.samples").joinpath("happy.flac")))


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    file = tmp_path / "silence.wav"
    soundfile.write(file, np.zeros(16_000), 16_000)
    return file


def test_a_voice_gets_a_reading_and_a_playlist(affetto: Affetto) -> None:
    outcome = affetto("hear", VOICE, "--seed", 1)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("Sounds ")
    assert "valence" in outcome.out
    assert outcome.out.count("https://incompetech.com/music") == 12
    assert outcome.err == ""


def test_json_is_one_object_a_line(affetto: Affetto, silence: Path) -> None:
    outcome = affetto("hear", VOICE, silence, "--json", "--length", 3, "--intent", "calm", "--seed", 1)
    assert outcome.code == 0, outcome.err
    first, second = map(json.loads, outcome.out.splitlines())
    assert first["file"] == str(VOICE)
    assert first["reading"]["abstained"] is False
    assert sum(first["reading"]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert first["playlist"]["intent"] == "calm"
    assert [set(t) >= {"title", "artist", "uri", "reasons"} for t in first["playlist"]["tracks"]] == [True] * 3
    assert second["reading"]["reason"] == "no speech was heard"
    assert len(second["playlist"]["tracks"]) == 3


def test_the_same_seed_gives_the_same_playlist(affetto: Affetto) -> None:
    one, two = (affetto("hear", VOICE, "--json", "--seed", 7).out for _ in range(2))
    assert one == two


def test_only_the_reading(affetto: Affetto) -> None:
    outcome = affetto("hear", VOICE, "--no-playlist", "--explain")
    assert "https" not in outcome.out
    assert "evidence" in outcome.out
    assert "cues" in json.loads(affetto("hear", VOICE, "--no-playlist", "--explain", "--json").out)["reading"]


@pytest.mark.parametrize("suffix", ["m3u8", "xspf", "jspf"])
def test_the_playlist_is_saved(affetto: Affetto, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"list.{suffix}"
    outcome = affetto("hear", VOICE, "--save", target, "--length", 2)
    assert outcome.code == 0, outcome.err
    assert "incompetech" in target.read_text()
    assert f"Saved as {target}" in outcome.out


def test_the_genre_strategy(affetto: Affetto) -> None:
    outcome = affetto("hear", VOICE, "--strategy", "genre", "--json", "--seed", 1)
    assert json.loads(outcome.out)["playlist"]["strategy"] == "genre"


def test_a_bad_file_does_not_keep_the_others_from_being_read(affetto: Affetto, tmp_path: Path, silence: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is not sound")
    empty = tmp_path / "empty.wav"
    empty.touch()
    outcome = affetto("hear", tmp_path / "missing.wav", text, empty, tmp_path, silence, "--json", "--no-playlist")
    assert outcome.code == 2
    assert [json.loads(line)["file"] for line in outcome.out.splitlines()] == [str(silence)]
    errors = outcome.err.splitlines()
    assert len(errors) == 4
    assert all(line.startswith("affetto: ") for line in errors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--intent", "clam"], "did you mean calm"),
        (["--strategy", "random"], "unknown strategy 'random'"),
        (["--length", "501"], "501"),
        (["--save", "list.txt"], "unknown kind '.txt'"),
        (["--save", "/nowhere/at/all/list.m3u8"], "there is no folder"),
        (["--save", "list.m3u8", "--no-playlist"], "leave one out"),
        (["--save", "list.m3u8", "another.wav"], "give one recording"),
    ],
)
def test_bad_options_are_refused_before_anything_is_heard(affetto: Affetto, options: list[str], message: str) -> None:
    outcome = affetto("hear", "never-opened.wav", *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert "never-opened" not in outcome.err


def test_a_config_with_a_wrong_type_is_named(affetto: Affetto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    config.write_text('length = "twelve"\n')
    monkeypatch.setenv("AFFETTO_CONFIG", str(config))
    from affetto.api import recognizer
    from affetto.settings import settings

    settings.cache_clear()
    recognizer.cache_clear()
    outcome = affetto("hear", VOICE)
    assert outcome.code == 2
    assert "length" in outcome.err
    assert "twelve" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_names_with_anything_in_them(affetto: Affetto, tmp_path: Path) -> None:
    nasty = Path(str(tmp_path) + '/it\'s "a"\nname\udcff.flac')
    nasty.write_bytes(VOICE.read_bytes())
    assert affetto("hear", nasty, "--no-playlist").code == 0
    assert json.loads(affetto("hear", nasty, "--no-playlist", "--json").out)["file"] == str(nasty)


def test_the_demo_needs_nothing(affetto: Affetto) -> None:
    outcome = affetto("demo")
    assert outcome.code == 0
    assert outcome.out.count("https://incompetech.com/music") == 12


def test_version_and_help(affetto: Affetto) -> None:
    assert affetto("--version").out.startswith("affetto ")
    assert "playlist" in affetto("hear", "--help").out
    assert affetto("nonsense").code == 2


def test_a_figure_of_what_led_there_is_drawn(affetto: Affetto, tmp_path: Path) -> None:
    drawn = tmp_path / "why.svg"
    text = affetto("hear", VOICE, "--no-playlist", "--explain", "--explain-figure", drawn).out
    assert "what weighed most was heard from" in text
    assert "the voice against the average voice" in text
    assert drawn.read_text(encoding="utf-8").startswith("<svg")
    found = json.loads(affetto("hear", VOICE, "--no-playlist", "--explain", "--json").out)["reading"]["explanation"]
    assert found["strongest"]["end"] > found["strongest"]["start"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([VOICE, VOICE, "--explain-figure", "why.svg"], "one figure for 2 recordings"),
        ([VOICE, "--explain-figure", "why.png"], "drawn as SVG only; give a name that ends with .svg"),
        ([VOICE, "--explain-figure", "no/such/folder/why.svg"], "make it first"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(affetto: Affetto, arguments: list[object], message: str) -> None:
    done = affetto("hear", *arguments, "--no-playlist")
    assert done.code == 2
    assert message in done.err


def test_nothing_is_drawn_of_nothing(affetto: Affetto, silence: Path, tmp_path: Path) -> None:
    done = affetto("hear", silence, "--no-playlist", "--explain-figure", tmp_path / "why.svg")
    assert "nothing was read" in done.err
    assert not (tmp_path / "why.svg").exists()
