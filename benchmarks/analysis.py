"""How fast tracks are analysed: ours, a plain librosa script for the same features, and bliss-audio if it is there.

    python -m benchmarks.analysis

A four-minute song is made for it (chords, a beat, noise) and written as an mp3 of 192 kbit/s; each kind listens to it
on one core, in turn, so that a busy machine is busy for all of them.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from affetto.music.analysis import analyse
from benchmarks.figures import Row, machine, row, table

MINUTES = 4
SECONDS_LIMIT = 1.5
PERCENT_LIMIT = 33.0
_RATE = 44_100
_BLOCK = 10 * _RATE


def song(path: Path, *, seconds: float = 60.0 * MINUTES) -> Path:
    """A song that changes its chord every two seconds over a beat of 120, as an mp3."""
    import av

    rng = np.random.default_rng(0)
    chords = ((220.0, 277.2, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7), (164.8, 207.7, 246.9))
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libmp3lame", rate=_RATE, layout="stereo")
        stream.bit_rate = 192_000
        total = int(seconds * _RATE)
        for start in range(0, total, _BLOCK):
            t = (start + np.arange(min(_BLOCK, total - start))) / _RATE
            chord = (t // 2).astype(int) % len(chords)
            tone = sum(
                np.sin(2 * np.pi * np.array([c[n] for c in chords])[chord] * t * harmonic) / harmonic
                for n in range(3)
                for harmonic in (1, 2, 3)
            )
            beat = np.exp(-14 * (t % 0.5))
            both = (
                0.05 * tone + 0.25 * beat * rng.standard_normal((2, len(t))) + 0.002 * rng.standard_normal((2, len(t)))
            )
            frame = av.AudioFrame.from_ndarray(both.astype(np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = _RATE, Fraction(1, _RATE), start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def librosa_script(path: Path) -> np.ndarray:
    """The 199 features of the DEAM table as a plain script takes them from librosa."""
    import librosa

    y, sr = librosa.load(path)
    means = [
        librosa.feature.mfcc(y=y, sr=sr, n_mfcc=40).mean(1),
        librosa.feature.chroma_stft(y=y, sr=sr).mean(1),
        librosa.feature.melspectrogram(y=y, sr=sr).mean(1),
        librosa.feature.spectral_contrast(y=y, sr=sr).mean(1),
        librosa.feature.tonnetz(y=y, sr=sr).mean(1),
        librosa.feature.poly_features(y=y, sr=sr).mean(1),
        librosa.feature.spectral_rolloff(y=y, sr=sr).mean(1),
        librosa.feature.spectral_bandwidth(y=y, sr=sr).mean(1),
        librosa.feature.zero_crossing_rate(y).mean(1),
        librosa.feature.tempo(y=y, sr=sr),
    ]
    return np.concatenate(means)


def _bliss() -> Callable[[Path], object] | None:
    try:
        import bliss_audio  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    return lambda path: bliss_audio.Song(str(path))


def _timed(work: Callable[[Path], object], path: Path) -> float:
    """Processor seconds: what a core spends, whatever else the machine does."""
    began = time.process_time()
    work(path)
    return time.process_time() - began


def measure(*, repeats: int = 3) -> list[Row]:
    """Rows of seconds a track for each kind, and our time over librosa's."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    kinds: dict[str, Callable[[Path], object]] = {"affetto": analyse}
    try:
        import librosa as _

        kinds["librosa script"] = librosa_script
    except ImportError:
        pass
    bliss = _bliss()
    if bliss is not None:
        kinds["bliss-audio"] = bliss
    times: dict[str, list[float]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as folder:
        path = song(Path(folder) / "song.mp3")
        for work in kinds.values():
            work(path)  # loads what it needs, compiles what it compiles
        for _ in range(repeats):
            for name, work in kinds.items():
                times[name].append(_timed(work, path))
    rows = [
        row(
            f"analyse a {MINUTES}-minute mp3, one core: {name} ({60 / float(np.median(taken)):.0f} tracks a minute)",
            taken,
            "s",
            SECONDS_LIMIT if name == "affetto" else None,
        )
        for name, taken in times.items()
    ]
    if "librosa script" in times:
        ratios = [100 * ours / theirs for ours, theirs in zip(times["affetto"], times["librosa script"], strict=True)]
        rows.append(row("our time, of that of the librosa script", ratios, "%", PERCENT_LIMIT))
    return rows


if __name__ == "__main__":
    from rich.console import Console

    Console().print(table(measure(), machine()))
    sys.exit(0)
