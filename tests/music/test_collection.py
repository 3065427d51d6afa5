import json
from pathlib import Path

import numpy as np
import pytest

from affetto.affect import Affect
from affetto.errors import CatalogError, LibraryError, OptionError, StoreError
from affetto.music import Library, load_catalog
from affetto.music import collection as module
from affetto.music.collection import Collection, default_library
from affetto.music.scan import add_folder, scan
from affetto.music.stored import StoredLibrary
from affetto.recommendation import mood_playlist, recommend
from affetto.recommendation.source import GIVEN, OWN, STARTER, music_from
from affetto.settings import settings
from affetto.store import Store, open_store
from tests.tracks import album, sound

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()


@pytest.fixture
def collection(store: Store, tmp_path: Path) -> Collection:
    """Twenty tracks, scanned."""
    album(tmp_path / "music", 20)
    add_folder(store, tmp_path / "music")
    scan(store)
    return Collection(store)


def test_the_library_is_a_library(collection: Collection) -> None:
    library = collection.library()
    assert isinstance(library, Library)
    assert isinstance(library, StoredLibrary)
    plain = Library(list(library))
    assert len(library) == len(plain) == 20
    assert library[3] == plain[3]
    assert library[-1] == plain[-1]
    assert library[2:5][0] == plain[2]
    assert library.take([5, 1, 5]) == plain.take([5, 1, 5])
    assert list(library.subset([4, 2])) == list(plain.subset([4, 2]))
    assert repr(library) == "Library(20 tracks)"
    for name in ("valence", "arousal", "covariance", "octave", "seconds"):
        np.testing.assert_allclose(getattr(library.columns, name), getattr(plain.columns, name), rtol=1e-5)
    assert library.columns.genres == plain.columns.genres
    assert np.array_equal(library.nearest(Affect(0.2, 0.1), 5), plain.nearest(Affect(0.2, 0.1), 5))
    with pytest.raises(IndexError):
        library[20]
    number = int(library.numbers[7])
    assert library.place(number) == 7
    assert library.place(10_000) is None


def test_the_library_follows_changes_and_only_those(collection: Collection) -> None:
    first = collection.library()
    assert collection.library() is first
    collection.remove(int(first.numbers[0]))
    assert len(collection.library()) == 19


