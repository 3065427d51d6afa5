"""Sounds that are not speech, parted by recording."""

from pathlib import Path

import pytest

from affetto.corpora.non_speech import split_non_speech
from affetto.errors import CorpusError


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for number in range(100):
        for part in "ABC":
            path = tmp_path / "noise" / "rain" / f"1-{number}-{part}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (tmp_path / "music").mkdir(exist_ok=True)
        (tmp_path / "music" / f"{number}.mp3").touch()
    return tmp_path


def test_parts_of_a_recording_stay_together(sounds: Path) -> None:
    train, test = split_non_speech(sounds, ("noise/**/*.wav",))
    assert len(train) + len(test) == 300
    recordings = [{path.stem.rsplit("-", 1)[0] for path in side} for side in (train, test)]
    assert recordings[0].isdisjoint(recordings[1])
    assert 10 <= len(recordings[1]) <= 30  # one in five


def test_the_split_does_not_depend_on_the_folder_or_the_format(sounds: Path, tmp_path: Path) -> None:
    _, test = split_non_speech(sounds, ("noise/rain/*.wav",))
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in sounds.glob("noise/rain/*.wav"):
        (copy / f"{path.stem}.opus").touch()
    _, again = split_non_speech(copy, ("*.opus",))
    assert {path.stem for path in test} == {path.stem for path in again}


def test_several_patterns(sounds: Path) -> None:
    train, test = split_non_speech(sounds, ("noise/rain/*.wav", "music/*.mp3"))
    assert len(train) + len(test) == 400
    assert {path.suffix for path in test} == {".wav", ".mp3"}
    assert split_non_speech(sounds, ()) == ((), ())


def test_a_pattern_that_matches_nothing(sounds: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file matches 'nois/\*\.wav' below .*; mend data\.non_speech"):
        split_non_speech(sounds, ("music/*.mp3", "nois/*.wav"))


@pytest.mark.shared
def test_the_noise_of_the_development_data(shared: Path) -> None:
    train, test = split_non_speech(shared / "speech", ("noise/*/*.*",))
    assert len(test) > 10
    assert len(train) > 2 * len(test)
