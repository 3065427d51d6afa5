"""Published figures are what the published predictions say."""

import subprocess
import sys
from pathlib import Path

import pytest

from affetto.corpora.splits import EMOBOX_RAVDESS
from affetto.evaluation.predictions import Prediction, average_predictions, read_predictions
from affetto.evaluation.report import Figures, figures

ROOT = Path(__file__).parents[1]
PREDICTIONS = ROOT / "reports" / "ravdess-emobox" / "predictions.csv"


@pytest.fixture(scope="module")
def predictions() -> tuple[Prediction, ...]:
    return read_predictions(PREDICTIONS)


@pytest.fixture(scope="module")
def published(predictions: tuple[Prediction, ...]) -> Figures:
    return figures(predictions)


def test_every_clip_is_predicted_by_a_model_that_did_not_meet_its_actor(predictions: tuple[Prediction, ...]) -> None:
    for seed in {p.seed for p in predictions}:
        rows = [p for p in predictions if p.seed == seed]
        assert len({p.stem for p in rows}) == len(rows) == 1440
        for p in rows:
            assert p.stem[-2:] == p.speaker[1:]
            assert p.speaker[1:] in EMOBOX_RAVDESS[int(p.fold) - 1]


RECOGNIZER = {
    "ravdess-emobox": 0.655,
    "ravdess-emobox-enrolled": 0.70,
    "ravdess-luna": 0.65,
    "emodb-loso": 0.82,
    "tess-cross-actress": 0.55,
    "nemo-loso": 0.55,
    "ased-speakers": 0.86,
    "leave-one-corpus-out": 0.50,
}
"""Reports of the recognizer that ships, and the UAR that each must reach."""


def _of_recognizer(name: str) -> Figures:
    return figures(read_predictions(ROOT / "reports" / name / "predictions.csv"))


@pytest.mark.parametrize("name", RECOGNIZER)
def test_the_recognizer_reaches_what_it_must_over_three_seeds(name: str) -> None:
    found = _of_recognizer(name)
    assert len(found.seeds) >= 3
    assert found.uar >= RECOGNIZER[name]


def test_its_probabilities_mean_what_they_say_and_its_sure_half_is_right(published: Figures) -> None:
    assert published.ece <= 0.05
    assert all(seed.confident_half >= 0.82 for seed in published.seeds)
    assert all(seed.arousal_correlation and seed.arousal_correlation >= 0.70 for seed in published.seeds)


def test_pages_have_the_tables_that_the_reports_give() -> None:
    from tools.model_card import stale

    assert stale() == [], "run python -m tools.model_card"


def test_a_page_that_says_something_else_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tools import model_card

    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- measured: scale -->\n| UAR | 1.000 |\n<!-- end of scale -->\nafter\n", encoding="utf-8"
    )
    monkeypatch.setattr(model_card, "ROOT", tmp_path)
    monkeypatch.setattr(model_card, "PAGES", (page,))
    assert model_card.stale() == ["page.md"]
    text = model_card.written(page.read_text(encoding="utf-8"))
    assert text.startswith("before\n<!-- measured: scale -->\n\n| model |")
    assert text.endswith("<!-- end of scale -->\nafter\n")
    assert model_card.written(text) == text
    with pytest.raises(SystemExit, match="there is no table 'nonsense'"):
        model_card.written("<!-- measured: nonsense --><!-- end of nonsense -->")


@pytest.mark.parametrize("name", RECOGNIZER)
def test_the_report_carries_the_recipe_that_ships(name: str) -> None:
    shipped = (ROOT / "recipes" / "default.toml").read_text(encoding="utf-8")
    assert (ROOT / "reports" / name / "recipe.toml").read_text(encoding="utf-8") == shipped


