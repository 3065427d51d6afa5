import copy
import json
import os
import pickle
import stat
import sys
import time
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music import Track
from affetto.players.base import Match
from affetto.players.connections import KINDS, Connection, Connections, connect, open_player
from affetto.players.journal import Journal
from affetto.players.matching import GOOD, isrc_of, likeness
from affetto.players.secrets import Secret, Secrets, redact

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


class Ring:
    def __init__(self):
        self.held = {}

    def get_password(self, service, name):
        return self.held.get((service, name))

    def set_password(self, service, name, value):
        self.held[service, name] = value

    def delete_password(self, service, name):
        del self.held[service, name]


def test_a_secret_does_not_show_itself():
    secret = Secret("correct horse")
    for text in (str(secret), repr(secret), f"{secret}", repr([secret]), str({"a": secret})):
        assert "horse" not in text
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not to be copied"):
            copied(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret == Secret("correct horse")
    assert len({secret, Secret("correct horse")}) == 1


@given(st.text(min_size=4, max_size=20), st.text(max_size=10), st.text(max_size=10))
def test_no_secret_stays_in_a_text(value, before, after):
    Secret(value)
    assert value not in redact(before + value + after).replace("[secret]", "")


@posix
def test_the_file_is_for_its_owner_only(tmp_path):
    secrets = Secrets(tmp_path / "data", keyring=False)
    assert secrets.get("a") is None
    secrets.put("a", Secret("word-a"))
    secrets.put("b", Secret("word-b"))
    file = tmp_path / "data" / "secrets.json"
    assert secrets.place == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secrets.get("a").reveal() == "word-a"
    assert secrets.remove("a")
    assert not secrets.remove("a")
    assert (secrets.get("a"), secrets.get("b").reveal()) == (None, "word-b")
    assert [path.name for path in file.parent.iterdir()] == ["secrets.json"]
    file.chmod(0o640)
    with pytest.raises(PlayerError, match="others may read it") as caught:
        secrets.get("b")
    assert "word-b" not in str(caught.value)
    with pytest.raises(PlayerError, match="others may read it"):
        secrets.put("c", Secret("word-c"))


@posix
def test_files_that_are_not_trusted(tmp_path):
    secrets, file = Secrets(tmp_path, keyring=False), tmp_path / "secrets.json"
    for content in ("{", "[]", '{"a": 1}', "[" * 100_000):
        file.write_text(content)
        file.chmod(0o600)
        with pytest.raises(PlayerError, match="is damaged; remove it and connect again"):
            secrets.get("a")
    file.unlink()
    (tmp_path / "other").write_text("{}")
    file.symlink_to(tmp_path / "other")
    with pytest.raises(PlayerError, match="mend or remove"):
        secrets.get("a")
    file.unlink()
    file.mkdir()
    with pytest.raises(PlayerError, match="is not a plain file"):
        secrets.get("a")
    with pytest.raises(PlayerError):
        Secrets(tmp_path / "other", keyring=False).put("a", Secret("word"))


def test_the_keyring_comes_first(tmp_path):
    Secrets(tmp_path, keyring=False).put("a", Secret("in the file"))
    ring = Ring()
    secrets = Secrets(tmp_path, keyring=ring)
    assert secrets.place == "the system's keyring"
    assert secrets.get("a").reveal() == "in the file"
    secrets.put("a", Secret("in the ring"))
    assert ring.held == {("affetto", "a"): "in the ring"}
    assert "in the" not in (tmp_path / "secrets.json").read_text()
    assert secrets.remove("a")
    assert (ring.held, secrets.remove("a")) == ({}, False)

    def locked(*_):
        raise RuntimeError("dbus: prompt dismissed for secret word")

    ring.get_password = locked
    with pytest.raises(PlayerError, match=r"does not answer \(RuntimeError\); unlock it"):
        secrets.get("a")


@pytest.mark.parametrize(("priority", "used"), [(0, False), (0.5, False), (1, True), (5, True)])
def test_which_keyring_is_used(monkeypatch, tmp_path, priority, used):
    backend = types.SimpleNamespace(priority=priority)
    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_keyring=lambda: backend))
    assert (Secrets(tmp_path).place == "the system's keyring") == used
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert Secrets(tmp_path).place.endswith("secrets.json")


# -- connections and the journal ------------------------------------------------------------------------------------


