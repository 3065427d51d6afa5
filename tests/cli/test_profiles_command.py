"""``affetto evaluate-profiles``: three ways side by side."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import soundfile

from affetto.evaluation.predictions import read_predictions
from affetto.voice.audio import RATE, Samples
from tests.cli.conftest import Outcome
from tests.tiny import write_tiny_model


def test_three_ways_are_set_side_by_side(affetto: Callable[..., Outcome], tmp_path: Path, speech: Samples) -> None:
    folder = tmp_path / "ravdess"
    folder.mkdir()
    for actor in ("01", "02"):
        for code, strength, take in product(("03", "05"), ("01", "02"), ("01", "02")):
            sound = np.clip(int(code) * int(take) * 0.1 * speech[RATE : 4 * RATE], -1, 1)
            soundfile.write(folder / f"03-01-{code}-{strength}-01-{take}-{actor}.wav", sound, RATE)
    model = write_tiny_model(tmp_path / "tiny.onnx")
    arguments = ("evaluate-profiles", "--clips", folder, "--corpus", "ravdess", "--model", model)
    told = affetto(*arguments, "--out", tmp_path / "out")
    assert told.code == 0, told.err
    assert all(word in told.out for word in ("unknown", "enrolled", "adapting", "may have learnt from these speakers"))
    assert len(read_predictions(tmp_path / "out" / "enrolled" / "predictions.csv")) == 8
    said = json.loads(affetto(*arguments, "--enrol", 2, "--json").out)
    assert {way: one["clips"] for way, one in said.items()} == {"unknown": 12, "enrolled": 12, "adapting": 12}
    for wrong in (("evaluate-profiles",), ("evaluate-profiles", "--folds", tmp_path, "--corpus", "ravdess")):
        assert affetto(*wrong).code == 2
