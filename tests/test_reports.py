"""Published figures are what the published predictions say."""

import subprocess
import sys
from pathlib import Path

import pytest

from affetto.corpora.splits import EMOBOX_RAVDESS
from affetto.evaluation.predictions import Prediction, read_predictions
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


def test_the_bound_of_the_first_release_is_kept(published: Figures) -> None:
    assert published.uar >= 0.55
    assert all(len(seed.uar_folds) == 6 for seed in published.seeds)


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


def test_the_report_carries_the_recipe_that_ships() -> None:
    shipped = (ROOT / "recipes" / "default.toml").read_text(encoding="utf-8")
    assert (PREDICTIONS.parent / "recipe.toml").read_text(encoding="utf-8") == shipped


@pytest.mark.shared
def test_the_judge_agrees(published: Figures, shared: Path) -> None:
    judge = shared / "tools" / "judge.py"
    command = [sys.executable, str(judge), "ravdess-emobox", str(PREDICTIONS), "--min-uar", "0.55"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"UAR {published.uar:.4f}" in done.stdout
