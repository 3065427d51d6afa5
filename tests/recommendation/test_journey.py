import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.affect import Affect, Emotion, circumplex
from affetto.music import Library, Track, starter
from affetto.recommendation import SMALLEST_STEP, Intent, plan_journey

points = st.builds(Affect, st.floats(-1, 1), st.floats(-1, 1))
intents = st.lists(st.sampled_from(list(Intent)), min_size=1, max_size=2)


@settings(max_examples=150)
@given(points, intents, st.integers(1, 60))
def test_any_journey(start, wishes, length):
    journey = plan_journey(start, wishes, length, starter())
    places = [waypoint.affect for waypoint in journey.waypoints]
    assert sum(waypoint.tracks for waypoint in journey.waypoints) == len(journey.steps) == length
    assert all(waypoint.tracks >= 1 for waypoint in journey.waypoints)
    assert all(one.distance(other) >= SMALLEST_STEP - 1e-9 for one, other in itertools.pairwise(places))
    if length >= 2 * len(wishes):
        assert places[0].distance(start) < 1e-9
    assert list(journey.steps) == sorted(journey.steps)
    assert len(journey.to_list()) == len(places)


@given(points, st.sampled_from([intent for intent in Intent if intent is not Intent.STAY]))
def test_it_ends_inside_what_the_library_holds(start, intent):
    end = plan_journey(start, [intent], 12, starter()).goal
    nearest = starter()[int(starter().nearest(end, 1)[0])]
    assert nearest.mood.distance(end) < 0.4


def test_doubt_about_the_start_fades_on_the_way():
    start = Affect(-0.5, 0.5, ((0.2, 0.05), (0.05, 0.1)))
    waypoints = plan_journey(start, [Intent.CALM], 12, starter()).waypoints
    spreads = [waypoint.affect.spread[0] for waypoint in waypoints]
    assert waypoints[0].affect.covariance == start.covariance
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] == 0


def test_two_intents_follow_each_other():
    journey = plan_journey(circumplex()[Emotion.SAD], [Intent.COMFORT, Intent.LIFT], 12, starter())
    assert [waypoint.intent for waypoint in journey.waypoints] == [Intent.COMFORT] * 4 + [Intent.LIFT] * 2
    assert sum(waypoint.tracks for waypoint in journey.waypoints if waypoint.intent is Intent.COMFORT) == 6


def test_one_track_goes_to_the_goal():
    journey = plan_journey(Affect(-0.6, -0.3), [Intent.COMFORT, Intent.LIFT], 1, starter())
    assert journey.goal.valence > 0.5


def test_staying_stays():
    journey = plan_journey(Affect(0.16, 0.89), [Intent.STAY], 5, starter())
    assert [(waypoint.tracks, waypoint.progress) for waypoint in journey.waypoints] == [(5, 1.0)]
    assert journey.notes == ()


def gloomy(count):
    mood = Affect(-0.5, -0.3, ((0.04, 0.0), (0.0, 0.04)))
    return Library(
        Track(id=str(n), title=f"T {n} x", artist="A", uri="a", mood=mood, mood_source="") for n in range(count)
    )


def test_a_goal_out_of_reach_moves_to_the_nearest_and_says_so():
    journey = plan_journey(Affect(-0.5, -0.3), [Intent.COMFORT, Intent.LIFT], 12, gloomy(20))
    assert journey.notes[-1] == (
        "This library holds little bright music; the journey ends at the nearest it has: somber."
    )
    assert [waypoint.tracks for waypoint in journey.waypoints] == [12]
    assert journey.goal.distance(Affect(-0.5, -0.3)) < 1e-6


def test_steps_are_equal_and_as_many_as_can_be_told_apart():
    journey = plan_journey(Affect(-0.5, 0.5), [Intent.CALM], 50, starter())
    places = [waypoint.affect for waypoint in journey.waypoints]
    steps = [one.distance(other) for one, other in itertools.pairwise(places)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert len(steps) == math.floor(places[0].distance(places[-1]) / SMALLEST_STEP)
