"""The person's own music on the command line, from the scan to the map."""

import json
from pathlib import Path

import pytest

from affetto.settings import settings
from tests.tracks import album, sound


@pytest.fixture
def music(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of music, and a home without a library."""
    request.getfixturevalue("quick")
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    album(tmp_path / "music", 4)
    sound(tmp_path / "music" / "jingle.wav", seed=90, seconds=9, title="Jingle", artist="Tester")
    (tmp_path / "music" / "broken.wav").write_bytes(b"RIFF nonsense")
    return tmp_path / "music"


@pytest.fixture
def scanned(affetto, music: Path) -> Path:
    assert affetto("library", "add", music, "--workers", 0).code == 0
    return music


def test_a_scan_says_what_it_found_and_what_failed(affetto, music: Path) -> None:
    done = affetto("library", "add", music, "--workers", 0)
    assert done.code == 0
    assert "6 files, 5 new tracks, 1 failed" in done.out
    assert "broken.wav" in done.out
    again = affetto("library", "add", "--json", "--workers", 0)
    report = json.loads(again.out)
    assert (report["new"], report["unchanged"], report["waiting"]) == (0, 6, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add",), "the library has no folder yet; give one"),
        (("add", "nowhere"), "give a folder that holds music"),
        (("add", ".", "--most", "3"), "goes with subsonic:NAME"),
        (("show", "nothing"), "not in the library"),
        (("list", "--which", "nice"), "list 'nice': choose from usable, aside"),
        (("remove",), "give one of: a folder or track, --missing, --all"),
        (("remove", "--all"), "add --yes"),
        (("import", "list.txt"), "unknown kind '.txt'"),
        (("import", "a.csv", "--map", "title"), "give FIELD=COLUMN"),
        (("export", "a.xml"), "write tracks as .csv or .jsonl"),
    ],
)
@pytest.mark.usefixtures("music")
def test_what_cannot_be_done_is_one_line_and_code_2(affetto, arguments: tuple[str, ...], message: str) -> None:
    done = affetto("library", *arguments)
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("scanned")
def test_status_and_lists(affetto) -> None:
    status = json.loads(affetto("library", "status", "--json").out)
    assert (status["usable"], status["failed"], status["aside"]) == (4, 1, {"short": 1})
    assert "4 tracks to make playlists from" in affetto("library", "status").out
    listed = [json.loads(line) for line in affetto("library", "list", "tester", "--json").out.splitlines()]
    assert [one["title"] for one in listed] == ["Piece a", "Piece b", "Piece c", "Piece d"]
    shown = affetto("library", "list", "--limit", 2).out
    assert "Piece b" in shown
    assert "Piece c" not in shown
    assert "--limit 0 lists all" in shown
    assert "short" in affetto("library", "list", "--which", "aside").out
    assert "broken.wav: " in affetto("library", "list", "--which", "failed").out
    assert "nothing to list" in affetto("library", "list", "--which", "versions").out


@pytest.mark.usefixtures("scanned")
def test_a_correction_and_its_undoing(affetto) -> None:
    before = json.loads(affetto("library", "show", "Piece b", "--json").out)
    fixed = affetto("library", "fix", "Piece b", "--valence", 0.75, "--tempo", 90)
    assert "valence +0.75 ± 0.05" in fixed.out
    assert "90 bpm, as you said" in fixed.out
    assert "not told" in fixed.out  # what the person left to the estimate
    affetto("library", "add", "--workers", 0)
    after = json.loads(affetto("library", "show", "Piece b", "--json").out)
    assert (after["valence"], after["tempo"]) == (0.75, 90)
    assert after["arousal"] == pytest.approx(before["arousal"])
    assert affetto("library", "fix", "Piece b", "--undo", "--tempo", 90).code == 2
    assert json.loads(affetto("library", "fix", "Piece b", "--undo", "--json").out) == before


def test_removing_a_track_a_folder_and_everything(affetto, scanned: Path) -> None:
    assert "is set aside" in affetto("library", "remove", "Piece a").err
    affetto("library", "add", "--workers", 0)
    assert json.loads(affetto("library", "status", "--json").out)["usable"] == 3
    (scanned / "00001.wav").unlink()
    affetto("library", "add", "--workers", 0)
    assert "1 tracks forgotten" in affetto("library", "remove", "--missing").err
    assert "Folder forgotten" in affetto("library", "remove", scanned).err
    assert affetto("library", "remove", "--all", "--yes").code == 0
    assert json.loads(affetto("library", "status", "--json").out)["folders"] == []


@pytest.mark.usefixtures("scanned")
def test_a_list_is_previewed_then_taken_in(affetto, tmp_path: Path) -> None:
    songs = tmp_path / "songs.csv"
    songs.write_text("Track Name,Artist,Valence,Energy\nPiece a,Tester,0.9,0.8\n", encoding="utf-8")
    preview = affetto("library", "import", songs, "--dry-run")
    assert "title    from Track Name" in preview.out
    assert "1 known tracks would be matched" in preview.out
    assert "catalog" not in json.loads(affetto("library", "show", "Piece a", "--json").out)["mood_source"]
    done = json.loads(affetto("library", "import", songs, "--json").out)
    assert (done["matched"], done["scales"]["valence"]) == (1, [0, 1])
    assert "catalog" in json.loads(affetto("library", "show", "Piece a", "--json").out)["mood_source"]


@pytest.mark.usefixtures("scanned")
def test_the_map_and_the_moods_are_of_ones_own_music(affetto, tmp_path: Path) -> None:
    done = affetto("library", "map", tmp_path / "map.html")
    assert "4 tracks of your library" in done.out
    assert "Piece c" in (tmp_path / "map.html").read_text(encoding="utf-8")
    regions = [json.loads(line) for line in affetto("moods", "--moods", 2, "--json").out.splitlines()]
    assert sum(region["size"] for region in regions) == 4
    playlist = json.loads(
        affetto("moods", "show", *regions[0]["name"].replace(",", "").split(), "--moods", 2, "--json").out
    )
    assert {track["artist"] for track in playlist["tracks"]} == {"Tester"}


@pytest.mark.usefixtures("scanned")
def test_what_is_exported_serves_as_a_catalog(affetto, tmp_path: Path) -> None:
    assert "4 tracks written" in affetto("library", "export", tmp_path / "mine.csv").err
    listed = affetto("moods", "--library", tmp_path / "mine.csv", "--json")
    assert listed.code == 0
    affetto("library", "export", tmp_path / "all.jsonl", "--which", "all")
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert {"evidence", "files"} & set(json.loads(lines[0]))
