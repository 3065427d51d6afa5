from pathlib import Path

import pytest

from affetto.errors import CorpusError
from affetto.evaluation.bakeoff import COLUMNS, Finished, bake, bakeoff_table, column_recipe, footnotes, read_cells
from affetto.evaluation.folds import INSIGHT
from affetto.evaluation.insight import read_insight
from affetto.evaluation.judge import judge
from affetto.evaluation.run import read_run
from affetto.learning.recipe import Recipe
from tests.evaluation.fakes import FakeModel, write_emodb, write_ravdess, write_tess


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_emodb(write_tess(write_ravdess(tmp_path / "data")))


def recipe(root: Path, **model: object) -> Recipe:
    table = {"name": "any", "data": {"root": root, "corpora": ["ravdess"]}, "model": {"family": "svm", **model}}
    return Recipe.model_validate(table)


def make(
    recipes: dict[str, Recipe], folder: Path, *columns: str, seeds: tuple[int, ...] = (0,)
) -> tuple[int, list[Finished]]:
    told: list[Finished] = []
    failed = bake(
        recipes,
        folder / "reports",
        cache=folder / "cache",
        runs=lambda recipe: folder / "runs" / f"{recipe.model.family}-{hash(recipe.model_dump_json())}",
        columns=columns,
        seeds=seeds,
        finished=told.append,
    )
    return failed, told


def test_what_is_missing_is_made_and_what_is_there_is_kept(fake: type[FakeModel], root: Path, tmp_path: Path) -> None:
    recipes = {"one": recipe(root), "two": recipe(root, c=2)}
    failed, told = make(recipes, tmp_path, "emodb-loso", "tess-random")
    assert (failed, len(told)) == (0, 4)
    assert [step.recipe for step in told] == ["one", "two", "one", "two"]  # one column of all recipes after another
    assert told[-1].left == 0
    fits = len(fake.fits)
    assert fits == 2 * (4 + 1)  # EmoDB's four speakers, and the first of the random folds
    assert make(recipes, tmp_path, "emodb-loso", "tess-random") == (0, [])
    assert make(recipes, tmp_path, "emodb-loso", seeds=(0, 1))[0] == 0
    assert len(fake.fits) == fits + 2 * 4, "the first seed is not trained again"
    run = read_run(tmp_path / "reports" / "one" / "emodb-loso")
    assert {p.seed for p in run.predictions} == {0, 1}
    assert run.about.corpora == ("emodb",)
    assert (tmp_path / "reports" / "one" / "emodb-loso" / "recipe.toml").is_file()


@pytest.mark.usefixtures("fake")
def test_the_table_says_what_is_missing_and_what_is_stale(root: Path, tmp_path: Path) -> None:
    make({"one": recipe(root)}, tmp_path, "emodb-loso", "tess-random")
    cells = read_cells(tmp_path / "reports", {"one": recipe(root, c=3), "two": recipe(root)})
    table = bakeoff_table(cells)
    assert table.columns == ("recipe", *(column.title for column in COLUMNS))
    rows = {row[0]: row for row in table.rows}
    assert rows["one (svm)"][2].endswith("*")
    assert rows["two"][1:] == ("·",) * 5
    notes = " ".join(footnotes(cells))
    assert "made by an earlier version of the recipe" in notes
    assert "not made yet" in notes
    assert "leak" in notes
    gone = read_cells(tmp_path / "reports", {})
    assert [cell.recipe for cell in gone] == ["one"] * len(COLUMNS)


def test_one_failure_does_not_cost_the_others(
    fake: type[FakeModel], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = fake.fit

    def breaks(self: FakeModel, clips: object, **options: object) -> None:
        if self.recipe.model.model_dump()["c"] == 2:
            raise RuntimeError("no luck")
        fit(self, clips, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fake, "fit", breaks)
    failed, told = make({"bad": recipe(root, c=2), "good": recipe(root)}, tmp_path, "emodb-loso")
    assert failed == 1
    assert [step.error for step in told] == ["RuntimeError: no luck", ""]
    assert (tmp_path / "reports" / "good" / "emodb-loso" / "predictions.csv").is_file()


def test_an_unknown_column_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="unknown column 'tes'; known are emobox-ravdess"):
        make({"one": recipe(root)}, tmp_path, "tes")


@pytest.mark.slow
def test_processes_share_the_folds_of_all_reports(tmp_path: Path) -> None:
    """Real networks, small ones: what several processes make is what one makes."""
    from tests.tiny import write_tiny_corpus

    root = write_tiny_corpus(tmp_path / "data", actors=tuple(f"{actor:02}" for actor in range(1, 25)), takes=1)

    def tiny(family: str) -> Recipe:
        shape = {"channels": (4,)} if family == "cnn" else {"hidden": 4, "layers": 1}
        model = {"family": family, "frames": {"n_mels": 16, "hop_ms": 32}, "network": shape, "training": {"epochs": 1}}
        return Recipe.model_validate({"name": family, "data": {"root": root, "corpora": ["ravdess"]}, "model": model})

    told: list[Finished] = []
    for name, jobs in (("together", 2), ("alone", 1)):
        failed = bake(
            {"cnn": tiny("cnn"), "lstm": tiny("lstm")},
            tmp_path / name,
            cache=tmp_path / "cache",
            runs=lambda recipe, name=name: tmp_path / f"runs-{name}" / recipe.name,
            columns=["emobox-ravdess"],
            jobs=jobs,
            finished=told.append,
        )
        assert failed == 0
    assert len(told) == 4
    for family in ("cnn", "lstm"):
        first, second = (
            (tmp_path / name / family / "emobox-ravdess" / "predictions.csv").read_text()
            for name in ("together", "alone")
        )
        assert first == second


@pytest.mark.usefixtures("fake")
def test_folds_may_be_called_by_speakers(root: Path, tmp_path: Path) -> None:
    failed, told = make({"one": recipe(root)}, tmp_path, "tess-cross-actress")
    assert failed == 0, told
    run = read_run(tmp_path / "reports" / "one" / "tess-cross-actress")
    assert {p.fold for p in run.predictions} == {"OAF", "YAF"}


def test_what_only_a_page_shows_is_computed_for_the_page(fake: type[FakeModel], root: Path, tmp_path: Path) -> None:
    make({"one": recipe(root)}, tmp_path, "emobox-ravdess")
    assert not list((tmp_path / "runs").rglob(INSIGHT))
    of_recipe = column_recipe(recipe(root), COLUMNS[0])
    runs = tmp_path / "runs" / f"svm-{hash(of_recipe.model_dump_json())}"
    fits = len(fake.fits)
    judged = judge(of_recipe, "emobox-ravdess", cache=tmp_path / "cache", runs=runs)
    assert len(list((tmp_path / "runs").rglob(INSIGHT))) == len(judged.logs) == 6, (
        "in the folders of the same trainings"
    )
    assert len(fake.fits) == fits + 6  # a kept fit is read again, which a real model does at once
    assert read_insight(judged.logs, judged.run.predictions).importance
    judge(of_recipe, "emobox-ravdess", cache=tmp_path / "cache", runs=runs)
    assert len(fake.fits) == fits + 6