def test_columns_come_from_the_cache_while_nothing_changes(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(collection.library())
    (kept,) = (tmp_path / "cache").glob("library-*.npz")

    def fail(_: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("affetto.music.stored._read_columns", fail)
        assert list(Collection(collection.store).library()) == before
    for damage in (b"", b"PK\x03\x04 nonsense", kept.read_bytes()[:200]):
        kept.write_bytes(damage)
        assert list(Collection(collection.store).library()) == before
    monkeypatch.setenv("AFFETTO_CACHE_DIR", "/dev/null/nowhere")
    settings.cache_clear()
    assert list(Collection(collection.store).library()) == before


def test_many_tracks_are_fetched_in_parts_and_few_are_kept(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affetto.music.stored._BATCH", 7)
    monkeypatch.setattr("affetto.music.stored._KEPT", 5)
    monkeypatch.setattr(module, "_BATCH", 7)
    library = collection.library()
    assert len({track.id for track in library}) == 20
    assert len({track.id for track in library.take(range(20))}) == 20
    assert len(list(collection.entries(which="all"))) == 20


def test_a_track_removed_since_has_no_name_but_breaks_nothing(collection: Collection, tmp_path: Path) -> None:
    library = collection.library()
    collection.remove_folder(tmp_path / "music")
    assert library[0].title == "(removed)"
    assert len(collection.library()) == 0


def test_an_empty_store_is_an_empty_library(store: Store) -> None:
    library = Collection(store).library()
    assert len(library) == 0
    assert list(library) == []
    with pytest.raises(CatalogError, match="the library holds no track"):
        recommend("sad", library=library)


def test_playlists_come_from_it(collection: Collection) -> None:
    library = collection.library()
    music = recommend("happy", library=library, length=5, seed=1)
    assert music.library == GIVEN
    assert {track.uri for track in music.tracks} <= {track.uri for track in library}
    assert recommend("angry", library=library, length=5, seed=1, strategy="genre").tracks
    assert len(mood_playlist("calm", library=library, length=3, seed=1).tracks) == 3


def test_the_status_counts_everything(collection: Collection, tmp_path: Path) -> None:
    sound(tmp_path / "music" / "jingle.wav", seed=90, seconds=5, title="Jingle", artist="X")
    sound(tmp_path / "music" / "again.wav", seed=0, noise=3, title="Piece a (Live)", artist="Tester")
    (tmp_path / "music" / "bad.wav").write_bytes(b"no")
    (tmp_path / "music" / "00001.wav").unlink()
    scan(collection.store)
    number = int(collection.library().numbers[0])
    collection.fix(number, valence=0.5)
    status = collection.status()
    assert (status.usable, status.failed, status.missing, status.versions) == (19, 1, 1, 1)
    assert (status.waiting, status.corrected, status.aside) == (0, 1, {"short": 1})
    assert status.sources == {"audio, genre": 18, "person, audio, genre": 1}
    (folder,) = status.folders
    assert (folder.files, folder.problem) == (22, "")
    assert folder.scanned is not None
    assert json.loads(json.dumps(status.to_dict()))["usable"] == 19


def test_lists_show_what_was_asked_for(collection: Collection, tmp_path: Path) -> None:
    sound(tmp_path / "music" / "again.wav", seed=0, noise=3, title="Piece a (Live)", artist="Tester")
    (tmp_path / "music" / "00001.wav").unlink()
    scan(collection.store)
    collection.remove(collection.find("Piece c"))

    def titles(words: str = "", **options) -> list[str]:
        return [entry["title"] for entry in collection.entries(words, **options)]

    assert len(titles()) == 18
    assert titles("PIECE bb tester") == ["Piece bb"]
    assert titles("50%_") == []
    assert titles(which="versions") == ["Piece a (Live)"]
    assert titles(which="missing") == ["Piece b"]
    assert titles(which="aside") == ["Piece c"]
    assert len(titles(which="all", limit=4)) == 4
    with pytest.raises(OptionError, match="choose from usable"):
        titles(which="best")


def test_a_track_is_found_by_number_path_and_words(collection: Collection, tmp_path: Path) -> None:
    number = collection.find("Piece bb")
    assert collection.find(str(number)) == number
    assert collection.find(str(tmp_path / "music" / "00011.wav")) == number
    assert collection.find("piece b") == collection.find("Piece b")
    with pytest.raises(LibraryError, match="several match, give a number: 1 Piece a"):
        collection.find("tester")
    for name in ("no such", "", "   ", "99999", "x\0y", "9" * 30):
        with pytest.raises(LibraryError, match="not in the library"):
            collection.find(name)


def test_all_that_is_known_of_a_track_is_told(collection: Collection, tmp_path: Path) -> None:
    known = collection.describe(collection.find("Piece d"))
    assert (known["title"], known["artist"], known["genre"], known["key"]) == ("Piece d", "Tester", "Jazz", "C minor")
    assert known["files"] == [{"path": str(tmp_path / "music" / "00003.wav"), "state": "here", "note": ""}]
    assert [belief["source"] for belief in known["evidence"]] == ["audio", "genre"]
    json.dumps(known)
    with pytest.raises(LibraryError, match="track 999"):
        collection.describe(999)


def test_the_person_has_the_last_word_and_may_take_it_back(collection: Collection) -> None:
    number = collection.find("Piece e")
    before = collection.describe(number)
    mood = collection.fix(number, arousal=-0.9)
    assert mood.source.split(", ")[0] == "person"
    after = collection.describe(number)
    assert (after["arousal"], after["valence"]) == pytest.approx((-0.9, before["valence"]))
    assert after["arousal_sd"] < 0.1 < after["valence_sd"]
    assert after["tempo"] == before["tempo"]
    collection.fix(number, tempo=77)
    assert collection.describe(number)["tempo"] == 77
    assert collection.describe(number)["arousal"] == pytest.approx(-0.9)
    assert collection.fix(number, valence=0.1).source == "person"
    assert collection.describe(number)["arousal"] == pytest.approx(-0.9)
    assert collection.library()[collection.library().place(number) or 0].tempo == 77
    collection.unfix(number)
    assert collection.describe(number) == before


@pytest.mark.parametrize(
    "values", [{}, {"valence": 1.5}, {"arousal": float("nan")}, {"tempo": 5}, {"tempo": float("inf")}]
)
def test_corrections_that_cannot_be_are_refused(collection: Collection, values: dict[str, float]) -> None:
    number = collection.find("Piece e")
    before = collection.describe(number)
    with pytest.raises(OptionError):
        collection.fix(number, **values)
    assert collection.describe(number) == before
    with pytest.raises(LibraryError):
        collection.fix(999, valence=0.0)


def test_a_removed_track_stays_removed(collection: Collection, tmp_path: Path) -> None:
    number = collection.find("Piece e")
    collection.remove(number)
    (tmp_path / "music" / "00004.wav").rename(tmp_path / "music" / "moved.wav")
    scan(collection.store)
    assert len(collection.library()) == 19
    assert collection.describe(number)["aside"] == "removed"


def test_folders_missing_tracks_and_everything_can_be_forgotten(collection: Collection, tmp_path: Path) -> None:
    album(tmp_path / "other", 2, first=19)  # one sound is in both
    add_folder(collection.store, tmp_path / "other")
    scan(collection.store)
    assert collection.has_folder(tmp_path / "other")
    assert not collection.has_folder("a\0b")
    assert collection.remove_folder(tmp_path / "music") == 19
    assert len(collection.library()) == 2
    with pytest.raises(LibraryError, match="not one of the library"):
        collection.remove_folder(tmp_path / "music")
    (tmp_path / "other" / "00019.wav").unlink()
    scan(collection.store)
    assert collection.remove_missing() == 1
    assert collection.status().missing == 0
    collection.remove_all()
    status = collection.status()
    assert (status.usable, status.folders) == (0, ())


def test_nothing_is_forgotten_while_a_scan_runs(collection: Collection, tmp_path: Path) -> None:
    with collection.store.lock("scan", busy="no"):
        for forget in (collection.remove_all, collection.remove_missing):
            with pytest.raises(StoreError, match="a scan is running"):
                forget()
        with pytest.raises(StoreError, match="a scan is running"):
            collection.remove_folder(tmp_path / "music")


def test_what_is_exported_can_be_read_again(collection: Collection, tmp_path: Path) -> None:
    assert collection.export(tmp_path / "mine.csv") == 20
    again = load_catalog(tmp_path / "mine.csv")
    known = {track.id: track for track in collection.library()}
    assert len(again) == 20
    for track in again:
        assert track.uri == known[track.id].uri
        assert track.mood.distance(known[track.id].mood) < 1e-3
        assert track.tempo == pytest.approx(known[track.id].tempo, abs=0.01)
    assert collection.export(tmp_path / "all.JSONL", which="all") == 20
    lines = (tmp_path / "all.JSONL").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["files"]
    music, name = music_from(str(tmp_path / "mine.csv"))
    assert (len(music), name) == (20, "mine.csv")


def test_an_export_that_fails_leaves_nothing(collection: Collection, tmp_path: Path) -> None:
    for name, error in {"mine.xml": OptionError, "none/mine.csv": LibraryError}.items():
        with pytest.raises(error):
            collection.export(tmp_path / name)
    with pytest.raises(OptionError):
        collection.export(tmp_path / "mine.csv", which="failed")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(LibraryError):
        collection.export(tmp_path / "folder.csv")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_the_own_library_is_the_default_as_soon_as_it_holds_music(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    assert default_library() is None
    assert not (tmp_path / "data").exists()
    assert recommend("sad", length=3, seed=1).library == STARTER
    with pytest.raises(CatalogError, match="affetto library add"):
        music_from("own")
    with open_store() as store:
        assert recommend("sad", length=3, seed=1).library == STARTER
        album(tmp_path / "music", 5)
        add_folder(store, tmp_path / "music")
        scan(store)
    music = recommend("sad", length=3, seed=1)
    assert music.library == OWN
    assert music.to_dict()["library"] == OWN
    assert music.tracks[0].uri.startswith(str(tmp_path))
    assert recommend("sad", length=3, seed=1, library="starter").library == STARTER
    assert default_library() is default_library()


@pytest.mark.parametrize("name", ["mine", "none.csv", "a\0b.csv"])
def test_music_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises((OptionError, CatalogError)) as caught:
        music_from(name)
    assert "\n" not in str(caught.value)


def test_a_collection_closes_its_store(tmp_path: Path) -> None:
    with Collection.open(tmp_path / "library.db") as collection:
        assert collection.status().usable == 0
