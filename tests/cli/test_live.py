"""``affetto listen --live``: lines, JSON and the display, from a file and from a microphone that is played to."""

import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from rich.console import Console

from affetto import cli
from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.api import recognizer
from affetto.cli import live, show
from affetto.cli.live_lines import Tally, clock
from affetto.cli.live_view import Screen, circumplex_grid
from affetto.recommendation import recommend
from affetto.recommendation.replan import Change
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.reading import Reading
from affetto.voice.speech import find_utterances
from affetto.voice.stream import Event, LiveRecognizer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``affetto listen`` with the arguments given: exit code, output, errors."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["affetto", "listen", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        heard = capsys.readouterr()
        return code, heard.out, heard.err

    return command


@pytest.fixture(scope="module")
def talk(say: Callable[..., Samples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    gap = np.zeros(RATE, np.float32)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    sentences = ("I did not expect to see you here today.", "Nobody knows where the children have gone.")
    soundfile.write(path, np.concatenate([gap, *(part for text in sentences for part in (say(text), gap))]), RATE)
    return path


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A terminal of 80 by 24 without colour."""
    monkeypatch.setattr(
        show,
        "console",
        Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80, height=24, highlight=False),
    )
    return show.console


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch, talk: Path) -> Any:
    """A sound system with two devices; the microphone hears the talk, then Ctrl-C is pressed."""
    sound = read_audio(talk)

    class InputStream:
        def __init__(self, *, blocksize: int, callback: Callable[..., None], **_: object) -> None:
            for first in range(0, len(sound) - blocksize, blocksize):
                callback(sound[first : first + blocksize, None], blocksize, None, None)

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    devices = [
        {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
        {"name": "Desk microphone", "max_input_channels": 2, "default_samplerate": 44_100.0},
    ]
    module = SimpleNamespace(
        InputStream=InputStream,
        PortAudioError=OSError,
        query_devices=lambda: devices,
        default=SimpleNamespace(device=(1, 0)),
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


class TestJson:
    def test_events_are_lines_and_finals_are_what_hear_gives(self, run: Run, talk: Path) -> None:
        code, out, err = run("--live", "--from", talk, "--fast", "--json")
        events = [json.loads(line) for line in out.splitlines()]
        assert (code, err) == (0, "")
        assert [event["sequence"] for event in events] == list(range(len(events)))
        finals = [event["reading"] for event in events if event["final"]]
        expected = [recognizer().read_utterances([u]).to_dict() for u in find_utterances([read_audio(talk)])]
        assert len(finals) == len(expected) == 2
        for a, b in zip(finals, expected, strict=True):
            assert a["probabilities"] == pytest.approx(b["probabilities"], abs=1e-6)
            assert (a["emotion"], a["reason"]) == (b["emotion"], b["reason"])
        assert "cues" not in finals[0]

    def test_explain_adds_the_cues(self, run: Run, talk: Path) -> None:
        _, out, _ = run("--live", "--from", talk, "--fast", "--json", "--explain")
        finals = [e for e in map(json.loads, out.splitlines()) if e["final"]]
        assert all("cues" in event["reading"] for event in finals)

    def test_music_comes_as_playlists(self, run: Run, talk: Path, tmp_path: Path) -> None:
        target = tmp_path / "now.m3u8"
        options = ("--music", "--intent", "lift", "--length", "3", "--seed", "1", "--save", target)
        _, out, _ = run("--live", "--from", talk, "--fast", "--json", *options)
        playlists = [e for e in map(json.loads, out.splitlines()) if e["type"] == "playlist"]
        assert playlists
        assert playlists[0]["before"] is None
        assert playlists[0]["switch_probability"] == 1.0
        assert playlists[0]["playlist"]["intent"] == "lift"
        assert len(playlists[0]["playlist"]["tracks"]) == 3
        assert target.read_text(encoding="utf-8").startswith("#EXTM3U")

    def test_seconds_ends_it(self, run: Run, talk: Path) -> None:
        _, out, _ = run("--live", "--from", talk, "--fast", "--json", "--seconds", "3")
        events = [json.loads(line) for line in out.splitlines()]
        assert events[-1]["type"] == "utterance.end"
        assert events[-1]["audio_end_ms"] <= 3_050


class TestText:
    def test_a_line_an_utterance_and_a_summary(self, run: Run, talk: Path) -> None:
        code, out, _ = run("--live", "--from", talk, "--fast", "--explain", "--music", "--length", "2")
        assert code == 0
        assert "0:00 to 0:0" in out
        assert "music: " in out
        assert "2 utterances" in out
        assert "On the whole it sounds" in out
        assert "The music was planned" in out
        assert "\x1b" not in out

    def test_a_recording_is_played_in_real_time(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "silence.wav"
        soundfile.write(path, np.zeros(RATE), RATE)
        began = time.monotonic()
        _, out, _ = run("--live", "--from", path)
        assert time.monotonic() - began >= 0.95
        assert out == "Listened for 0:01: 0 utterances, 0.0 s of speech.\n"

    def test_the_microphone_until_ctrl_c(self, run: Run, microphone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        del microphone
        hear = LiveRecognizer.push

        def push(self: LiveRecognizer, samples: Samples) -> list[Event]:
            if self.seconds > 2.5:
                raise KeyboardInterrupt
            return hear(self, samples)

        monkeypatch.setattr(LiveRecognizer, "push", push)
        code, out, err = run("--live")
        assert (code, err) == (0, "")
        assert "0:00 to 0:02  sounds" in out
        assert "1 utterance, " in out
        code, out, err = run("--live", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out.splitlines()[-1])["type"] == "utterance.end"

    def test_a_microphone_that_stops_shows_what_was_heard(self, run: Run, microphone: Any) -> None:
        del microphone
        from affetto.voice import microphone as home

        before, home._PATIENCE = home._PATIENCE, 0.05
        try:
            code, out, err = run("--live", "--device", "1")
        finally:
            home._PATIENCE = before
        assert code == 2
        assert err.startswith("affetto: the microphone stopped answering")
        assert out.count("sounds") == 2

    def test_broken_samples_are_reported(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def play(*_: object, **__: object) -> Iterator[Samples]:
            yield np.full(800, np.nan, np.float32)

        monkeypatch.setattr(live, "_play", play)
        path = tmp_path / "any.wav"
        soundfile.write(path, np.zeros(RATE), RATE)
        _, out, _ = run("--live", "--from", path)
        assert "0:00  samples that are NaN" in out


class TestDevices:
    def test_list(self, run: Run, microphone: Any) -> None:
        del microphone
        code, out, _ = run("--list-devices")
        assert code == 0
        assert "Desk microphone" in out
        assert "Speakers" not in out
        _, out, _ = run("--list-devices", "--json")
        assert json.loads(out) == {
            "number": 1,
            "name": "Desk microphone",
            "channels": 2,
            "rate": 44_100,
            "default": True,
        }

    def test_none(self, run: Run, microphone: Any) -> None:
        microphone.query_devices = list
        assert run("--list-devices")[1].startswith("No microphone was found")

    def test_without_the_extra(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        code, _, err = run("--list-devices")
        assert code == 2
        assert "affetto[mic]" in err


class TestOptions:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--music"], "--music goes with --live"),
            (["--from", "x.wav"], "--from goes with --live"),
            (["--fast"], "--fast goes with --live"),
            (["--live", "--fast"], "--fast goes with --from"),
            (["--live", "--music", "--no-playlist"], "contradict"),
            (["--live", "--save", "x.m3u8"], "only with --music"),
            (["--live", "--music", "--intent", "sleep"], "intent"),
            (["--live", "--from", "missing.wav"], "missing.wav"),
            (["--seconds", "61"], "at most 60"),
        ],
    )
    def test_what_does_not_go_together_is_one_line(self, run: Run, arguments: list[str], says: str) -> None:
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("affetto: ")
        assert says in err
        assert err.count("\n") == 1

    def test_listening_once_still_works(self, run: Run, microphone: Any) -> None:
        del microphone
        code, out, _ = run("--no-playlist")
        assert code == 0
        assert "microphone, " in out


class TestScreen:
    def test_a_session_is_drawn_in_place(self, run: Run, talk: Path, terminal: Console) -> None:
        code, _, err = run("--live", "--from", talk, "--fast", "--music", "--length", "3")
        assert (code, err) == (0, "")
        drawn = terminal.file.getvalue()
        assert "\x1b[1A" in drawn or "\x1b[2K" in drawn
        assert "talk.wav" in drawn
        assert "Listened for 0:0" in drawn
        assert "♪" in drawn

    def test_a_dumb_terminal_gets_lines(
        self, run: Run, talk: Path, terminal: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(terminal._environ, "TERM", "dumb")
        run("--live", "--from", talk, "--fast")
        assert "\x1b[2K" not in terminal.file.getvalue()

    @pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 60)])
    def test_it_fits_the_terminal(self, width: int, height: int) -> None:
        screen = Screen(small(width, height), name="a name that is far too long " * 9, music=True)
        screen.event(event(sounds(Emotion.ANGRY), final=True))
        change = Change(
            before=Emotion.SAD, emotion=Emotion.ANGRY, probability=0.9, playlist=recommend(Emotion.SAD, seed=1)
        )
        screen.music(change, at=1.0)
        lines = text(screen, width, height).splitlines()
        assert len(lines) <= height - 1
        assert max(map(len, lines)) <= min(width - 1, 78)

    def test_it_says_what_is_heard(self) -> None:
        screen = Screen(small(80, 24), name="microphone", music=True)
        assert "Speak:" in text(screen)
        assert "once an emotion stands out" in text(screen)
        screen.event(event(sounds(Emotion.SAD)))
        assert "Sounds sad, 65 %" in text(screen)
        assert "▸sad" in text(screen)
        assert "0:00 to 0:01" not in text(screen)
        screen.event(event(sounds(Emotion.SAD), final=True))
        assert "0:00 to 0:01  sounds sad" in text(screen)
        screen.event(event(Reading.abstain("sounds like music")))
        assert "No reading: sounds like music" in text(screen)
        screen.event(Event(type="utterance.end", sequence=0, utterance=1, audio_start_ms=0, audio_end_ms=1))
        assert "No reading" in text(screen)

    def test_the_meter_and_the_strip_follow_the_sound(self) -> None:
        screen = Screen(small(80, 24), name="microphone", music=False)
        listener = LiveRecognizer(recognizer())
        for level, words in ((0.25, "-12 dB   ○"), (0.0, "-42 dB"), (1.0, "clipped")):
            block = np.full(RATE // 2, level, np.float32)
            listener.push(block)
            screen.sound(block, listener)
            assert words in text(screen)
        assert "▆▆▆▆▆" in text(screen)
        assert "███" in text(screen).splitlines()[2]
        for noted in listener.push(np.full(800, np.nan)):
            screen.event(noted)
        screen._clipped = -9.0
        assert "taken as silence" in text(screen)

    def test_the_dot_and_its_trail(self) -> None:
        way = [Affect(-0.9, 0.9), *(Affect(x / 10, -0.6) for x in range(-8, 9, 2))]
        grid = [line.plain for line in circumplex_grid(way, Emotion.CALM)]
        joined = "\n".join(grid)
        assert joined.count("●") == 1
        assert grid[8].index("●") > grid[8].index("•") > grid[8].index("·")
        for emotion in EMOTIONS:
            assert str(emotion) in joined
        corners = "\n".join(line.plain for line in circumplex_grid([Affect(-1.0, -1.0), Affect(1.0, 1.0)], None))
        assert corners.splitlines()[0].endswith("●")


def test_the_tally_of_nothing_that_could_be_read() -> None:
    tally = Tally()
    assert tally.reading.reason == "no speech was heard"
    tally.add(event(Reading.abstain("only 0.3 s"), final=True))
    assert tally.reading.reason == "no utterance could be read"
    assert tally.words == "Listened for 0:00: 1 utterance, 0.0 s of speech."
    tally.plans = 2
    assert tally.words.endswith("planned 2 times.")


def test_the_python_of_the_guide_runs(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "live.md"
    listening, music = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    voice = soxr.resample(read_audio(talk), RATE, 48_000)
    soundfile.write("talk.wav", np.stack([voice, voice], axis=1), 48_000)
    exec(listening, names := {})
    assert "1 sounds " in capsys.readouterr().out
    exec(music, {"event": event(sounds(Emotion.SAD), final=True)} | {"names": names})
    assert "sounds sad [" in capsys.readouterr().out


def test_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.9, 61, 3_600)] == ["0:00", "0:59", "1:01", "60:00"]


def sounds(emotion: Emotion) -> Reading:
    return Reading(probabilities={each: 0.65 if each == emotion else 0.05 for each in EMOTIONS}, seconds=1.0)


def event(reading: Reading, *, final: bool = False) -> Event:
    return Event(
        type="reading",
        sequence=0,
        utterance=1,
        audio_start_ms=0,
        audio_end_ms=1_000,
        final=final,
        reading=reading,
        label=reading.emotion,
    )


def small(width: int, height: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=height)


def text(screen: Screen, width: int = 80, height: int = 24) -> str:
    console = small(width, height)
    console.print(screen.draw())
    return console.file.getvalue()
