"""How long a playlist takes: 12 tracks out of synthetic ones, for anybody and for a listener, on one thread."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from affetto.affect import Affect, Emotion
from affetto.music import Library, Track, starter
from affetto.recommendation import recommend
from affetto.recommendation.listener import Listener
from affetto.store import open_store

_FEELS = ("bright", "calming", "dark", "driving", "eerie", "grooving", "relaxed", "somber", "uplifting")


def synthetic_library(count: int, *, seed: int = 0) -> Library:
    """Tracks of 5,000 artists in 40 genres, moods all over the circumplex, a fifth of them without a tempo."""
    rng = np.random.default_rng(seed)
    moods = np.clip(rng.normal(0.1, 0.4, (count, 2)), -1, 1)
    variances = rng.uniform(0.02, 0.15, (count, 2))
    tempos = rng.uniform(50, 200, count)
    known = rng.random(count) > 0.2
    artists, genres = rng.integers(5000, size=count), rng.integers(40, size=count)
    feels = rng.integers(len(_FEELS), size=(count, 2))
    return Library(
        Track(
            id=str(n),
            title=f"Piece {n}",
            artist=f"Artist {artists[n]}",
            uri=f"{n}.mp3",
            mood=Affect(
                float(moods[n, 0]), float(moods[n, 1]), ((float(variances[n, 0]), 0.0), (0.0, float(variances[n, 1])))
            ),
            mood_source="synthetic",
            genre=f"genre {genres[n]}",
            feels=(_FEELS[feels[n, 0]], _FEELS[feels[n, 1]]),
            tempo=float(tempos[n]) if known[n] else None,
            seconds=200.0,
        )
        for n in range(count)
    )


def _row(name: str, milliseconds: list[float], limit: float) -> dict[str, Any]:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"name": name, "p50": float(p50), "p95": float(p95), "unit": "ms", "limit": limit}


def with_taste(library: Library, *, limit: float, repeats: int) -> list[dict[str, Any]]:
    """Playlists for a listener who said something to 60 tracks, and how long it takes to say something."""
    rng = np.random.default_rng(0)
    told: list[float] = []
    made: list[float] = []
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "library.db") as store:
        listener = Listener.open("someone", store=store)
        listener.recommend("sad", seed=0, library=library)
        for number in range(60):
            track = library[int(rng.integers(len(library)))]
            began = time.perf_counter()
            listener.feedback(("like", "dislike", "completed", "skip")[number % 4], track, library=library)
            listener.taste()
            told.append(1e3 * (time.perf_counter() - began))
        for number in range(repeats):
            start = list(Emotion)[number % len(Emotion)]
            began = time.perf_counter()
            listener.recommend(start, length=12, seed=number, library=library)
            made.append(1e3 * (time.perf_counter() - began))
    return [
        _row(f"playlist of 12 from {len(library):,} tracks by taste", made, limit),
        _row(f"feedback kept and learnt, {len(library):,} tracks", told, 5.0),
    ]


def measure(*, tracks: int = 100_000, repeats: int = 40) -> list[dict[str, Any]]:
    """Rows of name, p50, p95, unit and limit."""
    library = synthetic_library(tracks)
    recommend(Emotion.SAD, seed=0, library=library)
    playlists: list[float] = []
    for number in range(repeats):
        start = list(Emotion)[number % len(Emotion)]
        began = time.perf_counter()
        recommend(start, length=12, seed=number, library=library)
        playlists.append(1e3 * (time.perf_counter() - began))
    loads: list[float] = []
    for _ in range(repeats):
        starter.cache_clear()
        began = time.perf_counter()
        starter()
        loads.append(1e3 * (time.perf_counter() - began))
    return [
        _row(f"playlist of 12 from {tracks:,} tracks", playlists, 50.0),
        _row("load the starter catalog", loads, 30.0),
        *with_taste(library, limit=60.0, repeats=repeats),
        *with_taste(synthetic_library(10 * tracks), limit=400.0, repeats=repeats // 4),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
