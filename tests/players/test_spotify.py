import threading
import time
from dataclasses import replace

import pytest

from affetto.errors import OptionError, PlayerError
from affetto.players.base import LaterError, Player, StoppedError, UnsureError, Watch
from affetto.players.journal import marker
from affetto.players.patience import Patience
from tests.players.fake_spotify import FakeSpotify, Reply, error, every_third, song
from tests.players.spotify_setup import SONGS, TRACKS, fake, open_spotify, track

__all__ = ["fake", "open_spotify"]


def the_only(fake):
    (playlist,) = fake.playlists.values()
    return playlist


def test_twenty_tracks_in_few_calls_and_again_in_fewer(fake, open_spotify):
    player = open_spotify()
    assert isinstance(player, Player)
    placed = player.make_playlist("Affetto: calm", TRACKS, about="Because it is late.")
    assert len(fake.calls) <= 25
    assert (placed.created, placed.link) == (True, "https://open.spotify.com/playlist/p1")
    assert the_only(fake)["uris"] == [s["uri"] for s in SONGS]
    assert the_only(fake)["public"] is False
    assert the_only(fake)["description"] == f"Because it is late. [{marker('Affetto: calm')}]"
    assert [match.how for match in placed.resolution.found] == ["search"] * 20

    before = len(fake.calls)
    again = open_spotify().make_playlist("Affetto: calm", TRACKS[:5], about="Because it is late.")
    assert (again.created, again.id, len(the_only(fake)["uris"])) == (False, "p1", 5)
    assert len(fake.calls) - before == 2  # what is listed, what goes in


def test_isrc_first_then_title_artist_and_length_and_the_rest_is_listed(fake, open_spotify):
    fake.songs = [
        song(1, title="Renamed Tune", artist="Somebody", isrc="GBAYE0601498"),
        song(2, title="Other", artist="Bo", seconds=200),
        song(3, title="Other (Live)", artist="Bo", seconds=300),
        song(4, title="Elsewhere", artist="Nobody"),
    ]
    wanted = [
        track(1, title="Renamed Tune", artist="Ana", isrc="gb-aye-06-01498"),
        track(2, title="Other", artist="Bo", seconds=201.0),
        track(3, title="Elsewhere", artist="Ana"),
        track(4, title="Unheard", artist="Ana"),
    ]
    found = open_spotify().resolve(wanted)
    assert [(m.track.id, m.id, m.how) for m in found.found] == [
        ("1", "spotify:track:t1", "isrc"),
        ("2", "spotify:track:t2", "search"),
    ]
    assert all(match.score >= 0.9 for match in found.found)
    assert [miss.track.id for miss in found.missing] == ["3", "4"]
    assert "best of 1 scores" in found.missing[0].why
    assert found.missing[1].why == "nothing found"


def test_a_wrong_code_is_not_believed(fake, open_spotify):
    fake.songs = [song(1, title="Zyx", artist="Q", isrc="GBAYE0601498"), song(2, title="Tune 001", artist="Ana")]
    assert open_spotify().resolve([track(1, isrc="GBAYE0601498")]).ids == ("spotify:track:t2",)


def test_the_second_page_is_looked_at(fake, open_spotify):
    live = [song(100 + n, title="Tune 001 (Live)", artist="Ana") for n in range(12)]
    fake.songs = [*live, song(1, title="Tune 001", artist="Ana")]
    assert open_spotify().resolve([TRACKS[1]]).ids == ("spotify:track:t1",)
    assert len(fake.calls) == 2


def test_nothing_found_makes_nothing(fake, open_spotify):
    fake.songs = []
    with pytest.raises(PlayerError, match="none of the 20 tracks was found, so no playlist was made"):
        open_spotify().make_playlist("A", TRACKS)
    with pytest.raises(PlayerError, match="so nothing plays"):
        open_spotify().play(TRACKS)
    assert not fake.playlists
    with pytest.raises(OptionError, match="no name"):
        open_spotify().make_playlist(" ", TRACKS)


