"""The other pages, and what holds for all of them, in a real browser."""

import json

import pytest

from affetto.server import Limits
from affetto.server.pages.routes import PAGES
from tests.page.conftest import Held, heard, reload, sounds, until
from tests.server.conftest import Running
from tools.demo_music import PIECES, compose

pytestmark = pytest.mark.slow


def ready(page):
    page.wait_for_load_state("networkidle")


@pytest.mark.usefixtures("home")
def test_a_visitor_agrees_once(visit):
    page = visit(consent=False)
    assert page.is_visible("#consent")
    page.keyboard.press("Escape")
    reload(page)
    assert page.is_visible("#consent")  # put away is not agreed to
    page.click("#consent .primary")
    reload(page)
    assert page.is_hidden("#consent")


def test_a_folder_is_added_scanned_and_played(visit, home):
    compose(home / "songs", seconds=31, pieces=PIECES[:4])
    page = visit("/library")
    page.wait_for_selector("#map-canvas[data-painted]")
    assert "starter catalog" in page.inner_text("#library-about")
    page.fill("#path", str(home / "songs"))
    page.click("#add-folder [type=submit]")
    until(page, "document.querySelector('#library-about').textContent.startsWith('4 tracks')")
    page.wait_for_selector("#folders li")
    page.fill("#search", "window seat")
    until(page, "document.querySelectorAll('.hit').length === 1")
    page.click(".hit .cover")
    sounds(page)
    assert page.inner_text("#player-title") == "Window Seat"


@pytest.mark.usefixtures("music")
def test_a_track_is_moved_and_put_back(visit):
    page = visit("/library")
    page.fill("#search", "runaway")
    page.click(".hit-name")
    page.wait_for_selector("#fix-valence")
    before = page.input_value("#fix-valence")
    with page.expect_response("**/mood") as moved:
        page.press("#fix-valence", "End")
    assert moved.value.json()["valence"] == pytest.approx(1, abs=0.05)
    until(page, "document.querySelector('.toast')")
    assert page.evaluate("document.activeElement.id") == "fix-valence", "who moves it by keys can go on"
    with page.expect_response("**/mood") as back:
        page.click("#chosen .button.plain")
    assert round(100 * back.value.json()["valence"]) == int(before)
    page.focus("#map-canvas")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")


@pytest.mark.usefixtures("music")
def test_what_is_found_stays_when_the_rest_of_the_library_comes(visit):
    page = visit("/settings")
    held = Held(page, "**/v1/library/regions")
    page.click(".tabs a[href='/library']")
    page.wait_for_selector("main[data-page=library][data-ready]")
    page.fill("#search", "runaway")
    page.wait_for_selector(".hit-name")
    name = page.query_selector(".hit-name")
    held.wait()
    with page.expect_response("**/v1/library/tracks?*words=runaway"):  # asked again: the library may be another
        held.let_go()
    ready(page)
    assert name.evaluate("name => name.isConnected")
    page.fill("#search", "")
    page.wait_for_selector(".region")
    assert page.locator(".hit").count() == 0


@pytest.mark.usefixtures("music")
def test_hits_wait_for_the_map_that_they_are_chosen_on(visit):
    page = visit("/settings")
    held = Held(page, "**/v1/library/map")
    page.click(".tabs a[href='/library']")
    page.wait_for_selector("main[data-page=library][data-ready]")
    with page.expect_response("**/v1/library/tracks?*words=runaway"):
        page.fill("#search", "runaway")
    held.wait()
    assert page.locator(".hit").count() == 0
    held.let_go()
    page.click(".hit-name")
    page.wait_for_selector("#fix-valence")


@pytest.mark.usefixtures("music")
def test_a_late_answer_to_an_earlier_search_is_not_shown(visit):
    page = visit("/library")
    held = Held(page, "**/v1/library/tracks?*words=runaway")
    page.fill("#search", "runaway")
    held.wait()
    page.fill("#search", "window seat")
    page.wait_for_selector(".hit-name >> text='Window Seat'")
    with page.expect_response("**/v1/library/tracks?*words=runaway"):
        held.let_go()
    ready(page)
    assert page.locator(".hit-name").all_inner_texts() == ["Window Seat"]


