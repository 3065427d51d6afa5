import json

import pytest

from affetto.players.connections import connect
from affetto.players.secrets import Secrets
from affetto.settings import settings
from tests.players.fake_servers import PASSWORD, FakeSubsonic, subsonic_songs
from tests.players.somebody import Somebody


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    return tmp_path


def test_a_server_comes_into_the_library_and_goes_again(affetto, home, sound):
    with FakeSubsonic(subsonic_songs(3)) as fake:
        fake.sound = sound
        ask, secrets = Somebody("listener", secret=PASSWORD), Secrets(home / "data", keyring=False)
        connect("subsonic", name="home", given={"url": fake.address}, ask=ask, secrets=secrets)
        listed = affetto("library", "add", "subsonic:home", "--most", "0", "--json")
        told = json.loads(listed.out)
        assert (told["server"], told["songs"], told["new"], told["heard"], told["waiting"]) == ("home", 3, 3, 0, 3)
        heard = affetto("library", "add", "subsonic:home", "--workers", "0")
        assert (heard.code, "home: 3 heard, 0 waiting, 0 failed" in heard.err) == (0, True), heard.err
    assert len(list((home / "cache").rglob("*.song"))) == 3
    gone = affetto("connect", "--remove", "home")
    assert "affetto library remove subsonic:home forgets them too" in gone.out
    assert not [*(home / "cache").rglob("*.song"), *(home / "data" / "players").glob("home*")]
    assert len(affetto("library", "list", "--json").out.splitlines()) == 3
    assert "3 songs forgotten" in affetto("library", "remove", "subsonic:home").err
    assert affetto("library", "list", "--json").out == ""
    again = affetto("library", "remove", "subsonic:home")
    assert (again.code, "the library holds no song of it" in again.err) == (2, True)
    assert PASSWORD not in "".join(each.out + each.err for each in (listed, heard, gone, again))


@pytest.mark.usefixtures("home")
def test_what_is_not_connected_is_refused(affetto):
    done = affetto("library", "add", "subsonic:")
    assert (done.code, "affetto connect subsonic" in done.err) == (2, True)
    done = affetto("library", "add", "--most", "3")
    assert (done.code, "goes with subsonic:NAME" in done.err) == (2, True)


@pytest.fixture
def sound(tmp_path):
    """What the server gives for each song: half a minute of a chord, as FLAC."""
    import soundfile

    from tests.players.servers import RATE, tune

    path = tmp_path / "song.flac"
    soundfile.write(path, tune(110.0, 31.0), RATE)
    return path.read_bytes()
