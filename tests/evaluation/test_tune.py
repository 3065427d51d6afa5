"""A search finds what is better, by speakers who are set aside for it, and goes on where it stopped."""

from pathlib import Path
from typing import Any

import pytest

from affetto.corpora import load_corpora
from affetto.errors import CorpusError, OptionError, RecipeError
from affetto.evaluation.search_space import Choice, Range
from affetto.evaluation.toml import recipe_key, recipe_text
from affetto.evaluation.tune import changed, choosing_clips, tune
from affetto.learning.recipe import Recipe, load_recipe
from tests.evaluation.fakes import FakeModel, write_emodb, write_ravdess
from tests.tiny import tiny_recipe


class Bowl(FakeModel):
    """Best with a dropout of 0.3."""

    def strength(self) -> float:
        return 6.0 - 20 * abs(self.recipe.model.network.dropout - 0.3)  # type: ignore[union-attr]


@pytest.fixture
def bowl(fake: type[FakeModel], monkeypatch: pytest.MonkeyPatch) -> type[FakeModel]:
    from affetto.evaluation import tune as module

    monkeypatch.setattr(module, "build_model", Bowl)
    return fake


def recipe_of(root: Path, *corpora: str) -> Recipe:
    tiny = tiny_recipe(root)
    return tiny.model_copy(update={"data": tiny.data.model_copy(update={"corpora": corpora})})


SPACE = {"model.network.dropout": Range(low=0.0, high=0.9)}


def search(recipe: Recipe, tmp_path: Path, **options: Any) -> Any:
    return tune(recipe, SPACE, cache=tmp_path, runs=tmp_path / "tune", **{"trials": 8, **options})


def test_a_search_finds_the_better_recipe_and_goes_on(bowl: type[FakeModel], tmp_path: Path) -> None:
    recipe = recipe_of(write_ravdess(tmp_path), "ravdess")
    stages: list[tuple[str, int, int]] = []
    bests: list[int] = []
    tuned = search(recipe, tmp_path, progress=lambda *stage: stages.append(stage), best=lambda n, _: bests.append(n))
    assert stages[0] == ("trials", 0, 8)
    assert stages[-1] == ("trials", 8, 8)
    assert bests[0] == 0
    assert tuned.before is not None
    assert tuned.uar >= tuned.before
    assert tuned.recipe.model.network.dropout == tuned.values["model.network.dropout"]  # type: ignore[union-attr]
    assert abs(tuned.values["model.network.dropout"] - 0.3) < 0.2
    assert len(tuned.watched) == 6
    fits = len(bowl.fits)
    assert search(recipe, tmp_path) == tuned  # nothing left to do
    assert len(bowl.fits) == fits
    assert search(recipe, tmp_path, trials=10).trials == 10
    assert len(bowl.fits) == fits + 2


def test_an_interrupted_trial_is_tried_again(
    bowl: type[FakeModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(write_ravdess(tmp_path), "ravdess")
    fit = bowl.fit

    def stopped(self: FakeModel, *args: Any, **options: Any) -> None:
        if len(bowl.fits) == 3:
            raise KeyboardInterrupt
        fit(self, *args, **options)

    monkeypatch.setattr(FakeModel, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        search(recipe, tmp_path)
    monkeypatch.setattr(FakeModel, "fit", fit)
    assert search(recipe, tmp_path).trials == 8
    assert len(bowl.fits) == 8


def test_what_a_protocol_tests_is_never_looked_at(bowl: type[FakeModel], tmp_path: Path) -> None:
    root = write_emodb(write_ravdess(tmp_path))
    tuned = search(recipe_of(root, "ravdess", "emodb"), tmp_path, trials=2, protocol="emobox-ravdess")
    assert {who.split(":")[0] for who in tuned.watched} == {"emodb"}
    assert {clip.corpus for train, _, _ in bowl.fits for clip in train} == {"emodb"}
    bowl.fits.clear()
    search(recipe_of(root, "ravdess"), tmp_path, trials=2, protocol="emobox-ravdess", fold="1")
    seen = {clip.speaker for train, watched, _ in bowl.fits for clip in (*train, *watched)}
    assert seen.isdisjoint({"A01", "A11", "A20", "A21"})
    clips = load_corpora(("ravdess",), root / "speech")
    with pytest.raises(CorpusError, match="tests every speaker in some fold; choose on other corpora"):
        choosing_clips(clips, "emobox-ravdess")
    with pytest.raises(OptionError, match="unknown fold '9'; the protocol has 1, 2"):
        choosing_clips(clips, "emobox-ravdess", "9")


def test_a_model_that_must_know_when_to_stop_stops_by_others(
    bowl: type[FakeModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "needs_validation", True)
    tuned = search(recipe_of(write_ravdess(tmp_path), "ravdess"), tmp_path, trials=2, seeds=(0, 1, 2))
    for train, stop, _ in bowl.fits:
        assert stop
        assert not {clip.speaker for clip in train} & {clip.speaker for clip in stop}
        assert not {f"ravdess:{clip.speaker}" for clip in (*train, *stop)} >= set(tuned.watched)
    assert {seed for _, _, seed in bowl.fits} == {0, 1, 2}


@pytest.mark.usefixtures("bowl")
def test_what_cannot_be_searched_is_refused(tmp_path: Path) -> None:
    recipe = recipe_of(write_ravdess(tmp_path), "ravdess")
    for space, message in (
        ({}, "nothing to search"),
        ({"model.network.dropuot": Range(low=0, high=1)}, "cannot search model.network.dropuot"),
        ({"model.network.dropout": Range(low=-3, high=1)}, "cannot search model.network.dropout"),
    ):
        with pytest.raises(OptionError, match=message):
            tune(recipe, space, trials=1, cache=tmp_path, runs=tmp_path)
    away = changed(recipe, {"model.network.dropout": 0.1})  # outside the space, so nothing is tried before the search
    with pytest.raises(OptionError, match="no trial gave a valid recipe"):
        tune(away, {"model.network.dropout": Choice((0.5, 7.0))}, trials=0, cache=tmp_path, runs=tmp_path)


def test_a_recipe_is_written_as_it_is_read(tmp_path: Path) -> None:
    recipe = load_recipe(Path(__file__).parents[2] / "recipes" / "default.toml")
    file = tmp_path / "again.toml"
    file.write_text(recipe_text(recipe, comment="two\nlines"), encoding="utf-8")
    assert file.read_text().startswith("# two\n# lines\nname = ")
    assert load_recipe(file) == recipe
    assert recipe_key(recipe) == recipe_key(load_recipe(file))
    better = changed(recipe, {"model.network.dropout": 0.25, "model.training.precision": "32-true"})
    assert (better.model.network.dropout, better.model.training.precision) == (0.25, "32-true")  # type: ignore[union-attr]
    assert recipe_key(better) != recipe_key(recipe)
    with pytest.raises(RecipeError, match=r"dropout"):
        changed(recipe, {"model.network.dropout": 3})
