"""``affetto evaluate-gate``: figures again from a report, and an exit code that a script can use."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from affetto.evaluation.gate import SPEECH, GateRow, gate_shares, write_rows
from tests.cli.conftest import Outcome
from tests.tiny import recipe_text, write_tiny_corpus, write_tiny_model


def test_figures_are_counted_by_threshold(tmp_path: Path, affetto: Callable[..., Outcome]) -> None:
    rows = [
        GateRow("music", "a", "", 3.0, 0.6), GateRow("music", "b", "", 0.2, 0.99), GateRow("noise", "c", "", 0.0, 0.0),
        *(GateRow(SPEECH, str(k), "1", 2.0, 0.95) for k in range(40)),
    ]  # fmt: skip
    shares = {one.kind: one.share for one in gate_shares(rows, threshold=0.5)}
    assert shares == {"music": 0.5, "noise": 1.0, "no speech": pytest.approx(2 / 3), SPEECH: 0.0}
    write_rows(rows, tmp_path / "gate.csv")
    failed = affetto("evaluate-gate", "--from", tmp_path)
    assert failed.code == 1
    assert "FAILED: at least 95 % of what is no speech" in failed.out
    passed = affetto("evaluate-gate", "--from", tmp_path, "--threshold", 0.7, "--json")
    assert passed.code == 0
    said = json.loads(passed.out)
    assert said["passed"]
    assert said["thresholds"]["0.9"][0]["refused"] == 3
    assert affetto("evaluate-gate").code == 2


def test_sounds_and_clips_of_a_recipe_are_judged(affetto: Callable[..., Outcome], tmp_path: Path) -> None:
    """Tones that pass for clips of a corpus are refused as well, and so the command fails."""
    root = write_tiny_corpus(tmp_path / "data", actors=("01", "02"))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(recipe_text(root), encoding="utf-8")
    model = write_tiny_model(tmp_path / "tiny.onnx")
    out = tmp_path / "out"
    judged = affetto("evaluate-gate", recipe, "--model", model, "--sample", 1, "--out", out)
    assert judged.code == 1, judged.err
    assert "noise" in judged.out
    assert "the model may have learnt from this speech" in judged.out
    assert affetto("evaluate-gate", "--from", out).out == judged.out
    wrong = affetto("evaluate-gate", recipe, "--model", model, "--folds", tmp_path)
    assert wrong.code == 2
    assert "the folds have models of their own" in wrong.err
