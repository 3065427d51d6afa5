"""A browser with a microphone that plays a file, a server with some music, and pages that are watched over."""

import contextlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.music import collection as collections
from affetto.music.analysis import Analysis
from affetto.server import Limits
from affetto.settings import settings
from affetto.store import engine as stores
from tests.server.conftest import Running
from tests.tracks import evidence
from tools.demo_music import PIECES, compose

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it drives the browser")

PATIENCE_MS = 30_000
PLACES = ("chromium", "chromium-browser", "google-chrome")
WATCH_MICROPHONE = """
window.streams = [];
const open = navigator.mediaDevices?.getUserMedia?.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  window.streams.push(stream);
  return stream;
};
window.openWhenMusicBegan = null;
document.addEventListener("playing", () => {
  const open = (track) => track.readyState === "live";
  window.openWhenMusicBegan ??= window.streams.some((stream) => stream.getTracks().some(open));
}, true);
"""


def chromium() -> str:
    found = next(filter(None, map(shutil.which, PLACES)), None)
    if found is None:
        pytest.skip("no Chromium is installed; these tests look at the pages with it")
    return found


@pytest.fixture(scope="session")
def voice(say: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of speech, then silence."""
    words = say("I really did not expect to see you here today. What a surprise, this is wonderful news.", pitch=60)
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    soundfile.write(path, np.concatenate([np.zeros(1_600), words, np.zeros(160_000)]), 16_000, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def remark(say: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of speech, all of it to be asked about: the shorter, the fewer parts are hidden in turn."""
    path = tmp_path_factory.mktemp("remark") / "remark.wav"
    words = say("I really did not expect to see you here today.", pitch=60)
    soundfile.write(path, words, 16_000, subtype="PCM_16")
    return path


@pytest.fixture(scope="package")  # while its driver runs, so does an event loop: other tests need their own
def browser(voice: Path) -> Iterator[object]:
    """Chromium, with the voice for a microphone."""
    options = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}%noloop",
        "--autoplay-policy=no-user-gesture-required",
        "--host-resolver-rules=MAP affetto.test 127.0.0.1",
    ]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium(), args=options)
        yield running
        running.close()


def hear(path: Path) -> Analysis:
    """An analysis at once, other for each piece."""
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    return Analysis(
        seconds=31.0,
        tempo=float(rng.uniform(70, 150)),
        tempo_alternative=None,
        tempo_strength=0.6,
        key="C",
        mode="major",
        key_confidence=0.5,
        loudness=-14.0,
        loudness_range=5.0,
        onset_density=2.0,
        features=rng.normal(size=24).astype(np.float32),
        music_probability=0.95,
    )


@pytest.fixture(scope="session")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with twelve pieces of half a minute."""
    folder = tmp_path_factory.mktemp("music")
    compose(folder, pieces=PIECES[::3] + PIECES[1:5:2], seconds=31)
    return folder


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans hear by `hear`."""
    import affetto.music.records
    import affetto.music.scan

    monkeypatch.setattr(affetto.music.records, "audio_evidence", evidence)
    monkeypatch.setitem(affetto.music.scan.scan.__kwdefaults__, "listener", hear)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder of the test's own: nobody has listened yet, and there is no music."""
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    monkeypatch.setattr(collections, "_open", {})
    monkeypatch.setattr(stores, "_open", {})
    return tmp_path


@pytest.fixture
def music(home: Path, pieces: Path) -> Path:
    """The twelve pieces in the library."""
    from affetto.music.scan import add_folder, scan

    collection = collections.default_collection(make=True)
    assert collection is not None
    add_folder(collection.store, pieces)
    scan(collection.store, workers=0)
    return home


@pytest.fixture(scope="session")
def site() -> Iterator[Running]:
    """The server of all these tests."""
    running = Running(Limits()).start()
    running.app.state.scans.workers = 0
    yield running
    running.stop()


