"""The import of large, slow and broken catalogs, and what servers of OpenSubsonic offer beyond Supysonic."""

import itertools
import time
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
import soundfile

from affetto.errors import OptionError, PlayerError, StoreError
from affetto.music.analysis import FEATURES, Analysis
from affetto.music.collection import Collection
from affetto.players.base import AccessError, FeedbackKind, LaterError, StoppedError, Watch
from affetto.players.connections import connect, open_player
from affetto.players.journal import Journal
from affetto.players.patience import Patience
from affetto.players.secrets import Secret, Secrets
from affetto.players.subsonic import Subsonic, address_of
from affetto.players.subsonic.api import SubsonicApi, parameters
from affetto.players.subsonic.catalog import import_catalog
from affetto.players.subsonic.listening import listen_to_songs
from affetto.settings import settings
from tests.players.fake_servers import KEY, PASSWORD, FakeSubsonic, subsonic_songs
from tests.players.fake_spotify import Reply
from tests.players.servers import tune
from tests.players.somebody import Somebody

QUICK = Patience(tries=4, pause=0.01, longest=0.2, timeout=1.0, whole=2.0)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def fake(tmp_path):
    with FakeSubsonic(subsonic_songs(1200)) as server:
        soundfile.write(tmp_path / "sound.flac", tune(110.0, 31.0), 22_050)
        server.sound = (tmp_path / "sound.flac").read_bytes()
        yield server


@pytest.fixture
def collection():
    with Collection.open() as opened:
        yield opened


def player(fake, *, name="home", patience=QUICK):
    sent = parameters("token", Secret(PASSWORD), "listener")
    api = SubsonicApi(fake.address, sent=sent, forms=fake.forms, patience=patience)
    return Subsonic(name, api=api, user="listener", journal=Journal(name), patience=patience)


def hear(path):
    """A listener that is quick."""
    assert path.stat().st_size > 1000
    return Analysis(
        seconds=31.0,
        tempo=120.0,
        tempo_alternative=60.0,
        tempo_strength=0.5,
        key="A",
        mode="minor",
        key_confidence=0.2,
        loudness=-14.0,
        loudness_range=5.0,
        onset_density=2.0,
        features=np.full(len(FEATURES), 0.5, np.float32),
        music_probability=1.0,
    )


def calls(fake, name):
    return sum(path.endswith(f"/{name}.view") for _, path in fake.calls)


def test_a_catalog_comes_in_pages_with_its_facts(fake, collection):
    fake.songs[1] |= {
        "title": "Été\n\x1b[31m",
        "displayArtist": "Ana & Bo",
        "moods": ["Relaxed"],
        "isrc": ["gb-aye-06-01498"],
        "bpm": 98,
    }
    fake.songs[2] |= {"duration": 5}
    fake.songs[3] |= {"genre": "Audiobook"}
    fake.songs[4] |= {"isVideo": True}
    fake.songs[5] |= {"id": {"not": "an id"}}
    report = import_catalog(collection.store, player(fake))
    assert (report.songs, report.new) == (1198, 1198)
    assert calls(fake, "search3") == 3
    (entry,) = collection.entries("Ana")
    assert (entry["title"], entry["artist"], entry["feels"]) == ("Été [31m", "Ana & Bo", ["relaxed"]), entry
    assert collection.describe(entry["id"])["mood_source"] == "tags, genre"
    assert {each["title"] for each in collection.entries(which="aside")} == {"Tune 000002", "Tune 000003"}
    assert len(collection.library()) == 1196


def test_albums_are_walked_where_an_empty_search_finds_nothing(fake, collection):
    fake.empty_search = False
    assert import_catalog(collection.store, player(fake)).new == 1200
    assert (calls(fake, "getAlbumList2"), calls(fake, "getAlbum")) == (2, 900)