@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in RECOGNIZER if name != "leave-one-corpus-out"])
def test_the_judge_agrees(name: str, shared: Path) -> None:
    predictions = ROOT / "reports" / name / "predictions.csv"
    command = [sys.executable, str(shared / "tools" / "judge.py"), name, str(predictions), "--min-seeds", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"UAR {_of_recognizer(name).uar:.4f}" in done.stdout


JUDGED = {"emobox-ravdess": "ravdess-emobox", "emodb-loso": "emodb-loso", "nemo-loso": "nemo-loso"}
JUDGED["tess-cross-actress"] = "tess-cross-actress"
"""Reports of the bake-off that the judge knows, and what it calls them."""

BAKED = sorted(path.parent for path in (ROOT / "reports" / "bakeoff").glob("*/*/predictions.csv"))


@pytest.mark.parametrize("report", BAKED, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_report_of_the_bakeoff_is_of_the_recipe_that_is_there(report: Path) -> None:
    from affetto.evaluation.bakeoff import read_cells
    from affetto.learning.recipe import load_recipe

    recipe = ROOT / "recipes" / "lab" / f"{report.parent.name}.toml"
    if not recipe.is_file():  # the recognizer's
        recipe = ROOT / "recipes" / f"{report.parent.name}.toml"
    cells = read_cells(report.parents[1], {report.parent.name: load_recipe(recipe)})
    cell = next(c for c in cells if c.recipe == report.parent.name and c.column.name == report.name)
    assert cell.run is not None
    assert not cell.stale, f"affetto compare --run --family {report.parent.name} --column {report.name}"


@pytest.mark.shared
@pytest.mark.parametrize("report", [r for r in BAKED if r.name in JUDGED], ids=lambda path: "/".join(path.parts[-2:]))
def test_the_judge_agrees_on_the_bakeoff(report: Path, shared: Path) -> None:
    expected = figures(read_predictions(report / "predictions.csv"))
    command = [sys.executable, str(shared / "tools" / "judge.py"), JUDGED[report.name], str(report / "predictions.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"UAR {expected.uar:.4f}" in done.stdout
    for seed in expected.seeds:
        assert f"seed {seed.seed}: UAR mean over folds {seed.uar:.4f}" in done.stdout
        assert f"accuracy {seed.accuracy:.4f}, macro F1 {seed.macro_f1:.4f}" in done.stdout


def _baked(recipe: str, column: str) -> Figures:
    return figures(read_predictions(ROOT / "reports" / "bakeoff" / recipe / column / "predictions.csv"))


def test_functionals_and_a_kernel_reach_what_they_must() -> None:
    assert _baked("svm", "emobox-ravdess").uar >= 0.57
    assert _baked("svm", "emodb-loso").uar >= 0.77


def test_a_network_and_two_views_reach_what_they_must_over_two_seeds() -> None:
    network = _baked("cnn-asp", "emobox-ravdess")
    assert len(network.seeds) >= 2
    assert network.uar >= 0.60
    both = figures(read_predictions(ROOT / "reports" / "two-views" / "predictions.csv"))
    assert len(both.seeds) >= 2
    assert both.uar >= 0.63


def test_known_voices_are_recognized_by_an_lstm_as_published_and_unknown_ones_stand_beside() -> None:
    known, unknown = _baked("lstm", "tess-random"), _baked("lstm", "tess-cross-actress")
    assert known.accuracy >= 0.985
    assert unknown.uar < known.uar


def test_every_recipe_of_the_bakeoff_has_every_column() -> None:
    from affetto.evaluation.bakeoff import COLUMNS

    recipes = {path.stem for path in (ROOT / "recipes" / "lab").glob("*.toml")} - {"encoder"}  # it needs a checkpoint
    assert {path.parent.name for path in BAKED} == recipes
    for recipe in sorted(recipes):
        assert {path.name for path in BAKED if path.parent.name == recipe} == {column.name for column in COLUMNS}


def test_two_views_are_those_of_the_bakeoff() -> None:
    views = [
        read_predictions(ROOT / "reports" / "bakeoff" / view / "emobox-ravdess" / "predictions.csv")
        for view in ("svm", "cnn-asp")
    ]
    kept = {(p.seed, p.stem): p for p in read_predictions(ROOT / "reports" / "two-views" / "predictions.csv")}
    made = average_predictions(views)
    assert {(p.seed, p.stem) for p in made} == set(kept)
    for one in made:
        assert one.probabilities == pytest.approx(kept[one.seed, one.stem].probabilities, abs=1e-4)
