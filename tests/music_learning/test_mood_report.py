"""The published figures of the mood model, and the bounds that it is held to."""

import json
from pathlib import Path

import pytest

from affetto.music_learning.evaluate import read_predictions
from affetto.music_learning.report import figures

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "mood"


@pytest.fixture(scope="module")
def found():
    return {(one.source, one.target): one for one in figures(read_predictions(REPORT / "predictions.csv"))}


def test_the_bounds_are_kept(found):
    assert found["emotify", "arousal"].correlation >= 0.60
    assert found["emotify", "valence"].correlation >= 0.30
    assert found["emotify", "joyful_activation"].correlation >= 0.50
    assert found["emotify", "calmness"].correlation >= 0.45
    assert found["deam", "valence"].r2 >= 0.45
    assert found["deam", "arousal"].r2 >= 0.49
    for one in found.values():
        assert 0.85 <= one.coverage <= 0.95
        assert one.correlation > one.by_genre


def test_the_metrics_are_those_of_the_predictions(found):
    kept = {(row["source"], row["target"]): row for row in json.loads((REPORT / "metrics.json").read_text())}
    assert set(kept) == set(found)
    for key, one in found.items():
        assert kept[key]["correlation"] == pytest.approx(one.correlation, abs=5e-4)
        assert kept[key]["r2"] == pytest.approx(one.r2, abs=5e-4)


def test_the_card_states_them(found):
    text = (ROOT / "docs" / "mood-model-card.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith(("| DEAM", "| Emotify"))]
    assert len(rows) == len(found)
    for row, one in zip(rows, found.values(), strict=True):
        r = f"{one.correlation:.3f}".removeprefix("0")
        r2 = f"{one.r2:.3f}".removeprefix("0")
        assert f"| {r} |" in row
        assert f"| {r2} |" in row
        assert f"{one.coverage:.1%}".replace("%", " %") in row
