import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.errors import OptionError
from affetto.recommendation import INTENTS, Intent, default_plan, goal, parse_intent
from affetto.recommendation.intent import parse_intents, start_affect, start_emotion
from affetto.voice.reading import Reading

points = st.builds(Affect, st.floats(-1, 1), st.floats(-1, 1))


@given(points)
def test_goals_lie_where_their_names_say(start):
    ends = {intent: goal(intent, start) for intent in Intent}
    assert ends[Intent.STAY].distance(start) == 0
    assert ends[Intent.LIFT].valence >= max(0.6, start.valence)
    assert ends[Intent.CALM].arousal <= -0.45
    assert ends[Intent.CALM].valence >= 0.4
    assert ends[Intent.ENERGIZE].arousal >= 0.6
    assert ends[Intent.LET_OUT].arousal >= 0.6
    assert ends[Intent.COMFORT].valence >= 0.25
    assert ends[Intent.COMFORT].arousal < 0
    assert abs(ends[Intent.FOCUS].arousal) < 0.3
    assert all(-1 <= end.valence <= 1 and -1 <= end.arousal <= 1 for end in ends.values())


@given(points)
def test_a_goal_once_reached_is_stayed_at(start):
    for intent in Intent:
        end = goal(intent, start)
        assert goal(intent, end).distance(end) < 1e-9


def test_every_intent_is_described():
    assert set(INTENTS) == set(Intent)


@pytest.mark.parametrize("emotion", list(Emotion))
def test_every_emotion_has_a_default_with_its_reason(emotion):
    plan = default_plan(emotion)
    assert 1 <= len(plan.intents) <= 2
    assert plan.explanation.endswith(".")
    assert plan == default_plan(Reading(probabilities={emotion: 1.0}, seconds=3.0))


def test_the_defaults_of_sad_and_angry():
    assert default_plan(Emotion.SAD).words == "comfort, then lift"
    assert default_plan(Emotion.ANGRY).words == "let out, then calm"


def test_an_abstained_reading_plays_safe_and_says_why():
    reading = Reading.abstain("only noise was heard")
    assert default_plan(reading).intents == (Intent.LIFT,)
    assert "only noise was heard" in default_plan(reading).explanation
    assert start_emotion(reading) is None
    assert start_affect(reading).valence > 0


def test_an_unsure_reading_plays_safe():
    reading = Reading(probabilities=dict.fromkeys(EMOTIONS, 1 / 8), seconds=3.0)
    assert default_plan(reading).intents == (Intent.LIFT,)
    assert "several ways" in default_plan(reading).explanation


def test_starts():
    assert start_affect(Affect(0.1, 0.2)) == Affect(0.1, 0.2)
    assert start_emotion(Affect(-0.6, -0.3)) is Emotion.SAD
    assert start_emotion(Emotion.CALM) is Emotion.CALM


@pytest.mark.parametrize("name", ["lift", "LIFT", " Lift "])
def test_names_are_read_kindly(name):
    assert parse_intent(name) is Intent.LIFT


@pytest.mark.parametrize("name", ["let out", "let-out", "let_out"])
def test_let_out_is_read_however_it_is_spelt(name):
    assert parse_intent(name) is Intent.LET_OUT


def test_an_unknown_intent_is_named_with_the_choices_and_the_nearest():
    with pytest.raises(OptionError, match=r"unknown intent 'energise': .*stay, lift.*did you mean energize"):
        parse_intent("energise")
    with pytest.raises(OptionError, match=r"unknown intent 'xyz': choose from [^;]*$"):
        parse_intent("xyz")


def test_a_point_is_never_disgust_and_an_emotion_stays_itself():
    assert start_emotion(Affect(-0.58, -0.03)) is Emotion.SAD
    assert start_emotion(Emotion.DISGUST) is Emotion.DISGUST


def test_several_intents_in_order():
    assert parse_intents("let out, CALM") == (Intent.LET_OUT, Intent.CALM)
    for names, message in (("calm,", "unknown intent ''"), ("lift," * 4 + "calm", "5 of them; give at most 4")):
        with pytest.raises(OptionError, match=message):
            parse_intents(names)
