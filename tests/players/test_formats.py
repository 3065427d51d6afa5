import contextlib
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError, PlaylistError
from affetto.music import Track
from affetto.players import READABLE_SUFFIXES, load_playlist, save_tracks
from affetto.players import files as module
from affetto.players.base import Player
from affetto.players.connections import Connection
from affetto.players.files import FilePlayer, open_file, open_player
from affetto.players.formats import READERS, WRITERS, Entry, Listing
from affetto.players.secrets import Secrets

# What every format can hold: no control characters, no surrogates.
letters = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff\u2028\u2029\x85")
words = st.lists(st.text(st.characters(whitelist_categories=("L", "N", "P", "S")), min_size=1, max_size=9), max_size=4)
texts = words.map(" ".join)
names = st.text(letters.filter(lambda mark: mark not in '/\\#?:%"' and not mark.isspace()), min_size=1, max_size=12)
paths = st.lists(names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
addresses = st.one_of(paths, paths.map(lambda path: f"/{path}"), st.just("https://example.org/a%20b.mp3?x=1&y=2"))
whole_seconds = st.one_of(st.none(), st.integers(1, 100_000).map(float))
entries = st.builds(Entry, uri=addresses, title=texts, artist=texts, seconds=whole_seconds)
listings = st.builds(Listing, entries=st.lists(entries, max_size=5).map(tuple), title=texts)


@pytest.mark.parametrize("suffix", [".xspf", ".jspf", ".m3u8"])
@given(listing=listings)
def test_what_is_written_is_read_back(suffix, listing):
    assert READERS[suffix](WRITERS[suffix](listing)) == listing


@given(listing=listings)
def test_pls_keeps_all_but_where_the_artist_ends(listing):
    back = READERS[".pls"](WRITERS[".pls"](listing))
    assert [(e.uri, e.seconds) for e in back.entries] == [(e.uri, e.seconds) for e in listing.entries]
    for read, written in zip(back.entries, listing.entries, strict=True):
        assert f"{read.artist} - {read.title}" == f"{written.artist} - {written.title}"
    assert back.title == listing.title


@given(text=st.text(letters, max_size=60), seconds=st.integers(1, 10**9).map(lambda ms: ms / 1000))
def test_xml_and_json_keep_notes_blanks_and_milliseconds(text, seconds):
    listing = Listing(entries=(Entry(uri="a.mp3", title=text, note=text, seconds=seconds),), title=text, about=text)
    for suffix in (".xspf", ".jspf"):
        assert READERS[suffix](WRITERS[suffix](listing)) == listing


@given(content=st.one_of(st.text(max_size=200), st.text('<>&;!?xmlplaystrckOLDCTE#/"= \n[]1:,', max_size=120)))
def test_any_text_is_read_or_refused(content):
    for read in READERS.values():
        with contextlib.suppress(PlaylistError):
            assert isinstance(read(content), Listing)


def tracks(*uris):
    return [
        Track(id=uri, title=f"T{n}", artist="A", uri=uri, mood=Affect(0, 0), mood_source="", seconds=10.0 + n)
        for n, uri in enumerate(uris)
    ]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
@pytest.mark.parametrize("relative", [True, False])
def test_a_folder_that_moves_takes_its_playlist_along(tmp_path, suffix, relative):
    home = tmp_path / "old" / "lists"
    home.mkdir(parents=True)
    songs = [
        str(tmp_path / "old" / "music" / name) for name in ("a b.mp3", "100% #1?.mp3", "naïve ☃.flac", "c;d=e.mp3")
    ]
    wanted = tracks(*songs, "https://example.org/x.mp3?a=1")
    save_tracks(wanted, home / f"list{suffix}", title="L", relative=relative)
    assert [t.uri for t in load_playlist(home / f"list{suffix}")] == [t.uri for t in wanted]
    (tmp_path / "old").rename(tmp_path / "new")
    moved = [t.uri for t in load_playlist(tmp_path / "new" / "lists" / f"list{suffix}")]
    there = [uri.replace("/old/", "/new/") if relative else uri for uri in songs]
    assert moved == [*there, "https://example.org/x.mp3?a=1"]


def test_facts_come_back(tmp_path):
    (read,) = load_playlist(save_tracks(tracks("/m/a.mp3"), tmp_path / "a.m3u8"))
    assert (read.title, read.artist, read.seconds, read.mood_source) == ("T0", "A", 10.0, "")
    assert read.mood.covariance[0][0] == 0.25


BOMB = """<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<playlist xmlns="http://xspf.org/ns/0/"><title>&b;</title><trackList/></playlist>"""
STEAL = '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><playlist><title>&x;</title></playlist>'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xspf", BOMB, "declares a document type"),
        ("a.xspf", STEAL, "declares a document type"),
        ("a.xspf", "<a>" * 5000, "nested too deep"),
        ("a.xspf", "<html></html>", "is not XSPF: its root is 'html'"),
        ("a.xspf", "plain", "is not XML"),
        ("a.jspf", "[" * 100_000, "is not JSON"),
        ("a.jspf", "[]", "is not JSPF"),
        ("a.jspf", '{"playlist": {"track": [3]}}', "a track is no object"),
        ("a.pls", "File1=a", "is not PLS"),
        ("a.m3u8", b"\xff\xfe\x00", "is not UTF-8"),
        ("a.m3u8", "x\n" * 100_001, "lists 100001 tracks; at most 100000"),
        ("a.m3u8", "x" * ((16 << 20) + 1), "larger than 16 MiB"),
        ("a.txt", "", "unknown kind '.txt'"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PlaylistError, match=message) as caught:
        load_playlist(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert "root:" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe.m3u8")
    for name, message in (("none.m3u8", "no such file"), ("pipe.m3u8", "is not a file")):
        with pytest.raises(PlaylistError, match=message):
            load_playlist(tmp_path / name)


def test_places_that_are_refused(tmp_path):
    lines = [
        "smb://host/a.mp3",
        "file://host/share/a.mp3",
        r"\\host\share\a.mp3",
        "//host/a.mp3",
        "javascript://x",
        "concat://a|b",
        "http://",
        "http://[",
        "nul\0.mp3",
        "http://example.org/ok.mp3",
        "../up.mp3",
        "down/in.mp3",
        "file:///abs/a%20b.mp3",
    ]
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "a.m3u8").write_text("\n".join(lines), encoding="utf-8")
    assert [t.uri for t in load_playlist(folder / "a.m3u8")] == [
        "http://example.org/ok.mp3",
        str(tmp_path / "up.mp3"),
        str(folder / "down" / "in.mp3"),
        "/abs/a b.mp3",
    ]
    (tmp_path / "secret").mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "b.m3u8").write_text("../up.mp3\nlink/a.mp3\ndown/in.mp3\nhttp://example.org/ok.mp3")
    inside = [t.uri for t in load_playlist(folder / "b.m3u8", within=folder)]
    assert inside == [str(folder / "down" / "in.mp3"), "http://example.org/ok.mp3"]


