import errno
import json
import os
from pathlib import Path

import pytest

from affetto.errors import ModelError
from affetto.learning.recipe import Recipe
from affetto.learning.store import read_saved, save_model

RECIPE = Recipe.model_validate(
    {"name": "x", "data": {"corpora": ["tess"]}, "model": {"family": "recognizer", "training": {"steps": 3}}}
)


def save(folder: Path, text: str = "weights") -> None:
    def write(inside: Path) -> None:
        (inside / "w.bin").write_text(text)

    save_model(folder, recipe=RECIPE, labels=["sad", "angry"], write=write, facts={"temperature": 2.0})


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    save(tmp_path / "new" / "model")
    saved = read_saved(tmp_path / "new" / "model")
    assert saved.recipe == RECIPE
    assert saved.labels == ("sad", "angry")
    assert saved.facts["temperature"] == 2.0
    assert saved.file("w.bin").read_text() == "weights"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model"]
    with pytest.raises(ModelError, match=r"holds no v\.bin"):
        saved.file("v.bin")


def test_a_model_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    save(tmp_path / "model", "old")
    save(tmp_path / "model", "new")
    assert read_saved(tmp_path / "model").file("w.bin").read_text() == "new"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    with pytest.raises(ModelError, match="something that is not a model"):
        save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "thesis.tex").exists()


def test_a_full_disk_keeps_the_model_that_was_there(tmp_path: Path) -> None:
    save(tmp_path / "model", "old")

    def write(inside: Path) -> None:
        (inside / "w.bin").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ModelError, match=r"model: No space left on device"):
        save_model(tmp_path / "model", recipe=RECIPE, labels=["a"], write=write)
    assert read_saved(tmp_path / "model").file("w.bin").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no saved model; train one"):
        read_saved(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99, "affetto": "7.0"}, "format 99 by affetto 7.0, this is affetto"),
        ({"labels": 3}, "does not fit this version"),
        ({"recipe": {"name": "x"}}, "does not fit this version"),
        ({"files": {"../w.bin": "0"}}, "damaged or missing"),
        ({"files": {"w.bin": "0"}}, "damaged or missing"),
        ({"files": {"gone.bin": "0"}}, "damaged or missing"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    save(tmp_path / "model")
    file = tmp_path / "model" / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ModelError, match=message) as error:
        read_saved(tmp_path / "model")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff" * 2_000_000])
def test_what_is_not_a_table_is_refused(tmp_path: Path, text: str) -> None:
    save(tmp_path / "model")
    (tmp_path / "model" / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json cannot be read"):
        read_saved(tmp_path / "model")
