"""What the tests share: settings of their own, real speech, sound files and the development data."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from affetto.settings import settings
from affetto.voice.audio import RATE, Samples, read_audio
from tests.databases import address, postgresql, store
from tests.tracks import quick

__all__ = ["address", "postgresql", "quick", "store"]  # fixtures that live in a file of their own

ROOT = Path(__file__).resolve().parent.parent

SENTENCES = (
    "The train to the harbour leaves at seven.",
    "I did not expect to see you here today.",
    "Please put the blue cup on the kitchen table.",
    "Nobody knows where the children have gone.",
)


@pytest.fixture(autouse=True)
def _settings_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads the config or music of who runs it, fills their cache, or has the settings of another test."""
    monkeypatch.delenv("AFFETTO_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path_factory.getbasetemp() / "no-data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("AFFETTO_CONFIG", str(tmp_path_factory.getbasetemp() / "no-config.toml"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data, for tests marked ``shared``."""
    folder = Path(os.environ.get("AFFETTO_SHARED") or ROOT.parent / "shared")
    if not (folder / "speech" / "manifest.csv").is_file():
        pytest.skip(f"no development data in {folder}; set AFFETTO_SHARED to the folder that holds speech/ and music/")
    return folder


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Samples]:
    """``say("words", pitch=50, speed=160, voice="en")``: synthetic speech as mono float32 at 16 kHz."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed; it makes the speech that this test listens to")
    folder = tmp_path_factory.mktemp("speech")
    made: dict[tuple[str, int, int, str], Samples] = {}

    def speak(text: str, *, pitch: int = 50, speed: int = 160, voice: str = "en") -> Samples:
        key = (text, pitch, speed, voice)
        if key not in made:
            path = folder / f"{len(made)}.wav"
            command = [program, "-v", voice, "-p", str(pitch), "-s", str(speed), "-w", str(path), text]
            subprocess.run(command, check=True, timeout=30)
            made[key] = read_audio(path)
        return made[key].copy()

    return speak


@pytest.fixture(scope="session")
def speech(say: Callable[..., Samples]) -> Samples:
    """About twelve seconds of speech: four sentences a second and a half apart, with faint noise throughout."""
    pause = np.zeros(round(1.5 * RATE), np.float32)
    joined = np.concatenate([pause, *(part for sentence in SENTENCES for part in (say(sentence), pause))])
    noise = np.random.default_rng(0).standard_normal(len(joined)).astype(np.float32)
    return joined + np.float32(1e-4) * noise


Encode = Callable[..., Path]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """``encode(path, samples, rate=..., codec=...)`` writes a sound file, or a video with a sound track, by PyAV."""

    def write(
        path: Path,
        samples: np.ndarray | Sequence[np.ndarray],
        *,
        rate: int,
        codec: str,
        container: str | None = None,
        picture: bool = False,
        tags: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
        bit_rate: int | None = None,
    ) -> Path:
        blocks = [samples] if isinstance(samples, np.ndarray) else list(samples)
        layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[blocks[0].shape[1] if blocks[0].ndim == 2 else 1]
        with av.open(str(path), "w", format=container, options=options or {}) as file:
            file.metadata.update(tags or {})
            sound = file.add_stream(codec, rate=rate, layout=layout)
            if bit_rate:
                sound.bit_rate = bit_rate
            if picture:
                _draw(file, seconds=sum(map(len, blocks)) / rate)
            written = 0
            for block in blocks:
                planes = np.ascontiguousarray(np.asarray(block, np.float32).reshape(len(block), -1).T)
                frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
                frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), written
                written += len(block)
                file.mux(sound.encode(frame))
            file.mux(sound.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def draw() -> Encode:
    """``draw(path, seconds=...)`` writes a video without a sound track."""

    def write(path: Path, *, seconds: float) -> Path:
        with av.open(str(path), "w") as file:
            _draw(file, seconds=seconds)
        return path

    return write


def _draw(file: av.container.OutputContainer, *, seconds: float) -> None:
    picture = file.add_stream("mpeg4", rate=10)
    picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
    for number in range(round(10 * seconds)):
        image = np.full((64, 64, 3), number % 256, np.uint8)
        file.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.mux(picture.encode(None))
