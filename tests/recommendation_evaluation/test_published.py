"""The page of what was measured says what the reports say."""

import json
import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "decisions" / "0025-recommendation-measured.md").read_text(encoding="utf-8")


def figures(study: str) -> dict[tuple[str, str, str], float]:
    report = json.loads((ROOT / "reports" / "recommender" / f"{study}.json").read_text(encoding="utf-8"))
    return {(row["what"], row["method"], row["metric"]): row["value"] for row in report["figures"]}


def cells(label: str) -> list[str]:
    """The numbers of a row of the page, its intervals left out."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {label} |"))
    return re.findall(r"\d*\.?\d+", re.sub(r"\([^)]*\)", "", row.split("|", 2)[2]))


@pytest.mark.parametrize("goal", ["happy", "sad", "calm", "angry"])
def test_gaps(goal: str) -> None:
    found = figures("journeys")
    wanted = [
        found[f"{source}, {kind}, {goal}", "ours", "gap closed"]
        for source in ("deam", "emotify")
        for kind in ("stay", "journey")
    ]
    assert [float(cell) for cell in cells(goal)[1:]] == pytest.approx(wanted, abs=0.0065)


RATED = ["item mean", "user and item mean", "ours, each alone", "ours"]


@pytest.mark.parametrize(
    ("what", "method", "label"),
    [
        *[("later ratings", method, method) for method in ["user mean", *RATED]],
        *[("inside what is learnt from", method, f"inside: {method}") for method in ["mixed effects", *RATED]],
    ],
)
def test_ratings(what: str, method: str, label: str) -> None:
    found = figures("situnes")
    metrics = ("AUC", "AUC within a listener", "nDCG@5", "RMSE in stars")
    wanted = [found[what, method, metric] for metric in metrics]
    said = [float(cell) for cell in cells(label)]
    assert said == pytest.approx(wanted, abs=0.0065)


def test_cold_start() -> None:
    found = figures("lastfm")
    for label, method in (("popularity", "popularity"), ("ours, both together", "ours"), ("implicit ALS",) * 2):
        rows = [line for line in PAGE.splitlines() if line.startswith(f"| {label} |")]
        said = [float(cell) for cell in re.findall(r"\.\d{3}", rows[-1])]
        assert said == pytest.approx([found[f"{n} likes", method, "recall@20"] for n in (5, 10, 20)], abs=0.0006)


def test_regret() -> None:
    found = figures("simulator")
    for label, method in (("greedy", "greedy"), ("ours", "ours"), ("the full draw", "bold")):
        row = [line for line in PAGE.splitlines() if line.startswith(f"| {label} |")][-1]
        said = [float(cell) for cell in re.findall(r"\d+", row)]
        kinds = ("steady", "changes at the half", "hostile")
        assert said == pytest.approx([found[f"{kind}, 200 plays", method, "regret"] for kind in kinds], abs=0.6)