def test_a_playlist_of_more_than_a_hundred(fake, open_spotify):
    fake.songs = [song(n, title=f"Tune {n:03d}", artist="Ana") for n in range(230)]
    open_spotify().make_playlist("Long", [track(n) for n in range(230)])
    assert the_only(fake)["uris"] == [s["uri"] for s in fake.songs]


def test_the_listeners_own_playlist_of_that_name_is_left_alone(fake, open_spotify):
    mark = marker("Mine")
    own = {"id": "p1", "name": "Mine", "description": "", "uris": ["x"], "listed": True, "owner": {"id": "listener"}}
    other = {**own, "id": "p2", "description": f"[{mark}]", "owner": {"id": "friend"}}
    fake.playlists = {"p1": dict(own), "p2": dict(other)}
    placed = open_spotify().make_playlist("Mine", TRACKS[:2])
    assert placed.created
    assert (fake.playlists["p1"]["uris"], fake.playlists["p2"]["uris"]) == (["x"], ["x"])


def test_a_playlist_is_known_again_on_another_machine(fake, open_spotify, tmp_path):
    open_spotify().make_playlist("A", TRACKS[:2])
    for number in range(60):  # it is on the second page by now
        name = f"q{number}"
        fake.playlists[name] = {"id": name, "name": name, "description": None, "listed": True, "owner": {"id": "o"}}
    placed = open_spotify(folder=tmp_path / "elsewhere").make_playlist("A", TRACKS[:3], about="More")
    assert (placed.created, placed.id) == (False, "p1")
    assert fake.playlists["p1"]["description"].startswith("More [")


def test_a_playlist_that_the_listener_removed_is_made_anew(fake, open_spotify):
    player = open_spotify()
    player.make_playlist("A", TRACKS[:2])
    fake.playlists["p1"]["listed"] = False
    assert player.make_playlist("A", TRACKS[:2]).id == "p2"


# -- faults ---------------------------------------------------------------------------------------------------------


def test_every_third_call_fails_and_it_finishes(fake, open_spotify):
    fake.fault = every_third
    try:
        placed = open_spotify().make_playlist("A", TRACKS)
    except UnsureError:
        placed = open_spotify().make_playlist("A", TRACKS)
    assert len(placed.resolution.found) == 20
    assert the_only(fake)["uris"] == [s["uri"] for s in SONGS]


def lost_answers(method, path, how, times=1):
    left = [times]

    def fault(_, called, at):
        if called == method and at == path and left[0]:
            left[0] -= 1
            return how
        return None

    return fault


@pytest.mark.parametrize(
    "how",
    [
        Reply(cut=True),
        Reply(status=500, body={}),
        Reply(raw=b"<html>Bad gateway</html>"),
        Reply(raw=b"\x00garbage{"),
        Reply(raw=b""),
    ],
    ids=["cut", "500", "html", "garbage", "nothing"],
)
@pytest.mark.parametrize("effect", [True, False])
def test_a_lost_answer_never_makes_a_second_playlist(fake, open_spotify, how, effect):
    fake.fault = lost_answers("POST", "/v1/me/playlists", replace(how, done=effect))
    try:
        placed = open_spotify().make_playlist("A", TRACKS[:3])
    except UnsureError:
        placed = open_spotify().make_playlist("A", TRACKS[:3])
    assert placed.id == the_only(fake)["id"]
    assert len(the_only(fake)["uris"]) == 3


def test_a_lost_answer_while_filling_does_not_double_the_items(fake, open_spotify):
    fake.songs = [song(n, title=f"Tune {n:03d}", artist="Ana") for n in range(120)]
    fake.fault = lost_answers("POST", "/v1/playlists/p1/items", Reply(cut=True), times=2)
    open_spotify().make_playlist("Long", [track(n) for n in range(120)])
    assert len(the_only(fake)["uris"]) == 120


