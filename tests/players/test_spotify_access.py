"""Spotify: tokens, refusals, playing, the check, and signing in."""

import json
import logging
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from affetto.errors import OptionError, PlayerError
from affetto.players import spotify as module
from affetto.players.base import AccessError
from affetto.players.secrets import Secrets
from tests.players.fake_spotify import ACCESS, CLIENT, REFRESH, error, song
from tests.players.spotify_setup import TRACKS, fake, open_spotify, track

__all__ = ["fake", "open_spotify"]


def test_a_token_that_ran_out_is_renewed_and_kept(fake, open_spotify, tmp_path):
    assert open_spotify(expires=-5).resolve(TRACKS[:2]).found
    assert fake.tokens["refresh_token"] == 1
    kept = json.loads((tmp_path / "secrets.json").read_text())
    assert json.loads(kept["spotify"])["refresh_token"] == f"{REFRESH}-again"


def test_a_token_that_is_refused_early_is_renewed_once(fake, open_spotify):
    fake.access = "another"
    player = open_spotify()
    assert player.resolve(TRACKS[:2]).found
    assert fake.tokens["refresh_token"] == 1
    fake.fault = lambda _, __, path: error(401, "no") if "search" in path else None
    with pytest.raises(AccessError, match="does not take its own new token"):
        player.resolve([track(19)])


def test_withdrawn_access_is_said(fake, open_spotify):
    fake.revoked = True
    with pytest.raises(AccessError, match=r"withdrawn or is older than six months; connect again: affetto connect"):
        open_spotify(expires=-5).resolve(TRACKS[:1])
    assert fake.tokens["refresh_token"] == 1


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ("Player command failed: Premium required", "PREMIUM_REQUIRED", "needs Spotify Premium"),
        ("Active premium subscription required for the owner of the app.", "", "needs Spotify Premium"),
        ("the user may not be registered: User not registered in the Developer Dashboard", "", "User Management"),
        ("Insufficient client scope", "", "answered 403: Insufficient client scope; connect again"),
    ],
)
def test_why_it_is_not_let_in(fake, open_spotify, message, reason, words):
    fake.fault = lambda *_: error(403, message, reason)
    with pytest.raises(AccessError, match=words):
        open_spotify().play(TRACKS[:1])
    assert len(fake.calls) == 1


def test_playing_and_queueing(fake, open_spotify):
    player = open_spotify()
    player.play(TRACKS[:2])
    assert fake.playing == {"device": "d2", "uris": ["spotify:track:t0", "spotify:track:t1"]}
    player.play(TRACKS[:1], device="kitchen")
    assert fake.playing["device"] == "d1"
    player.queue(TRACKS[2:4])
    assert fake.queued == ["spotify:track:t2", "spotify:track:t3"]
    with pytest.raises(OptionError, match="device 'Attic': is not ready; choose Kitchen, Desk"):
        player.play(TRACKS[:1], device="Attic")
    fake.devices = []
    with pytest.raises(PlayerError, match="open Spotify on one"):
        player.play(TRACKS[:1])


def test_the_check_tries_every_call_and_leaves_nothing_behind(fake, open_spotify):
    fake.songs.append(song(99, title="Carefree", artist="Kevin MacLeod"))
    checks = list(open_spotify().check())
    assert [each.call for each in checks if not each.ok] == []
    assert len(checks) == 9
    assert not any(playlist["listed"] for playlist in fake.playlists.values())
    fake.fault = lambda _, __, path: error(400, "Invalid limit") if "search" in path else None
    broken = [each for each in open_spotify().check() if not each.ok]
    assert "Invalid limit" in next(each.note for each in broken if each.call == "GET /search")


def test_nothing_from_there_is_feedback(fake, open_spotify):
    assert list(open_spotify().read_feedback()) == []
    assert fake.calls == []


def test_no_word_of_the_tokens_anywhere(fake, open_spotify, caplog, tmp_path):
    with caplog.at_level(logging.DEBUG):
        open_spotify(expires=-5).make_playlist("A", TRACKS[:2])
        fake.fault = lambda *_: error(400, f"bad header Bearer {fake.access} and {fake.refresh}")
        with pytest.raises(PlayerError) as caught:
            open_spotify(name="second").resolve([track(9)])
    held = (tmp_path / "players" / "spotify.json").read_text()
    for text in (caplog.text, str(caught.value), repr(caught.value), held):
        assert ACCESS not in text
        assert REFRESH not in text
    assert "[secret]" in str(caught.value)


# -- signing in -----------------------------------------------------------------------------------------------------


class Browser:
    """A listener who signs in, or declines."""

    def __init__(self, fake, **answer):
        self.fake, self.answer, self.told, self.opened = fake, answer, [], []

    def line(self, question):
        self.told.append(question)
        return CLIENT.upper()

    def secret(self, question):
        raise AssertionError(question)

    def tell(self, text):
        self.told.append(text)

    def open(self, address):

        self.opened.append(address)
        asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"].startswith("http://127.0.0.1:")
        back = asked["redirect_uri"]
        assert httpx.get(back, params={"code": "forged", "state": "guessed"}).status_code == 404
        assert httpx.get(back.replace("/callback", "/favicon.ico")).status_code == 404
        answer = self.answer or {"code": self.fake.code}
        assert httpx.get(back, params={**answer, "state": asked["state"]}).status_code == 200


@pytest.fixture
def accounts(fake, monkeypatch):
    monkeypatch.setattr("affetto.players.spotify.client.ACCOUNTS", fake.address)
    monkeypatch.setattr("affetto.players.spotify.client.API", fake.api)


@pytest.mark.usefixtures("accounts")
def test_signing_in(fake, tmp_path):
    secrets, browser = Secrets(tmp_path, keyring=False), Browser(fake)
    made = module.connect("spotify", {"port": "18898"}, ask=browser, secrets=secrets)
    assert made.facts == {"client_id": CLIENT, "user": "listener", "port": "18898"}
    assert any("http://127.0.0.1:18898/callback" in line for line in browser.told)
    assert ACCESS in secrets.get("spotify").reveal()
    assert ACCESS not in " ".join(browser.told)
    player = module.open_player(made, secrets=secrets)
    assert player.resolve(TRACKS[:1]).found
    secrets.remove("spotify")
    with pytest.raises(AccessError, match="connect again"):
        module.open_player(made, secrets=secrets)


@pytest.mark.usefixtures("accounts")
def test_signing_in_that_fails(fake, tmp_path, monkeypatch):
    secrets = Secrets(tmp_path, keyring=False)
    given = {"client_id": CLIENT, "port": "18899"}
    with pytest.raises(AccessError, match="ended with 'access_denied'"):
        module.connect("spotify", given, ask=Browser(fake, error="access_denied"), secrets=secrets)
    with pytest.raises(AccessError, match="withdrawn"):
        module.connect("spotify", given, ask=Browser(fake, code="wrong"), secrets=secrets)
    with pytest.raises(OptionError, match="client id is not one"):
        module.connect("spotify", {"client_id": "secret?"}, ask=Browser(fake), secrets=secrets)
    with pytest.raises(OptionError, match="--port 80"):
        module.connect("spotify", {"client_id": CLIENT, "port": "80"}, ask=Browser(fake), secrets=secrets)
    monkeypatch.setattr(Browser, "open", lambda *_: None)
    monkeypatch.setattr("affetto.players.spotify.sign_in._SIGN_IN", 0.05)
    with pytest.raises(PlayerError, match="nobody signed in"):
        module.connect("spotify", given, ask=Browser(fake), secrets=secrets)
    assert not (tmp_path / "secrets.json").exists()
