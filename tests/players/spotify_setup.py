"""What the tests of Spotify share: twenty tunes, a server that has them, and a listener who is signed in."""

import json
import time
from dataclasses import dataclass

import pytest

from affetto.affect import Affect
from affetto.music import Track
from affetto.players import spotify as module
from affetto.players.journal import Journal
from affetto.players.patience import Patience
from affetto.players.secrets import Secret, Secrets
from tests.players.fake_spotify import ACCESS, CLIENT, REFRESH, FakeSpotify, song

QUICK = Patience(tries=4, pause=0.01, longest=1.0, timeout=1.0, whole=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded(Track):
    isrc: str = ""


def track(number, *, isrc="", **facts):
    facts = {"title": f"Tune {number:03d}", "artist": "Ana", "seconds": 180.0, "uri": f"{number}.mp3", **facts}
    return Coded(id=str(number), mood=Affect(0.1, 0.2), mood_source="", isrc=isrc, **facts)


TRACKS = [track(n) for n in range(20)]
SONGS = [song(n, title=f"Tune {n:03d}", artist="Ana") for n in range(20)]


@pytest.fixture
def fake():
    with FakeSpotify(list(SONGS)) as server:
        yield server


@pytest.fixture
def open_spotify(fake, tmp_path):
    secrets = Secrets(tmp_path, keyring=False)

    def make(*, expires=3600, patience=QUICK, name="spotify", folder=None):
        token = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": time.time() + expires}
        secrets.put(name, Secret(json.dumps({**token, "scope": " ".join(module.SCOPES)})))
        return module.Spotify(
            name,
            client_id=CLIENT,
            user="listener",
            secrets=secrets,
            journal=Journal(name, folder=folder or tmp_path / "players"),
            patience=patience,
            api=fake.api,
            accounts=fake.address,
        )

    return make
