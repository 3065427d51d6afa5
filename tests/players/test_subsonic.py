"""Subsonic against a real Supysonic server."""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import soundfile

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music.collection import Collection
from affetto.music.track import Track
from affetto.players import load_playlist, save_tracks
from affetto.players.base import AccessError, FeedbackKind, Player, Watch
from affetto.players.connections import Connections, connect, open_player
from affetto.players.journal import Journal, marker
from affetto.players.local import LocalPlayer
from affetto.players.near import bring_near
from affetto.players.secrets import Secrets
from affetto.players.subsonic import address_of
from affetto.players.subsonic.cache import AudioCache
from affetto.players.subsonic.catalog import import_catalog
from affetto.players.subsonic.listening import listen_to_songs
from affetto.players.teaching import teach
from affetto.recommendation.listener import Listener
from affetto.settings import settings
from tests.players.servers import SONGS, music, supysonic
from tests.players.somebody import Somebody
from tests.players.supysonic_server import OTHER, OTHER_PASSWORD, PASSWORD, USER

__all__ = ["music", "supysonic"]


Answers = partial(Somebody, secret=PASSWORD)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    return tmp_path


@pytest.fixture
def secrets(home):
    return Secrets(home / "data", keyring=False)


@pytest.fixture
def player(supysonic, secrets):
    connect("subsonic", given={"url": supysonic.url, "user": USER}, ask=Answers(), secrets=secrets)
    return open_player("subsonic", secrets=secrets)


def track(title, artist, *, seconds=None, uri=""):
    return Track(id="7", title=title, artist=artist, uri=uri, seconds=seconds, mood=Affect(0, 0), mood_source="")


def wanted(*numbers):
    return [track(SONGS[n][0], SONGS[n][1], seconds=SONGS[n][4]) for n in numbers]


def playlists(player):
    return {each["name"]: each for each in player.api.playlists()}


def contents(player, identity):
    entries = player.api.call("getPlaylist", id=identity)["playlist"]["entry"]
    return [each["title"] for each in entries]


def test_a_server_without_tokens_gets_the_password_and_its_log_does_not(supysonic, secrets, home):
    ask = Answers()
    before = len((supysonic.folder / "requests.log").read_text()) if (supysonic.folder / "requests.log").exists() else 0
    made = connect("subsonic", given={"url": f"{supysonic.url}/", "user": USER}, ask=ask, secrets=secrets)
    assert (made.facts["way"], made.facts["forms"], made.facts["url"]) == ("password", "yes", supysonic.url)
    assert secrets.get("subsonic").reveal() == PASSWORD
    assert PASSWORD not in (home / "data" / "players.json").read_text()
    player = open_player("subsonic", secrets=secrets)
    assert isinstance(player, Player)
    assert player.resolve(wanted(0)).found
    lines = (supysonic.folder / "requests.log").read_text()[before:]
    assert "search3" in lines
    assert PASSWORD.encode().hex() not in lines


def test_a_wrong_password_is_told_and_nothing_kept(supysonic, secrets, caplog):
    caplog.set_level(logging.DEBUG)
    ask = Answers(secret="wrong-password-not-to-be-seen")
    with pytest.raises(AccessError, match="wrong user name or password") as caught:
        connect("subsonic", given={"url": supysonic.url, "user": USER}, ask=ask, secrets=secrets)
    assert secrets.get("subsonic") is None
    assert not Connections().all()
    for secret in ("wrong-password-not-to-be-seen", b"wrong-password-not-to-be-seen".hex()):
        assert secret not in str(caught.value) + caplog.text + "".join(ask.told)


def test_playlists_are_made_once_and_brought_up_to_date_in_place(player):
    placed = player.make_playlist("Affetto: calm", wanted(0, 2), about="Because it is late.")
    assert (placed.created, len(placed.resolution.found)) == (True, 2)
    held = playlists(player)["Affetto: calm"]
    assert held["comment"] == f"Because it is late. [{marker('Affetto: calm')}]"
    assert contents(player, placed.id) == [SONGS[0][0], SONGS[2][0]]

    again = player.make_playlist("Affetto: calm", wanted(1, 0), about="Later.")
    assert (again.created, again.id) == (False, placed.id)
    assert contents(player, placed.id) == [SONGS[1][0], SONGS[0][0]]
    Journal("subsonic").remove()  # as on another machine
    elsewhere = open_player("subsonic", secrets=Secrets(keyring=False))
    third = elsewhere.make_playlist("Affetto: calm", wanted(2))
    assert (third.created, third.id) == (False, placed.id)
    assert len([name for name in playlists(player) if "calm" in name or "affetto-" in name]) == 1


