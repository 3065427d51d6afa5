"""``affetto evaluate-gate``: figures again from a report, and an exit code that a script can use."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from affetto.evaluation.gate import SPEECH, GateRow, gate_shares, write_rows
from tests.cli.conftest import Outcome


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
