import json
from pathlib import Path

import pytest

from affetto.errors import LibraryError, OptionError
from affetto.music.collection import Collection
from affetto.music.importers import import_listing
from affetto.music.listings import read_listing
from affetto.music.scan import add_folder, scan
from affetto.store import Store
from tests.tracks import album, sound

SPOTIFY = """Track Name,Artist Name(s),Album Name,Track Duration (ms),ISRC,Tempo,Valence,Energy,Genres,Track URI
Halo,Beyoncé,Album,261000,USSM10804556,79.98,0.472,0.72,"dance pop, pop",spotify:track:4JehYebiI9JE8sR8MisGVb
,Nobody,,1000,,,,,,
Teardrop,Massive Attack,Mezzanine,330000,,154,0.25,0.43,trip hop,
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_columns_of_public_catalogs_are_told_by_their_names(tmp_path: Path) -> None:
    listing = read_listing(write(tmp_path / "songs.csv", SPOTIFY))
    assert listing.columns["title"] == "Track Name"
    assert listing.columns["seconds"] == "Track Duration (ms)"
    assert listing.skipped == {"no title": 1}
    halo, teardrop = listing.tracks
    assert (halo.title, halo.artist, halo.seconds, halo.isrc) == ("Halo", "Beyoncé", 261, "USSM10804556")
    assert (halo.valence, halo.energy, halo.tempo) == (0.472, 0.72, 79.98)
    assert halo.genre == "dance pop"
    assert halo.uri.startswith("spotify:track:")
    assert teardrop.uri == ""


@pytest.mark.parametrize(
    ("values", "scale", "first"),
    [
        (("0.25", "0.5"), (0, 1), 0.25),
        (("-0.5", "0.5"), (-1, 1), 0.25),
        (("3", "9"), (1, 9), 0.25),
        (("0", "10"), (0, 10), 0.0),
        (("25", "80"), (0, 100), 0.25),
        (("0,25", "0,5"), (0, 1), 0.25),
    ],
)
def test_the_scale_of_a_column_is_told_by_its_range(tmp_path: Path, values, scale, first) -> None:
    text = "title;valence\n" + "".join(f"Song;{value}\n" for value in values)
    listing = read_listing(write(tmp_path / "songs.csv", text))
    assert listing.scales["valence"] == scale
    assert listing.tracks[0].valence == first


def test_a_column_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "songs.tsv", "What\tFeel\nSong\t0.5\n")
    with pytest.raises(LibraryError, match="no column holds titles among What, Feel; name it with --map title=COLUMN"):
        read_listing(path)
    listing = read_listing(path, mapping={"title": "What", "valence": "Feel"})
    assert (listing.tracks[0].title, listing.tracks[0].valence) == ("Song", 0.5)
    with pytest.raises(OptionError, match="there is no such column"):
        read_listing(path, mapping={"title": "Nothing"})
    with pytest.raises(OptionError, match="unknown field 'colour'"):
        read_listing(path, mapping={"colour": "Feel"})


def test_playlists_name_files_beside_them(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    text = "#EXTM3U\n#EXTINF:123,Band - Song\nmusic/song.mp3\nhttps://example.org/Radio%20One.mp3\nhls+x://bad\n"
    listing = read_listing(write(tmp_path / "list.m3u8", text))
    song, radio, bad = listing.tracks
    assert (song.title, song.artist, song.seconds) == ("Song", "Band", 123)
    assert song.uri == str(tmp_path.resolve() / "music" / "song.mp3")
    assert (radio.title, radio.uri) == ("Radio One", "https://example.org/Radio%20One.mp3")
    assert bad.uri == ""
    track = {"title": "Song", "creator": "Band", "duration": 123_000, "location": ["file:///music/a%20b.mp3"]}
    jspf = {"playlist": {"track": [track, {"creator": "Nobody"}, 5]}}
    listing = read_listing(write(tmp_path / "list.jspf", json.dumps(jspf)))
    assert listing.skipped == {"no title": 2}
    assert (listing.tracks[0].seconds, listing.tracks[0].uri) == (123, "/music/a b.mp3")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.txt", "", "unknown kind '.txt'"),
        ("list.csv", "", "no column holds titles among none"),
        ("list.csv", "title\n", "holds no track"),
        ("list.jspf", "[]", "not a JSPF playlist"),
        ("list.jspf", "{" * 5000, "not a JSPF playlist"),
        ("list.jspf", '{"playlist": {"track": "x"}}', "not a JSPF playlist"),
        ("list.csv", "title\n" + "x" * (2 << 20), "field larger than"),
        ("list.m3u8", "#EXTM3U\n\n", "holds no track"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(LibraryError, match=message) as caught:
        read_listing(write(tmp_path / name, content))
    assert "\n" not in str(caught.value)
    with pytest.raises(LibraryError, match="give a file that can be read"):
        read_listing(tmp_path / "none" / name.replace("txt", "csv"))


def test_hostile_cells_are_tamed(tmp_path: Path) -> None:
    text = "title,artist,tempo,valence,duration,uri\n\u202eevil\0\x1b[31m,a,1e999,nan,-5,javascript:alert(1)\n"
    (track,) = read_listing(write(tmp_path / "list.csv", text)).tracks
    assert (track.title, track.tempo, track.valence, track.seconds, track.uri) == ("evil [31m", None, None, None, "")


@pytest.mark.usefixtures("quick")
def test_a_list_speaks_of_tracks_that_are_there_and_adds_those_with_addresses(store: Store, tmp_path: Path) -> None:
    album(tmp_path / "music", 2)
    add_folder(store, tmp_path / "music")
    scan(store)
    collection = Collection(store)
    number = collection.find("Piece b")
    before = collection.describe(number)
    text = "title,artist,valence,energy,uri\nPiece b,tester,1.0,1.0,\nOther,Band,0.1,0.2,https://example.org/a.mp3\n"
    listing = read_listing(write(tmp_path / "songs.csv", text + "Waiting,Band,0.5,0.5,\nPIECE B,Tester,0,0,\n"))
    dry = import_listing(store, listing, dry_run=True)
    assert collection.describe(number) == before
    done = import_listing(store, listing)
    assert dry == done
    assert (done.matched, done.added, done.noted, done.repeated, done.evidence) == (1, 1, 1, 1, 3)
    after = collection.describe(number)
    assert after["valence"] > before["valence"]
    assert "catalog" in after["mood_source"]
    assert {one["source"] for one in after["evidence"]} >= {"audio", "catalog: songs.csv"}
    assert sorted(track.title for track in collection.library()) == ["Other", "Piece a", "Piece b"]
    again = import_listing(store, listing)
    assert (again.added, again.noted, again.matched) == (0, 0, 3)
    assert collection.describe(number) == after


@pytest.mark.usefixtures("quick")
def test_a_track_that_was_noted_gets_its_file_later(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "songs.csv", "title,artist,valence,energy\nSong,Band,0.9,0.9\n")
    import_listing(store, read_listing(path))
    collection = Collection(store)
    assert len(collection.library()) == 0
    sound(tmp_path / "music" / "x.wav", title="Song", artist="Band")
    add_folder(store, tmp_path / "music")
    scan(store)
    (track,) = collection.library()
    assert track.uri.endswith("x.wav")
    assert track.mood_source == "audio, catalog"