def test_what_is_not_there_is_listed_and_a_playlist_of_nothing_is_not_made(player):
    tracks = [*wanted(0), track("Unheard", "Nobody"), track("Loud Fire (Live)", "Bo Berg", seconds=200.0)]
    resolution = player.resolve(tracks)
    assert [match.how for match in resolution.found] == ["search"]
    unheard, live = resolution.missing
    assert (unheard.why, live.why.endswith("Bo Berg - Loud Fire")) == ("nothing found", True), live
    with pytest.raises(PlayerError, match="none of the 1 tracks was found, so no playlist was made"):
        player.make_playlist("Nothing", [track("Unheard", "Nobody")])
    assert "Nothing" not in playlists(player)
    with pytest.raises(OptionError, match="no name"):
        player.make_playlist("  ", wanted(0))


def test_the_listeners_own_playlists_are_left_alone(supysonic, player, secrets):
    player.api.call("createPlaylist", name="Mine", songId=[])
    given = {"url": supysonic.url, "user": OTHER}
    connect("subsonic", name="friend", given=given, ask=Answers(secret=OTHER_PASSWORD), secrets=secrets)
    friend = open_player("friend", secrets=secrets)
    theirs = friend.make_playlist("Mine", wanted(2))
    friend.api.call("updatePlaylist", playlistId=theirs.id, public="true")

    placed = player.make_playlist("Mine", wanted(0))
    assert placed.created
    assert placed.id != theirs.id
    assert contents(friend, theirs.id) == [SONGS[2][0]]
    own = [each for each in player.api.playlists() if each["name"] == "Mine" and each["owner"] == USER]
    assert sorted(each["songCount"] for each in own) == [0, 1]


def test_a_playlist_that_the_listener_removed_is_made_again(player):
    first = player.make_playlist("Gone", wanted(0))
    player.api.call("deletePlaylist", id=first.id)
    second = player.make_playlist("Gone", wanted(0))
    assert second.created
    assert second.id != first.id


def test_stars_and_ratings_come_back(player):
    early = datetime.now(UTC) - timedelta(days=1)
    ids = player.resolve(wanted(0, 1)).ids
    player.api.call("star", id=ids[0])
    player.rate(wanted(1)[0], 5)
    everything = list(player.read_feedback())
    assert {(each.kind, each.track, each.detail.get("rating")) for each in everything} == {
        (FeedbackKind.LIKE, address_of("subsonic", ids[0]), None),
        (FeedbackKind.RATING, address_of("subsonic", ids[1]), 1.0),
    }
    assert {each.detail["title"] for each in everything} == {SONGS[0][0], SONGS[1][0]}
    # A rating has no date of its own: what was read before is not news.
    assert [each.kind for each in player.read_feedback(since=early)] == [FeedbackKind.LIKE]
    player.rate(wanted(1)[0], 2)
    news = [each for each in player.read_feedback(since=early) if each.kind is FeedbackKind.RATING]
    assert [each.detail["rating"] for each in news] == [0.25]
    player.rate(wanted(1)[0], 0)
    player.api.call("unstar", id=ids[0])
    assert list(player.read_feedback()) == []
    with pytest.raises(OptionError, match="0 to 5 stars"):
        player.rate(wanted(1)[0], 6)


def test_what_plays_now_comes_back_as_a_play(player, tmp_path):
    (identity,) = player.resolve(wanted(2)).ids
    with (tmp_path / "song").open("w+b") as file:
        player.api._fetch("stream", identity, file, 1 << 24, None)
    (play,) = [each for each in player.read_feedback() if each.kind is FeedbackKind.PLAY]
    assert (play.track, play.detail["title"]) == (address_of("subsonic", identity), SONGS[2][0])
    player.scrobble(wanted(2)[0], datetime.now(UTC))


