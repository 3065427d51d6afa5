"""MPD against a real daemon with a null output, and against sockets that misbehave."""

import contextlib
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import AccessError, FeedbackKind, Player, StoppedError, UnsureError, Watch
from affetto.players.connections import connect, open_player
from affetto.players.journal import Journal, marker
from affetto.players.mpd import MpdPlayer, Playing
from affetto.players.patience import Patience
from affetto.players.secrets import Secrets
from affetto.settings import settings
from tests.players.servers import MPD_PASSWORD, SONGS, mpd_server, music
from tests.players.somebody import Somebody

__all__ = ["mpd_server", "music"]

QUICK = Patience(tries=3, pause=0.01, longest=0.1, timeout=0.5, whole=1.0)


Answers = partial(Somebody, secret=MPD_PASSWORD)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def secrets(home):
    return Secrets(home, keyring=False)


@pytest.fixture
def player(mpd_server):
    opened = MpdPlayer("mpd", address=str(mpd_server.socket), patience=Patience(pause=0.01))
    for _ in range(100):
        opened.client.call(lambda mpd: mpd.update(), Watch())
        if opened.client.call(lambda mpd: mpd.stats(), Watch())["songs"] == str(len(SONGS)):
            break
        time.sleep(0.05)
    opened.client.call(lambda mpd: mpd.clear(), Watch())
    yield opened
    opened.close()


def track(title, artist, *, seconds=None, uri=""):
    return Track(id="7", title=title, artist=artist, uri=uri, seconds=seconds, mood=Affect(0, 0), mood_source="")


def wanted(*numbers):
    return [track(SONGS[n][0], SONGS[n][1], seconds=SONGS[n][4]) for n in numbers]


def stored(player, name):
    return [each["title"] for each in player.client.call(lambda mpd: mpd.listplaylistinfo(name), Watch())]


def queued(player):
    return [each["title"] for each in player.client.call(lambda mpd: mpd.playlistinfo(), Watch())]


def test_tracks_are_found_by_path_then_by_name(player, music):
    assert isinstance(player, Player)
    path = music / "Bo Berg" / "Days" / "02.flac"
    there = track("Another title", "Another artist", uri=str(path))
    elsewhere = track("Quiet Water", "Ana Lund", seconds=34.0, uri="/somewhere/else/01.flac")
    stream = track("Radio", "", uri="http://127.0.0.1:9/radio.mp3")
    unknown = track("Unheard", "Nobody", uri="gopher://127.0.0.1/1")
    live = track("Quiet Water (Live)", "Ana Lund", seconds=300.0)
    resolution = player.resolve([there, elsewhere, stream, unknown, live])
    assert [(match.id, match.how) for match in resolution.found] == [
        ("Bo Berg/Days/02.flac", "path"),
        ("Ana Lund/Nights/01.flac", "search"),
        ("http://127.0.0.1:9/radio.mp3", "path"),
    ]
    assert [miss.why.split(" scores")[0] for miss in resolution.missing] == ["nothing found", "best of 1"]


def test_playing_adds_to_the_queue_and_starts_there(player):
    player.queue(wanted(1))
    player.play(wanted(0, 2), device="Kitchen")
    assert queued(player) == [SONGS[1][0], SONGS[0][0], SONGS[2][0]]
    now = player.current()
    assert (now.state, now.title, now.artist, now.file) == ("play", SONGS[0][0], SONGS[0][1], "Ana Lund/Nights/01.flac")
    assert now.seconds == pytest.approx(34.0, abs=0.2)
    player.queue(wanted(1, 0))
    assert queued(player) == [SONGS[n][0] for n in (1, 0, 1, 0, 2)]
    outputs = player.client.call(lambda mpd: mpd.outputs(), Watch())
    assert {each["outputname"]: each["outputenabled"] for each in outputs} == {"Nothing": "1", "Kitchen": "1"}
    with pytest.raises(OptionError, match="no such output; choose Nothing, Kitchen"):
        player.play(wanted(0), device="Garden")
    player.client.call(lambda mpd: mpd.clear(), Watch())
    assert player.current() == Playing(state="stop")
    with pytest.raises(PlayerError, match="so nothing plays"):
        player.play([track("Unheard", "Nobody")])


def test_playlists_are_stored_once_and_brought_up_to_date(player):
    placed = player.make_playlist("Affetto: calm / late", wanted(0, 2), about="Because.")
    assert (placed.created, placed.name) == (True, "Affetto: calm - late")
    assert stored(player, placed.id) == [SONGS[0][0], SONGS[2][0]]
    again = player.make_playlist("Affetto: calm / late", wanted(1))
    assert (again.created, again.id) == (False, placed.id)
    assert stored(player, placed.id) == [SONGS[1][0]]
    player.client.call(lambda mpd: mpd.rm(placed.id), Watch())
    assert player.make_playlist("Affetto: calm / late", wanted(1)).created
    with pytest.raises(PlayerError, match="so no playlist was made"):
        player.make_playlist("None", [track("Unheard", "Nobody")])