def test_connections_hold_no_secret(tmp_path):
    connections = Connections(tmp_path)
    assert (connections.all(), connections.get("a"), connections.remove("a")) == ((), None, False)
    connections.put(Connection(name="b", kind="spotify", facts={"user": "u"}))
    connections.put(Connection(name="a", kind="spotify"))
    assert [each.name for each in connections.all()] == ["a", "b"]
    assert connections.get("b").facts == {"user": "u"}
    assert connections.remove("a")
    (tmp_path / "file").write_text("")
    with pytest.raises(PlayerError, match="is damaged"):
        Connections(tmp_path / "file").put(Connection(name="a", kind="spotify"))
    with pytest.raises(OptionError, match="cannot be connected; choose"):
        connect("local", ask=None, connections=connections)
    connections.put(Connection(name="old", kind="winamp"))
    with pytest.raises(OptionError, match="player 'old': is not connected"):
        open_player("old", connections=connections, secrets=Secrets(tmp_path, keyring=False))


def test_every_kind_has_its_module():
    import importlib

    for kind in KINDS.values():
        module = importlib.import_module(kind.module)
        assert callable(module.connect)
        assert callable(module.open_player)


def tune(title="Tune", artist="Ana", seconds=180.0, **facts):
    return Track(
        id=title, title=title, artist=artist, uri="x", mood=Affect(0, 0), mood_source="", seconds=seconds, **facts
    )


def test_the_journal_outlives_the_process(tmp_path, monkeypatch):
    journal = Journal("box", folder=tmp_path)
    assert (journal.playlist("A"), journal.begun("A"), journal.match(tune())) == (None, False, None)
    journal.begin("A")
    assert Journal("box", folder=tmp_path).begun("A")
    journal.made("A", "p1")
    journal.found([Match(track=tune(), id="t1", score=0.9, how="search", seen="Ana - Tune")])
    journal.save()
    again = Journal("box", folder=tmp_path)
    assert (again.playlist("A"), again.begun("A"), again.match(tune()).id) == ("p1", False, "t1")
    assert again.match(tune(seconds=200.0)) is None
    now = time.time()
    monkeypatch.setattr("affetto.players.journal.time.time", lambda: now + 31 * 86_400)
    assert again.match(tune()) is None
    again.forget("A")
    assert Journal("box", folder=tmp_path).playlist("A") is None
    again.remove()
    again.remove()
    assert not (tmp_path / "box.json").exists()
    for content in ("{", '{"playlists": 1}'):
        (tmp_path / "box.json").write_text(content)
        with pytest.raises(PlayerError, match="is damaged; remove it"):
            Journal("box", folder=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(PlayerError, match="is damaged"):
        Journal("box", folder=tmp_path / "file")


def test_the_journal_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("affetto.players.journal._MOST", 3)
    journal = Journal("box", folder=tmp_path)
    journal.found([Match(track=tune(f"T{n}"), id=str(n), score=1.0, how="id") for n in range(5)])
    assert [journal.match(tune(f"T{n}")) is not None for n in range(5)] == [False, False, True, True, True]


# -- likeness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "artists", "seconds"),
    [
        ("Tune", ["Ana"], 180),
        ("TUNE", ["ANA"], 182),
        ("Tune (feat. Bo)", ["Ana", "Bo"], 180),
        ("Tune - Remastered 2009", ["Ana"], 181),
        ("Tune (2015 Remaster)", ["Ána"], None),
        ("Tune - Single Version", ["Ana"], 180),
    ],
)
def test_the_same_recording(title, artists, seconds):
    assert likeness(tune(), title=title, artists=artists, seconds=seconds) >= 0.9


@pytest.mark.parametrize(
    ("title", "artists", "seconds"),
    [
        ("Tune (Live)", ["Ana"], 185),
        ("Tune - Karaoke Version", ["Ana"], 180),
        ("Tune (Sped Up)", ["Ana"], 140),
        ("Tune", ["Zoltan"], 180),
        ("Tune", [], 180),
        ("Other Song", ["Ana"], 180),
    ],
)
def test_another_recording(title, artists, seconds):
    assert likeness(tune(), title=title, artists=artists, seconds=seconds) < GOOD


def test_several_artists_in_one_tag():
    assert likeness(tune(artist="Ana & Bo"), title="Tune", artists=["Ana", "Bo"], seconds=180) >= GOOD
    assert likeness(tune(title="Live", artist="Ana"), title="Live", artists=["Ana"], seconds=180) == 1.0
    assert isrc_of(tune()) == ""


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_words_give_a_score(one, other, artist):
    assert 0 <= likeness(tune(one, artist), title=other, artists=[artist], seconds=180.0) <= 1
