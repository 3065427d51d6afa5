"""The battery out of fold: models that an evaluation kept judge the clips of their own fold, the whole way."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.cli import main
from affetto.errors import CorpusError, ModelError
from affetto.evaluation.cross_validate import cross_validate
from affetto.evaluation.robustness.judges import judges_of_folds
from tests.tiny import RATE, tiny_recipe, write_tiny_corpus

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folds 1 and 2 of a tiny corpus, kept below a folder that has the data too."""
    root = write_tiny_corpus(tmp_path_factory.mktemp("data"), actors=("01", "11", "04", "10"), takes=1)
    recipe = tiny_recipe(root, steps=4)
    cross_validate(recipe, "emobox-ravdess", cache=root / "cache", runs=root / "runs", keep=root / "kept")
    return root


def test_every_clip_is_judged_by_the_model_of_its_fold(kept: Path, tmp_path: Path) -> None:
    judges = judges_of_folds(kept / "kept", data=None, cache=tmp_path)
    assert {judge.fold: {clip.speaker for clip in judge.clips} for judge in judges} == {
        "1": {"A01", "A11"},
        "2": {"A04", "A10"},
    }
    assert len({judge.key for judge in judges}) == 2
    assert {clip.label for judge in judges for clip in judge.clips} == {"neutral", "happy", "sad", "angry"}
    first = {judge.model: judge.model.stat().st_mtime_ns for judge in judges if judge.model}
    again = judges_of_folds(kept / "kept", data=None, cache=tmp_path)
    assert {judge.model: judge.model.stat().st_mtime_ns for judge in again if judge.model} == first


def test_data_may_have_moved(kept: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    write_tiny_corpus(moved, actors=("01", "11"), takes=1)
    (judge,) = judges_of_folds(kept / "kept", data=moved, cache=tmp_path / "cache")
    assert judge.fold == "1"
    assert all(clip.path.is_relative_to(moved) for clip in judge.clips)
    other = tmp_path / "other"
    write_tiny_corpus(other, actors=("09",), takes=1)
    with pytest.raises(CorpusError, match="none of the clips that the folds of"):
        judges_of_folds(kept / "kept", data=other, cache=tmp_path / "cache")


def test_what_is_not_kept_is_told(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no folds of seed 3; there are 0"):
        judges_of_folds(kept / "kept", data=None, cache=tmp_path, seed=3)
    with pytest.raises(ModelError, match="no protocol loso"):
        judges_of_folds(kept / "kept", data=None, cache=tmp_path, protocol="loso")


def test_the_command_says_that_it_is_out_of_fold(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    for file in (kept / "speech").rglob("*.flac"):  # tones are no speech: all is refused, before and after
        assert np.isfinite(soundfile.read(file)[0]).all()
        assert soundfile.info(file).samplerate == RATE
    arguments = ["robustness", "--folds", str(kept / "kept"), "--test", "gain", "--json"]
    monkeypatch.setattr("sys.argv", ["affetto", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    found = json.loads(capsys.readouterr().out)
    assert not any("not out of fold" in note for note in found["notes"])
    assert found["notes"][0] == "16 clips, 2 model(s)"
    assert found["tests"][0]["unchanged"] == 1.0
