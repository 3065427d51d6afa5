"""What is plausible, and what is unclear."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import ModelError
from affetto.voice.reading import Reading
from affetto.voice.uncertainty import PLAIN, Uncertainty

weights = st.lists(st.floats(1e-3, 1), min_size=8, max_size=8)


def probabilities(values: list[float]) -> dict[Emotion, float]:
    return {emotion: value / sum(values) for emotion, value in zip(EMOTIONS, values, strict=True)}


@given(weights, st.sampled_from(["cumulative", "threshold"]), st.floats(0, 1))
def test_the_plausible_emotions_are_the_likeliest_and_never_none(
    values: list[float], method: str, level: float
) -> None:
    p = probabilities(values)
    kept = Uncertainty(method=method, level=level).plausible(p)  # type: ignore[arg-type]
    assert kept
    assert [p[emotion] for emotion in kept] == sorted((p[emotion] for emotion in kept), reverse=True)
    left = set(EMOTIONS) - set(kept)
    assert not left or max(p[emotion] for emotion in left) <= min(p[emotion] for emotion in kept)
    if method == "cumulative":
        wider = Uncertainty(level=min(1.0, level + 0.1)).plausible(p)
        assert set(kept) <= set(wider)


@given(weights)
def test_without_a_measure_they_sum_to_ninety_per_cent(values: list[float]) -> None:
    reading = Reading(probabilities=probabilities(values), seconds=2.0)
    assert sum(reading.probabilities[emotion] for emotion in reading.plausible) >= 0.9
    assert not reading.unclear


def test_an_abstention_rules_nothing_out() -> None:
    reading = Reading.abstain("no speech was heard")
    assert set(reading.plausible) == set(EMOTIONS)
    assert not reading.unclear
    sharp = replace(reading, uncertainty=Uncertainty(unclear_below=0.9))
    assert not sharp.unclear


def test_an_unsure_reading_says_that_it_is_unclear() -> None:
    p = {Emotion.SAD: 0.25, Emotion.CALM: 0.22, Emotion.HAPPY: 0.2, Emotion.ANGRY: 0.17, Emotion.NEUTRAL: 0.16}
    reading = Reading(probabilities=p, seconds=2.0, uncertainty=Uncertainty(unclear_below=0.3))
    assert reading.unclear
    assert reading.words == "unclear, perhaps sad (25 %) or calm (22 %)"
    assert reading.to_dict()["unclear"] is True
    assert not replace(reading, uncertainty=Uncertainty(unclear_below=0.2)).unclear


def test_a_model_file_tells_how_its_probabilities_are_to_be_taken() -> None:
    measured = Uncertainty(coverage=0.9, method="threshold", level=0.08, unclear_below=0.33)
    assert Uncertainty.from_metadata({"conformal": measured.to_json()}) == measured
    assert Uncertainty.from_metadata({}) is PLAIN
    text = measured.to_json()
    for wrong in (
        "", "[]", "{}", '"x"', '{"coverage": 0.9}', text.replace("0.08", "8"), text.replace("0.08", '"low"'),
        text.replace("threshold", "magic"), text.replace("0.33", "NaN"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match="export the model again"):
            Uncertainty.from_metadata({"conformal": wrong})
