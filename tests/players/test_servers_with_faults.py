"""Subsonic, ListenBrainz and Jellyfin on servers that are slow, broken or hostile: one behaviour for all of them."""

import itertools
import logging
import time
import uuid
from dataclasses import dataclass

import pytest

from affetto.affect import Affect
from affetto.errors import PlayerError
from affetto.music.track import Track
from affetto.players import jellyfin, listenbrainz
from affetto.players.base import AccessError, LaterError, Player, StoppedError, UnsureError, Watch
from affetto.players.journal import Journal, marker
from affetto.players.listenbrainz.api import open_http
from affetto.players.patience import Patience
from affetto.players.secrets import Secret
from affetto.players.subsonic import Subsonic
from affetto.players.subsonic.api import SubsonicApi, parameters
from tests.players.fake_servers import (
    PASSWORD,
    TOKEN,
    FakeJellyfin,
    FakeListenBrainz,
    FakeSubsonic,
    subsonic_songs,
)
from tests.players.fake_spotify import Reply

QUICK = Patience(tries=4, pause=0.01, longest=0.5, timeout=0.6, whole=1.5)
COUNT = 130  # more than fits in one request
KINDS = ("subsonic", "subsonic without forms", "listenbrainz", "jellyfin")


def tracks(*numbers):
    facts = {"uri": "", "mood": Affect(0.1, 0.2), "mood_source": ""}
    return [
        Track(id=str(n), title=f"Tune {n:06d}", artist=f"Artist {n:03d}", seconds=120.0 + n, **facts) for n in numbers
    ]


@dataclass
class Place:
    """One kind of server, and how to look at its playlists."""

    kind: str
    fake: object
    folder: object

    def player(self, *, patience=QUICK, fresh=False, secret=None):
        folder = self.folder / uuid.uuid4().hex if fresh else self.folder
        journal, address = Journal("there", folder=folder), self.fake.address
        if self.kind.startswith("subsonic"):
            sent = parameters("token", Secret(secret or PASSWORD), "listener")
            forms = self.kind == "subsonic"
            api = SubsonicApi(address, sent=sent, forms=forms, patience=patience, access="connect again")
            return Subsonic("there", api=api, user="listener", journal=journal, folder=folder, patience=patience)
        token = Secret(secret or TOKEN)
        if self.kind == "listenbrainz":
            http = open_http(address, token, patience)
            return listenbrainz.ListenBrainz("there", http=http, user="lis/tener", journal=journal, pause=0.01)
        http = jellyfin._http(address, token, "d", patience)
        return jellyfin.Jellyfin("there", http=http, user=FakeJellyfin.USER, journal=journal, pause=0.01)

    @property
    def playlists(self):
        """Name and number of items of each."""
        held = self.fake.playlists.values()
        name, items = {"listenbrainz": ("title", "track"), "jellyfin": ("Name", "Ids")}.get(
            self.kind, ("name", "songs")
        )
        return [(each[name], [self.number(item) for item in each[items]]) for each in held]

    def number(self, item):
        if self.kind == "listenbrainz":
            return uuid.UUID(item["identifier"].rpartition("/")[2]).int
        return int(item, 16) if self.kind == "jellyfin" else int(item[1:])

    def add_own(self, name):
        """A playlist of the listener's own."""
        own = {
            "listenbrainz": {"identifier": f"https://listenbrainz.org/playlist/{uuid.UUID(int=99)}", "title": name},
            "jellyfin": {"Id": "f" * 32, "Name": name},
        }.get(self.kind, {"id": "own", "name": name, "owner": "listener", "comment": ""})
        identity = str(uuid.UUID(int=99)) if self.kind == "listenbrainz" else own.get("Id") or own.get("id")
        empty = {"listenbrainz": {"track": [], "annotation": "mine"}, "jellyfin": {"Ids": []}}
        self.fake.playlists[identity] = {**own, **empty.get(self.kind, {"songs": []})}