def test_the_listeners_own_playlist_is_left_alone_also_from_another_machine(player):
    player.client.call(lambda mpd: mpd.playlistadd("Mine", "Bo Berg/Days/02.flac"), Watch())
    placed = player.make_playlist("Mine", wanted(0))
    assert (placed.created, placed.name) == (True, f"Mine [{marker('Mine')}]")
    assert stored(player, "Mine") == [SONGS[1][0]]
    player._journal.remove()
    again = player.make_playlist("Mine", wanted(2))
    assert (again.created, again.id) == (False, placed.id)
    assert stored(player, "Mine") == [SONGS[1][0]]


def test_ratings_likes_plays_and_skips_come_back(player):
    played = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    stickers = {
        ("Ana Lund/Nights/01.flac", "like"): 2,
        ("Bo Berg/Days/02.flac", "like"): 0,
        ("Ana Lund/Nights/03.flac", "playCount"): 7,
        ("Ana Lund/Nights/03.flac", "lastPlayed"): round(played.timestamp()),
        ("Bo Berg/Days/02.flac", "lastSkipped"): round(played.timestamp()) - 60,
        ("Bo Berg/Days/02.flac", "rating"): "nonsense",
    }
    for (file, name), value in stickers.items():
        player.client.call(lambda mpd, f=file, n=name, v=value: mpd.sticker_set("song", f, n, v), Watch())
    player.rate(wanted(0)[0], 4)
    got = list(player.read_feedback())
    assert [(each.kind, each.detail["title"]) for each in got][:2] == [
        (FeedbackKind.SKIP, SONGS[1][0]),
        (FeedbackKind.PLAY, SONGS[2][0]),
    ]
    assert {(each.kind, each.detail["title"], each.detail.get("rating")) for each in got[2:]} == {
        (FeedbackKind.RATING, SONGS[0][0], 0.75),
        (FeedbackKind.LIKE, SONGS[0][0], None),
        (FeedbackKind.DISLIKE, SONGS[1][0], None),
    }
    assert (got[1].at, got[1].detail["plays"]) == (played, 7.0)
    assert got[1].track == "mpd:mpd/Ana Lund/Nights/03.flac"
    assert list(player.read_feedback(since=played + timedelta(hours=1))) == []
    player.rate(wanted(0)[0], 1)
    (news,) = player.read_feedback(since=played + timedelta(hours=1))
    assert news.detail["rating"] == 0.0
    player.rate(wanted(0)[0], 0)
    player.rate(wanted(0)[0], 0)
    assert FeedbackKind.RATING not in {each.kind for each in player.read_feedback()}
    with pytest.raises(OptionError, match="0 to 5 stars"):
        player.rate(wanted(0)[0], -1)


def test_a_password_is_asked_for_only_where_it_is_wanted(mpd_server, secrets, player, caplog):
    del player  # its database is read by now
    caplog.set_level(logging.DEBUG)
    by_socket = connect("mpd", given={"url": str(mpd_server.socket)}, ask=Answers(), secrets=secrets)
    assert (by_socket.facts["password"], secrets.get("mpd")) == ("no", None)
    ask = Answers()
    made = connect("mpd", name="kitchen", given={"url": f"127.0.0.1:{mpd_server.port}"}, ask=ask, secrets=secrets)
    assert (made.facts["password"], secrets.get("kitchen").reveal()) == ("yes", MPD_PASSWORD)
    assert ask.told == ["Password of MPD", f"Connected to MPD at 127.0.0.1:{mpd_server.port}, which holds 4 songs."]
    opened = open_player("kitchen", secrets=secrets)
    assert all(each.ok for each in opened.check())
    opened.close()
    wrong = Answers(secret="wrong-password-not-to-be-seen")
    with pytest.raises(AccessError, match="wrong password; connect again") as caught:
        connect("mpd", name="other", given={"url": f"127.0.0.1:{mpd_server.port}"}, ask=wrong, secrets=secrets)
    seen = caplog.text + str(caught.value) + "".join(ask.told + wrong.told)
    assert "must-not-be-seen" not in seen
    assert "not-to-be-seen" not in seen
    secrets.remove("kitchen")
    with pytest.raises(AccessError, match="is not in"):
        open_player("kitchen", secrets=secrets)


@pytest.mark.parametrize("address", ["", "a b", "host:0", "host:99999", "pass@host", "http://host/"])
def test_what_is_no_address_is_refused(address, secrets):
    with pytest.raises(OptionError):
        connect("mpd", given={"url": address or " "}, ask=Answers(), secrets=secrets)