@dataclass
class Watch:
    """What went wrong on a page, with the address at which it did, and whom the page asked."""

    errors: list[tuple[str, str]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    forgiven: tuple[str, ...] = ()

    def follow(self, page) -> None:
        page.on(
            "console", lambda message: message.type == "error" and self._wrong(message.text, message.location["url"])
        )
        page.on("pageerror", lambda error: self._wrong(str(error), page.url))
        page.on("request", lambda request: self.asked.add(request.url.split("/")[2] if "//" in request.url else ""))

    def _wrong(self, error: str, address: str) -> None:
        if not any(word in error for word in self.forgiven):
            self.errors.append((error, address))

    def check(self, own: str) -> None:
        assert not self.errors, "\n".join(f"{error} ({address})" for error, address in self.errors)
        assert {place for place in self.asked if place not in ("", own, "affetto.test:" + own.split(":")[1])} <= {
            "incompetech.com"
        }


Open = Callable[..., object]


@pytest.fixture
def visit(browser, site: Running) -> Iterator[Open]:
    """``visit("/journal", width=360)``: a page for a new visitor; every one must be without errors at the end.

    The settings change from test to test, and are kept once read: what a page has asked for, such as covers, is
    answered before the next test, or it would read the settings amid their change for all that follow.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(site.rest)
        watches: list[tuple[Watch, str]] = []

        def open_page(path="/", *, on=None, width=1280, height=900, forgive=(), consent=True, context=None, **options):
            base = (on or site).http
            if context is None:
                options = {"locale": "en-US", "service_workers": "block", **options}
                context = browser.new_context(viewport={"width": width, "height": height}, **options)
                stack.callback(context.close)
                context.set_default_timeout(PATIENCE_MS)
                context.add_init_script(WATCH_MICROPHONE)
                if consent:
                    context.add_init_script("localStorage.setItem('consent', 'yes')")
            page = context.new_page()
            watch = Watch(forgiven=("Worker", *forgive))
            watch.follow(page)
            watches.append((watch, base.removeprefix("http://")))
            page.goto(path if path.startswith("http") else base + path)
            page.wait_for_selector("main[data-ready]")
            return page

        yield open_page
        for watch, own in watches:
            watch.check(own)


def until(page, expression: str, arg=None) -> None:
    """Waits until an expression is true. The browser's own way to wait makes code of text, which the policy forbids."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, f"waited for {expression}"
        page.wait_for_timeout(40)


def reload(page) -> None:
    """Loads a page anew, and waits until it takes clicks."""
    page.reload()
    page.wait_for_selector("main[data-ready]")


class Held:
    """Requests that are not answered until they are let go; what a slow machine does now and then.

    Args:
        page: A page.
        addresses: Pattern of the addresses that are held.
    """

    def __init__(self, page, addresses: str) -> None:
        self._page, self._addresses, self._open = page, addresses, False
        self._routes: list = []
        page.route(addresses, self._hold)

    def _hold(self, route) -> None:
        if self._open:
            route.continue_()
        else:
            self._routes.append(route)

    def wait(self) -> None:
        """Waits until one is held."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not self._routes:
            assert time.monotonic() < end, f"waited for a request for {self._addresses}"
            self._page.wait_for_timeout(40)

    def let_go(self) -> None:
        """Has those that are held answered, and holds no more."""
        self.wait()
        self._open = True
        for route in self._routes:
            route.continue_()


def without_chance(page) -> None:
    """Every playlist that a page asks for is drawn alike: the same wish is answered with the same list."""

    def seed(route) -> None:
        route.continue_(post_data=json.dumps({**route.request.post_data_json, "seed": 5}))

    page.route("**/v1/me/playlists", seed)


def renew(page, selector: str) -> None:
    """Clicks on what asks for music where there is some, and waits until the new queue is on the page."""
    page.evaluate("document.querySelector('#audio').removeAttribute('src')")  # the new queue gives it one
    page.click(selector)
    until(page, "document.querySelector('#audio').hasAttribute('src')")


def heard(page) -> None:
    """Waits until a reading has been answered with music."""
    page.wait_for_selector("[data-state=heard]")
    page.wait_for_selector("#player:not([hidden])")


def sounds(page) -> None:
    """Waits until music really plays: its time goes on."""
    until(page, "document.querySelector('audio').currentTime > 0.2")
