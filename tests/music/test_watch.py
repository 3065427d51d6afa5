import shutil
import threading
import time
from pathlib import Path

import pytest

import affetto.music.watch
from affetto.errors import LibraryError, StoreError
from affetto.music.collection import Collection
from affetto.music.scan import add_folder, scan
from affetto.music.watch import places_of, watch
from affetto.store import Store, open_store
from tests import tracks
from tests.tracks import album, sound

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def local(tmp_path: Path):
    with open_store(tmp_path / "store" / "library.db") as opened:
        yield opened


def test_what_changes_is_taken_in_as_it_changes(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affetto.music.watch, "_QUIET_MS", 100)
    music = tmp_path / "music"
    album(music, 2)
    add_folder(local, music)
    scan(local)
    stop, reports = threading.Event(), []
    options = {"stop": stop, "workers": 0, "listener": tracks.listen}
    watching = threading.Thread(target=watch, args=(local, reports.append), kwargs=options)
    watching.start()
    deadline = time.monotonic() + 60
    try:
        for change in (
            lambda number: sound(music / "New" / f"{number}.wav", seed=100 + number, title="New", artist="Other"),
            lambda _: (music / "00000.wav").unlink(missing_ok=True),
        ):
            known, number = len(reports), 0
            while len(reports) == known:  # again, until the watch has begun
                assert time.monotonic() < deadline
                change(number)
                number += 1
                time.sleep(0.5)
    finally:
        stop.set()
        watching.join(30)
    assert not watching.is_alive()
    titles = [track.title for track in Collection(local).library()]
    assert "New" in titles
    assert "Piece a" not in titles


def test_only_sound_within_the_folders_is_looked_at(tmp_path: Path) -> None:
    music = tmp_path / "music"
    (music / "Band").mkdir(parents=True)
    top = [str(music)]
    assert places_of([str(music / "Band" / "a.mp3")], top) == [str(music / "Band")]
    assert places_of([str(music / "Band" / "cover.jpg"), str(tmp_path / "elsewhere" / "a.mp3")], top) == []
    # What went away is looked for at the nearest folder that is left.
    assert places_of([str(music / "Gone" / "deeper" / "a.mp3")], top) == [str(music)]
    assert places_of([str(music)], top) == top


def test_a_watch_needs_a_folder_and_waits_for_another_scan(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LibraryError, match="no folder to watch"):
        watch(local, print)
    album(tmp_path / "music", 1)
    add_folder(local, tmp_path / "music")
    shutil.rmtree(tmp_path / "music")
    with pytest.raises(LibraryError, match="no folder to watch"):
        watch(local, print)
    monkeypatch.setattr(affetto.music.watch, "_RETRY_SECONDS", 0.01)
    tries: list[int] = []

    def busy() -> None:
        tries.append(1)
        raise StoreError("another scan is running" if len(tries) < 3 else "the disk is gone")

    with pytest.raises(StoreError, match="the disk is gone"):
        affetto.music.watch._when_free(busy, threading.Event())
    assert len(tries) == 3
