from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import AccessError, FeedbackKind
from affetto.players.connections import Connections, connect, open_player
from affetto.players.secrets import Secrets
from affetto.settings import settings
from tests.players.fake_servers import PASSWORD, TOKEN, FakeJellyfin
from tests.players.fake_spotify import Reply
from tests.players.somebody import Somebody


def item(number, name, *, artist="Ana", seconds=200, **facts):
    ticks = seconds * 10_000_000
    return {"Id": f"{number:032x}", "Name": name, "Artists": [artist], "RunTimeTicks": ticks, **facts}


Answers = partial(Somebody, secret=PASSWORD)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    return tmp_path


@pytest.fixture
def secrets(home):
    return Secrets(home, keyring=False)


@pytest.fixture
def fake():
    with FakeJellyfin([item(1, "Ronda"), item(2, "Other", artist="Bo", Path="/music/other.flac")]) as server:
        yield server


@pytest.fixture
def player(fake, secrets):
    connect("jellyfin", given={"url": fake.address}, ask=Answers("listener"), secrets=secrets)
    return open_player("jellyfin", secrets=secrets)


def track(title, artist="Ana", *, seconds=200.0, uri=""):
    return Track(id="1", title=title, artist=artist, uri=uri, seconds=seconds, mood=Affect(0, 0), mood_source="")


def test_only_the_token_is_kept(fake, secrets, player, home):
    assert player.resolve([track("Ronda")]).found
    kept = (home / "players.json").read_text() + (home / "secrets.json").read_text()
    assert secrets.get("jellyfin").reveal() == TOKEN
    assert PASSWORD not in kept
    assert TOKEN not in (home / "players.json").read_text()
    assert not any(TOKEN in target for target in fake.targets)


def test_a_wrong_password_or_another_server_is_refused(fake, secrets):
    with pytest.raises(AccessError, match="answered 401; check name and password"):
        connect("jellyfin", given={"url": fake.address}, ask=Answers("listener", secret="wrong"), secrets=secrets)
    with pytest.raises(OptionError, match="no user name"):
        connect("jellyfin", given={"url": fake.address}, ask=Answers(" "), secrets=secrets)
    fake.fault = lambda *_: Reply(body={"hello": "world"})
    with pytest.raises(PlayerError, match="does not answer as Jellyfin does; check the address"):
        connect("jellyfin", given={"url": fake.address, "user": "listener"}, ask=Answers(), secrets=secrets)
    assert not Connections().all()


def test_tracks_are_found_by_path_and_by_name(player):
    wanted = [
        track("Other", "Somebody else", seconds=None, uri="/music/other.flac"),
        track("Ronda (Remastered 2011)"),
        track("Ronda (Live)", seconds=400.0),
        track("Unheard"),
    ]
    resolution = player.resolve(wanted)
    assert [(match.how, match.score) for match in resolution.found] == [("path", 1.0), ("search", 1.0)]
    assert [miss.why.split(" scores")[0] for miss in resolution.missing] == ["best of 1", "nothing found"]
    with pytest.raises(PlayerError, match="so nothing plays"):
        player.play([track("Unheard")])


def test_playing_on_the_app_that_plays_or_the_one_that_is_named(fake, player):
    with pytest.raises(PlayerError, match="none of its apps is open"):
        player.play([track("Ronda")])
    fake.sessions = [
        {"Id": "s1", "DeviceName": "Phone", "SupportsMediaControl": True},
        {"Id": "s2", "DeviceName": "Desk", "SupportsMediaControl": True, "NowPlayingItem": {"Id": "x"}},
        {"Id": "s3", "DeviceName": "Deaf", "SupportsMediaControl": False},
    ]
    player.play([track("Ronda")])
    player.play([track("Ronda")], device="phone")
    player.queue([track("Ronda")])
    assert fake.commands == [
        (session, command, [f"{1:032x}"])
        for session, command in (("s2", "PlayNow"), ("s1", "PlayNow"), ("s2", "PlayNext"))
    ]
    with pytest.raises(OptionError, match="is not ready; choose Phone, Desk"):
        player.play([track("Ronda")], device="Deaf")


def test_favourites_thumbs_and_plays_come_back(fake, player):
    played = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    fake.items[0]["UserData"] = {
        "IsFavorite": True,
        "PlayCount": 4,
        "LastPlayedDate": played.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
    }
    fake.items[1]["UserData"] = {"IsFavorite": False, "Likes": False, "PlayCount": -1, "LastPlayedDate": "nonsense"}
    got = list(player.read_feedback())
    assert [(each.kind, each.detail["title"]) for each in got] == [
        (FeedbackKind.PLAY, "Ronda"),
        (FeedbackKind.LIKE, "Ronda"),
        (FeedbackKind.DISLIKE, "Other"),
    ]
    assert (got[0].at, got[0].detail["plays"], got[0].track) == (played, 4.0, f"jellyfin:jellyfin/{1:032x}")
    assert list(player.read_feedback(since=played + timedelta(hours=1))) == []
    fake.items[1]["UserData"]["IsFavorite"] = True
    (news,) = player.read_feedback(since=datetime.now() + timedelta(hours=1))
    assert (news.kind, news.detail["artist"]) == (FeedbackKind.LIKE, "Bo")


def test_ids_are_the_same_with_and_without_hyphens(fake, player):
    placed = player.make_playlist("Calm", [track("Ronda")])
    (mark,) = fake.preferences["CustomPrefs"]
    with_hyphens = "-".join(placed.id[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    fake.preferences["CustomPrefs"][mark] = with_hyphens.upper()
    fake.preferences["CustomPrefs"]["somebody"] = "else"
    player._journal.remove()
    assert not player.make_playlist("Calm", [track("Ronda")]).created
    assert fake.preferences["CustomPrefs"]["somebody"] == "else"
    assert placed.link.endswith(placed.id)


def test_the_check_changes_nothing(fake, player, secrets):
    fake.sessions = [{"Id": "s1", "DeviceName": "Phone", "SupportsMediaControl": True}]
    assert [each.note for each in player.check()] == ["10.9.11", "1 found", "0 playlists of ours", "Phone"]
    assert all(method == "GET" for method, _ in fake.calls[-4:])
    fake.fault = lambda *_: Reply(body={}, done=False)
    assert [each.ok for each in player.check()] == [True, False, True, False]
    secrets.remove("jellyfin")
    with pytest.raises(AccessError, match="is not in"):
        open_player("jellyfin", secrets=secrets)
