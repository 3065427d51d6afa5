"""Speak, see, listen: the first page, in a real browser with a voice at its microphone."""

import pytest

from affetto.server import Limits
from tests.page.conftest import Held, heard, reload, renew, sounds, until, without_chance
from tests.server.conftest import Running

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("music")]


def test_a_voice_is_answered_with_music(visit):
    page = visit()
    page.click("#speak")
    page.wait_for_selector("[data-partial]")
    assert page.locator(".bar.most").count() == 1
    until(page, "document.querySelector('#dot').getAttribute('cx') !== '0.00'")
    heard(page)
    assert page.inner_text("#words").startswith("Sounds ") or page.inner_text("#words").startswith("Hard to tell")
    assert page.locator("#queue .track").count() > 5
    assert page.locator("#stops .stop.current").count() == 1
    assert page.inner_text(".track-why >> nth=0")
    sounds(page)
    assert page.evaluate("window.openWhenMusicBegan") is False
    assert page.evaluate("document.querySelector('#audio').src").endswith("/audio")
    page.click("#player-play")  # a track that ends meanwhile could not be skipped
    first = page.inner_text("#player-title")
    for place in range(2, 6):
        with page.expect_response("**/v1/me/feedback"):
            page.click(f"#queue .track >> nth={place} >> [data-act=like]")
    until(page, "document.querySelectorAll('#queue [data-act=like][aria-pressed=true]').length === 4")
    with page.expect_response("**/v1/me/feedback") as skipped:
        page.click("#player-next")
    assert skipped.value.json()["kind"] == "skip"
    until(page, "title => document.querySelector('#player-title').textContent !== title", arg=first)
    sounds(page)


def test_a_cover_is_shown_where_a_file_has_one(visit):
    page = visit("/library")
    page.click(".region .round >> nth=0")
    page.wait_for_selector("#player-cover img")
    until(page, "document.querySelector('#player-cover img').naturalWidth > 100")


def test_a_word_or_the_dot_corrects_a_reading(visit):
    page = visit()
    page.click("#speak")
    heard(page)
    page.click(".place.sad")
    until(page, "document.querySelector('#words').textContent === 'Sounds sad.'")
    until(page, "document.querySelector('#music-title').textContent.startsWith('Comfort')")
    box = page.locator("#disc").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 0.33 * box["width"], middle[1] - 0.2 * box["height"], steps=5)
    page.mouse.up()
    until(page, "document.querySelector('#words').textContent === 'Closest to happy.'")
    until(page, "document.querySelector('#music-title').textContent === 'Stay'")
    with page.expect_response("**/v1/me/journal") as journal:
        page.click("a[href='/journal']")
    entries = journal.value.json()["entries"]
    assert len(entries) == 1, "a correction takes the place of what was heard"
    assert entries[0]["emotion"] == "happy"


def test_of_words_said_quickly_the_last_counts_and_one_reading_is_kept(visit):
    page = visit()
    page.click("#by-hand")
    held = Held(page, "**/v1/me/playlists")
    page.click(".place.sad")
    held.wait()
    page.click(".place.calm")
    page.click(".place.happy")
    with page.expect_response(lambda answer: '"happy"' in (answer.request.post_data or "")) as last:
        held.let_go()
    until(page, "document.querySelector('#music-title').textContent === 'Stay'")
    (entry,) = page.request.get(page.url + "v1/me/journal").json()["entries"]
    assert (entry["emotion"], entry["playlist"]["id"]) == ("happy", last.value.json()["id"])


def test_music_that_comes_late_does_not_begin_while_someone_speaks(visit):
    page = visit()
    page.click("#by-hand")
    held = Held(page, "**/v1/me/playlists")
    page.click(".place.sad")
    held.wait()
    page.click("#speak")
    page.wait_for_selector("[data-state=listening]")
    with page.expect_response(lambda answer: '"sad"' in (answer.request.post_data or "")):
        held.let_go()
    heard(page)
    sounds(page)
    assert page.evaluate("window.openWhenMusicBegan") is False
    assert len(page.request.get(page.url + "v1/me/journal").json()["entries"]) == 2, "one for each reading"


def test_without_a_microphone_sliders_or_a_recording_do(visit, voice):
    page = visit()
    page.click("#by-hand")
    for _ in range(3):
        page.keyboard.press("PageUp")
    page.press("#arousal", "End")
    page.click("#hand [type=submit]")
    heard(page)
    sounds(page)
    page.set_input_files("#file", voice)
    until(page, "document.querySelector('#words').textContent.startsWith('Sounds')")
    heard(page)
    assert page.locator("#cue-list li").count() > 0


def test_a_recording_can_be_asked_which_moments_led_there(visit, remark):
    page = visit()
    assert page.locator("#why").is_hidden()
    page.set_input_files("#file", remark)
    heard(page)
    page.click("#why summary")
    until(page, "!document.querySelector('#why-drawing').hidden")
    assert page.locator("#why-words").inner_text().startswith("What weighed most was heard from ")
    painted = "(() => { const c = document.querySelector('#why-drawing'); const { data } = c.getContext('2d')"
    painted += (
        ".getImageData(0, 0, c.width, c.height); return data.filter((v, i) => i % 4 === 3 && v).length > c.width; })()"
    )
    assert page.evaluate(painted)


