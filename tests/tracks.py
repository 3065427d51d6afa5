"""Music for tests: tiny sound files with tags, and a listener that is quick, whatever the sound."""

import wave
import zlib
from pathlib import Path

import mutagen.id3
import mutagen.wave
import numpy as np
import pytest

from affetto.affect import Affect
from affetto.errors import AudioError
from affetto.music.analysis import Analysis
from affetto.music.estimator import MoodEvidence

RATE = 100
FRAMES = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "genre": "TCON", "mood": "TMOO", "isrc": "TSRC"}


def sound(path: Path, *, seed: int = 0, seconds: float = 40.0, noise: int = 0, **tags: str) -> Path:
    """Writes a wav file of some kilobytes; the same seed and length give the same sound, ``noise`` changes a little."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).integers(1, 255, round(RATE * seconds)).astype(np.uint8)
    samples[-1] = noise
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    if tags:
        retag(path, **tags)
    return path


def retag(path: Path, **tags: str) -> None:
    """Gives a wav file other tags."""
    file = mutagen.wave.WAVE(path)
    if file.tags is None:
        file.add_tags()
    for name, text in tags.items():
        file.tags.add(getattr(mutagen.id3, FRAMES[name])(encoding=3, text=[text]))
    file.save()


def album(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """So many tracks of one artist, each another sound."""
    return [
        sound(folder / f"{n:05d}.wav", seed=n, title=f"Piece {_word(n)}", artist="Tester", genre="Jazz")
        for n in range(first, first + count)
    ]


def _word(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


heard: list[str] = []
"""What `listen` listened to in this process."""


def listen(path: Path) -> Analysis:
    """An analysis that follows from the samples alone."""
    heard.append(path.name)
    try:
        with wave.open(str(path), "rb") as file:
            count, rate = file.getnframes(), file.getframerate()
            samples = np.frombuffer(file.readframes(count), np.uint8)
    except (wave.Error, EOFError) as error:
        raise AudioError(f"{path.name}: not a sound file ({error})") from error
    rng = np.random.default_rng(zlib.crc32(samples[:-1].tobytes()))
    features = rng.normal(size=24).astype(np.float32) + np.float32(samples[-1] / 1000)
    return Analysis(
        seconds=count / rate,
        tempo=float(rng.uniform(60, 180)),
        tempo_alternative=None,
        tempo_strength=0.5,
        key="C",
        mode="minor",
        key_confidence=0.4,
        loudness=-14.0,
        loudness_range=6.0,
        onset_density=2.0,
        features=features,
        music_probability=0.1 if samples[-1] == 255 else 0.9,
    )


def evidence(features: np.ndarray) -> list[MoodEvidence]:
    """A mood for any features."""
    return [
        MoodEvidence("audio", Affect(float(np.tanh(row[0])), float(np.tanh(row[1])), ((0.04, 0.0), (0.0, 0.04))))
        for row in features
    ]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans listen by `listen` and take moods from `evidence`."""
    import affetto.music.records
    import affetto.music.scan

    heard.clear()
    monkeypatch.setattr(affetto.music.records, "audio_evidence", evidence)
    monkeypatch.setitem(affetto.music.scan.scan.__kwdefaults__, "listener", listen)
    monkeypatch.setitem(affetto.music.scan.scan.__kwdefaults__, "workers", 0)