def test_names_cannot_carry_commands(player):
    evil = track('Quiet Water"\nclear\n', "Ana Lund", uri="/music/a\nclear\n.flac")
    player.queue(wanted(1))
    player.make_playlist('Evil "\nclear\n', [*wanted(0), evil])
    assert queued(player) == [SONGS[1][0]]


# -- sockets that misbehave ---------------------------------------------------------------------------------------


@pytest.fixture
def between(mpd_server, player):
    """``between(fault)``: the port of a relay to the real MPD, where ``fault(number, command)`` may answer instead."""
    del player  # its database is read by now
    listeners = []

    def start(fault):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        count = iter(range(1, 1_000_000))

        def serve():
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=relay, args=(near,), daemon=True).start()

        def relay(near):
            # Either side may hang up at any time.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError), near, socket.socket(socket.AF_UNIX) as far:
                far.connect(str(mpd_server.socket))
                reader, lines = far.makefile("rb"), near.makefile("rb")
                greeting = fault(0, "greeting")
                near.sendall(reader.readline() if greeting is None else greeting)
                block = b""
                for line in lines:
                    block += line
                    if block.startswith(b"command_list") and not line.startswith(b"command_list_end"):
                        continue
                    answer = fault(next(count), block.decode())
                    if isinstance(answer, bytes):
                        near.sendall(answer)
                        return
                    far.sendall(block)
                    block = b""
                    while True:
                        got = reader.readline()
                        if answer == "cut":
                            near.sendall(got[: len(got) // 2])
                            return
                        near.sendall(got)
                        if got == b"OK\n" or got.startswith(b"ACK"):
                            break

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.close()


def through(port, folder):
    return MpdPlayer("mpd", address=f"127.0.0.1:{port}", journal=Journal("relay", folder=folder), patience=QUICK)


@pytest.mark.parametrize("how", ["cut", b"", b"<html>Bad gateway</html>\n", b"\xff\xfe\x00garbage\n"])
def test_answers_lost_now_and_then_do_no_harm(between, player, tmp_path, how):
    def fault(number, _):
        return how if number and number % 3 == 0 else None

    name = f"Faults {how!r}"[:40]
    placed = through(between(fault), tmp_path).make_playlist(name, wanted(0, 1, 2))
    assert stored(player, placed.id) == [SONGS[n][0] for n in (0, 1, 2)]
    again = through(between(fault), tmp_path).make_playlist(name, wanted(2, 1))
    assert (again.id, stored(player, placed.id)) == (placed.id, [SONGS[2][0], SONGS[1][0]])
    names = [each["playlist"] for each in player.client.call(lambda mpd: mpd.listplaylists(), Watch())]
    assert len([each for each in names if each.startswith(placed.id)]) == 1


def test_a_playlist_whose_making_was_cut_off_is_ours_the_next_time(between, player, tmp_path):
    port = between(lambda _, command: "cut" if "playlistadd" in command else None)
    with pytest.raises(PlayerError, match="tried 3 times"):
        through(port, tmp_path).make_playlist("Cut off", wanted(0, 1))
    placed = through(between(lambda *_: None), tmp_path).make_playlist("Cut off", wanted(0, 1))
    assert placed.id == "Cut off"
    assert stored(player, "Cut off") == [SONGS[0][0], SONGS[1][0]]


def test_what_was_added_to_the_queue_is_not_added_twice(between, player, tmp_path):
    port = between(lambda _, command: "cut" if "addid" in command else None)
    with pytest.raises(UnsureError, match="may have been done or not"):
        through(port, tmp_path).queue(wanted(0))
    assert queued(player) == [SONGS[0][0]]


def test_a_stranger_is_told_and_given_up(between, tmp_path):
    for greeting in (b"220 ftp ready\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xff\n"):
        port = between(lambda number, _, greeting=greeting: greeting if number == 0 else None)
        with pytest.raises(PlayerError, match=r"does not answer as MPD does \(tried 3 times\)"):
            through(port, tmp_path).current()
    with pytest.raises(PlayerError, match="cannot be reached"):
        through(1, tmp_path).current()


def test_silence_and_endless_lines_end(between, tmp_path):
    began = time.monotonic()
    port = between(lambda number, _: time.sleep(3) if number else None)
    with pytest.raises(PlayerError, match="did not answer in time"):
        through(port, tmp_path).current()
    port = between(lambda number, _: b"volume: " + b"9" * (2 << 20) if number else None)
    with pytest.raises(PlayerError, match="more than 64 MiB"):
        through(port, tmp_path).current()
    assert time.monotonic() - began < 8


def test_slow_work_is_called_off(between, tmp_path):
    watch = Watch()

    def fault(number, _):
        if number == 2:
            watch.stopped.set()

    with pytest.raises(StoppedError):
        through(between(fault), tmp_path).resolve(wanted(0, 1, 2), watch=watch)