def test_an_intent_is_kept_and_changes_the_music(visit):
    page = visit()
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    page.check("[name=intent][value=calm]", force=True)
    until(page, "document.querySelector('#music-title').textContent === 'Calm'")
    reload(page)
    assert page.is_checked("[name=intent][value=calm]")


def test_keys_play_pause_skip_and_like(visit):
    page = visit()
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    sounds(page)
    page.locator("#words").click()
    page.keyboard.press("k")
    until(page, "document.querySelector('#audio').paused")
    title = page.inner_text("#player-title")
    page.keyboard.press("l")
    page.wait_for_selector("#player-like[aria-pressed=true]")
    page.keyboard.press("n")
    until(page, "title => document.querySelector('#player-title').textContent !== title", arg=title)
    page.keyboard.press("p")
    until(page, "title => document.querySelector('#player-title').textContent === title", arg=title)


def test_a_track_that_does_not_fit_leaves_the_queue_and_comes_back(visit):
    page = visit()
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    count = page.locator("#queue .track").count()
    title = page.inner_text("#queue .track >> nth=2 >> .track-title")
    page.click("#queue .track >> nth=2 >> [data-act=more]")
    page.keyboard.press("Escape")
    assert page.locator(".menu").count() == 0
    page.click("#queue .track >> nth=2 >> [data-act=more]")
    page.click(".menu button >> nth=1")
    until(page, "n => document.querySelectorAll('#queue .track').length === n", arg=count - 1)
    page.click(".toast button")
    until(page, "n => document.querySelectorAll('#queue .track').length === n", arg=count)
    assert page.inner_text("#queue .track >> nth=2 >> .track-title") == title


def test_the_same_tracks_asked_for_anew_can_be_liked_and_dropped(visit):
    page = visit()
    without_chance(page)
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    titles = page.locator("#queue .track-title").all_inner_texts()
    renew(page, "#hand [type=submit]")
    assert page.locator("#queue .track-title").all_inner_texts() == titles
    page.click("#queue .track >> nth=1 >> [data-act=like]")
    page.wait_for_selector("#queue .track >> nth=1 >> [aria-pressed=true]")
    page.click("#queue .track >> nth=2 >> [data-act=more]")
    page.click(".menu button >> nth=1")
    until(page, "n => document.querySelectorAll('#queue .track').length === n", arg=len(titles) - 1)
    assert page.locator("#queue .track-title").all_inner_texts() == titles[:2] + titles[3:]


def test_a_heart_that_is_full_in_a_new_list_is_emptied_by_a_click(visit):
    page = visit()
    without_chance(page)
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    with page.expect_response("**/v1/me/feedback") as like:
        page.click("#queue .track >> nth=1 >> [data-act=like]")
    name = page.get_attribute("#queue .track >> nth=1 >> [data-act=like]", "aria-label")
    renew(page, "#hand [type=submit]")
    heart = f"#queue [data-act=like][aria-label='{name}']"
    page.wait_for_selector(f"{heart}[aria-pressed=true]")
    assert page.locator("#queue [aria-pressed=true]").count() == 1
    with page.expect_response(f"**/v1/me/likes/{like.value.json()['id']}") as back:
        page.click(heart)
    assert back.value.request.method == "DELETE"
    page.wait_for_selector(f"{heart}[aria-pressed=false]")


def test_a_heart_is_emptied_by_one_click_however_often_its_track_was_liked(visit):
    page = visit()
    without_chance(page)
    page.click("#by-hand")
    with page.expect_response("**/v1/me/playlists") as made:
        page.click("#hand [type=submit]")
    heard(page)
    playlist = made.value.json()
    like = {"track": playlist["tracks"][1]["id"], "kind": "like", "playlist": playlist["id"]}
    for _ in range(3):  # as another tab, another device or the command line would
        assert page.request.post(page.url + "v1/me/feedback", data=like).status == 201
    renew(page, "#hand [type=submit]")
    heart = "#queue [data-act=like][aria-pressed=true]"
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.click(heart)
    page.wait_for_selector(heart, state="detached")
    renew(page, "#hand [type=submit]")
    assert page.locator(heart).count() == 0


def test_a_heart_that_is_clicked_on_while_its_like_is_on_its_way_stays_full(visit):
    page = visit()
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    held = Held(page, "**/v1/me/feedback")
    heart = "#queue .track >> nth=1 >> [data-act=like]"
    for _ in range(3):
        page.click(heart)
    with page.expect_response("**/v1/me/feedback"):
        held.let_go()
    page.wait_for_load_state("networkidle")
    assert page.get_attribute(heart, "aria-pressed") == "true"
    kept = page.request.get(page.url + "v1/me/export").json()["feedback"]
    assert [entry["kind"] for entry in kept if entry["kind"] == "like"] == ["like"]


