"""Intervals by weights are those of drawing speakers and computing every figure anew."""

from collections.abc import Sequence

import numpy as np
import pytest

from affetto.evaluation.intervals import intervals
from affetto.evaluation.metrics import (
    accuracy,
    expected_calibration_error,
    macro_f1,
    selective_accuracy,
    spearman,
    unweighted_average_recall,
)
from affetto.evaluation.predictions import EIGHT, Prediction
from affetto.evaluation.report import affect_points


@pytest.fixture(scope="module")
def predictions() -> Sequence[Prediction]:
    """Ten speakers, each with a skill of their own."""
    rng = np.random.default_rng(0)
    found: list[Prediction] = []
    for speaker in range(10):
        for take in range(32):
            label = EIGHT[take % 8]
            logits = rng.standard_normal(8)
            logits[EIGHT.index(label)] += 0.3 * speaker
            p = np.exp(logits) / np.exp(logits).sum()
            found.append(
                Prediction(
                    stem=f"{speaker}-{take}", corpus="c", speaker=str(speaker), fold="1", seed=0, label=label,
                    probabilities=p,
                )
            )  # fmt: skip
    return found


def test_they_are_those_of_drawing_speakers(predictions: Sequence[Prediction]) -> None:
    found = intervals(predictions, repeats=200, seed=3)
    times = np.random.default_rng(3).multinomial(10, np.full(10, 0.1), size=200)
    by_speaker = [[p for p in predictions if p.speaker == str(speaker)] for speaker in range(10)]
    drawn: list[dict[str, float]] = []
    for one in times:
        rows = [p for speaker, count in enumerate(one) for _ in range(count) for p in by_speaker[speaker]]
        labels, matrix = np.array([EIGHT.index(p.label) for p in rows]), np.array([p.probabilities for p in rows])
        guesses = matrix.argmax(axis=1)
        read, expected = affect_points([p.label for p in rows], matrix, EIGHT)
        drawn.append(
            {
                "uar": unweighted_average_recall(labels, guesses),
                "accuracy": accuracy(labels, guesses),
                "macro_f1": macro_f1(labels, guesses),
                "ece": expected_calibration_error(labels, matrix),
                "confident_half": selective_accuracy(labels, matrix),
                "valence": spearman(read[:, 0], expected[:, 0]),
                "arousal": spearman(read[:, 1], expected[:, 1]),
            }
        )
    assert found.keys() == drawn[0].keys()
    for name, interval in found.items():
        expected_interval = np.percentile([one[name] for one in drawn], [2.5, 97.5])
        tolerance = 0.02 if name == "confident_half" else 1e-9  # ties at the half are cut in another place
        assert interval == pytest.approx(tuple(expected_interval), abs=tolerance), name


def test_labels_beyond_the_eight_and_single_labels_are_no_trouble(predictions: Sequence[Prediction]) -> None:
    sad = [p for p in predictions if p.label == "sad"]
    found = intervals(sad, repeats=50)
    assert "valence" not in found
    assert found["uar"] == found["accuracy"]


def test_seeds_are_averaged(predictions: Sequence[Prediction]) -> None:
    from dataclasses import replace

    twice = [*predictions, *(replace(p, seed=1) for p in predictions)]
    once = intervals(predictions, repeats=100)
    for name, interval in intervals(twice, repeats=100).items():
        assert interval == pytest.approx(once[name])