@pytest.mark.usefixtures("music")
def test_a_queue_that_comes_late_does_not_take_the_place_of_one_asked_for_after_it(visit):
    page = visit()
    page.click("#by-hand")
    held = Held(page, "**/v1/me/playlists")
    page.click(".place.sad")
    held.wait()
    page.click(".tabs a[href='/library']")
    page.click(".region .round >> nth=0")
    page.wait_for_selector("#player:not([hidden])")
    page.click("#player-play")  # a track that ends meanwhile would give way to the next
    title = page.inner_text("#player-title")
    with page.expect_response("**/v1/me/playlists"):
        held.let_go()
    ready(page)
    assert page.inner_text("#player-title") == title
    assert page.evaluate("document.querySelector('#audio').paused")


@pytest.mark.usefixtures("music")
@pytest.mark.parametrize("path", ["/", "/settings", "/journal", "/library"])
def test_a_page_that_is_left_before_its_answers_come_says_nothing(visit, path, voice):
    page = visit("/analyse")
    held = Held(page, "**/v1/**")
    page.click(f".tabs a[href='{path}']")
    page.wait_for_selector(f".tabs a[href='{path}'][aria-current=page]")
    page.wait_for_selector("main[data-ready]")
    if path == "/library":
        page.fill("#search", "runaway")
    if path == "/":
        page.set_input_files("#file", voice)
    held.wait()
    page.click(".tabs a[href='/analyse']")
    page.wait_for_selector("main[data-page=analyse][data-ready]")
    held.let_go()
    ready(page)
    assert page.locator(".toast").count() == 0


@pytest.mark.usefixtures("music")
def test_the_journal_remembers_exports_and_forgets(visit):
    page = visit()
    for place in ("calm", "happy"):
        page.click("#by-hand")
        page.wait_for_timeout(50)
        page.click(f".place.{place}")
        heard(page)
        reload(page)
    page.click(".tabs a[href='/journal']")
    page.wait_for_selector(".entry")
    assert page.locator(".entry").count() == 2
    assert page.locator(".day.filled").count() == 1
    page.click(".entry >> nth=0 >> [data-said=better]")
    page.wait_for_selector(".entry [data-said=better][aria-pressed=true]")
    page.click(".entry >> nth=0 >> .outcome-cell > .round >> nth=0")
    sounds(page)
    with page.expect_download() as download:
        page.click("#export")
    kept = json.loads(download.value.path().read_text())
    assert [reading["emotion"] for reading in kept["readings"]] == ["calm", "happy"]
    assert [outcome["said"] for outcome in kept["outcomes"]] == ["better"]
    page.click(".entry >> nth=1 >> .outcome-cell > .round >> nth=1")
    until(page, "document.querySelectorAll('.entry').length === 1")
    page.click("#forget")
    page.click("#forget-dialog .danger")
    page.wait_for_selector("#empty:not([hidden])")
    assert page.request.get(page.url.replace("/journal", "/v1/me/export")).json() == {}


