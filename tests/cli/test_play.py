import json
import os
import sys
from importlib import resources

import numpy as np
import pytest
import soundfile

from affetto.cli import play as module
from affetto.players import files
from affetto.players.feedback import FeedbackLog
from affetto.players.journal import marker
from affetto.players.spotify import client
from affetto.settings import settings
from tests.players.fake_spotify import FakeSpotify, signed_in, song
from tests.players.sound_card import FakeCard


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def tune(tmp_path):
    def make(name, seconds=0.3):
        path = tmp_path / name
        soundfile.write(path, np.zeros(round(seconds * 8000), np.float32), 8000)
        return path

    return make


@pytest.fixture
def voice():
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as file:
        yield file


@pytest.fixture
def card(monkeypatch):
    return FakeCard(monkeypatch)


@pytest.mark.usefixtures("card")
def test_files_and_playlists_are_played_to_the_end(affetto, tune, tmp_path):
    one, two = tune("one.wav"), tune("two.flac")
    (tmp_path / "list.m3u8").write_text("two.flac\ngone.wav\n")
    done = affetto("play", one, tmp_path / "list.m3u8", "--with", "sound", "--json")
    assert done.code == 0
    result = json.loads(done.out)
    assert (result["heard"], result["completed"]) == (2, 2)
    assert [each["why"] for each in result["failed"]] == [f"track {str(tmp_path / 'gone.wav')!r}: no such file"]
    assert [each.kind for each in FeedbackLog().read()] == ["play", "completed"] * 2
    assert [each.track for each in FeedbackLog().read()][::2] == [str(one), str(two)]


@pytest.mark.usefixtures("card")
def test_the_queue(affetto, tune, home):
    empty = affetto("play")
    assert (empty.code, "nothing in the queue" in empty.err) == (2, True)
    assert "local: queued 1 of 1" in affetto("play", "--queue", tune("a.wav")).out
    affetto("play", "--queue", tune("b.wav"))
    played = affetto("play", "--with", "sound")
    assert [line.split()[1] for line in played.out.splitlines()] == ["a", "b"]
    assert not (home / "playlists" / "queue.m3u8").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.wav", "--device", "Kitchen"], "--device Kitchen: goes with --player"),
        (["x.wav", "--with", "sound", "--queue"], "--with sound: is for playing here"),
        (["x.wav", "--with", "winamp"], "--with winamp: choose mpv, ffplay, sound"),
        (["x.wav", "--with", "mpv"], "mpv is not installed here"),
        (["/nowhere/x.wav", "--with", "sound"], "none of the 1 tracks can be played; the first: track"),
        (["x.wav", "--player", "winamp"], "player 'winamp': is not connected"),
        (["none.m3u8"], "no such file"),
    ],
)
@pytest.mark.usefixtures("card")
def test_what_cannot_be_played(affetto, monkeypatch, arguments, words):
    monkeypatch.setattr("shutil.which", lambda _: None)
    done = affetto("play", *arguments)
    assert (done.code, words in done.err) == (2, True), done.err


def test_a_list_of_nothing(affetto, tmp_path):
    (tmp_path / "empty.m3u8").write_text("#EXTM3U\n")
    assert "no track that can be played" in affetto("play", tmp_path / "empty.m3u8").err


@pytest.mark.skipif(os.name != "posix", reason="terminals of Windows have no pty")
def test_keys_of_a_terminal(monkeypatch):
    import pty
    import termios

    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(slave)
        with module.keys() as key:
            assert key(0.01) is None
            os.write(master, b"l")
            assert key(5.0) == "l"
        assert termios.tcgetattr(slave) == before
    os.close(master)


# -- hear -----------------------------------------------------------------------------------------------------------


def test_hear_puts_the_playlist_into_a_file_player(affetto, voice, tmp_path):
    done = affetto("hear", voice, "--player", f"file:{tmp_path}/list.pls", "--length", 5, "--seed", 1)
    assert done.code == 0
    assert "made, 5 of 5 tracks" in done.out
    assert (tmp_path / "list.pls").read_text().count("File") == 5


def test_hear_opens_the_default_player(affetto, voice, monkeypatch, home, tmp_path):
    opened = []
    monkeypatch.setattr(files, "open_file", opened.append)
    affetto("hear", voice, "--play", "--length", 3)
    affetto("hear", voice, "--play", "--save", tmp_path / "a.xspf", "--length", 3)
    affetto("hear", voice, "--play", "--player", f"file:{tmp_path}/b.jspf", "--length", 3, "--json")
    assert opened == [home / "playlists" / "last.m3u8", tmp_path / "a.xspf", tmp_path / "b.jspf"]
    assert all(path.exists() for path in opened)


def test_hear_gives_the_top_five_to_spotify(affetto, voice, monkeypatch):
    plain = json.loads(affetto("hear", voice, "--json", "--length", 5, "--seed", 3).out)["playlist"]["tracks"]
    songs = [song(n, title=t["title"], artist=t["artist"], seconds=t["seconds"]) for n, t in enumerate(plain)]
    with FakeSpotify(songs[:4]) as fake:
        monkeypatch.setattr(client, "API", fake.api)
        monkeypatch.setattr(client, "ACCOUNTS", fake.address)
        signed_in()
        options = ["hear", voice, "--player", "spotify", "--length", 5, "--seed", 3]
        done = affetto(*options, "--play")
        assert done.code == 0, done.err
        assert "spotify: made, 4 of 5 tracks\n  https://open.spotify.com/playlist/p1" in done.out
        assert f"not found (1):\n    {plain[4]['title']}" in done.out
        assert fake.playing["uris"] == [each["uri"] for each in songs[:4]]
        placed = json.loads(affetto(*options, "--json").out)["placed"]
        assert (placed["created"], len(placed["found"]), len(placed["missing"])) == (False, 4, 1)
        (made,) = fake.playlists.values()
        assert made["description"] == f"Made by Affetto. [{marker(made['name'])}]"  # and no word of the reading


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--player", "spotify"], "player 'spotify': is not connected"),
        (["--player", "file:x.txt"], "unknown kind '.txt'"),
        (["--player", "file:"], "names no file"),
        (["--play", "--no-playlist"], "--play: there is no playlist with --no-playlist"),
        (["b.wav", "--player", "local"], "one playlist for 2 recordings"),
    ],
)
def test_hear_refuses_before_it_hears(affetto, voice, monkeypatch, arguments, words):
    monkeypatch.setattr("affetto.cli.hear._read", lambda *_: pytest.fail("it was heard"))
    done = affetto("hear", voice, *arguments)
    assert (done.code, words in done.err) == (2, True), done.err


def test_listen_live_takes_no_player(affetto):
    assert "leave --live out" in affetto("listen", "--live", "--play").err
