"""The eight emotions and the circumplex."""

import csv
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Affect, Emotion, circumplex, posterior_affect

weights = st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(lambda drawn: sum(drawn) > 1e-3)


def test_the_emotions_have_a_fixed_order() -> None:
    names = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    assert [str(emotion) for emotion in EMOTIONS] == names
    assert Emotion("happy") is Emotion.HAPPY


def test_the_circumplex_ships_with_its_sources() -> None:
    with resources.files("affetto").joinpath("circumplex.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["emotion"] for row in rows} == {str(emotion) for emotion in EMOTIONS}
    assert all(row["source"] for row in rows)


def test_where_the_emotions_lie() -> None:
    points = {str(emotion): (point.valence, point.arousal) for emotion, point in circumplex().items()}
    assert points == {
        "neutral": (0, 0), "calm": (0.56, -0.31), "happy": (0.83, 0.53), "sad": (-0.65, -0.27),
        "angry": (-0.52, 0.58), "fearful": (-0.34, 0.64), "disgust": (-0.58, -0.03), "surprised": (0.16, 0.89),
    }  # fmt: skip
    with pytest.raises(TypeError):
        circumplex()[Emotion.SAD] = Affect(0, 0)  # type: ignore[index]


@given(weights)
def test_the_posterior_is_that_of_numpy(drawn: list[float]) -> None:
    affect = posterior_affect(dict(zip(EMOTIONS, drawn, strict=True)))
    points = np.array([(circumplex()[e].valence, circumplex()[e].arousal) for e in EMOTIONS])
    p = np.array(drawn) / sum(drawn)
    mean = p @ points
    np.testing.assert_allclose((affect.valence, affect.arousal), mean, atol=1e-9)
    np.testing.assert_allclose(affect.covariance, (points - mean).T @ np.diag(p) @ (points - mean), atol=1e-9)
    assert -1 <= affect.valence <= 1
    assert -1 <= affect.arousal <= 1
    assert np.linalg.eigvalsh(affect.covariance).min() > -1e-9
    assert min(affect.spread) >= 0


def test_a_certain_emotion_is_its_own_point() -> None:
    assert posterior_affect({Emotion.SAD: 2.0}) == circumplex()[Emotion.SAD]


@pytest.mark.parametrize("wrong", [{}, {Emotion.SAD: 0.0}, {Emotion.SAD: 1.0, Emotion.HAPPY: -0.1}])
def test_weights_that_are_no_distribution(wrong: dict[Emotion, float]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        posterior_affect(wrong)


def test_distance_and_spread() -> None:
    assert Affect(0.5, 0.5).distance(Affect(-0.1, -0.3)) == pytest.approx(1.0)
    assert Affect(0, 0, ((0.04, 0.0), (0.0, 0.09))).spread == pytest.approx((0.2, 0.3))
