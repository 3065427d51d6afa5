"""The protocol on a corpus that is built here."""

from pathlib import Path

import numpy as np
import pytest

from affetto.errors import CorpusError, OptionError
from affetto.evaluation.cross_validate import cross_validate
from affetto.learning.recipe import Recipe
from tests.tiny import tiny_recipe, write_tiny_corpus


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    # Actors of folds 1 and 2 only: the other folds have nobody to test.
    return tiny_recipe(write_tiny_corpus(tmp_path_factory.mktemp("data"), actors=("01", "11", "04", "10")), steps=100)


def test_every_clip_is_predicted_once_and_finished_folds_are_kept(recipe: Recipe, tmp_path: Path) -> None:
    stages: list[tuple[str, int, int]] = []

    def run() -> list[np.ndarray]:
        outcome = cross_validate(
            recipe,
            "emobox-ravdess",
            cache=tmp_path / "cache",
            runs=tmp_path / "runs",
            folds=["1", "2"],
            progress=lambda *stage: stages.append(stage),
        )
        assert len({p.stem for p in outcome.predictions}) == len(outcome.predictions) == 32
        assert {p.fold: {q.speaker for q in outcome.predictions if q.fold == p.fold} for p in outcome.predictions} == {
            "1": {"A01", "A11"},
            "2": {"A04", "A10"},
        }
        assert outcome.temperature > 0
        for p in outcome.predictions:
            assert p.probabilities.sum() == pytest.approx(1)
        return [p.probabilities for p in outcome.predictions]

    first = run()
    results = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("logits.npy")}
    assert np.allclose(first, run())
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("logits.npy")} == results
    assert stages[-1] == ("training folds", 2, 2)


def test_unknown_protocols_and_folds_are_refused(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="unknown protocol 'nine'; known are emobox-ravdess"):
        cross_validate(recipe, "nine", cache=tmp_path, runs=tmp_path)
    with pytest.raises(OptionError, match="unknown fold '7'"):
        cross_validate(recipe, "emobox-ravdess", cache=tmp_path / "cache", runs=tmp_path, folds=["7"])


def test_missing_noise_is_named(recipe: Recipe, tmp_path: Path) -> None:
    data = recipe.data.model_copy(update={"non_speech": ("nothing/*",)})
    with pytest.raises(CorpusError, match="nothing"):
        cross_validate(recipe.model_copy(update={"data": data}), "emobox-ravdess", cache=tmp_path, runs=tmp_path)
