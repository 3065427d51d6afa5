import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect, Emotion, circumplex
from affetto.music import starter
from affetto.recommendation import Intent, Shape, plan_journey, recommend
from affetto.recommendation.shape import choose_shape, shape_odds

said = st.lists(st.tuples(st.sampled_from(["gradual", "direct", ""]), st.sampled_from(["better", "same", "worse"])))


@given(said, st.integers(0, 100))
def test_the_choice_is_a_shape_with_its_probability(outcomes, seed):
    shape, likely = choose_shape(outcomes, np.random.default_rng(seed))
    assert shape in Shape
    assert 0 < likely <= 1


@given(said)
def test_each_outcome_counts_one(outcomes):
    odds = shape_odds(outcomes)
    told = sum(1 for shape, _ in outcomes if shape)
    assert sum(good + bad for good, bad in odds.values()) == pytest.approx(4 + told)


def shares(outcomes, draws=400):
    return np.mean([choose_shape(outcomes, np.random.default_rng(n))[0] is Shape.DIRECT for n in range(draws)])


def test_the_better_shape_is_taken_more_the_surer_it_is():
    some = [("direct", "better"), ("gradual", "worse")]
    assert shares([]) == 0
    assert 0.5 < shares(some) < shares(3 * some) < shares(10 * some)


def test_the_probability_is_the_share_of_choices():
    outcomes = [("direct", "better"), ("gradual", "same"), ("gradual", "better")]
    shape, likely = choose_shape(outcomes, np.random.default_rng(0))
    direct = likely if shape is Shape.DIRECT else 1 - likely
    assert shares(outcomes) == pytest.approx(direct, abs=0.07)


def test_one_who_listens_forever_finds_the_better_shape():
    rng = np.random.default_rng(1)
    good = {Shape.GRADUAL: 0.7, Shape.DIRECT: 0.4}
    outcomes = []
    for _ in range(200):
        shape, _ = choose_shape(outcomes, rng)
        outcomes.append((str(shape), "better" if rng.random() < good[shape] else "worse"))
    assert sum(shape == "gradual" for shape, _ in outcomes[100:]) > 85


def test_a_direct_journey_is_at_its_goals_at_once():
    sad = circumplex()[Emotion.SAD]
    journey = plan_journey(sad, [Intent.COMFORT, Intent.LIFT], 12, starter(), shape=Shape.DIRECT)
    assert [(point.tracks, point.progress) for point in journey.waypoints] == [(6, 1.0), (6, 1.0)]
    gradual = plan_journey(sad, [Intent.COMFORT, Intent.LIFT], 12, starter())
    assert journey.goal.distance(gradual.goal) < 0.3
    assert len(gradual.waypoints) > 2


def test_staying_has_no_shape():
    here = Affect(0.3, 0.2)
    direct, gradual = (plan_journey(here, [Intent.STAY], 5, starter(), shape=shape) for shape in Shape)
    assert direct == gradual


def test_direct_starts_nearer_to_the_goal():
    direct, gradual = (
        recommend("angry", intent="calm", shape=shape, seed=1, length=8) for shape in ("direct", "gradual")
    )
    goal = gradual.journey.goal
    assert direct.tracks[0].mood.distance(goal) < gradual.tracks[0].mood.distance(goal)