def test_what_changed_is_renewed_and_what_went_is_set_aside_until_it_comes_back(fake, collection):
    import_catalog(collection.store, player(fake))
    gone = fake.songs.pop()
    fake.songs[0] |= {"genre": "Metal", "title": "New name"}
    report = import_catalog(collection.store, player(fake))
    assert (report.songs, report.new, report.updated, report.gone) == (1199, 0, 1, 1)
    (entry,) = collection.entries("New name")
    assert entry["arousal"] > 0
    fake.songs.append(gone)
    report = import_catalog(collection.store, player(fake))
    assert (report.new, report.updated, report.gone, len(collection.library())) == (0, 1, 0, 1200)


def test_a_server_that_suddenly_lists_nothing_takes_nothing_away(fake, collection):
    import_catalog(collection.store, player(fake))
    fake.songs = []
    with pytest.raises(PlayerError, match="lists no songs; check that it has scanned its music"):
        import_catalog(collection.store, player(fake))
    assert len(collection.library()) == 1200


@pytest.mark.parametrize("empty_search", [True, False], ids=["pages", "albums"])
def test_a_walk_that_was_cut_off_goes_on_there(fake, collection, empty_search):
    fake.songs, fake.empty_search = fake.songs[: 1200 if empty_search else 90], empty_search
    number = itertools.count()

    def fault(_, __, path):
        ends = ("search3.view",) if empty_search else ("getAlbum.view",)
        if path.endswith(ends) and next(number) >= (2 if empty_search else 60):
            return Reply(status=500, body={}, done=False)
        return None

    fake.fault = fault
    with pytest.raises(PlayerError, match="answered 500"):
        import_catalog(collection.store, player(fake))
    kept = len(collection.library())
    assert kept == (1000 if empty_search else 60)
    fake.fault = None
    before = calls(fake, "search3" if empty_search else "getAlbum")
    assert import_catalog(collection.store, player(fake)).songs == len(fake.songs)
    assert calls(fake, "search3" if empty_search else "getAlbum") - before == (2 if empty_search else 30)
    assert len(collection.library()) == len(fake.songs)


@pytest.mark.parametrize(
    "how",
    [
        lambda: Reply(status=500, body={}, done=False),
        lambda: Reply(cut=True),
        lambda: Reply(raw=b"<html>Bad gateway</html>"),
        lambda: Reply(raw=b"\x00\xffgarbage"),
    ],
    ids=["500", "cut", "html", "garbage"],
)
def test_every_third_answer_bad_is_got_over(fake, collection, how):
    fake.songs = fake.songs[:600]
    fake.fault = lambda number, *_: how() if number % 3 == 0 else None
    assert import_catalog(collection.store, player(fake)).new == 600
    report = listen_to_songs(collection.store, player(fake), most=4, pause=0.0, workers=0, listener=hear)
    assert (report.heard, report.failed) == (4, {})


def test_only_bad_answers_end_with_what_is_wrong(fake, collection):
    fake.fault = lambda *_: Reply(raw=b"<html>Bad gateway</html>")
    with pytest.raises(PlayerError, match="a web page where JSON is due"):
        import_catalog(collection.store, player(fake))
    fake.fault = lambda *_: Reply(body={"something": "else"})
    with pytest.raises(PlayerError, match="does not answer as a Subsonic server does; check the address"):
        import_catalog(collection.store, player(fake))
    fake.fault = lambda *_: Reply(body={"subsonic-response": {"status": "ok", "searchResult3": {"song": "no list"}}})
    with pytest.raises(PlayerError, match="lists no songs"):
        import_catalog(collection.store, player(fake))


def test_a_server_that_gives_one_page_for_ever_comes_to_an_end(fake, collection):
    page = fake.songs[:500]
    answer = {"subsonic-response": {"status": "ok", "searchResult3": {"song": page}}}
    fake.fault = lambda *_: Reply(body=answer, done=False)
    assert import_catalog(collection.store, player(fake)).songs == 500
    assert calls(fake, "search3") == 2


