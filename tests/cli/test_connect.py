import json
import logging
from datetime import UTC, datetime

import pytest

from affetto.music import starter
from affetto.players.base import Feedback, FeedbackKind
from affetto.players.feedback import FeedbackLog
from affetto.players.journal import Journal
from affetto.players.secrets import Secrets
from affetto.players.spotify import client
from affetto.settings import settings
from tests.players.fake_spotify import ACCESS, CLIENT, REFRESH, FakeSpotify, error, signed_in, song


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def fake(monkeypatch):
    with FakeSpotify([song(1, title="Carefree", artist="Kevin MacLeod")]) as server:
        monkeypatch.setattr(client, "API", server.api)
        monkeypatch.setattr(client, "ACCOUNTS", server.address)
        yield server


@pytest.fixture
def browser(monkeypatch, fake):
    """A browser that signs in at once."""
    import threading
    from urllib.parse import parse_qs, urlsplit

    import httpx

    def open_page(address):
        asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        answer = {"code": fake.code, "state": asked["state"]}
        threading.Thread(target=httpx.get, args=(asked["redirect_uri"],), kwargs={"params": answer}).start()

    monkeypatch.setattr("webbrowser.open", open_page)


@pytest.mark.usefixtures("browser")
def test_from_connecting_to_forgetting(affetto, home):
    done = affetto("-v", "connect", "spotify", "--client-id", CLIENT, "--port", "18897")
    assert (done.code, "its secret lies in" in done.out, "hear VOICE --player spotify" in done.out) == (0, True, True)
    assert ACCESS in (home / "secrets.json").read_text()
    listed = affetto("connect", "--list", "--json")
    assert json.loads(listed.out)["facts"]["client_id"] == CLIENT
    assert "spotify" in affetto("connect", "--list").out
    assert affetto("connect", "--remove", "spotify").code == 0
    assert affetto("connect", "--list", "--json").out == ""
    assert ACCESS not in (home / "secrets.json").read_text()
    assert not list((home / "players").glob("spotify*"))
    again = affetto("connect", "--remove", "spotify")
    assert (again.code, "is not connected" in again.err) == (2, True)


@pytest.mark.usefixtures("home")
def test_the_check_prints_each_call(affetto, fake):
    signed_in()
    assert affetto("connect", "spotify", "--check").out.count("ok ") == 9
    fake.fault = lambda _, __, path: (
        error(403, "Player command failed", "PREMIUM_REQUIRED") if "player" in path else None
    )
    done = affetto("connect", "spotify", "--check", "--json")
    assert done.code == 2
    (failed,) = [line for line in map(json.loads, done.out.splitlines()) if not line["ok"]]
    assert (failed["call"], "needs Spotify Premium" in failed["note"]) == ("GET /me/player/devices", True)


@pytest.mark.usefixtures("home")
def test_no_secret_in_output_logs_errors_or_files(affetto, fake, home, caplog):
    signed_in()
    caplog.set_level(logging.DEBUG)
    seen = []
    for fault in (None, lambda *_: error(400, f"bad token {ACCESS} {REFRESH}"), lambda *_: error(401, ACCESS)):
        fake.fault = fault
        for command in (["connect", "--list"], ["connect", "--list", "--json"], ["connect", "spotify", "--check"]):
            done = affetto("-v", *command)
            seen += [done.out, done.err]
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "secrets.json"]
    assert files
    for text in [*seen, caplog.text, *(path.read_text(encoding="utf-8") for path in files)]:
        assert ACCESS not in text
        assert REFRESH not in text
    assert any("[secret]" in text for text in seen)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to connect"),
        (["winamp"], "player 'winamp': cannot be connected; choose"),
        (["file"], "cannot be connected"),
        (["spotify", "--name", "Ünsafe/../name"], "use small letters"),
        (["spotify", "--name", "local"], "no other player's name"),
        (["spotify", "--client-id", "nope"], "the client id is not one"),
        (["spotify", "--check"], "player 'spotify': is not connected; affetto connect spotify"),
        (["winamp", "--check"], "player 'winamp': is not connected; choose local"),
    ],
)
def test_what_cannot_be(affetto, arguments, words):
    done = affetto("connect", *arguments)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1


def test_a_connection_without_its_secret(affetto, home):
    signed_in()
    Secrets().remove("spotify")
    assert "connect again: affetto connect spotify" in affetto("connect", "spotify", "--check").err
    (home / "players.json").write_text("{}{")
    assert "is damaged" in affetto("connect", "--list").err
    (home / "players.json").write_text('{"a": {"kind": 3, "facts": {}}}')
    assert "is damaged" in affetto("connect", "--list").err
    Journal("spotify").save()


def test_the_command_reads_every_player(affetto, home):
    detail = {"player": "local", "uri": starter()[0].uri}
    FeedbackLog().add(Feedback(track="x", kind=FeedbackKind.LIKE, at=datetime.now(UTC), detail=detail))
    done = affetto("feedback", "sync", "--json")
    assert (done.code, json.loads(done.out)) == (0, {"player": "local", "read": 1, "new": 1, "unknown": 0})
    assert "local: 0 read, 0 new" in affetto("feedback", "sync", "local").out
    (home / "players.json").write_text('{"kitchen": {"kind": "mpd", "facts": {"url": "127.0.0.1:1"}}}')
    broken = affetto("feedback", "sync")
    assert (broken.code, "local: 0 read" in broken.out, "kitchen" in broken.out) == (2, True, False)
    assert "cannot be reached" in broken.err
    assert affetto("feedback", "sync", "kitchen").code == 2
