"""How fast and how lean a library is: a second scan, the memory of a scan, the nearest tracks to a mood.

    python -m benchmarks.library [--files 10000]

The second scan passes over 10,000 sound files that are as they were. Memory is the peak of all processes of a scan that
listens to four-minute songs in that library, one worker a core, added up. Moods are looked up at random places of the
circumplex, among 100,000 tracks of a store, with and without their names, and among the columns of 1,000,000.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from affetto.affect import Affect
from affetto.music.analysis import ANALYSIS_VERSION
from affetto.music.library import Columns
from affetto.music.scan import add_folder, scan
from affetto.music.stored import StoredLibrary, load
from affetto.settings import settings
from affetto.store import Store, open_store
from affetto.store.tables import FileRow, FolderRow, TrackRow
from benchmarks.analysis import song
from benchmarks.figures import Row, machine, row, table

FILES = 10_000
SCAN_LIMIT = 20.0
MEMORY_LIMIT = 500.0
NEAREST = 500
NEAREST_LIMITS = {100_000: 5.0, 1_000_000: 50.0}

_SCAN = """
import json, re, resource, sys
from pathlib import Path
from affetto.music.scan import scan
from affetto.store import open_store
workers = int(sys.argv[2])
with open_store(sys.argv[1]) as store:
    report = scan(store, workers=workers)
# What getrusage says of a process itself includes what its parent held when it was started.
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"heard": report.new, "kilobytes": own + workers * worker}))
"""


def _columns(count: int) -> Columns:
    rng = np.random.default_rng(0)
    mood = np.clip(rng.normal(0.05, 0.3, (count, 2)), -1, 1).astype(np.float32)
    spread = rng.uniform(0.15, 0.35, (count, 2))
    covariance = np.column_stack([spread**2, 0.2 * spread.prod(1)]).astype(np.float32)
    return Columns(
        valence=mood[:, 0],
        arousal=mood[:, 1],
        covariance=covariance,
        octave=np.log2(rng.uniform(50, 200, count)).astype(np.float32),
        seconds=rng.uniform(60, 600, count).astype(np.float32),
        genre=rng.integers(40, size=count),
        genres=tuple(f"genre {number}" for number in range(40)),
    )


def fill(store: Store, count: int, *, folder: int | None = None) -> None:
    """Gives a store so many tracks, as a scan of files in a folder would have left them."""
    columns, files = _columns(count), []
    if folder is not None:
        with store.read() as connection:
            top = Path(connection.execute(FolderRow.__table__.select()).one().path)
        files = sorted(top.rglob("*.wav"))
    for start in range(0, count, 10_000):
        places = range(start, min(count, start + 10_000))
        rows = [
            {
                "id": place + 1,
                "content": f"{place:032x}",
                "title": f"Piece {place}",
                "artist": f"Artist {place % 5000}",
                "genre": columns.genres[columns.genre[place]],
                "tempo": float(2 ** columns.octave[place]),
                "seconds": float(columns.seconds[place]),
                "valence": float(columns.valence[place]),
                "arousal": float(columns.arousal[place]),
                "valence_var": float(columns.covariance[place, 0]),
                "arousal_var": float(columns.covariance[place, 1]),
                "mood_cov": float(columns.covariance[place, 2]),
                "mood_source": "audio",
                "mood_version": 1,
                "analysis": ANALYSIS_VERSION,
            }
            for place in places
        ]
        known = [
            {"folder_id": folder, "path": str(files[place]), "track_id": place + 1, "state": "here"}
            | {
                "version": ANALYSIS_VERSION,
                "size": (about := files[place].stat()).st_size,
                "changed": about.st_mtime_ns,
            }
            for place in places
            if files
        ]
        with store.write() as connection:
            connection.execute(insert(TrackRow), rows)
            if known:
                connection.execute(insert(FileRow), known)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scans(folder: Path, files: int, repeats: int) -> list[Row]:
    """The second scan of so many files, and the memory of a third one that finds new songs."""
    music = folder / "music"
    for number in range(files):
        place = music / f"{number // 100:03d}" / f"{number:05d}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"RIFF")
    address = f"sqlite:///{folder / 'library.db'}"
    workers = os.cpu_count() or 1
    with open_store(address) as store:
        add_folder(store, music)
        fill(store, files, folder=1)
        times = [_timed(lambda: scan(store, workers=0)) for _ in range(repeats)]
        assert scan(store, workers=0).unchanged == files
    for number in range(2 * workers):
        song(music / f"song {number}.mp3", seconds=240.0 - number)
    command = [sys.executable, "-c", _SCAN, address, str(workers)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert done["heard"] == 2 * workers
    return [
        row(f"second scan of {files:,} unchanged files", times, "s", SCAN_LIMIT),
        row(f"memory of a scan, {workers} workers", [done["kilobytes"] / 1024], "MB", MEMORY_LIMIT),
    ]


def _search(library: StoredLibrary, *, names: bool, repeats: int) -> list[float]:
    rng = np.random.default_rng(0)
    times: list[float] = []
    for valence, arousal in rng.uniform(-0.8, 0.8, (repeats, 2)):
        began = time.perf_counter()
        places = library.nearest(Affect(float(valence), float(arousal)), NEAREST)
        if names:
            library.take(places)
        times.append(1e3 * (time.perf_counter() - began))
    return times[1:]  # the first one makes what the others use


def _searches(folder: Path, repeats: int) -> list[Row]:
    small, large = NEAREST_LIMITS
    with open_store(f"sqlite:///{folder / 'moods.db'}") as store:
        fill(store, small)
        library = load(store)
        many = StoredLibrary(store, np.arange(large), _columns(large))
        return [
            *(
                row(
                    f"nearest {NEAREST} of {len(music):,} tracks",
                    _search(music, names=False, repeats=repeats),
                    "ms",
                    NEAREST_LIMITS[len(music)],
                )
                for music in (library, many)
            ),
            row(
                f"nearest {NEAREST} of {small:,} tracks, with their names",
                _search(library, names=True, repeats=repeats),
                "ms",
                None,
            ),
        ]


@contextlib.contextmanager
def _apart() -> Generator[Path]:
    """A folder that is gone afterwards, where caches go meanwhile."""
    before = os.environ.get("AFFETTO_CACHE_DIR")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AFFETTO_CACHE_DIR"] = folder
        settings.cache_clear()
        try:
            yield Path(folder)
        finally:
            os.environ.pop("AFFETTO_CACHE_DIR")
            os.environ.update({} if before is None else {"AFFETTO_CACHE_DIR": before})
            settings.cache_clear()


def measure(*, files: int = FILES, repeats: int = 40) -> list[Row]:
    """Rows of the second scan, memory and searches."""
    with _apart() as folder:
        return [*_scans(folder, files, 3), *_searches(folder, repeats)]


def main() -> int:
    """Measures and prints it."""
    parser = argparse.ArgumentParser(description="Measure scans and searches of a library against their bounds.")
    parser.add_argument("--files", type=int, default=FILES, help="sound files of the library")
    from rich.console import Console

    Console().print(table(measure(files=parser.parse_args().files), machine()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
