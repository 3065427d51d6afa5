"""Real servers that tests start in processes of their own: Supysonic and MPD, with music that is made here."""

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mutagen.flac
import numpy as np
import pytest
import soundfile

RATE = 22_050
SONGS = (
    # title, artist, album, genre, seconds, lowest note in Hz
    ("Quiet Water", "Ana Lund", "Nights", "Ambient", 34.0, 110.0),
    ("Loud Fire", "Bo Berg", "Days", "Metal", 33.0, 146.8),
    ("Été à la mer & co.", "Ana Lund", "Nights", "Pop", 32.0, 130.8),
    ("Short One", "Bo Berg", "Days", "Rock", 4.0, 98.0),
)


def tune(lowest: float, seconds: float) -> np.ndarray:
    """A chord that is struck twice a second, mono float32."""
    t = np.arange(round(seconds * RATE)) / RATE
    ring = np.exp(-4 * (t % 0.5))
    chord = sum(np.sin(2 * np.pi * lowest * ratio * t) / n for n, ratio in enumerate((1, 1.5, 2, 2.5, 3), start=1))
    return (0.2 * ring * chord).astype(np.float32)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the `SONGS` as FLAC files, by artist and album."""
    folder = tmp_path_factory.mktemp("music")
    for number, (title, artist, album, genre, seconds, lowest) in enumerate(SONGS, start=1):
        place = folder / artist / album
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number:02d}.flac"
        soundfile.write(path, tune(lowest, seconds), RATE)
        tags = mutagen.flac.FLAC(path)
        tags.update({"title": title, "artist": artist, "album": album, "genre": genre, "tracknumber": str(number)})
        tags.save()
    return folder


@dataclass(frozen=True)
class Supysonic:
    """A running server.

    Attributes:
        url: Its address.
        folder: Where ``requests.log`` holds each request line.
    """

    url: str
    folder: Path


@pytest.fixture(scope="module")
def supysonic(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supysonic]:
    """A Supysonic server that has scanned ``music``."""
    if importlib.util.find_spec("supysonic") is None:
        pytest.skip("supysonic is not installed (pip install supysonic); the same calls are tested on a local stand-in")
    folder = tmp_path_factory.mktemp("supysonic")
    command = [sys.executable, Path(__file__).with_name("supysonic_server.py"), folder, music]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "errors.log").open("w")
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "errors.log").read_text()
        yield Supysonic(f"http://127.0.0.1:{json.loads(line)['port']}", folder)
        process.kill()


@dataclass(frozen=True)
class Mpd:
    """A running MPD.

    Attributes:
        port: Its TCP port on 127.0.0.1.
        socket: Path of its UNIX socket.
    """

    port: int
    socket: Path


MPD_PASSWORD = "mpd-password-that-must-not-be-seen"


@pytest.fixture(scope="module")
def mpd_server(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mpd]:
    """An MPD that plays ``music`` into nothing, and wants a password on its TCP port."""
    program = shutil.which("mpd") or ("/usr/bin/mpd" if Path("/usr/bin/mpd").is_file() else None)
    if program is None:
        pytest.skip("mpd is not installed (Debian package mpd)")
    folder = tmp_path_factory.mktemp("mpd")
    (folder / "playlists").mkdir()
    port = _free_port()
    config = folder / "mpd.conf"
    config.write_text(f"""
music_directory "{music}"
playlist_directory "{folder}/playlists"
db_file "{folder}/database"
state_file "{folder}/state"
sticker_file "{folder}/stickers"
log_file "{folder}/log"
bind_to_address "127.0.0.1"
bind_to_address "{folder}/socket"
port "{port}"
auto_update "no"
zeroconf_enabled "no"
password "{MPD_PASSWORD}@read,add,control,player,admin"
local_permissions "read,add,control,player,admin"
default_permissions ""
audio_output {{
type "null"
name "Nothing"
mixer_type "null"
}}
audio_output {{
type "null"
name "Kitchen"
mixer_type "null"
enabled "no"
}}
""")
    with subprocess.Popen(
        [program, "--no-daemon", "--stderr", config], stderr=(folder / "errors").open("w")
    ) as process:
        for _ in range(100):
            if (folder / "socket").exists():
                break
            assert process.poll() is None, (folder / "errors").read_text()
            time.sleep(0.05)
        yield Mpd(port, folder / "socket")
        process.terminate()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
