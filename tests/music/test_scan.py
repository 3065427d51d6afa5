import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

import affetto.music.scan
from affetto.errors import LibraryError, StoreError
from affetto.music.analysis import ANALYSIS_VERSION
from affetto.music.collection import Collection
from affetto.music.scan import add_folder, folders, scan
from affetto.store import Store
from affetto.store.tables import EvidenceRow, FileRow, TrackRow
from tests import tracks
from tests.tracks import album, sound

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def music(tmp_path: Path, store: Store) -> Path:
    """A folder of five tracks, added but not scanned."""
    album(tmp_path / "music" / "First", 5)
    add_folder(store, tmp_path / "music")
    return tmp_path / "music"


def rows(store: Store, *columns, **where):
    query = select(*columns)
    for name, value in where.items():
        query = query.where(getattr(columns[0].class_, name) == value)
    with store.read() as connection:
        return connection.execute(query).all()


def count(store: Store, table) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_scan_finds_every_track_and_the_next_one_passes_them_over(music: Path, store: Store) -> None:
    (music / "notes.txt").write_text("no music")
    (music / ".hidden.wav").write_bytes(b"")
    report = scan(store)
    assert (report.found, report.new, report.unchanged, report.failed) == (5, 5, 0, {})
    assert len(tracks.heard) == 5
    again = scan(store)
    assert (again.found, again.new, again.unchanged) == (5, 0, 5)
    assert len(tracks.heard) == 5
    library = Collection(store).library()
    assert {track.title for track in library} == {f"Piece {word}" for word in "abcde"}
    track = library[0]
    assert track.uri == str(music / "First" / "00000.wav")
    assert (track.artist, track.genre, track.mood_source) == ("Tester", "Jazz", "audio, genre")
    assert track.seconds == pytest.approx(40)
    assert track.tempo is not None


def test_a_moved_file_keeps_its_track_and_is_not_listened_to_again(music: Path, store: Store) -> None:
    scan(store)
    before = rows(store, TrackRow.id, TrackRow.title)
    Collection(store).fix(before[0].id, valence=0.9, arousal=0.9)
    (music / "First").rename(music / "Second")
    report = scan(store)
    assert (report.new, report.updated, report.missing) == (0, 5, 5)
    assert len(tracks.heard) == 5
    assert rows(store, TrackRow.id, TrackRow.title) == before
    assert rows(store, TrackRow.valence, id=before[0].id)[0].valence == pytest.approx(0.9)
    assert len(Collection(store).library()) == 5


def test_other_tags_are_taken_over_without_listening_again(music: Path, store: Store) -> None:
    scan(store)
    path = music / "First" / "00002.wav"
    tracks.retag(path, title="Renamed", mood="relaxed; somber")
    report = scan(store)
    assert (report.new, report.updated, report.unchanged) == (0, 1, 4)
    assert len(tracks.heard) == 5
    (row,) = rows(store, TrackRow.id, TrackRow.feels, title="Renamed")
    assert row.feels == "relaxed|somber"
    sources = {found.source for found in rows(store, EvidenceRow.source, track_id=row.id)}
    assert sources == {"audio", "genre", "tags: relaxed", "tags: somber"}


def test_a_changed_sound_is_heard_again_and_stays_the_same_track(music: Path, store: Store) -> None:
    scan(store)
    before = rows(store, TrackRow.id, TrackRow.content, title="Piece c")[0]
    sound(music / "First" / "00002.wav", seed=99, seconds=41, title="Piece c", artist="Tester")
    report = scan(store)
    assert (report.new, report.updated) == (0, 1)
    after = rows(store, TrackRow.id, TrackRow.content, title="Piece c")[0]
    assert after.id == before.id
    assert after.content != before.content
    assert tracks.heard[5:] == ["00002.wav"]


