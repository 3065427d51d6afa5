import errno
import logging
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from affetto.corpora.table import Clip
from affetto.errors import AudioError, ModelError
from affetto.learning import cached as module
from affetto.learning.cached import cached
from affetto.voice.audio import Samples
from tests.speed import fastest

Array = npt.NDArray[np.floating]


def clip(path: Path) -> Clip:
    return Clip(speaker="A", gender="f", label="happy", emotion=None, corpus="tiny", path=path, language="en")


def write(folder: Path, count: int) -> list[Clip]:
    folder.mkdir(exist_ok=True)
    clips: list[Clip] = []
    for number in range(count):
        path = folder / f"{number}.wav"
        soundfile.write(path, np.full(800, (number + 1) / 100), 16_000)
        clips.append(clip(path))
    return clips


def level(samples: Samples) -> Array:
    return np.array([samples.mean(), len(samples)], np.float32)


def picky(samples: Samples) -> Array:
    if samples.mean() > 0.015:
        raise AudioError("too loud for me")
    return level(samples)


def never(_: Samples) -> Array:
    raise AssertionError("computed although it was kept")


def files(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_every_clip_is_computed_once(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 3)
    first = cached([*clips, clips[0]], level, name="level", version=1, cache=tmp_path / "cache")
    assert list(first.values) == [c.path for c in clips]
    assert first.values[clips[1].path] == pytest.approx([0.02, 800], abs=1e-3)
    again = cached(clips, never, name="level", version=1, cache=tmp_path / "cache")
    assert all(np.array_equal(first.values[path], again.values[path]) for path in first.values)
    assert first.failures == again.failures == {}
    assert len(files(tmp_path / "cache")) == 3


def test_another_version_or_a_changed_clip_is_computed_again(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 2)
    cached(clips, level, name="level", version=1, cache=tmp_path)
    with pytest.raises(AssertionError, match="although"):
        cached(clips, never, name="level", version=2, cache=tmp_path)
    with pytest.raises(AssertionError, match="although"):
        cached(clips, never, name="other", version=1, cache=tmp_path)
    soundfile.write(clips[0].path, np.full(900, 0.5), 16_000)
    changed = cached(clips, level, name="level", version=1, cache=tmp_path)
    assert changed.values[clips[0].path][1] == 900


def test_copies_at_other_places_are_told_apart_and_links_are_not(tmp_path: Path) -> None:
    (first,) = write(tmp_path / "a", 1)
    link = tmp_path / "link.wav"
    link.symlink_to(first.path)
    cached([first], level, name="level", version=1, cache=tmp_path)
    kept = cached([clip(link)], never, name="level", version=1, cache=tmp_path)
    assert list(kept.values) == [link]
    (other,) = write(tmp_path / "b", 1)
    with pytest.raises(AssertionError, match="although"):
        cached([other], never, name="level", version=1, cache=tmp_path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_corrupt_clip_is_reported_skipped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, jobs: int
) -> None:
    clips = write(tmp_path / "a", 4)
    clips[1].path.write_bytes(b"not sound at all")
    clips[2].path.unlink()
    with caplog.at_level(logging.WARNING):
        found = cached(clips, level, name="level", version=1, cache=tmp_path / "cache", jobs=jobs)
    assert set(found.values) == {clips[0].path, clips[3].path}
    assert set(found.failures) == {clips[1].path, clips[2].path}
    assert all("wav" in reason for reason in found.failures.values())
    assert "level: 2 of 4 clip(s) left out" in caplog.text
    assert "1.wav" in caplog.text


def test_what_cannot_be_computed_with_is_a_failure_and_a_bug_is_not(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 2)
    found = cached(clips, picky, name="level", version=1, cache=tmp_path)
    assert found.failures == {clips[1].path: "too loud for me"}
    with pytest.raises(ZeroDivisionError):
        cached(clips, lambda x: x / (1 // 0), name="bug", version=1, cache=tmp_path)


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 40)
    seen: list[tuple[str, int, int]] = []
    one = cached(clips, level, name="level", version=1, cache=tmp_path / "one")
    two = cached(
        clips, level, name="level", version=1, cache=tmp_path / "two", jobs=2, progress=lambda *a: seen.append(a)
    )
    assert list(one.values) == list(two.values)
    assert all(np.array_equal(one.values[path], two.values[path]) for path in one.values)
    assert seen[-1] == ("computing level", 40, 40)


def test_what_cannot_travel_to_another_process_is_computed_in_this_one(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 2)
    found = cached(clips, lambda samples: level(samples), name="level", version=1, cache=tmp_path, jobs=2)
    assert len(found.values) == 2


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 1)
    cached(clips, level, name="level", version=1, cache=tmp_path / "cache")
    (kept,) = files(tmp_path / "cache")
    for damage in (b"", kept.read_bytes()[:-3], b"\x80\x04N."):
        kept.write_bytes(damage)
        assert cached(clips, level, name="level", version=1, cache=tmp_path / "cache").values[clips[0].path][1] == 800


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, jobs: int) -> None:
    clips = write(tmp_path / "a", 2)
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(ModelError, match=r"cannot write to the cache .*cache/level-1"):
        cached(clips, level, name="level", version=1, cache=tmp_path / "cache", jobs=jobs)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = write(tmp_path / "a", 3)
    write_array = np.lib.format.write_array
    written = 0

    def full_after_one(stream: object, *args: object, **options: object) -> None:
        nonlocal written
        written += 1
        if written > 1:
            stream.write(b"half")  # type: ignore[attr-defined]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_array(stream, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module.np.lib.format, "write_array", full_after_one)
    with pytest.raises(ModelError, match=r"cache/level-1: No space left on device; make room"):
        cached(clips, level, name="level", version=1, cache=tmp_path / "cache")
    assert [path.suffix for path in files(tmp_path / "cache")] == [".npy"]


def test_kept_clips_are_read_in_a_few_times_what_their_files_take(tmp_path: Path) -> None:
    clips = write(tmp_path / "a", 300)

    def read() -> None:
        cached(clips, never, name="level", version=1, cache=tmp_path / "cache")

    cached(clips, level, name="level", version=1, cache=tmp_path / "cache")
    kept = files(tmp_path / "cache")
    assert fastest(read) < 8 * fastest(lambda: [np.load(file) for file in kept])
