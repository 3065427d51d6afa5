"""What makes the sound: our own decoder, mpv and ffplay."""

import os
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.errors import OptionError, PlayerError
from affetto.players.base import FeedbackKind
from affetto.players.engines import Ffplay, Mpv, SoundCard, find_engine, place_of
from affetto.players.feedback import FeedbackLog
from affetto.players.local import LocalPlayer, play_tracks
from tests.players.sound_card import FakeCard, tune

__all__ = ["tune"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs sockets in the file system and signals")


@pytest.fixture
def sounds(monkeypatch):
    return FakeCard(monkeypatch)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_our_own_decoder_plays_what_is_in_the_file(sounds, tune, tmp_path, name):
    log = FeedbackLog(tmp_path / "f.jsonl")
    card = SoundCard()
    played = play_tracks([tune(name)], engine=card, log=log, key=lambda seconds: time.sleep(min(seconds, 0.01)))
    card.close()
    assert (played.completed, sounds.open) == (1, False)
    assert abs(len(sounds.sound) / 48_000 - 0.5) < 0.1
    spectrum = np.abs(np.fft.rfft(sounds.sound[4_000:20_000, 0]))
    assert abs(np.argmax(spectrum) * 48_000 / 16_000 - 440) < 5
    assert [f.detail["seconds"] for f in log.read() if f.kind is FeedbackKind.COMPLETED] == [
        pytest.approx(0.5, abs=0.1)
    ]


def test_our_own_decoder_is_held_and_replaced(monkeypatch, tune):
    sounds = FakeCard(monkeypatch, pace=0.02)
    card = SoundCard()
    card.start(tune("long.wav", seconds=20).uri)
    until(lambda: card.position() > 0)
    card.pause(True)
    time.sleep(0.1)
    held = card.position()
    time.sleep(0.15)
    assert card.position() == held
    card.start(tune("short.wav", seconds=0.2).uri)
    until(lambda: card.state() == "ended")
    assert card.position() < 0.5
    card.close()
    assert not sounds.open


def test_our_own_decoder_survives_what_is_no_sound(sounds, tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"no sound at all" * 99)
    card = SoundCard()
    card.start(str(tmp_path / "a.mp3"))
    until(lambda: card.state() == "failed")
    listing = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/b.wav\n#EXT-X-ENDLIST\n"
    (tmp_path / "hls.mp3").write_text(listing)
    soundfile.write(tmp_path / "b.wav", np.zeros(8_000), 8_000)
    card.start(str(tmp_path / "hls.mp3"))
    until(lambda: card.state() == "failed")
    card.close()
    assert sounds.blocks == []


def test_a_sound_card_that_is_not_there(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(PlayerError, match="pip install"):
        SoundCard()

    def broken(**_):
        raise OSError("PortAudio library\nnot found")

    monkeypatch.setitem(sys.modules, "sounddevice", types.SimpleNamespace(OutputStream=broken))
    with pytest.raises(PlayerError, match="PortAudio library not found"):
        find_engine("sound")
    assert [check.ok for check in LocalPlayer().check()] == [False]


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


MPV = """
import json, os, socket, sys, time
path = next(a for a in sys.argv if a.startswith("--input-ipc-server=")).split("=", 1)[1]
assert "--no-config" in sys.argv and "--ytdl=no" in sys.argv and "--load-scripts=no" in sys.argv
server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()
link, _ = server.accept()
def say(**message): link.sendall(json.dumps(message).encode() + b"\\n")
pause, playing = False, None
for line in link.makefile("rb"):
    message = json.loads(line)
    number, (name, *rest) = message["request_id"], message["command"]
    data, error = None, "success"
    if name == "set_property": pause = rest[1]
    elif name == "get_property":
        data, error = (1.5, "success") if playing else (None, "property unavailable")
    elif name == "loadfile":
        if playing: say(event="end-file", reason="stop", playlist_entry_id=1)
        playing = rest[0]
        data = {"playlist_entry_id": 1}
    say(request_id=number, error=error, data=data)
    if name == "loadfile":
        say(event="start-file", playlist_entry_id=1); say(event="file-loaded")
        if "short" in playing: say(event="end-file", reason="eof"); playing = None
        elif "broken" in playing: say(event="end-file", reason="error", file_error="loading failed"); playing = None
    if name == "get_property" and "die" in (playing or ""): os._exit(3)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    def make(name, text):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return path

    return make


@posix
def test_mpv_is_told_what_to_do(program, tune):
    program("mpv", MPV)
    mpv = find_engine()
    assert mpv.name == "mpv"
    assert mpv.position() == 0.0
    mpv.start(tune("long.wav").uri)
    assert (mpv.state(), mpv.position()) == ("playing", 1.5)
    mpv.pause(True)
    mpv.start(tune("short.wav").uri)
    until(lambda: mpv.state() == "ended")
    mpv.start(tune("broken.wav").uri)
    until(lambda: mpv.state() == "failed")
    mpv.start(tune("die.wav").uri)
    mpv.position()
    with pytest.raises(PlayerError, match="mpv ended"):
        until(lambda: mpv.state() is None)
    with pytest.raises(PlayerError, match=r"mpv ended|does not answer"):
        mpv.start(tune("more.wav").uri)
    mpv.close()


@posix
def test_mpv_that_does_not_start(program):
    program("mpv", "raise SystemExit(1)")
    with pytest.raises(PlayerError, match="mpv does not start"):
        Mpv()


FFPLAY = """
import sys, time
place = sys.argv[sys.argv.index("-i") + 1]
allowed = sys.argv[sys.argv.index("-protocol_whitelist") + 1]
assert allowed == ("http,https,httpproxy,tcp,tls" if "://" in place else "file")
time.sleep(30 if "long" in place else 0)
sys.exit("broken" in place)
"""


@posix
def test_ffplay(program, tune):
    program("ffplay", FFPLAY)
    play = find_engine()
    assert isinstance(play, Ffplay)
    assert play.state() == "ended"
    play.start(tune("short.wav").uri)
    until(lambda: play.state() == "ended")
    play.start("https://example.org/broken.mp3")
    until(lambda: play.state() == "failed")
    play.pause(True)
    play.start(tune("long.wav").uri)
    play.pause(True)
    held = play.position()
    if sys.platform == "linux":
        until(lambda: "T (stopped)" in Path(f"/proc/{play._process.pid}/status").read_text())
    assert play.position() == held
    play.pause(False)
    until(lambda: play.position() > held)
    process = play._process
    play.close()
    assert process.poll() is not None


def test_only_files_and_the_web_are_played(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    (tmp_path / "-a.mp3").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert place_of("-a.mp3") == str(tmp_path / "-a.mp3")
    assert place_of("https://example.org/a.mp3") == "https://example.org/a.mp3"
    for uri in ("edl://x", "av://lavfi:x", "concat:a", "/dev/zero", str(tmp_path), "http://a b", "nul\0", "gone.mp3"):
        with pytest.raises(PlayerError, match=r"only files, http and https|no such file|null|embedded") as caught:
            place_of(uri)
        assert "\n" not in str(caught.value)
    with pytest.raises(OptionError, match="choose mpv, ffplay, sound"):
        find_engine("winamp")
    with pytest.raises(PlayerError, match="ffplay is not installed"):
        find_engine("ffplay")
