import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score, roc_auc_score

from affetto.recommendation_evaluation import Figure, Report
from affetto.recommendation_evaluation.metrics import auc, bootstrap, ndcg, recall

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=3, max_size=30)


@settings(deadline=None, max_examples=40)
@given(rows)
def test_auc_and_ndcg_are_those_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    liked, scores = zip(*pairs, strict=True)
    if len(set(liked)) == 2:
        assert auc(liked, scores) == pytest.approx(roc_auc_score(liked, scores))
        assert ndcg(liked, scores) == pytest.approx(ndcg_score([liked], [scores], k=5))
    else:
        assert math.isnan(auc(liked, scores))


def test_nothing_liked_has_no_gain() -> None:
    assert math.isnan(ndcg([False, False], [1, 2]))


def test_recall_is_of_what_could_be_found() -> None:
    assert recall([0, 1, 2], [3, 2, 1, 0], count=2) == 1
    assert recall([3], [3, 2, 1, 0], count=2) == 0


def test_whole_people_are_drawn() -> None:
    values = np.array([0.0] * 10 + [1.0] * 10)
    low, high = bootstrap(["a"] * 10 + ["b"] * 10, lambda drawn: float(values[drawn].mean()))
    assert (low, high) == (0, 1)


def test_a_report_says_what_was_kept(tmp_path: Path) -> None:
    figures = [
        Figure(what="x", method="ours", metric="AUC", value=0.71234567, low=0.6, high=0.8, target=0.65),
        Figure(what="x", method="ours", metric="ratio", value=1.2, target=1.0, at_least=False),
        Figure(what="x", method="random", metric="AUC", value=0.5),
    ]
    report = Report(study="situnes", command="affetto evaluate-recommender situnes", facts={"n": 3}, figures=figures)
    written = json.loads(report.write(tmp_path / "new").read_text(encoding="utf-8"))
    assert [row.get("kept") for row in written["figures"]] == [True, False, None]
    assert written["figures"][0]["value"] == 0.7123
    assert "target" not in written["figures"][2]