def test_listening_goes_on_where_it_was_and_leaves_the_server_alone_between(fake, collection):
    fake.songs = fake.songs[:6]
    import_catalog(collection.store, player(fake))
    watch = Watch(progress=lambda stage, done, _: watch.stopped.set() if (stage, done) == ("listening", 2) else None)
    with pytest.raises(StoppedError):
        listen_to_songs(collection.store, player(fake), pause=0.0, workers=0, listener=hear, watch=watch)
    began = time.monotonic()
    report = listen_to_songs(collection.store, player(fake), pause=0.1, workers=0, listener=hear)
    assert (report.heard, report.waiting, calls(fake, "download")) == (4, 0, 6)
    assert time.monotonic() - began >= 0.4
    (entry, *_) = collection.entries("Tune 000000")
    assert (entry["tempo"], collection.describe(entry["id"])["mood_source"]) == (120.0, "audio, genre")
    again = import_catalog(collection.store, player(fake))
    # The server's own length of a song differs by far from what was heard: another recording, to be heard again.
    assert again.waiting == again.updated == 6


def test_streams_stand_in_where_downloads_are_not_allowed(fake, collection):
    fake.songs, sound, fake.sound = fake.songs[:2], fake.sound, b""
    fake.fault = lambda _, __, path: (
        Reply(raw=sound, headers={"Content-Type": "audio/flac"}) if "stream" in path else None
    )
    import_catalog(collection.store, player(fake))
    assert listen_to_songs(collection.store, player(fake), pause=0.0, workers=0, listener=hear).heard == 2


def test_songs_that_cannot_be_heard_are_told_once_and_not_asked_for_again(fake, collection):
    fake.songs, fake.sound = fake.songs[:3], b"this is no sound" * 100
    import_catalog(collection.store, player(fake))
    report = listen_to_songs(collection.store, player(fake), pause=0.0, workers=0)
    assert (report.heard, len(report.failed)) == (0, 3)
    before = len(fake.calls)
    assert listen_to_songs(collection.store, player(fake), pause=0.0, workers=0).failed == {}
    assert len(fake.calls) == before


def test_a_server_that_gives_errors_for_sound_is_the_cause_after_five(fake, collection):
    fake.songs = fake.songs[:9]
    import_catalog(collection.store, player(fake))
    fake.fault = lambda _, __, path: (
        Reply(raw=b"<html>Bad</html>", headers={"Content-Type": "text/html"}) if "load" in path else None
    )
    with pytest.raises(PlayerError, match="5 songs in a row could not be had, what was heard is kept"):
        listen_to_songs(collection.store, player(fake), pause=0.0, workers=0)
    fake.fault = lambda *_: Reply(status=429, headers={"Retry-After": "900"}, body={}, done=False)
    with pytest.raises(LaterError, match="in 15 min"):
        listen_to_songs(collection.store, player(fake), pause=0.0, workers=0)
    assert list(settings().cache_dir.rglob("*.part")) == []


def test_one_scan_at_a_time(fake, collection):
    with collection.store.lock("scan"), pytest.raises(StoreError, match="a scan is running"):
        import_catalog(collection.store, player(fake))


def test_plays_with_their_time_come_back(fake):
    fake.songs = fake.songs[:3]
    fake.songs[0] |= {"playCount": 9, "played": "2026-03-26T22:27:46.112827504Z"}
    fake.songs[1] |= {"starred": "2026-03-27T09:45:27Z", "userRating": 3, "playCount": "many", "played": "yesterday"}
    got = list(player(fake).read_feedback(since=datetime(2026, 3, 1)))
    assert [(each.kind, each.track) for each in got] == [
        (FeedbackKind.PLAY, address_of("home", "s000000")),
        (FeedbackKind.LIKE, address_of("home", "s000001")),
        (FeedbackKind.RATING, address_of("home", "s000001")),
    ]
    assert (got[0].detail["plays"], got[2].detail["rating"]) == (9.0, 0.5)
    assert got[0].at == datetime(2026, 3, 26, 22, 27, 46, 112827, tzinfo=UTC)
    assert list(player(fake).read_feedback(since=datetime(2026, 3, 28, tzinfo=UTC))) == []


