"""What goes wrong on disks, in files and between processes."""

import errno
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

import affetto.music.scan
import affetto.music.walk
from affetto.errors import StoreError
from affetto.music.collection import Collection
from affetto.music.listening import Failure, listen
from affetto.music.scan import add_folder, scan
from affetto.music.tags import read_tags
from affetto.music.walk import Walk
from affetto.store import Store, open_store
from affetto.store.tables import FeaturesRow, FileRow, TrackRow
from tests import tracks
from tests.tracks import album, sound

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def local(tmp_path: Path):
    """A store in a file, for faults that have nothing to do with the database."""
    with open_store(tmp_path / "store" / "library.db") as opened:
        yield opened


@pytest.fixture
def music(tmp_path: Path, local: Store) -> Path:
    album(tmp_path / "music", 4)
    add_folder(local, tmp_path / "music")
    return tmp_path / "music"


def count(store: Store, table, *where) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(*where))


def slowly(path: Path):
    """Takes a moment for a file, so that there is something to interrupt."""
    time.sleep(0.005)
    return tracks.listen(path)


def _scan_alone(address: str) -> None:
    with open_store(address) as store:
        scan(store, workers=0, listener=slowly)


@pytest.mark.slow
def test_a_scan_killed_at_twenty_moments_loses_and_doubles_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(affetto.music.scan, "_KEEP_SECONDS", 0.1)
    total = 40
    rng = random.Random(6)
    album(tmp_path / "music", total)
    with open_store(address) as store:
        add_folder(store, tmp_path / "music")
    began = time.monotonic()
    _scan_alone(address)
    whole = time.monotonic() - began  # moments follow the machine, however busy it is
    killed, progress = 0, set[int]()
    while killed < 20:
        scanning = multiprocessing.get_context("fork").Process(target=_scan_alone, args=(address,))
        scanning.start()
        scanning.join(rng.uniform(0.05, 0.7) * whole)
        if not scanning.is_alive():  # it was quicker: more to do
            album(tmp_path / "music", 40, first=total)
            total += 40
            continue
        scanning.kill()
        scanning.join()
        killed += 1
        with open_store(address) as store:
            progress.add(count(store, FileRow, FileRow.state == "here"))
    shutil.copy(tmp_path / "music" / "00001.wav", tmp_path / "music" / "copy.wav")
    assert len(progress) > 3  # it was killed at different places, and went on from there
    with open_store(address) as store:
        scan(store)
        assert count(store, FileRow) == total + 1
        assert count(store, FileRow, FileRow.state == "here") == total + 1
        assert count(store, TrackRow) == total
        assert count(store, FeaturesRow) == total
        assert len(Collection(store).library()) == total
        assert scan(store).unchanged == total + 1
        if store.engine.dialect.name == "sqlite":
            with store.engine.connect() as connection:
                assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
                assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


@pytest.mark.slow
def test_the_workers_of_a_killed_scan_end_with_it(local: Store, tmp_path: Path) -> None:
    album(tmp_path / "music", 300)
    add_folder(local, tmp_path / "music")
    command = [sys.executable, "-m", "tests.scanning", str(tmp_path / "store" / "library.db"), "2"]
    scanning = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (children := _children(scanning.pid)) or len(children) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    scanning.kill()
    scanning.communicate()
    while any(Path(f"/proc/{child}").exists() and _state(child) not in "ZX" for child in children):
        assert time.monotonic() < deadline, "a worker outlives the scan"
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    if not found.exists():
        pytest.skip("no /proc to see the processes in")
    return [int(child) for child in found.read_text().split()]


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def break_down(path: Path):
    """Breaks its process on one file, as a decoder on a file made to do harm."""
    if path.name == "00002.wav":
        os.kill(os.getpid(), signal.SIGKILL)
    return tracks.listen(path)


@pytest.mark.slow
def test_a_file_that_breaks_the_decoder_ends_no_scan(music: Path, local: Store) -> None:
    report = scan(local, workers=2, listener=break_down)
    assert list(report.failed) == [str(music / "00002.wav")]
    assert "breaks the decoder" in report.failed[str(music / "00002.wav")]
    assert report.new == 3
    assert scan(local, workers=2, listener=break_down).unchanged == 4


def hang(_: Path):
    while True:
        time.sleep(0.01)


