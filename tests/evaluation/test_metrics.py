"""Figures of merit against scikit-learn and against values computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from affetto.evaluation.metrics import (
    accuracy,
    bootstrap_interval,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    selective_accuracy,
    unweighted_average_recall,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
GUESSES = np.array([0, 0, 1, 1, 2, 2])

pairs = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60).map(np.array)


def test_by_hand() -> None:
    assert accuracy(LABELS, GUESSES) == pytest.approx(4 / 6)
    assert unweighted_average_recall(LABELS, GUESSES) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert macro_f1(LABELS, GUESSES) == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3)
    assert confusion_matrix(LABELS, GUESSES, 3).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]


def test_classes_that_do_not_occur_do_not_count() -> None:
    labels, guesses = np.array([3, 3, 3, 3]), np.array([3, 3, 3, 5])
    assert unweighted_average_recall(labels, guesses) == 0.75
    assert macro_f1(labels, guesses) == pytest.approx(6 / 7)
    assert confusion_matrix(labels, guesses, 8).sum() == 4


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_as_scikit_learn(drawn: np.ndarray) -> None:
    labels, guesses = drawn.T
    classes = np.unique(labels)
    assert accuracy(labels, guesses) == pytest.approx(sk.accuracy_score(labels, guesses))
    recall = sk.recall_score(labels, guesses, labels=classes, average="macro", zero_division=0)
    assert unweighted_average_recall(labels, guesses) == pytest.approx(recall)
    f1 = sk.f1_score(labels, guesses, labels=classes, average="macro", zero_division=0)
    assert macro_f1(labels, guesses) == pytest.approx(f1)
    np.testing.assert_array_equal(
        confusion_matrix(labels, guesses, 8), sk.confusion_matrix(labels, guesses, labels=range(8))
    )


def test_calibration_error_by_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.25, 0.75]])
    # bins of a tenth: .9 and .9 (both right), .7 (wrong) and .75 (right)
    expected = (2 * abs(0.9 - 1.0) + 2 * abs(0.725 - 0.5)) / 4
    assert expected_calibration_error(labels, probabilities, bins=10) == pytest.approx(expected)


def test_calibration_error_of_certainty() -> None:
    sure = np.eye(3)[[0, 1, 2, 0]]
    assert expected_calibration_error(np.array([0, 1, 2, 0]), sure) == 0
    assert expected_calibration_error(np.array([1, 2, 0, 1]), sure) == 1
    uniform = np.full((8, 8), 1 / 8)
    assert expected_calibration_error(np.arange(8), uniform) == pytest.approx(0)


def test_calibration_error_of_calibrated_guesses_is_small() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=20_000)
    labels = (rng.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(labels, probabilities) < 0.02
    overconfident = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(labels, overconfident) > 0.1


def test_selective_accuracy_keeps_the_most_confident() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.55, 0.45]])
    labels = np.array([0, 1, 1, 1])
    assert selective_accuracy(labels, probabilities, coverage=0.25) == 1.0
    assert selective_accuracy(labels, probabilities, coverage=0.5) == 0.5
    assert selective_accuracy(labels, probabilities, coverage=0.75) == pytest.approx(2 / 3)
    assert selective_accuracy(labels, probabilities, coverage=1.0) == 0.5
    assert selective_accuracy(labels, probabilities, coverage=0.0) == 1.0  # at least one prediction


def test_the_bootstrap_draws_whole_speakers() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 30)
    labels = rng.integers(0, 4, size=600)
    guesses = np.where(rng.random(600) < 0.6, labels, rng.integers(0, 4, size=600))
    low, high = bootstrap_interval(labels, guesses, groups, repeats=300)
    assert low < unweighted_average_recall(labels, guesses) < high
    assert 0.02 < high - low < 0.15
    assert (low, high) == bootstrap_interval(labels, guesses, groups, repeats=300)
    assert (low, high) != bootstrap_interval(labels, guesses, groups, repeats=300, seed=1)
    hard = np.where(groups < 10, labels, (labels + 1) % 4)  # half the speakers all right, half all wrong
    wide_low, wide_high = bootstrap_interval(labels, hard, groups, repeats=300)
    assert wide_high - wide_low > 0.3


def test_the_bootstrap_of_one_speaker_is_a_point() -> None:
    value = unweighted_average_recall(LABELS, GUESSES)
    assert bootstrap_interval(LABELS, GUESSES, np.zeros(6, int), repeats=5) == (pytest.approx(value),) * 2