@pytest.mark.usefixtures("home")
def test_a_long_recording_becomes_a_report(visit, voice):
    page = visit("/analyse", width=360, height=740)
    page.set_input_files("#recording", voice)
    page.wait_for_selector("#report:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    box = "document.querySelector('.table-wrap')"
    assert page.evaluate(f"{box}.scrollWidth > {box}.clientWidth && {box}.clientWidth < 360"), "it scrolls by itself"
    assert page.locator("#utterances tbody tr").count() >= 1
    assert page.locator("#timeline .pitch").count() > 10
    assert page.locator("#figures dd").count() == 6
    page.click(".when")
    sounds(page)


@pytest.mark.usefixtures("home")
def test_a_file_that_is_no_recording_is_refused_in_words(visit, home):
    (home / "notes.wav").write_text("not a sound")
    page = visit("/analyse", forgive=("422",))
    page.set_input_files("#recording", home / "notes.wav")
    page.wait_for_selector("#analyse-trouble:not([hidden])")
    assert "notes.wav" in page.inner_text("#analyse-trouble")


@pytest.mark.usefixtures("music")
def test_a_voice_is_enrolled_used_and_forgotten(visit):
    page = visit("/settings", forgive=("422",))
    page.click("#enrol")
    until(page, "document.querySelector('#enrol-label').textContent === 'Stop'")
    page.wait_for_timeout(6500)
    page.click("#enrol")
    until(page, "/Known since|too little|seconds/.test(document.querySelector('#enrol-text').textContent)")
    assert page.evaluate("window.streams.every((s) => s.getTracks()[0].readyState === 'ended')")
    page.wait_for_load_state("networkidle")
    if page.is_visible("#voice-delete"):
        page.click("#voice-delete")
        page.wait_for_selector("#voice-actions", state="hidden")


@pytest.mark.usefixtures("home")
def test_theme_and_language_are_kept(visit):
    page = visit("/settings")
    page.check("[name=theme][value=dark]", force=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 14, 21)"
    with page.expect_navigation():
        page.check("[name=language][value=de]", force=True)
    page.wait_for_selector("html[lang=de][data-theme=dark]")
    page.click(".tabs a[href='/']")
    page.wait_for_selector("#words >> text='Wie klingst du heute?'")


@pytest.mark.usefixtures("music")
def test_reasons_are_said_in_the_language_of_the_page(visit):
    page = visit(locale="de-DE")
    page.click("#by-hand")
    with page.expect_response("**/v1/me/playlists") as made:
        page.click(".place.sad")
    page.wait_for_selector("#queue .track-why")
    english = [" · ".join(track["reasons"]) for track in made.value.json()["tracks"] if track["stream"]]
    german = page.locator("#queue .track-why").all_inner_texts()
    assert not set(german) & set(english)
    assert german[0].startswith("beginnt ")
    assert page.inner_text("#music-why").startswith("Klingt traurig: ")


@pytest.mark.usefixtures("music")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = visit(path, color_scheme=scheme)
    ready(page)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.usefixtures("music")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_small_phone(visit, path):
    page = visit(path, width=360, height=740, is_mobile=True, has_touch=True)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main a, header a, header button')]"
        ".filter((e) => e.offsetParent && Math.min(e.offsetWidth, e.offsetHeight) < 24)"
        ".map((e) => e.outerHTML)"
    )
    assert small == []


@pytest.mark.usefixtures("music")
def test_a_phone_speaks_and_plays(visit):
    page = visit(width=360, height=740, is_mobile=True, has_touch=True)
    page.tap("#speak")
    heard(page)
    sounds(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.usefixtures("music")
def test_nothing_shifts_while_someone_speaks(visit):
    page = visit()
    ready(page)
    page.evaluate(
        "() => { window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shift += e.value }).observe({type: 'layout-shift', buffered: true}) }"
    )
    page.click("#speak")
    page.wait_for_selector("[data-state=heard]")
    assert page.evaluate("window.shift") < 0.1


@pytest.mark.usefixtures("music")
def test_stillness_is_kept_for_those_who_want_it(visit):
    page = visit(reduced_motion="reduce")
    page.click("#by-hand")
    page.press("#valence", "End")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert float(page.get_attribute("#dot", "cx")) > 90


@pytest.mark.usefixtures("music")
def test_it_opens_without_a_server_with_the_last_library(visit):
    server = Running(Limits()).start()
    page = visit("/library", on=server, service_workers="allow", forgive=("ERR_CONNECTION", "Failed to load"))
    page.evaluate("navigator.serviceWorker.ready")
    until(page, "navigator.serviceWorker.controller !== null")
    reload(page)
    page.wait_for_selector("#map-canvas[data-painted]")
    ready(page)
    about = page.inner_text("#library-about")
    server.stop()
    reload(page)
    page.wait_for_selector("#map-canvas[data-painted]")
    assert page.inner_text("#library-about") == about
    page.click(".tabs a[href='/']")
    page.wait_for_selector("#speak")