def test_a_file_that_takes_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affetto.music.listening._SLOW_SECONDS", 0.1)
    result = listen(str(tmp_path), hang)
    assert isinstance(result, Failure)
    assert "takes longer" in result.problem


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (MemoryError(), "needs more than"),
        (ValueError("odd\nfile"), r"cannot be analysed (ValueError: odd file)"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_whatever_an_analysis_raises_is_a_line(tmp_path: Path, error: Exception, problem: str) -> None:
    def fail(_: Path):
        raise error

    result = listen(str(tmp_path), fail)
    assert isinstance(result, Failure)
    assert problem in result.problem
    assert "\n" not in result.problem
    assert result.lasting is not isinstance(error, OSError)


def test_a_network_folder_that_vanishes_takes_nothing_along(music: Path, local: Store, tmp_path: Path) -> None:
    scan(local)
    music.rename(tmp_path / "away")
    report = scan(local)
    assert report.problems == {str(music): "is not there"}
    assert (report.missing, len(Collection(local).library())) == (0, 4)
    music.mkdir()  # as a mount point without its disk
    report = scan(local)
    assert "not mounted?" in report.problems[str(music)]
    assert (report.missing, len(Collection(local).library())) == (0, 4)
    assert "not mounted?" in Collection(local).status().folders[0].problem
    music.rmdir()
    (tmp_path / "away").rename(music)
    report = scan(local)
    assert (report.unchanged, report.problems) == (4, {})
    assert Collection(local).status().folders[0].problem == ""


def test_a_network_folder_that_vanishes_in_mid_scan_is_finished_later(
    music: Path, local: Store, tmp_path: Path
) -> None:
    def vanish(path: Path):
        if len(tracks.heard) == 2 and music.exists():
            music.rename(tmp_path / "away")
        return tracks.listen(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("affetto.music.listening.listen", listen)
        report = scan(local, listener=vanish)
    assert "went away during the scan" in report.problems[str(music)]
    assert report.failed == {}
    assert report.waiting == 2
    (tmp_path / "away").rename(music)
    report = scan(local)
    assert (report.new, report.missing, report.waiting) == (2, 0, 0)


def test_a_file_deleted_in_mid_scan_is_missing_not_broken(music: Path, local: Store) -> None:
    def delete(path: Path):
        (music / "00003.wav").unlink(missing_ok=True)
        return tracks.listen(path)

    report = scan(local, listener=delete)
    assert (report.failed, report.new) == ({}, 3)
    assert count(local, FileRow, FileRow.state == "missing") == 1


def test_a_folder_without_permission_is_noted_and_what_was_in_it_kept(
    music: Path, local: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    album(music / "private", 2, first=10)
    scan(local)
    real = os.scandir

    def deny(path):
        if str(path).endswith("private"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(affetto.music.walk.os, "scandir", deny)
    report = scan(local)
    assert report.problems == {str(music / "private"): "Permission denied"}
    assert report.missing == 0
    assert len(Collection(local).library()) == 6


def test_a_file_without_permission_is_tried_again(music: Path, local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: str, top: str):
        if path.endswith("00001.wav"):
            return Failure("Permission denied", lasting=False)
        return real(path, top)

    real = affetto.music.scan.inspect
    monkeypatch.setattr(affetto.music.scan, "inspect", deny)
    assert scan(local).failed == {str(music / "00001.wav"): "Permission denied"}
    monkeypatch.setattr(affetto.music.scan, "inspect", real)
    assert scan(local).new == 1


def test_links_in_circles_end(music: Path, local: Store) -> None:
    (music / "again").symlink_to(music)
    (music / "a").symlink_to(music / "b")
    (music / "b").symlink_to(music / "a")
    (music / "lost").symlink_to(music / "nothing")
    (music / "song.wav").symlink_to(music / "00000.wav")
    os.mkfifo(music / "pipe.wav")
    report = scan(local)
    assert (report.found, report.new, report.failed) == (5, 4, {})
    assert scan(local).unchanged == 5


def test_a_folder_linked_from_elsewhere_is_followed_once(tmp_path: Path) -> None:
    album(tmp_path / "other", 2)
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "x").symlink_to(tmp_path / "other")
    (tmp_path / "music" / "y").symlink_to(tmp_path / "other")
    assert len(list(Walk(str(tmp_path / "music")))) == 2


def test_names_no_encoding_knows(music: Path, local: Store) -> None:
    odd = Path(os.fsdecode(os.fsencode(music) + b"/\xff\xfe \xe2\x80\xae.wav"))
    sound(odd, seed=50)
    try:
        report = scan(local)
    except OSError:
        pytest.skip("this file system takes only text for names")
    assert report.new == 5
    found = next(Collection(local).entries("", which="all", limit=1), None)
    assert found is not None
    assert any(track.uri == str(odd) for track in Collection(local).library())
    assert Collection(local).describe(Collection(local).find(str(odd)))["files"][0]["path"]
    assert report.to_dict()


@pytest.mark.usefixtures("music")
def test_a_disk_that_fills_stops_the_scan_and_keeps_what_was_written(
    local: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(affetto.music.scan, "_KEEP_SECONDS", 0.0)
    scans = []

    def fill(*arguments):
        if len(scans) == 2:
            import sqlite3

            raise sqlite3.OperationalError("database or disk is full")
        scans.append(1)
        return real(*arguments)

    real = affetto.music.scan.record
    monkeypatch.setattr(affetto.music.scan, "record", fill)
    with pytest.raises(StoreError, match="make room on its disk and run the command again"):
        scan(local)
    monkeypatch.setattr(affetto.music.scan, "record", real)
    assert count(local, TrackRow) == 2
    assert scan(local).new == 2


def test_two_scans_at_once_one_waits_its_turn(address: str, tmp_path: Path) -> None:
    album(tmp_path / "music", 30)
    with open_store(address) as first, open_store(address) as second:
        add_folder(first, tmp_path / "music")
        outcomes: list[object] = []

        def one(store: Store) -> None:
            try:
                outcomes.append(scan(store).new)
            except StoreError as error:
                outcomes.append(str(error))

        threads = [threading.Thread(target=one, args=(store,)) for store in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(first, TrackRow) == 30
        assert all(outcome in (0, 30) or "another scan is running" in str(outcome) for outcome in outcomes)
        assert 30 in outcomes


def test_the_same_file_recorded_twice_is_one_track(music: Path, local: Store) -> None:
    """As two processes would, if the lock between them failed."""
    from affetto.music.listening import inspect
    from affetto.music.records import record

    scan(local)
    with local.read() as connection:
        file = connection.scalar(select(FileRow.id).limit(1))
        path = connection.scalar(select(FileRow.path).where(FileRow.id == file))
    found = inspect(path, str(music))
    for _ in range(2):
        with local.write() as connection:
            assert record(connection, local, file, found, tracks.listen(Path(path))) is False
    assert count(local, TrackRow) == 4


@pytest.mark.parametrize("suffix", ["flac", "m4a", "ogg", "mp3"])
def test_hours_of_silence_in_a_small_file_cost_little(tmp_path: Path, suffix: str, encode) -> None:
    """A zip bomb for the ears: its tags are read and its identity is found without decoding it."""
    codec = {"flac": "flac", "m4a": "aac", "ogg": "libopus", "mp3": "libmp3lame"}[suffix]
    silence = np.zeros((48_000 * 60, 1), np.float32)
    path = encode(tmp_path / f"bomb.{suffix}", [silence] * 4, rate=48_000, codec=codec)
    began = time.monotonic()
    result = affetto.music.scan.inspect(str(path), str(tmp_path))
    assert time.monotonic() - began < 2
    assert result.tags.seconds == pytest.approx(240, abs=2)


@pytest.mark.slow
def test_a_cover_of_a_hundred_megabytes_costs_little_memory(tmp_path: Path) -> None:
    import mutagen.id3

    path = tmp_path / "big.mp3"
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TIT2(encoding=3, text=["Under the cover"]))
    tags.add(mutagen.id3.APIC(encoding=3, mime="image/jpeg", type=3, data=b"\xd8" * (100 << 20)))
    tags.save(path)
    with path.open("ab") as file:
        file.write(b"\xff\xfb\x90\x00" + bytes(413))
    code = (
        "import resource, sys; from affetto.music.listening import inspect; import av;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "found = inspect(sys.argv[1], '/');"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, found.tags.note, sep='|')"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    megabytes, note = result.strip().split("|")
    assert int(megabytes) < 250
    assert "more than 32 MB of tags" in note


def test_a_wav_with_a_header_that_lies(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", title="True")
    content = bytearray(path.read_bytes())
    content[content.index(b"data") + 4 :][:4] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content[: content.index(b"data") + 4]) + b"\xff\xff\xff\xff" + bytes(content[-100:]))
    assert not isinstance(affetto.music.scan.inspect(str(path), str(tmp_path)), Failure)
    with wave.open(str(sound(tmp_path / "b.wav")), "rb") as file:
        assert file.getnframes()
    assert read_tags(path).title