@pytest.mark.parametrize("body", [b"<html><body>Login</body></html>", b"\xff\xfe nonsense", b"[1, 2", b'{"a": 1}'])
def test_answers_that_are_not_what_was_asked_for(fake, open_spotify, body):
    fake.fault = lambda *_: Reply(raw=body, headers={"Content-Type": "text/html"}, done=False)
    with pytest.raises(PlayerError, match=r"web page|no JSON|without 'tracks'") as caught:
        open_spotify().make_playlist("A", TRACKS)
    assert "\n" not in str(caught.value)
    assert not fake.playlists


def test_an_answer_without_end_is_cut(fake, open_spotify):
    fake.fault = lambda *_: Reply(raw=b" " * (5 << 20))
    with pytest.raises(PlayerError, match="more than 4 MiB"):
        open_spotify().resolve(TRACKS[:1])


def test_a_redirect_gets_no_token(fake, open_spotify):
    with FakeSpotify([]) as other:
        fake.fault = lambda *_: Reply(status=302, headers={"Location": f"{other.api}search"}, done=False)
        with pytest.raises(PlayerError, match="redirects elsewhere"):
            open_spotify().resolve(TRACKS[:1])
        assert other.calls == []


@pytest.mark.slow
def test_a_slow_server_is_waited_for(fake, open_spotify):
    fake.delay = 2.0
    placed = open_spotify(patience=Patience(pause=0.01)).make_playlist("A", TRACKS[:1])
    assert placed.created


def test_a_server_that_does_not_answer_is_given_up(fake, open_spotify):
    fake.delay = 1.0
    with pytest.raises(PlayerError, match=r"did not answer in time \(tried 2 times\)"):
        open_spotify(patience=Patience(tries=2, pause=0.01, timeout=0.2)).resolve(TRACKS[:1])


def test_nobody_there(fake, open_spotify):
    player = open_spotify()
    fake.close()
    with pytest.raises(PlayerError, match="cannot be reached"):
        player.resolve(TRACKS[:1])


def test_too_many_requests_are_waited_for(fake, open_spotify):
    told = []
    fake.fault = lambda number, *_: error(429, "API rate limit exceeded", Retry_After="1") if number == 2 else None
    began = time.monotonic()
    open_spotify().resolve(TRACKS[:3], watch=Watch(tell=told.append))
    assert time.monotonic() - began >= 1
    assert told == ["Spotify asks for patience: going on in 1 s"]


def test_a_long_wait_is_said_and_the_work_goes_on_later(fake, open_spotify):
    fake.fault = lambda number, *_: error(429, "", Retry_After="86400") if number > 8 else None
    with pytest.raises(LaterError, match=r"too many requests; what was done is kept, .* again in 24 h") as caught:
        open_spotify().make_playlist("A", TRACKS)
    assert caught.value.seconds == 86_400
    fake.fault = None
    before = len(fake.calls)
    open_spotify().make_playlist("A", TRACKS)
    assert len(fake.calls) - before == 12 + 3


def test_a_used_up_quota_is_not_hammered(fake, open_spotify):
    fake.fault = lambda *_: error(429, "Too many requests", "QUOTA_EXCEEDED", Retry_After="1")
    with pytest.raises(LaterError, match="quota is used up"):
        open_spotify().make_playlist("A", TRACKS)
    assert len(fake.calls) == 1


def test_it_can_be_called_off_and_goes_on(fake, open_spotify):
    stopped = threading.Event()
    watch = Watch(progress=lambda _, done, __: done == 5 and stopped.set(), stopped=stopped)
    with pytest.raises(StoppedError):
        open_spotify().make_playlist("A", TRACKS, watch=watch)
    assert len(fake.calls) == 5
    assert not fake.playlists
    open_spotify().make_playlist("A", TRACKS)
    assert len(fake.calls) == 20 + 3