def test_music_goes_on_from_page_to_page(visit):
    page = visit()
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    sounds(page)
    for path in ("/library", "/settings", "/"):
        before = page.evaluate("document.querySelector('#audio').currentTime")
        page.click(f".tabs a[href='{path}']")
        page.wait_for_selector(f".tabs a[href='{path}'][aria-current=page]")
        page.wait_for_selector("main[data-ready]")
        until(page, "t => document.querySelector('#audio').currentTime > t", arg=before)
        assert not page.evaluate("document.querySelector('#audio').paused")
    assert page.locator("#queue .track").count() > 5
    page.go_back()
    page.wait_for_selector(".tabs a[href='/settings'][aria-current=page]")


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("NotAllowedError", "The microphone is not allowed"),
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "The microphone does not answer"),
    ],
)
def test_a_microphone_that_cannot_be_had_is_explained(visit, error, title):
    page = visit()
    page.evaluate(
        "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)) }", error
    )
    page.click("#speak")
    page.wait_for_selector("#trouble:not([hidden])")
    assert page.inner_text("#trouble-title") == title
    assert "recording" in page.inner_text("#trouble-text") or "try again" in page.inner_text("#trouble-text")
    assert page.get_attribute(".listen", "data-state") == "idle"


def test_an_insecure_address_is_explained(visit, site):
    page = visit(f"http://affetto.test:{site.port}/")
    page.click("#speak")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "https" in page.inner_text("#trouble-text")


def test_what_the_browser_does_to_the_sound_is_said(visit):
    page = visit()
    page.evaluate(
        "() => { const settings = MediaStreamTrack.prototype.getSettings;"
        "MediaStreamTrack.prototype.getSettings = function () {"
        " return {...settings.call(this), noiseSuppression: true} } }"
    )
    page.click("#speak")
    page.wait_for_selector("#capture:not([hidden])")
    assert "noise suppression" in page.inner_text("#capture")
    heard(page)


def test_a_server_that_restarts_while_someone_speaks_loses_nothing(visit):
    first = Running(Limits(stop_seconds=0.2)).start()
    page = visit(on=first, forgive=("WebSocket", "ERR_CONNECTION", "Failed to load"))
    page.click("#speak")
    page.wait_for_selector("[data-partial]")
    first.stop()
    page.wait_for_selector("#trouble:not([hidden])")
    assert page.inner_text("#trouble-title") == "The connection broke"
    second = Running(Limits(), port=first.port).start()
    try:
        heard(page)
        assert page.is_hidden("#trouble")
        sounds(page)
    finally:
        page.close()
        second.stop()


def test_two_tabs_speak_and_play_side_by_side(visit):
    one = visit()
    two = visit(context=one.context)
    one.click("#speak")
    two.click("#speak")
    heard(one)
    heard(two)
    sounds(two)
    assert len({page.inner_text("#words") for page in (one, two)}) >= 1


def test_music_follows_a_voice_that_goes_on(visit):
    page = visit()
    page.click("#follow")
    page.wait_for_selector("[data-state=listening]")
    page.wait_for_selector("#player:not([hidden])")
    sounds(page)
    assert page.evaluate("window.streams.some((s) => s.getTracks()[0].readyState === 'live')")
    playing = page.inner_text("#player-title")
    page.click("#follow")
    until(page, "window.streams.every((s) => s.getTracks()[0].readyState === 'ended')")
    heard(page)
    assert page.inner_text("#player-title") == playing, "the music that followed goes on"
    (entry,) = page.request.get(page.url + "v1/me/journal").json()["entries"]
    with page.expect_response("**/v1/me/playlists") as corrected:
        page.click(".place.sad")
    assert corrected.value.json()["entry"] == entry["id"], "what is put right is what was heard last"
    assert len(page.request.get(page.url + "v1/me/journal").json()["entries"]) == 1


def test_a_connection_that_breaks_while_music_follows_adds_no_entry(visit):
    first = Running(Limits(stop_seconds=0.2)).start()
    page = visit(on=first, forgive=("WebSocket", "ERR_CONNECTION", "Failed to load"))
    page.click("#follow")
    page.wait_for_selector("#player:not([hidden])")
    (entry,) = page.request.get(page.url + "v1/me/journal").json()["entries"]
    first.stop()
    page.wait_for_selector("#trouble:not([hidden])")
    second = Running(Limits(), port=first.port).start()
    try:
        page.wait_for_selector("#trouble", state="hidden")
        page.click("#follow")
        page.wait_for_selector("[data-state=heard]")
        (again,) = page.request.get(page.url + "v1/me/journal").json()["entries"]
        assert again["id"] == entry["id"], "what is sent again is the same reading"
        assert again["playlist"]["id"] != entry["playlist"]["id"], "and it was planned again"
    finally:
        page.close()
        second.stop()