def test_the_catalog_is_imported_and_its_songs_are_heard(player, supysonic):
    with Collection.open() as collection:
        report = import_catalog(collection.store, player)
        assert (report.songs, report.new, report.gone, report.waiting) == (4, 4, 0, 3)
        library = collection.library()
        assert {each.title for each in library} == {song[0] for song in SONGS[:3]}  # the fourth is no music
        assert {each.mood_source for each in library} == {"genre"}
        by_title = {each.title: each for each in library}
        assert by_title["Loud Fire"].mood.arousal > by_title["Quiet Water"].mood.arousal
        assert all(each.uri.startswith("subsonic:subsonic/") for each in library)
        again = import_catalog(collection.store, player)
        assert (again.songs, again.new, again.updated) == (4, 0, 0)

        heard = listen_to_songs(collection.store, player, most=2, pause=0.0, workers=0)
        assert (heard.heard, heard.waiting, heard.failed) == (2, 1, {})
        heard = listen_to_songs(collection.store, player, pause=0.0, workers=0)
        assert (heard.heard, heard.waiting, heard.failed) == (1, 0, {})
        for each in collection.library():
            described = collection.describe(int(each.id))
            assert {row["source"] for row in described["evidence"]} >= {"audio", "genre"}
            assert each.tempo is not None
        assert listen_to_songs(collection.store, player, workers=0).heard == 0

        # What the library chose is found again without a question.
        tracks = list(collection.library())
        before = (supysonic.folder / "requests.log").read_text().count("search3")
        placed = player.make_playlist("From the library", tracks)
        assert [match.how for match in placed.resolution.found] == ["id"] * len(tracks)
        assert (supysonic.folder / "requests.log").read_text().count("search3") == before


def test_stars_teach_the_listener(player):
    with Collection.open() as collection:
        import_catalog(collection.store, player)
        ids = {each.title: each.id for each in collection.library()}
        player.api.call("star", id=player.resolve(wanted(0)).ids[0])
        player.rate(wanted(1)[0], 1)
        listener = Listener.open(store=collection.store)
        assert teach(listener, player).unknown == 0
        said = {("like", f"own:{ids[SONGS[0][0]]}"), ("dislike", f"own:{ids[SONGS[1][0]]}")}
        for _ in range(2):
            kinds = [(str(entry.kind), entry.key) for entry in listener.history() if entry.kind != "play"]
            assert (len(kinds), set(kinds)) == (2, said)
            teach(listener, player)
        player.rate(wanted(1)[0], 0)
        player.api.call("unstar", id=player.resolve(wanted(0)).ids[0])


def test_songs_of_the_server_are_played_here(player, tmp_path):
    uri = address_of("subsonic", player.resolve(wanted(0)).ids[0])
    assert bring_near("/music/a.mp3", watch=Watch()) == "/music/a.mp3"
    near = bring_near(uri, watch=Watch())
    assert soundfile.info(near).duration == pytest.approx(SONGS[0][4], abs=0.1)
    saved = save_tracks([track("Quiet Water", "Ana Lund", uri=uri)], tmp_path / "list.m3u8")
    (read,) = load_playlist(saved)
    assert read.uri == uri
    assert load_playlist(saved, within=tmp_path) == []
    assert LocalPlayer().resolve([read]).ids == (uri,)
    with pytest.raises(PlayerError, match="'other': is not connected"):
        bring_near("subsonic:other/a1", watch=Watch())


def test_downloads_are_kept_and_the_oldest_go_first(player, home):
    ids = player.resolve(wanted(0, 1)).ids
    cache = AudioCache("subsonic", most=1)
    assert cache.get(ids[0]) is None
    first = cache.fetch(player, ids[0], watch=Watch())
    assert first == cache.get(ids[0]) == cache.fetch(player, ids[0], watch=Watch())
    assert first.read_bytes()[:4] == b"fLaC"
    second = cache.fetch(player, ids[1], watch=Watch())
    assert (first.exists(), second.exists()) == (False, True)
    assert not list((home / "cache").rglob("*.part"))


def test_a_song_that_vanished_is_looked_for_again(player):
    held = wanted(0)[0]
    stale = track(
        held.title,
        held.artist,
        seconds=held.seconds,
        uri=address_of("subsonic", "0" * 8 + "-" + "0" * 4 + "-4000-8000-" + "0" * 12),
    )
    placed = player.make_playlist("Stale", [stale])
    assert contents(player, placed.id) == [SONGS[0][0]]


def test_the_check_tries_every_call_and_leaves_nothing(player):
    before = set(playlists(player))
    checks = list(player.check())
    assert all(each.ok for each in checks), checks
    assert {"ping", "search3", "createPlaylist", "deletePlaylist"} <= {each.call for each in checks}
    assert set(playlists(player)) == before


@pytest.mark.usefixtures("player")
def test_without_the_secret_it_says_so(secrets):
    secrets.remove("subsonic")
    with pytest.raises(AccessError, match="connect again: affetto connect subsonic http"):
        open_player("subsonic", secrets=secrets)


def test_what_the_server_cannot_do_is_refused_in_one_line(player):
    with pytest.raises(PlayerError, match="keeps no queue for its apps"):
        player.play(wanted(0))
    with pytest.raises(OptionError, match="leave it out for your apps"):
        player.play(wanted(0), device="Kitchen")
