"""``affetto train`` and ``affetto evaluate`` on a corpus that is built here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import recipe_text, write_tiny_corpus

Affetto = Callable[..., Any]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    root = write_tiny_corpus(tmp_path / "data", actors=("01", "11", "04", "10"))
    file = tmp_path / "tiny.toml"
    file.write_text(recipe_text(root))
    return file


def test_evaluate_then_train_then_hear(affetto: Affetto, recipe: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    evaluated = affetto("evaluate", recipe, "--fold", 1, "--fold", 2, "--out", report, "--json")
    assert evaluated.code == 0, evaluated.err
    figures = json.loads(evaluated.out)
    assert figures["clips"] == 32
    assert (report / "recipe.toml").read_text() == recipe.read_text()
    again = affetto("evaluate", "--from", report / "predictions.csv", "--json")
    assert json.loads(again.out)["uar"] == pytest.approx(figures["uar"], abs=1e-6)
    shown = affetto("evaluate", "--from", report / "predictions.csv").out
    assert f"UAR {figures['uar']:.4f}" in shown
    model = tmp_path / "model.onnx"
    trained = affetto("train", recipe, "--out", model, "--calibration", report / "calibration.json")
    assert trained.code == 0, trained.err
    assert model.stat().st_size < 5e6


def test_what_cannot_be_trained_is_refused(affetto: Affetto, recipe: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("train", tmp_path / "none.toml"), "none.toml"),
        (("train", recipe, "--calibration", tmp_path / "none.json"), "none.json"),
        (("train", recipe, "--data", tmp_path / "elsewhere"), "elsewhere"),
        (("evaluate", recipe, "--protocol", "random"), "unknown protocol 'random'"),
        (("evaluate",), "either a recipe"),
        (("evaluate", "--from", tmp_path / "none.csv"), "none.csv"),
    ):
        outcome = affetto(*arguments)
        assert outcome.code == 2
        assert message in outcome.err
        assert len(outcome.err.splitlines()) == 1, outcome.err


def test_training_without_its_extra_says_what_to_install(
    affetto: Affetto, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    outcome = affetto("train", recipe)
    assert outcome.code == 2
    assert "pip install 'affetto[train]'" in outcome.err
