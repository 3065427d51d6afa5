"""``make screenshots``: every page as it looks, light and dark, for a desk and a phone.

A data folder of its own is filled with composed music and an invented past; a bundled voice speaks.
"""

import argparse
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from PIL import Image
from sqlalchemy import update

from tools.demo_music import compose

SHOTS = {
    "listen": "/",
    "library": "/library",
    "journal": "/journal",
    "analyse": "/analyse",
    "settings": "/settings",
}
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
_DAY = 86_400


def _voice(path: Path, *names: str) -> Path:
    """Bundled voices one after the other, as a file that a browser takes for a microphone."""
    from importlib import resources

    from affetto.voice.audio import RATE, read_audio

    parts = [np.zeros(RATE // 10)]
    for name in names:
        with resources.as_file(resources.files("affetto.samples").joinpath(f"{name}.flac")) as sample:
            parts += [read_audio(sample), np.zeros(RATE)]
    soundfile.write(path, np.concatenate([*parts, np.zeros(8 * RATE)]), RATE, subtype="PCM_16")
    return path


def _past() -> None:
    """Three months of readings, playlists and what was said of them."""
    from affetto.affect import EMOTIONS
    from affetto.recommendation.listener import Listener
    from affetto.store import default_store
    from affetto.store.tables import ReadingRow
    from affetto.voice.reading import Reading

    chance = random.Random(11)
    listener = Listener.open()
    for day in range(100, -1, -1):
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            weights = {emotion: chance.random() * 0.2 for emotion in EMOTIONS}
            weights[chance.choice(EMOTIONS[1:])] += 0.9 + chance.random()
            heard = Reading(probabilities=weights, seconds=4.0)
            playlist = listener.recommend(heard, length=8, seed=day) if day < 6 else None
            number = listener.journal.add(
                heard,
                source=chance.choice(("voice", "voice", "voice", "file", "hand")),
                playlist=playlist.number if playlist else None,
            )
            if playlist and chance.random() < 0.7:
                listener.outcome(chance.choice(("better", "better", "same")), playlist.number)
            at = round(1000 * (time.time() - day * _DAY - chance.random() * 20_000))
            with default_store().write(library=False) as connection:
                connection.execute(update(ReadingRow).where(ReadingRow.id == number).values(at=at))


@contextmanager
def _server() -> Iterator[str]:
    """A server with the data folder of the environment."""
    program = [sys.executable, "-c", "from affetto.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[3]
        try:
            httpx.get(f"{address}/v1/health", timeout=30, trust_env=False).raise_for_status()
            yield address
        finally:
            process.terminate()


def _prepare(page: Any, name: str, voice: Path) -> None:
    """Brings a page to where it is worth a picture."""
    if name == "listen":
        page.click("#speak")
        page.wait_for_selector("[data-state=heard]", timeout=60_000)
        page.wait_for_selector("#player:not([hidden])")
        page.wait_for_timeout(1_500)
    elif name == "library":
        page.wait_for_selector("#map-canvas[data-painted]")
        page.wait_for_selector(".region")
        page.wait_for_timeout(400)
    elif name == "journal":
        page.wait_for_selector(".entry")
    elif name == "analyse":
        page.set_input_files("#recording", voice)
        page.wait_for_selector("#report:not([hidden])", timeout=60_000)
        page.wait_for_timeout(300)
    page.wait_for_timeout(400)


def take(folder: Path) -> list[Path]:
    """Draws all pictures and gives their files."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium is installed; it draws the pictures")
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="affetto-pictures-") as place:
        home = Path(place)
        os.environ |= {"AFFETTO_DATA_DIR": str(home / "data"), "AFFETTO_CACHE_DIR": str(home / "cache")}
        compose(home / "music")
        subprocess.run(
            [sys.executable, "-c", "from affetto.cli import main; main()", "library", "add", str(home / "music")],
            check=True,
        )
        _past()
        voice = _voice(home / "voice.wav", "happy")
        long = _voice(home / "rehearsal.wav", "calm", "happy", "angry", "neutral", "calm", "angry", "happy")
        flags = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={voice}%noloop",
            "--autoplay-policy=no-user-gesture-required",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]
        with _server() as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=flags)
            for device, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    phone = device == "phone"
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,
                        is_mobile=phone,
                        has_touch=phone,
                        service_workers="block",
                        locale="en-GB",
                    )
                    context.add_init_script("localStorage.setItem('consent', 'yes')")
                    for name, path in SHOTS.items():
                        page = context.new_page()
                        page.goto(address + path)
                        page.wait_for_selector("main[data-ready]")
                        _prepare(page, name, long)
                        file = folder / f"{name}-{device}-{scheme}.webp"
                        with Image.open(io.BytesIO(page.screenshot())) as picture:
                            picture.save(file, quality=86, method=6)
                        page.close()
                        taken.append(file)
                    context.close()
            browser.close()
    return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("docs/images/page"))
    for picture in take(parser.parse_args().to):
        print(f"{picture}  {picture.stat().st_size / 1000:.0f} kB")
