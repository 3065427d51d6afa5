"""Sets that cover as they promise, on folds that they were not fitted on; corrections that help and do no harm."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.affect import EMOTIONS
from affetto.errors import CorpusError
from affetto.evaluation.corrections import simulate_corrections
from affetto.evaluation.predictions import EIGHT, Prediction, read_predictions
from affetto.evaluation.uncertainty import (
    conformal_level,
    coverage_curve,
    fit_uncertainty,
    risk_coverage,
    uncertainty_figures,
)
from affetto.learning.calibrate import fit_vector_scaling, softmax

ROOT = Path(__file__).resolve().parents[2]


def made(
    *, sharp: float = 1.0, folds: int = 6, count: int = 80, seeds: int = 1, corpus: str = "ravdess", classes: int = 8
) -> tuple[Prediction, ...]:
    """Predictions that are as sure as they are right where ``sharp`` is 1."""
    found: list[Prediction] = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for fold in range(folds):
            for clip in range(count):
                logits = rng.normal(0, 2, classes)
                p = softmax(logits[None])[0]
                label = int(rng.choice(classes, p=p))
                given = np.zeros(8)
                given[:classes] = softmax(sharp * logits[None])[0]
                found.append(
                    Prediction(
                        stem=f"{fold}-{clip}", corpus=corpus, speaker=f"S{fold}{clip % 2}", fold=str(fold), seed=seed,
                        label=EIGHT[label], probabilities=given,
                    )
                )  # fmt: skip
    return tuple(found)


@pytest.mark.parametrize("sharp", [0.5, 1.0, 2.5])
def test_sets_cover_as_promised_however_wrong_the_probabilities(sharp: float) -> None:
    figures = uncertainty_figures(made(sharp=sharp, count=200))
    for one in figures.sets:
        assert one.coverage == pytest.approx(0.9, abs=0.03)
        assert 1 <= one.size < 7
        assert one.worst_label <= one.coverage
    assert figures.clarity.clear == pytest.approx(0.9, abs=0.02)
    assert figures.clarity.accuracy_clear > figures.clarity.accuracy_unclear
    assert list(figures.risk.values()) == sorted(figures.risk.values())


def test_the_plain_rule_is_what_a_calibrated_model_would_get() -> None:
    rules = fit_uncertainty(made(count=300))
    assert rules.method == "cumulative"
    assert 0.7 < rules.level < 0.95
    assert 0 < rules.unclear_below < 0.6
    assert fit_uncertainty(made(sharp=3.0, count=300)).level > rules.level  # too sure: larger sets are needed


def test_temperature_mends_what_vector_scaling_need_not() -> None:
    figures = uncertainty_figures(made(sharp=2.5, seeds=2))
    by_name = {one.name: one for one in figures.calibrations}
    assert by_name["temperature"].loss < by_name["as given"].loss - 0.1
    assert by_name["temperature"].error < by_name["as given"].error
    assert by_name["chosen"].loss <= by_name["vector"].loss + 0.02
    assert figures.vector_chosen < 0.5
    assert json.loads(json.dumps(figures.to_dict()))["risk"]["0.5"] == figures.risk[0.5]


def test_vector_scaling_mends_a_class_that_is_named_too_often() -> None:
    predictions = made(count=300)
    logits = np.log([p.probabilities for p in predictions])
    labels = np.array([EIGHT.index(p.label) for p in predictions])
    wrong = logits + np.eye(8)[2] * 2.0
    mended = fit_vector_scaling(wrong, labels)
    assert mended.shift[2] == pytest.approx(mended.shift[[0, 1, 3, 4, 5, 6, 7]].mean() - 2.0, abs=0.4)

    def loss(p: np.ndarray) -> float:
        return float(-np.log(p[np.arange(len(labels)), labels]).mean())

    assert loss(mended.apply(wrong)) < loss(softmax(wrong)) - 0.05
    assert loss(mended.apply(wrong)) == pytest.approx(loss(softmax(logits)), abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["cumulative", "threshold"]), st.floats(0.5, 0.95))
def test_the_level_covers_what_it_was_fitted_on(seed: int, method: str, coverage: float) -> None:
    from affetto.voice.uncertainty import Uncertainty

    rng = np.random.default_rng(seed)
    p = softmax(rng.normal(0, 2, (60, 8)))
    labels = rng.integers(0, 8, 60)
    level = conformal_level(p, labels, method=method, coverage=coverage)  # type: ignore[arg-type]
    rule = Uncertainty(method=method, level=level)  # type: ignore[arg-type]
    inside = [
        EMOTIONS[label] in rule.plausible(dict(zip(EMOTIONS, map(float, row), strict=True)))
        for row, label in zip(p, labels, strict=True)
    ]
    assert np.mean(inside) >= coverage


def test_too_few_predictions_for_a_promise_give_every_emotion() -> None:
    p = np.full((3, 8), 1 / 8)
    assert conformal_level(p, np.array([0, 1, 2]), method="cumulative") == 1.0
    assert conformal_level(p, np.array([0, 1, 2]), method="threshold") == 0.0


def test_rules_come_from_the_corpora_with_all_emotions() -> None:
    wide, narrow = made(count=100), made(count=100, corpus="emodb", classes=4)
    assert fit_uncertainty([*wide, *narrow]) == fit_uncertainty(wide)


def test_two_folds_are_too_few() -> None:
    with pytest.raises(CorpusError, match=r"2 fold\(s\): uncertainty is fitted on folds and judged on others"):
        uncertainty_figures(made(folds=2))


def test_the_surest_are_counted_first() -> None:
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
    shares = risk_coverage(p, np.array([0, 0, 0, 1]))
    assert (shares[1.0], shares[0.5], shares[0.3]) == (0.75, 1.0, 1.0)


def test_corrections_help_those_whose_readings_are_biased_and_hardly_harm_others() -> None:
    """On the committed predictions of the recognizer."""
    predictions = read_predictions(ROOT / "reports" / "ravdess-emobox" / "predictions.csv")
    figures = {(one.person, one.corrections): one for one in simulate_corrections(predictions, repeats=1)}

    def gain(person: str, count: int) -> float:
        one = figures[person, count]  # type: ignore[index]
        return one.accuracy_after - one.accuracy_before

    assert gain("biased", 12) > 0.04
    assert gain("biased", 12) > gain("biased", 3)
    assert gain("as they are", 12) > -0.01
    assert min(gain("at random", count) for count in (3, 6, 12)) > -0.02
    for (person, _), one in figures.items():
        assert one.people >= 20
        if person != "at random":
            assert one.loss_after < one.loss_before


def test_a_handful_of_clips_is_too_little_to_simulate() -> None:
    with pytest.raises(CorpusError, match="no speaker has 16 clips"):
        simulate_corrections(made(count=4))


def test_the_curve_of_a_report_ends_at_its_accuracy() -> None:
    predictions = made(folds=1, seeds=2)
    curve = coverage_curve(predictions, points=20)
    assert [share for share, _ in curve] == pytest.approx(np.arange(1, 21) / 20)
    assert curve[-1][1] == pytest.approx(np.mean([p.guess == p.label for p in predictions]))
    assert curve[0][1] > curve[-1][1]
