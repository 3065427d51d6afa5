import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music import Track
from affetto.players import engines
from affetto.players.base import Feedback, FeedbackKind, Player, StoppedError, Watch
from affetto.players.engines import SoundCard
from affetto.players.feedback import FeedbackLog
from affetto.players.files import load_playlist
from affetto.players.local import LocalPlayer, play_tracks
from tests.players.sound_card import tune

__all__ = ["tune"]


class Scripted:
    """An engine that is over after so many looks."""

    name = "scripted"

    def __init__(self, looks=10**9, broken=()):
        self.looks, self.broken, self.started, self.held = looks, broken, [], []
        self.left = 0

    def start(self, uri):
        if uri == "gone":
            raise PlayerError("no such file")
        self.started.append(uri)
        self.left = self.looks

    def pause(self, on):
        self.held.append(on)

    def position(self):
        return 12.34

    def state(self):
        self.left -= 1
        return "playing" if self.left >= 0 else "failed" if self.started[-1] in self.broken else "ended"

    def close(self):
        pass


def track(uri):
    return Track(id=uri, title=uri.upper(), artist="A", uri=uri, mood=Affect(0, 0), mood_source="")


def pressing(text):
    left = iter(text)
    return lambda _: next(left, None)


def test_keys_become_feedback(tmp_path):
    log, engine, shown = FeedbackLog(tmp_path / "f.jsonl"), Scripted(), []
    tracks = [track(name) for name in "abcde"]
    played = play_tracks(
        tracks,
        engine=engine,
        log=log,
        key=pressing("x l s Dm  nq"),
        show=lambda t, n, e: shown.append((t.id, n, e)),
    )
    assert (played.heard, played.completed) == (4, 0)
    assert [(f.track, f.kind) for f in log.read()] == [
        ("a", "play"),
        ("a", "like"),
        ("a", "skip"),
        ("b", "play"),
        ("b", "dislike"),
        ("b", "not_this_mood"),
        ("c", "play"),
        ("d", "play"),
    ]
    skip = next(f for f in log.read() if f.kind is FeedbackKind.SKIP)
    assert dict(skip.detail) == {"player": "local", "title": "A", "artist": "A", "uri": "a", "seconds": 12.3}
    assert datetime.now(UTC) - skip.at < timedelta(minutes=1)
    assert engine.held == [True, False, True, True, False]
    assert ("c", 3, "next") in shown


def test_tracks_that_cannot_be_played_are_passed_over(tmp_path):
    log = FeedbackLog(tmp_path / "f.jsonl")
    engine = Scripted(looks=1, broken={"b"})
    played = play_tracks([track("gone"), track("a"), track("b")], engine=engine, log=log, key=pressing(""))
    assert (played.heard, played.completed) == (1, 1)
    assert [(t.id, why) for t, why in played.failed] == [("gone", "no such file"), ("b", "cannot be decoded")]
    with pytest.raises(PlayerError, match="none of the 1 tracks can be played; the first: no such file"):
        play_tracks([track("gone")], engine=engine, log=log, key=pressing(""))
    watch = Watch()
    watch.stopped.set()
    with pytest.raises(StoppedError):
        play_tracks([track("a")], engine=engine, log=log, key=pressing(""), watch=watch)


# -- as a player ----------------------------------------------------------------------------------------------------


def test_this_machine_as_a_player(tmp_path, tune):
    log = FeedbackLog(tmp_path / "f.jsonl")
    player = LocalPlayer(tmp_path / "lists", log=log, find=lambda: Scripted(looks=1))
    assert isinstance(player, Player)
    songs = [tune("a.wav"), tune("b.wav"), track("/gone.wav")]
    placed = player.make_playlist("Affetto: calm/../x", songs)
    assert (placed.created, [m.track.id for m in placed.resolution.missing]) == (True, ["/gone.wav"])
    assert Path(placed.id).parent == tmp_path / "lists"
    assert not player.make_playlist("Affetto: calm/../x", songs).created
    assert [t.title for t in load_playlist(placed.id)] == ["a.wav", "b.wav"]
    player.queue(songs[:1])
    player.queue(songs[1:])
    assert [t.title for t in load_playlist(player.queue_file)] == ["a.wav", "b.wav"]
    assert len(player.play(songs).found) == 2
    assert [f.kind for f in player.read_feedback()] == ["play", "completed"] * 2
    assert [(c.ok, c.note) for c in player.check()] == [(True, "scripted")]
    with pytest.raises(OptionError, match="its own sound card"):
        player.play(songs, device="Kitchen")


# -- the log --------------------------------------------------------------------------------------------------------


def said(track, minute=0):
    at = datetime(2026, 1, 1, 12, minute, tzinfo=UTC)
    return Feedback(track=track, kind=FeedbackKind.LIKE, at=at, detail={"rating": 0.5})


def test_feedback_is_kept_line_by_line(tmp_path):
    log = FeedbackLog(tmp_path / "data" / "f.jsonl")
    assert list(log.read()) == []
    log.add(said("a"), said("b", 1))
    if os.name == "posix":
        assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    with log.path.open("a") as file:
        file.write('{"track": "torn", "ki')
    log.add(said("ü", 2))
    assert [f.track for f in log.read()] == ["a", "b", "ü"]
    assert [f.track for f in log.read(since=said("b", 1).at)] == ["ü"]
    assert list(log.read()) == [said("a"), said("b", 1), said("ü", 2)]
    with log.path.open("a") as file:
        file.write('{"track": 1, "kind": "adored", "at": "2026-01-01", "detail": {}}\n[]\nnull\n{}\n')
    assert len(list(log.read())) == 3


def test_many_writers_at_once(tmp_path):
    log = FeedbackLog(tmp_path / "f.jsonl")
    threads = [threading.Thread(target=lambda: [log.add(said("x")) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in log.path.read_text().splitlines()]) == 200


def test_feedback_that_cannot_be_kept(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PlayerError, match="choose another data_dir"):
        FeedbackLog(tmp_path / "file" / "f.jsonl").add(said("a"))
    with pytest.raises(PlayerError, match="mend or remove"):
        list(FeedbackLog(tmp_path).read())
    assert engines.ENGINES["sound"] is SoundCard