def test_another_piece_under_an_old_name_is_another_track(music: Path, store: Store) -> None:
    scan(store)
    sound(music / "First" / "00002.wav", seed=99, title="Quite another", artist="Someone")
    assert scan(store).new == 1
    assert count(store, TrackRow) == 6
    assert rows(store, TrackRow.present, title="Piece c")[0].present is False
    assert len(Collection(store).library()) == 5


def test_deleted_files_leave_the_library_and_may_come_back(music: Path, store: Store) -> None:
    scan(store)
    kept = (music / "First" / "00000.wav").read_bytes()
    about = (music / "First" / "00000.wav").stat()
    (music / "First" / "00000.wav").unlink()
    assert scan(store).missing == 1
    assert len(Collection(store).library()) == 4
    assert scan(store).missing == 0
    (music / "First" / "00000.wav").write_bytes(kept)
    os.utime(music / "First" / "00000.wav", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert scan(store).new == 0
    assert len(Collection(store).library()) == 5
    assert len(tracks.heard) == 5


def test_two_copies_of_a_sound_are_one_track(music: Path, store: Store) -> None:
    (music / "Copies").mkdir()
    for path in (music / "First").iterdir():
        shutil.copy(path, music / "Copies")
    report = scan(store)
    assert (report.found, report.new, report.updated) == (10, 5, 5)
    (music / "First" / "00000.wav").unlink()
    scan(store)
    library = Collection(store).library()
    assert len(library) == 5
    assert str(music / "Copies" / "00000.wav") in {track.uri for track in library}


def test_a_copy_without_tags_does_not_take_the_names_away(tmp_path: Path, store: Store) -> None:
    sound(tmp_path / "music" / "a.wav", seed=1, title="Named", artist="Tester")
    add_folder(store, tmp_path / "music")
    scan(store)
    sound(tmp_path / "music" / "z.wav", seed=1)
    scan(store)
    assert [track.title for track in Collection(store).library()] == ["Named"]


def test_files_that_fail_are_listed_and_not_tried_again_until_they_change(music: Path, store: Store) -> None:
    bad = music / "bad.wav"
    bad.write_bytes(b"RIFF but not really")
    report = scan(store)
    assert list(report.failed) == [str(bad)]
    assert "not a sound file" in report.failed[str(bad)]
    assert report.to_dict()["failed"]
    scan(store)
    assert tracks.heard.count("bad.wav") == 1
    assert [entry["path"] for entry in Collection(store).entries(which="failed")] == [str(bad)]
    sound(bad, seed=7, title="Mended", artist="Tester")
    assert scan(store).new == 1
    assert Collection(store).status().failed == 0


@pytest.mark.usefixtures("music")
def test_everything_is_heard_again_by_a_newer_analysis(store: Store) -> None:
    scan(store)
    with store.write() as connection:
        connection.execute(update(FileRow).values(version=ANALYSIS_VERSION - 1))
        connection.execute(update(TrackRow).values(analysis=ANALYSIS_VERSION - 1))
    report = scan(store)
    assert (report.new, report.updated, report.unchanged) == (0, 5, 0)
    assert len(tracks.heard) == 10


@pytest.mark.usefixtures("music")
def test_moods_of_an_older_estimator_are_estimated_again_without_listening(store: Store) -> None:
    scan(store)
    before = rows(store, TrackRow.id, TrackRow.valence)
    with store.write() as connection:
        connection.execute(update(TrackRow).values(mood_version=0, valence=0.123))
    scan(store)
    assert len(tracks.heard) == 5
    assert rows(store, TrackRow.id, TrackRow.valence) == before


def test_a_correction_survives_everything(music: Path, store: Store) -> None:
    scan(store)
    collection = Collection(store)
    number = collection.find("Piece d")
    collection.fix(number, valence=-0.8, arousal=0.7, tempo=123)
    sound(music / "First" / "00003.wav", seed=3, seconds=50, title="Piece d", artist="Tester", mood="happy")
    with store.write() as connection:
        connection.execute(update(TrackRow).values(mood_version=0))
    scan(store)
    known = collection.describe(number)
    assert (known["valence"], known["arousal"], known["tempo"]) == pytest.approx((-0.8, 0.7, 123))
    assert known["mood_source"] == "person"


def test_a_folder_is_added_once_and_the_wider_one_wins(tmp_path: Path, store: Store) -> None:
    album(tmp_path / "music" / "a", 2)
    album(tmp_path / "music" / "b", 2, first=2)
    add_folder(store, tmp_path / "music" / "a")
    scan(store)
    add_folder(store, tmp_path / "music" / "a")
    add_folder(store, tmp_path / "music")
    add_folder(store, tmp_path / "music" / "b")
    assert folders(store) == [str(tmp_path / "music")]
    report = scan(store)
    assert (report.new, report.unchanged, report.missing) == (2, 2, 0)


def test_a_folder_that_is_none_is_refused(tmp_path: Path, store: Store) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none", tmp_path / "file", "a\0b"):
        with pytest.raises(LibraryError, match="give a folder that holds music"):
            add_folder(store, path)


def test_a_part_of_a_folder_can_be_scanned_alone(music: Path, store: Store) -> None:
    scan(store)
    album(music / "Second", 2, first=5)
    (music / "First" / "00000.wav").unlink()
    report = scan(store, below=[str(music / "Second"), str(music / "Second")])
    assert (report.found, report.new, report.missing) == (2, 2, 0)
    report = scan(store, below=[str(music / "First"), str(music)])
    assert (report.found, report.missing) == (6, 1)
    with pytest.raises(LibraryError, match="not within a folder of the library"):
        scan(store, below=["/elsewhere"])


def test_what_is_no_music_is_set_aside(tmp_path: Path, store: Store) -> None:
    music = tmp_path / "music"
    sound(music / "1.wav", seed=1, seconds=12, title="Jingle", artist="A")
    sound(music / "2.wav", seed=2, title="Chapter", artist="B", genre="Audiobook")
    sound(music / "3.wav", seed=3, noise=255, title="Rain", artist="C")
    sound(music / "4.wav", seed=4, title="Song", artist="D")
    add_folder(store, music)
    scan(store)
    assert [track.title for track in Collection(store).library()] == ["Song"]
    assert Collection(store).status().aside == {"not music": 1, "short": 1, "speech": 1}


@pytest.mark.usefixtures("music")
def test_progress_is_told_with_the_total(store: Store) -> None:
    told: list[tuple[str, int, int | None]] = []
    scan(store, progress=lambda *what: told.append(what))
    assert told[0] == ("looking", 5, None)
    assert told[-1] == ("listening", 5, 5)


@pytest.mark.usefixtures("music")
def test_a_stopped_scan_keeps_what_was_heard_and_goes_on_there(store: Store) -> None:
    def stop_at_the_third(path: Path):
        if len(tracks.heard) == 2:
            raise KeyboardInterrupt
        return tracks.listen(path)

    with pytest.raises(KeyboardInterrupt):
        scan(store, listener=stop_at_the_third)
    assert len(Collection(store).library()) == 2
    assert Collection(store).status().waiting == 3
    report = scan(store)
    assert report.new == 3
    assert len(tracks.heard) == 5


def test_playlists_can_be_made_while_a_scan_runs(music: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from affetto.recommendation import recommend

    monkeypatch.setattr(affetto.music.scan, "_KEEP_SECONDS", 0.0)
    seen: list[int] = []

    def look(path: Path):
        if len(tracks.heard) % 10 == 0:
            library = Collection(store).library()
            seen.append(len(library))
            if library:
                assert recommend("sad", library=library, length=1, seed=1).tracks
        return tracks.listen(path)

    album(music / "More", 46, first=5)
    scan(store, listener=look)
    assert seen == [0, 10, 20, 30, 40, 50]


@pytest.mark.usefixtures("music")
def test_two_scans_at_once_are_refused(store: Store) -> None:
    with store.lock("scan", busy="no"), pytest.raises(StoreError, match="another scan is running"):
        scan(store)