def test_the_queue_that_apps_follow_and_the_jukebox(fake):
    from tests.players.test_servers_with_faults import tracks

    there, told = player(fake), []
    there.play(tracks(1, 2), watch=Watch(tell=told.append))
    fake.queue["position"] = 5000
    there.queue(tracks(3))
    assert [each["id"] for each in fake.queue["entry"]] == ["s000001", "s000002", "s000003"]
    assert (fake.queue["current"], fake.queue["position"]) == ("s000001", 5000)
    assert "press play" in told[0]
    there.play(tracks(4), device="jukebox")
    assert fake.jukebox == ["set", "start"]


# -- signing in -----------------------------------------------------------------------------------------------------


Answers = partial(Somebody, secret=PASSWORD)


@pytest.mark.parametrize("forms", [True, False])
def test_signing_in_with_a_token(home, forms):
    secrets = Secrets(home, keyring=False)
    with FakeSubsonic(subsonic_songs(3), forms=forms) as fake:
        made = connect("subsonic", given={"url": f"{fake.address}/rest/"}, ask=Answers("listener"), secrets=secrets)
        assert (made.facts["way"], made.facts["forms"]) == ("token", "yes" if forms else "no")
        opened = open_player("subsonic", secrets=secrets)
        assert next(opened.api.songs())[0].id == "s000000"
        assert opened.make_playlist("A", list(_tracks(1))).created
        assert not any(PASSWORD in target or PASSWORD.encode().hex() in target for target in fake.targets)


def _tracks(*numbers):
    from tests.players.test_servers_with_faults import tracks

    return tracks(*numbers)


def test_signing_in_with_a_key_where_it_is_offered(home):
    secrets = Secrets(home, keyring=False)
    with FakeSubsonic(subsonic_songs(3), ways=("key",)) as fake:
        given = {"url": fake.address}
        made = connect("subsonic", given=given, ask=Answers("key", secret=KEY), secrets=secrets)
        assert (made.facts["way"], made.facts["user"]) == ("key", "listener")
        assert all(
            each.ok for each in open_player("subsonic", secrets=secrets).check() if each.call != "deletePlaylist"
        )
        assert not any(KEY in target for target in fake.targets)
        with pytest.raises(AccessError, match="does not know this API key"):
            connect("subsonic", given=given, ask=Answers("key", secret="another-key"), secrets=secrets)
        with pytest.raises(AccessError, match="does not take this way of signing in"):
            connect("subsonic", given={**given, "user": "listener"}, ask=Answers(), secrets=secrets)


def test_a_password_is_not_sent_in_the_open_without_a_yes(home, monkeypatch):
    secrets = Secrets(home, keyring=False)
    with FakeSubsonic(subsonic_songs(3), ways=("password",)) as fake:
        monkeypatch.setattr("affetto.players.subsonic.sign_in._is_private", lambda _: False)
        given, ask = {"url": fake.address, "user": "listener"}, Answers("no")
        with pytest.raises(OptionError, match="the password was not sent; use the server's https address"):
            connect("subsonic", given=given, ask=ask, secrets=secrets)
        assert secrets.get("subsonic") is None
        assert "can be read on the way" in " ".join(ask.told)
        assert connect("subsonic", given=given, ask=Answers("yes"), secrets=secrets).facts["way"] == "password"


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://a.example", True),
        ("http://localhost:4533", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:80", True),
        ("http://192.168.0.2", False),
        ("http://music.example", False),
    ],
)
def test_what_nobody_else_can_read(address, private):
    from affetto.players.subsonic.sign_in import _is_private

    assert _is_private(address) is private


@pytest.mark.parametrize("given", [{"url": "ftp://a"}, {"url": "http://me:secret@a"}, {"url": "http://a/?t=1"}])
def test_addresses_that_are_refused(given, home):
    with pytest.raises(OptionError):
        connect("subsonic", given=given, ask=Answers(), secrets=Secrets(home, keyring=False))


def test_no_name_or_password_is_refused(fake, home):
    with pytest.raises(OptionError, match="neither a name and a password nor a key"):
        connect("subsonic", given={"url": fake.address}, ask=Answers(" "), secrets=Secrets(home, keyring=False))