def test_lists_that_others_wrote(tmp_path):
    (tmp_path / "old.m3u").write_bytes('#EXTINF:12 logo="x",Bj\xf6rk - Jóga\r\nmusic\\a.mp3\r\n'.encode("latin-1"))
    (read,) = load_playlist(tmp_path / "old.m3u")
    assert (read.artist, read.title, read.seconds) == ("Björk", "Jóga", 12.0)
    (tmp_path / "radio.pls").write_text(
        "[Playlist]\n; radio\nFile2=http://b/2\nFile1=http://a/1\nLength1=-1\nTitle1=One\n"
    )
    assert [(t.uri, t.title, t.seconds) for t in load_playlist(tmp_path / "radio.pls")] == [
        ("http://a/1", "One", None),
        ("http://b/2", "2", None),
    ]
    (tmp_path / "bare.xspf").write_text(
        "<playlist><trackList><track><location>a.mp3</location></track><track/></trackList></playlist>"
    )
    assert [t.uri for t in load_playlist(tmp_path / "bare.xspf")] == [str(tmp_path / "a.mp3")]
    (tmp_path / "one.jspf").write_text(
        '{"playlist": {"track": [{"location": "a.mp3", "duration": "x"}, {"title": 3}]}}'
    )
    assert [t.uri for t in load_playlist(tmp_path / "one.jspf")] == [str(tmp_path / "a.mp3")]
    assert set(READABLE_SUFFIXES) == {".m3u8", ".m3u", ".xspf", ".jspf", ".pls"}


# -- as a player ----------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: seen.append(command))
    return seen


def test_a_file_as_a_player(tmp_path, opened):
    path = tmp_path / "list.m3u8"
    player = open_player(Connection(name="file", kind="file", facts={"path": str(path)}), secrets=Secrets(tmp_path))
    assert isinstance(player, Player)
    songs = tracks("/m/a.mp3", "/m/b.mp3")
    assert player.make_playlist("L", songs[:1]).created
    placed = player.make_playlist("L", songs[:1])
    assert (placed.created, placed.link) == (False, path.as_uri())
    player.queue(songs[1:])
    assert [t.uri for t in load_playlist(path)] == ["/m/a.mp3", "/m/b.mp3"]
    assert player.play(songs).ids == ("/m/a.mp3", "/m/b.mp3")
    assert opened[-1] == ["/usr/bin/xdg-open", str(path)]
    assert list(player.read_feedback()) == []
    assert [check.ok for check in player.check()] == [True]
    with pytest.raises(OptionError, match="a file plays on this machine only"):
        player.play(songs, device="Kitchen")
    assert FilePlayer(tmp_path / "new.pls").queue(songs).ids == ("/m/a.mp3", "/m/b.mp3")


def test_a_file_player_without_a_file(tmp_path, monkeypatch):
    bare = Connection(name="file", kind="file")
    with pytest.raises(OptionError, match="names no file"):
        open_player(bare, secrets=Secrets(tmp_path))
    with pytest.raises(OptionError, match="needs no connection"):
        module.connect("file", {}, ask=None, secrets=None)
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    with pytest.raises(PlayerError, match=r"no program that opens .*; play it here: affetto play"):
        open_file(tmp_path / "a.m3u8")


def test_a_title_that_is_missing_is_the_name_of_the_file(tmp_path):
    (unnamed,) = tracks("/m/some song.mp3")
    path = save_tracks([replace(unnamed, title="", artist="")], tmp_path / "a.jspf")
    assert load_playlist(path)[0].title == "some song"
