"""The pages and their files: what they hold, what they let a browser do, and in which language."""

import gzip
import json
import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from affetto.server.pages.assets import assets, version
from affetto.server.pages.policy import content_policy
from affetto.server.pages.routes import PAGES
from affetto.server.pages.words import LANGUAGES, catalogue, choose_language
from tests.server.test_readings import client as client
from tests.server.test_readings import problem

VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "circle", "path", "use", "ellipse"}


class Document(HTMLParser):
    """The tags of a page with their attributes, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag


@pytest.mark.parametrize("path", PAGES)
def test_every_page_holds_nothing_inline_and_nothing_from_elsewhere(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    document = Document(answer.text)
    for tag, attributes in document.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action"):
            assert not re.match(r"(https?:)?//|data:|javascript:", attributes.get(name) or ""), (tag, attributes)
        if tag == "script" and attributes.get("type") != "application/json":
            assert attributes["src"].startswith(f"/static/{version()}/")
    assert not [tag for tag, _ in document.tags if tag == "style"]
    ids = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
def test_every_file_that_a_page_names_is_there_and_kept_for_ever(client, path):
    for _, attributes in Document(client.get(path).text).tags:
        for place in (attributes.get("src"), attributes.get("href")):
            if place and place.startswith(("/static", "/manifest")):
                answer = client.get(place)
                assert answer.status_code == 200, place
                if place.startswith("/static"):
                    assert "immutable" in answer.headers["cache-control"]


def test_the_policy_lets_a_page_reach_this_server_and_the_streams_of_the_starter_catalog(client):
    policy = dict(part.strip().split(" ", 1) for part in client.get("/").headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["media-src"] == "'self' blob: https://incompetech.com"
    assert "unsafe" not in content_policy()
    for name in ("icons/icon.svg", "js/app.js"):
        assert "content-security-policy" in client.get(f"/static/{version()}/{name}").headers


def test_a_file_that_is_not_of_the_page_cannot_be_asked_for(client):
    for path in ("..%2froutes.py", "js", "js/nothing.js", "/etc/passwd"):
        problem(client.get(f"/static/{version()}/{path}"), 404, "not-found")


def test_files_of_another_version_are_not_kept(client):
    assert client.get("/static/older/js/app.js").headers["cache-control"] == "no-cache"


def test_text_is_compressed_and_fonts_are_not_again(client):
    assert client.get("/").headers["content-encoding"] == "gzip"
    assert client.get(f"/static/{version()}/css/base.css").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get(f"/static/{version()}/fonts/instrument-sans.woff2").headers
    plain = client.get(f"/static/{version()}/css/base.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(assets()["css/base.css"].packed or b"")


def test_a_page_weighs_little(client):
    """The first visit, with its fonts; the browser test measures what really comes."""
    names = [name for name in assets() if name.startswith(("css/", "js/", "fonts/")) and not name.endswith("LICENSE")]
    files = sum(len(assets()[name].packed or assets()[name].content) for name in names)
    page = len(gzip.compress(client.get("/").content))
    assert files + page <= 150_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_says_the_same_things_with_the_same_blanks(language):
    english, other = catalogue("en"), catalogue(language)
    assert set(other) == set(english)
    for key, text in other.items():
        assert text.strip() == text != "", key
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key


def test_another_language_is_another_language():
    same = [key for key, text in catalogue("de").items() if text == catalogue("en")[key] and len(text) > 12]
    assert same == []


def test_every_sentence_that_a_script_names_is_in_the_catalogue():
    used = set()
    for name, asset in assets().items():
        if name.startswith("js/"):
            used |= set(re.findall(r"\b(?:t|has)\(\s*\"([a-z_.]+)\"", asset.content.decode()))
    assert used - set(catalogue("en")) == set()
    assert len(used) > 20


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "de-AT,de;q=0.9", "de"),
        (None, "fr, en;q=0.2, de;q=0.7", "de"),
        (None, "de;q=0, en", "en"),
        (None, "de;q=x", "en"),
        ("de", "en", "de"),
        ("xx", "de", "de"),
        (None, "fr", "en"),
    ],
)
def test_the_language_is_the_one_chosen_else_the_best_that_the_browser_takes(chosen, accepted, language):
    assert choose_language(chosen, accepted) == language


def test_a_page_comes_in_the_language_and_the_theme_that_were_chosen(client):
    german = client.get("/", headers={"accept-language": "de"}).text
    assert '<html lang="de" data-theme="auto">' in german
    assert catalogue("de")["listen.title"] in german
    dark = client.get("/", headers={"cookie": "theme=dark; language=en", "accept-language": "de"}).text
    assert '<html lang="en" data-theme="dark">' in dark
    odd = client.get("/", headers={"cookie": 'theme="><script>; language=../x'}).text
    assert 'data-theme="auto"' in odd


def test_the_data_of_a_page_cannot_end_its_block(client):
    text = client.get("/").text
    block = re.search(r'<script type="application/json" id="data-words">(.*?)</script>', text, re.DOTALL)
    assert block
    assert "<" not in block[1]
    assert json.loads(block[1]) == dict(catalogue("en"))


def test_it_can_be_installed_and_opened_without_a_network(client):
    manifest = client.get("/manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    found = manifest.json()
    assert {"name", "start_url", "display", "icons"} <= set(found)
    for icon in found["icons"]:
        answer = client.get(icon["src"])
        assert answer.headers["content-type"] == icon["type"]
    worker = client.get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    files = json.loads(re.search(r"const FILES = (\[.*?\]);", worker.text)[1])
    assert set(PAGES) <= set(files)
    for path in files:
        assert client.get(path).status_code == 200, path


def test_the_fonts_come_with_their_licence():
    text = resources.files("affetto.server.pages").joinpath("static/fonts/LICENSE").read_text(encoding="utf-8")
    assert "SIL Open Font License" in text
    assert "Instrument Sans" in text
