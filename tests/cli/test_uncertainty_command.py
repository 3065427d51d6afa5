"""``affetto uncertainty``: the figures of a report, and rules for the model that is trained next."""

import json
from collections.abc import Callable
from pathlib import Path

from affetto.evaluation.predictions import write_predictions
from tests.cli.conftest import Outcome
from tests.evaluation.test_measured_uncertainty import made


def test_the_command_tells_it_and_keeps_the_rules(affetto: Callable[..., Outcome], tmp_path: Path) -> None:
    predictions = tmp_path / "predictions.csv"
    write_predictions(made(count=50), predictions)
    calibration = tmp_path / "calibration.json"
    calibration.write_text('{"temperature": 1.1}', encoding="utf-8")
    told = affetto("uncertainty", predictions, "--corrections", "--update", calibration)
    assert told.code == 0, told.err
    for words in (
        "calibration",
        "plausible sets",
        "cumulative",
        "surest share",
        "biased",
        "unclear is a reading under",
    ):
        assert words in " ".join(told.out.split())
    kept = json.loads(calibration.read_text(encoding="utf-8"))
    assert kept["temperature"] == 1.1
    said = json.loads(affetto("uncertainty", predictions, "--json").out)
    assert said["conformal"] == kept["conformal"]
    assert "corrections" not in said
    assert affetto("uncertainty", predictions, "--update", tmp_path / "none.json").code == 2
