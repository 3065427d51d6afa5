import json
import os
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.errors import PlaylistError
from affetto.music import Library, Track
from affetto.players import PLAYLIST_SUFFIXES, check_target, load_playlist, save_playlist
from affetto.recommendation import recommend

SPACE = {"x": "http://xspf.org/ns/0/"}


def playlist_of(**facts):
    facts = {"title": "T", "artist": "A", "uri": "https://example.org/a.mp3", "seconds": 181.4, **facts}
    track = Track(id="1", mood=Affect(0.5, -0.3), mood_source="", **facts)
    return recommend("calm", library=Library([track]), length=1, seed=0)


def read_m3u8(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    (info,) = [line for line in lines if line.startswith("#EXTINF:")]
    (address,) = [line for line in lines if not line.startswith("#")]
    seconds, name = info.removeprefix("#EXTINF:").split(",", 1)
    return {"seconds": int(seconds), "name": name, "address": address, "all": "\n".join(lines)}


def read_xspf(path):
    (track,) = ElementTree.parse(path).getroot().findall("x:trackList/x:track", SPACE)
    return {child.tag.split("}")[1]: child.text for child in track}


def read_jspf(path):
    (track,) = json.loads(path.read_text(encoding="utf-8"))["playlist"]["track"]
    return track


def test_a_whole_list_in_each_form(tmp_path):
    playlist = recommend("sad", seed=1, length=12)
    uris = [track.uri for track in playlist.tracks]
    m3u8, xspf, jspf, pls = (save_playlist(playlist, tmp_path / f"list{suffix}") for suffix in PLAYLIST_SUFFIXES)
    lines = m3u8.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == uris
    assert sum(line.startswith("#EXTINF:") for line in lines) == 12
    root = ElementTree.parse(xspf).getroot()
    assert root.get("version") == "1"
    assert root.findtext("x:title", namespaces=SPACE) == "Affetto: comfort, then lift"
    assert [node.text for node in root.iterfind("x:trackList/x:track/x:location", SPACE)] == uris
    body = json.loads(jspf.read_text(encoding="utf-8"))["playlist"]
    assert [track["location"] for track in body["track"]] == [[uri] for uri in uris]
    for text in (m3u8, xspf, jspf):
        assert text.read_text(encoding="utf-8").count("creativecommons.org/licenses/by/4.0") == 12
    held = pls.read_text(encoding="utf-8").splitlines()
    assert [line.partition("=")[2] for line in held if line.startswith("File")] == uris
    assert held[-2:] == ["NumberOfEntries=12", "Version=2"]
    for file in (m3u8, xspf, jspf, pls):
        assert [(t.uri, t.title, t.artist) for t in load_playlist(file)] == [
            (t.uri, t.title, t.artist) for t in playlist.tracks
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.jspf", "list.m3u8", "list.pls", "list.xspf"]


NASTY = [
    "A & B <c> \"d\" 'e'",
    "line\nbreak\r\ntab\t",
    "#EXTINF:1,x",
    "naïve ☃ \U0001f3b5",
    "nul\x00bell\x07",
    "]]>",
    "\ud800",
]


@pytest.mark.parametrize("title", NASTY)
def test_nasty_titles(tmp_path, title):
    playlist = playlist_of(title=title)
    visible = " ".join(title.replace("\ud800", "\ufffd").split())
    assert read_m3u8(save_playlist(playlist, tmp_path / "a.m3u8"))["name"] == f"A - {visible}"
    assert read_jspf(save_playlist(playlist, tmp_path / "a.jspf"))["title"] == title.replace("\ud800", "\ufffd")
    read = read_xspf(save_playlist(playlist, tmp_path / "a.xspf"))["title"]
    for mark in "\x00\x07\ud800":
        title = title.replace(mark, "\ufffd")
    assert read.split() == title.split()


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_any_title_and_artist_can_be_read_back(tmp_path_factory, title, artist):
    folder = tmp_path_factory.mktemp("any")
    playlist = playlist_of(title=title, artist=artist)
    assert read_m3u8(save_playlist(playlist, folder / "a.m3u8"))["address"] == "https://example.org/a.mp3"
    assert read_xspf(save_playlist(playlist, folder / "a.xspf"))["location"] == "https://example.org/a.mp3"
    assert read_jspf(save_playlist(playlist, folder / "a.jspf"))["title"] == title


@pytest.mark.parametrize(
    "path", ["/music/a b/100% #1?.mp3", "/music/naïve.mp3", "music/relative.mp3", "/music/new\nline.mp3", "C:/x.mp3"]
)
def test_paths_become_addresses(tmp_path, path):
    playlist = playlist_of(uri=path)
    for read in (
        read_xspf(save_playlist(playlist, tmp_path / "a.xspf"))["location"],
        read_jspf(save_playlist(playlist, tmp_path / "a.jspf"))["location"][0],
    ):
        parts = urlsplit(read)
        assert unquote(parts.path) == path
        assert parts.scheme == ("file" if path.startswith("/") else "")
        assert " " not in read
    assert "\n" not in read_m3u8(save_playlist(playlist, tmp_path / "a.m3u8"))["address"]


def test_an_address_is_never_a_comment(tmp_path):
    assert read_m3u8(save_playlist(playlist_of(uri="#1 hit.mp3"), tmp_path / "a.m3u8"))["address"] == "./#1 hit.mp3"


def test_length_and_credit(tmp_path):
    playlist = playlist_of(credit="by\nme")
    m3u8 = read_m3u8(save_playlist(playlist, tmp_path / "a.m3u8"))
    assert m3u8["seconds"] == 181
    assert "# by me | " in m3u8["all"]
    assert read_xspf(save_playlist(playlist, tmp_path / "a.xspf"))["duration"] == "181400"
    assert read_jspf(save_playlist(playlist, tmp_path / "a.jspf"))["duration"] == 181400


def test_an_unknown_length_is_left_out(tmp_path):
    playlist = playlist_of(seconds=None)
    assert read_m3u8(save_playlist(playlist, tmp_path / "a.m3u8"))["seconds"] == -1
    assert "duration" not in read_xspf(save_playlist(playlist, tmp_path / "a.xspf"))
    assert "duration" not in read_jspf(save_playlist(playlist, tmp_path / "a.jspf"))


def test_a_track_with_nothing_to_say(tmp_path):
    playlist = playlist_of(title="", artist="")
    bare = replace(playlist, items=tuple(replace(item, reasons=()) for item in playlist.items))
    assert "annotation" not in read_xspf(save_playlist(bare, tmp_path / "a.xspf"))
    assert "# " not in read_m3u8(save_playlist(bare, tmp_path / "a.m3u8"))["all"]


def test_an_older_file_is_replaced_and_a_link_followed(tmp_path):
    real, link = tmp_path / "real.m3u8", tmp_path / "link.m3u8"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    assert save_playlist(playlist_of(), str(link)) == real.resolve()
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8").startswith("#EXTM3U")
    assert save_playlist(playlist_of(), tmp_path / "LOUD.M3U8").name == "LOUD.M3U8"


def one_line(caught):
    return "\n" not in str(caught.value)


def test_targets_that_cannot_be(tmp_path):
    playlist = playlist_of()
    (tmp_path / "folder.xspf").mkdir()
    os.mkfifo(tmp_path / "pipe.m3u8")
    for name, message in [
        ("list.mp3", "unknown kind '.mp3'; use .m3u8, .xspf, .jspf, .pls"),
        ("list", "unknown kind ''"),
        ("folder.xspf", "is a folder"),
        ("none/list.m3u8", "there is no folder"),
        ("pipe.m3u8", "cannot be written"),
        ("nul\0.m3u8", "null|embedded"),
        ("x" * 300 + ".m3u8", "too long"),
    ]:
        with pytest.raises(PlaylistError, match=message) as caught:
            save_playlist(playlist, tmp_path / name)
        assert one_line(caught)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.xspf", "pipe.m3u8"}


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PlaylistError, match="cannot be written; give another folder"):
        check_target(tmp_path / "a.m3u8")


def test_a_failure_while_writing_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    target = tmp_path / "a.m3u8"
    target.write_text("old", encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(PlaylistError, match=r"a\.m3u8: No space left on device; give another name"):
        save_playlist(playlist_of(), target)
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.m3u8"]