@pytest.fixture(params=KINDS)
def there(request, tmp_path):
    kind = request.param
    if kind.startswith("subsonic"):
        fake = FakeSubsonic(subsonic_songs(COUNT), forms=kind == "subsonic")
    elif kind == "listenbrainz":
        fake = FakeListenBrainz([(f"Artist {n:03d}", f"Tune {n:06d}", str(uuid.UUID(int=n))) for n in range(COUNT)])
    else:
        fake = FakeJellyfin(
            [
                {
                    "Id": f"{n:032x}",
                    "Name": f"Tune {n:06d}",
                    "Artists": [f"Artist {n:03d}"],
                    "RunTimeTicks": (120 + n) * 10_000_000,
                }
                for n in range(COUNT)
            ]
        )
    with fake:
        yield Place(kind, fake, tmp_path)


def test_made_once_brought_up_to_date_and_known_on_another_machine(there):
    player = there.player()
    assert isinstance(player, Player)
    placed = player.make_playlist("Affetto: calm", tracks(*range(12)), about="Because <it> & is late.")
    assert placed.created
    assert there.playlists == [("Affetto: calm", list(range(12)))]
    again = player.make_playlist("Affetto: calm", tracks(5, 3))
    elsewhere = there.player(fresh=True).make_playlist("Affetto: calm", tracks(9))
    assert (again.created, again.id, elsewhere.created, elsewhere.id) == (False, placed.id, False, placed.id)
    assert there.playlists == [("Affetto: calm", [9])]


def test_many_tracks_arrive_in_order(there):
    there.player().make_playlist("Long", tracks(*reversed(range(COUNT))))
    assert there.playlists == [("Long", list(reversed(range(COUNT))))]


def test_the_listeners_own_playlist_of_that_name_is_left_alone(there):
    there.add_own("Mine")
    assert there.player().make_playlist("Mine", tracks(1, 2)).created
    assert there.playlists == [("Mine", []), ("Mine", [1, 2])]
    there.player(fresh=True).make_playlist("Mine", tracks(3))
    assert there.playlists == [("Mine", []), ("Mine", [3])]


