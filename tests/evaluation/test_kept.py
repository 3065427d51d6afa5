"""Models of folds are kept with the clips they may judge."""

from pathlib import Path

import pytest

from affetto.errors import ModelError
from affetto.evaluation.cross_validate import cross_validate
from affetto.evaluation.kept import read_kept
from tests.evaluation.fakes import FakeModel, fake_recipe, write_ravdess


def test_every_fold_and_seed_is_kept_with_what_it_tests(fake: type[FakeModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    outcome = cross_validate(
        recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", seeds=(0, 1), keep=tmp_path / "kept"
    )
    kept = read_kept(tmp_path / "kept")
    assert [(one.seed, one.fold) for one in kept] == [(seed, str(fold)) for seed in (0, 1) for fold in range(1, 7)]
    for one in kept:
        assert one.protocol == "emobox-ravdess"
        assert one.tested == {p.clip for p in outcome.predictions if (p.seed, p.fold) == (one.seed, one.fold)}
        seed, *learnt = (one.model / "model.json").read_text().split()
        assert int(seed) == one.seed
        assert not {f"{corpus}:{speaker}" for corpus, speaker, _ in one.tested} & set(learnt)
    fake.fits.clear()
    cross_validate(
        recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", seeds=(0, 1), keep=tmp_path / "kept"
    )
    assert not fake.fits


def test_folds_that_were_finished_without_are_taken_up_again(fake: type[FakeModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs")
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", keep=tmp_path / "kept")
    assert len(fake.fits) == 12
    assert len(read_kept(tmp_path / "kept")) == 6


@pytest.mark.usefixtures("fake")
def test_a_fold_whose_clips_changed_is_kept_anew(tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", keep=tmp_path / "kept")
    write_ravdess(tmp_path, actors=[1], takes=2)
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", keep=tmp_path / "kept")
    assert sum(len(one.tested) for one in read_kept(tmp_path / "kept")) == 24 * 8 + 8


@pytest.mark.usefixtures("fake")
def test_a_folder_without_models_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no models of folds; keep them with 'affetto evaluate RECIPE"):
        read_kept(tmp_path)
    (tmp_path / "fold.json").write_text('{"fold": "1"}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"fold\.json: KeyError\('tested'\)"):
        read_kept(tmp_path)


@pytest.mark.usefixtures("fake")
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file", encoding="utf-8")
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    with pytest.raises(ModelError, match="give --keep-models a folder that can be written to"):
        cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", keep=tmp_path / "kept")
