"""The page in a real browser: how soon it answers, starts to play and paints, and what it weighs.

A bundled voice is played into the microphone. Nothing is measured where there is no Chromium or no Playwright.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from affetto.music.collection import Collection
from affetto.voice.audio import RATE
from benchmarks.figures import Row, row
from benchmarks.reading import bundled_voices
from tools.demo_music import PIECES, compose

__all__ = ["measure"]

FIRST_LIMIT, MUSIC_LIMIT, WEIGHT_LIMIT, PAINT_LIMIT, MAP_LIMIT = 1.7, 1.0, 150.0, 0.8, 1.5
TRACKS = 10_000

# Times are taken in the page: when the button is pressed, a reading is shown, the level falls for good, music sounds.
_WATCH = """
window.marks = {};
const note = (name) => { window.marks[name] ??= performance.now() };
addEventListener("DOMContentLoaded", () => {
  document.getElementById("speak").addEventListener("click", () => note("pressed"), true);
  new MutationObserver(() => {
    const listen = document.querySelector(".listen");
    if (listen.dataset.partial) note("partial");
    const level = Number(document.getElementById("speak").style.getPropertyValue("--level"));
    if (level > 0.28) window.marks.spoke = performance.now();
  }).observe(document.querySelector("main"), { attributes: true, subtree: true });
});
document.addEventListener("playing", () => note("sounds"), true);
"""


@contextmanager
def _server(home: Path) -> Iterator[str]:
    program = [sys.executable, "-c", "from affetto.cli import main; main()", "serve", "--port", "0"]
    places = {"AFFETTO_DATA_DIR": str(home / "data"), "AFFETTO_CACHE_DIR": str(home / "cache")}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={**os.environ, **places}) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[3]
        finally:
            process.terminate()


def _music(home: Path) -> None:
    """A library of ten thousand tracks, of which every one plays one of six files."""
    from sqlalchemy import insert

    from affetto.music.scan import add_folder
    from affetto.store import open_store
    from affetto.store.tables import FileRow, FolderRow, TrackRow

    files = compose(home / "music", pieces=PIECES[:6], seconds=31)
    rng = np.random.default_rng(0)
    moods = np.clip(rng.normal(0, 0.4, (TRACKS, 2)), -0.95, 0.95)
    (home / "data").mkdir()
    with Collection(open_store(home / "data" / "library.db")) as collection:
        add_folder(collection.store, home / "music")
        with collection.store.write() as connection:
            folder = connection.execute(FolderRow.__table__.select()).one().id
            tracks: list[dict[str, Any]] = [
                {
                    "title": f"Track {number}",
                    "artist": f"Artist {number % 400}",
                    "genre": "pop",
                    "seconds": 31.0,
                    "tempo": 100.0,
                    "valence": float(valence),
                    "arousal": float(arousal),
                    "mood_source": "audio",
                    "valence_var": 0.04,
                    "arousal_var": 0.04,
                }
                for number, (valence, arousal) in enumerate(moods)
            ]
            numbers = list(
                connection.execute(
                    insert(TrackRow).returning(TrackRow.id, sort_by_parameter_order=True), tracks
                ).scalars()
            )
            connection.execute(
                insert(FileRow),
                [
                    {
                        "folder_id": folder,
                        "path": f"{files[place % 6]}" if place < 6 else f"{home}/music/{place}.flac",
                        "size": 1,
                        "changed": 1,
                        "state": "here",
                        "version": 1,
                        "track_id": number,
                    }
                    for place, number in enumerate(numbers)
                ],
            )
    for place in range(6, TRACKS):
        (home / "music" / f"{place}.flac").hardlink_to(files[place % 6])


def _weight(page: Any, address: str) -> float:
    """What the first visit brings, as it comes over the line, in kB."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return sum(sizes) / 1000


def _speak(page: Any, address: str) -> dict[str, float]:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.click("#speak")
    page.wait_for_selector("[data-state=heard]", timeout=60_000)
    for _ in range(400):
        if "sounds" in (marks := page.evaluate("window.marks")):
            return marks
        page.wait_for_timeout(25)
    raise RuntimeError("no music came within 10 s")


def measure(*, runs: int = 5) -> list[Row]:
    """Rows of the first reading, the music, the first paint, the weight and the map; none without a browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    if chromium is None:
        return []
    first, music, paint, maps, weights = [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="affetto-bench-") as place:
        home = Path(place)
        _music(home)
        voice = np.concatenate([bundled_voices()[0], np.zeros(10 * RATE, np.float32)])
        sounding = int(np.argmax(np.abs(voice) > 0.02))
        soundfile.write(home / "voice.wav", voice[max(0, sounding - RATE // 20) :], RATE, subtype="PCM_16")
        flags = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={home / 'voice.wav'}%noloop",
            "--autoplay-policy=no-user-gesture-required",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]
        with _server(home) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=flags)
            for _ in range(runs):
                context = browser.new_context(service_workers="block")
                context.add_init_script("localStorage.setItem('consent', 'yes')")
                context.add_init_script(_WATCH)
                page = context.new_page()
                weights.append(_weight(page, address))
                paint.append(
                    page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
                )
                marks = _speak(page, address)
                first.append((marks["partial"] - marks["pressed"]) / 1000)
                music.append((marks["sounds"] - marks["spoke"]) / 1000)
                page.goto(f"{address}/library")
                page.wait_for_selector("#map-canvas[data-painted]", timeout=60_000)
                maps.append(float(page.get_attribute("#map-canvas", "data-painted")) / 1000)
                context.close()
            browser.close()
    return [
        row("page: button to the first reading", first, "s", FIRST_LIMIT),
        row("page: end of speech to music", music, "s", MUSIC_LIMIT),
        row("page: first contentful paint", paint, "s", PAINT_LIMIT),
        row("page: weight of the first visit", weights, "kB", WEIGHT_LIMIT),
        row(f"page: map of {TRACKS:,} tracks", maps, "s", MAP_LIMIT),
    ]