HOW = {
    "cut": lambda: Reply(cut=True),
    "500": lambda: Reply(status=500, body={"error": "no"}),
    "html": lambda: Reply(raw=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
    "garbage": lambda: Reply(raw=b"\x00garbage{"),
}


@pytest.mark.parametrize("effect", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("how", HOW)
def test_every_third_answer_lost_never_makes_a_second_playlist(there, how, effect):
    def fault(number, *_):
        if number % 3:
            return None
        reply = HOW[how]()
        reply.done = effect
        return reply

    there.fake.fault = fault
    numbers = (7, 1, 4)
    said = []
    for _ in range(6):
        try:
            there.player().make_playlist("Affetto: calm", tracks(*numbers))
            break
        except PlayerError as error:
            said.append(str(error))
    else:
        pytest.fail("never finished")
    assert not [words for words in said if "\n" in words]
    assert there.playlists == [("Affetto: calm", list(numbers))]
    there.fake.fault = None
    assert not there.player(fresh=True).make_playlist("Affetto: calm", tracks(*numbers)).created
    assert there.playlists == [("Affetto: calm", list(numbers))]


@pytest.mark.parametrize("how", HOW)
def test_a_server_that_only_breaks_is_told_clearly(there, how):
    there.fake.fault = lambda *_: HOW[how]()
    with pytest.raises(PlayerError, match=r"(tried 4 times|it may have been done)") as caught:
        there.player().make_playlist("A", tracks(1))
    assert "\n" not in str(caught.value)
    assert "<html>" not in str(caught.value)


def test_a_slow_server_is_waited_for_and_a_silent_one_is_not(there):
    there.fake.delay = 0.15
    began = time.monotonic()
    there.player().make_playlist("Slow", tracks(1, 2))
    assert there.playlists == [("Slow", [1, 2])]
    there.fake.delay = 2.0
    with pytest.raises(PlayerError, match="did not answer in time"):
        there.player(patience=Patience(tries=2, pause=0.01, timeout=0.2, whole=0.5)).resolve(tracks(3))
    assert time.monotonic() - began < 8


def test_an_answer_to_the_making_that_comes_too_late_is_found(there):
    creating = ("createPlaylist", "/playlist/create", "/Playlists")
    late = itertools.count()

    def fault(_, method, path):
        if method in ("GET", "POST") and path.removesuffix(".view").endswith(creating) and next(late) < 1:
            return Reply(cut=True)  # made, and nobody was told
        return None

    there.fake.fault = fault
    there.player().make_playlist("Late", tracks(1))
    assert there.playlists == [("Late", [1])]


def test_a_crash_between_making_and_naming_leaves_nothing_behind(there):
    naming = ("updatePlaylist", "/playlist/edit", "/DisplayPreferences/affetto")

    def fault(_, method, path):
        breaks = any(part in path for part in naming) and (method == "POST" or "update" in path)
        return Reply(status=500, body={}, done=False) if breaks else None

    there.fake.fault = fault
    with pytest.raises(PlayerError):
        there.player().make_playlist("Half", tracks(1))
    assert [name for name, _ in there.playlists] == [marker("Half")]
    there.fake.fault = None
    there.player(fresh=True).make_playlist("Half", tracks(2))
    assert there.playlists == [("Half", [2])]


def test_too_many_requests_are_waited_for_or_told(there):
    limited = itertools.count()
    there.fake.fault = lambda *_: (
        Reply(status=429, body={"error": "slow down"}, headers={"Retry-After": "0"}, done=False)
        if next(limited) % 2 == 0
        else None
    )
    there.player().make_playlist("Limited", tracks(1, 2))
    assert there.playlists == [("Limited", [1, 2])]
    there.fake.fault = lambda *_: Reply(status=429, body={}, headers={"Retry-After": "600"}, done=False)
    with pytest.raises(
        LaterError, match="too many requests; what was done is kept, run the same command again in 10 min"
    ):
        there.player().resolve(tracks(3))


def test_no_secret_in_errors_or_logs_when_access_fails(there, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-secret-not-to-be-seen"
    with pytest.raises(AccessError, match="connect again") as caught:
        there.player(secret=wrong).make_playlist("A", tracks(1))
    there.player().make_playlist("A", tracks(1))
    held = PASSWORD if there.kind.startswith("subsonic") else TOKEN
    there.fake.fault = lambda *_: Reply(status=500, body={"error": f"echo {there.fake.targets[-1]} {held}"})
    with pytest.raises(PlayerError) as echoed:
        there.player().resolve(tracks(2))
    text = f"{caught.value} {echoed.value} {caplog.text}"
    for secret in (wrong, "must-not-be-seen"):
        assert secret not in text
    for target in there.fake.targets:
        for part in target.partition("?")[2].split("&"):
            key, _, value = part.partition("=")
            assert key not in ("t", "s", "p") or value not in text


def test_work_is_called_off(there):
    watch = Watch()
    there.fake.fault = lambda number, *_: watch.stopped.set() if number == 2 else None
    with pytest.raises(StoppedError, match="what was done is kept"):
        there.player().make_playlist("Stopped", tracks(1, 2, 3, 4), watch=watch)
    assert there.playlists == []


def test_a_redirect_to_another_server_gets_no_credentials(there):
    there.fake.fault = lambda *_: Reply(status=302, headers={"Location": "http://localhost:9/"}, done=False)
    with pytest.raises(PlayerError, match="redirects to another server"):
        there.player().resolve(tracks(1))


def test_unsure_changes_are_told_as_such(there):
    creating = ("createPlaylist", "/playlist/create", "/Playlists")
    there.fake.fault = lambda _, __, path: (
        Reply(cut=True, done=False, body={}) if path.removesuffix(".view").endswith(creating) else None
    )
    with pytest.raises(UnsureError, match="it may have been done or not"):
        there.player().make_playlist("Never", tracks(1))
    there.fake.fault = None
    there.player().make_playlist("Never", tracks(1))
    assert there.playlists == [("Never", [1])]
