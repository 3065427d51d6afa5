"""How long it takes to learn from a like and to score a library by taste, on one thread."""

import os
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from affetto.recommendation.taste import CONTENT, Event, Kind, Taste, TasteColumns
from benchmarks.figures import Row, row

_DAY = 86_400.0


def synthetic_columns(count: int, *, seed: int = 0) -> TasteColumns:
    """Tracks of a tenth as many artists, in 40 genres and 12 regions."""
    rng = np.random.default_rng(seed)
    artists = max(1, count // 10)
    return TasteColumns(
        content=rng.standard_normal((count, len(CONTENT)), dtype=np.float32),
        artist=rng.integers(artists, size=count),
        artists=tuple(f"artist {n}" for n in range(artists)),
        genre=rng.integers(40, size=count),
        genres=tuple(f"genre {n}" for n in range(40)),
        cluster=rng.integers(12, size=count),
        clusters=tuple(f"region {n}" for n in range(12)),
        place=lambda key: int(key),
    )


def synthetic_events(columns: TasteColumns, count: int, *, seed: int = 0) -> list[Event]:
    """Deeds of all kinds, eight a day."""
    rng = np.random.default_rng(seed)
    kinds = list(Kind)
    found: list[Event] = []
    for number, place in enumerate(rng.integers(len(columns), size=count).tolist()):
        found.append(
            Event(
                kind=kinds[number % len(kinds)],
                time=number * _DAY / 8,
                track=str(place),
                artist=columns.artists[columns.artist[place]],
                genre=columns.genres[columns.genre[place]],
                cluster=columns.clusters[columns.cluster[place]],
                content=tuple(columns.content[place].tolist()),
                second=20.0,
                stars=4.0,
                context=(0.3, -0.2),
            )
        )
    return found


def _times(work: Callable[[], object], repeats: int) -> list[float]:
    work()
    found: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(1e3 * (time.perf_counter() - began))
    return found


def measure(*, tracks: int = 1_000_000, events: int = 2000, repeats: int = 20) -> list[Row]:
    """Rows of name, p50, p95, unit and limit."""
    columns = synthetic_columns(tracks)
    history = synthetic_events(columns, events)
    now = history[-1].time
    taste = Taste.from_events(history, now=now)
    rng = np.random.default_rng(0)
    return [
        row(
            f"learn from a like after {events:,} events",
            _times(lambda: taste.update(history[1], now=now).posterior, repeats),
            "ms",
            5.0,
        ),
        row(f"replay {events:,} events", _times(lambda: Taste.from_events(history, now=now).posterior, 5), "ms", None),
        row(f"score {tracks:,} tracks by taste", _times(lambda: taste.scores(columns, rng), repeats), "ms", None),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(figure)
