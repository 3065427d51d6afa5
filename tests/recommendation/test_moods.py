import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect, Emotion, circumplex
from affetto.errors import OptionError
from affetto.recommendation import default_plan, recommend
from affetto.recommendation.intent import start_affect
from affetto.recommendation.moods import parse_mood, parse_point


@pytest.mark.parametrize("emotion", list(Emotion))
def test_an_emotion_is_itself(emotion):
    assert parse_mood(str(emotion)) is emotion
    assert parse_mood(f"  {str(emotion).upper()}! ") is emotion


@pytest.mark.parametrize(
    ("words", "emotion"), [("sadness", "sad"), ("I'm scared", "fearful"), ("feeling down", "sad"), ("sad music", "sad")]
)
def test_other_words_for_an_emotion(words, emotion):
    assert parse_mood(words) is Emotion(emotion)


@pytest.mark.parametrize("words", ["a bit sad", "slightly sad", "somewhat blue", "kind of sad", "rather unhappy"])
def test_a_bit_of_an_emotion_is_between_it_and_neutral_and_still_it(words):
    heard = parse_mood(words)
    sad = circumplex()[Emotion.SAD]
    assert heard.emotion is Emotion.SAD
    assert sad.valence < heard.affect.valence < 0
    assert default_plan(heard).words == "comfort, then lift"


def place(words):
    return start_affect(parse_mood(words))


def test_very_goes_further_and_not_to_the_other_side():
    assert place("very calm").arousal < place("calm").arousal
    assert place("not happy").valence < 0
    assert abs(place("extremely happy").valence) <= 1


def test_several_words_meet_halfway():
    tired, happy, both = place("tired"), place("happy"), place("tired but happy")
    assert both.valence == pytest.approx((tired.valence + happy.valence) / 2)
    assert both.arousal == pytest.approx((tired.arousal + happy.arousal) / 2)
    assert place("tired, happy") == both


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sadd", "did you mean sad?"),
        ("xyzzy", "say for example neutral, calm"),
        ("", "give a word"),
        (" , ", "give a word"),
        ("calm and xyzzy", "'xyzzy' is no word"),
    ],
)
def test_words_that_are_not_known(words, message):
    with pytest.raises(OptionError, match="mood ") as caught:
        parse_mood(words)
    assert message in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_a_place_or_refused(text):
    try:
        here = start_affect(parse_mood(text))
    except OptionError:
        return
    assert -1 <= here.valence <= 1
    assert -1 <= here.arousal <= 1


def test_words_start_a_playlist():
    assert recommend("a bit sad", length=3, seed=1).plan.words == "comfort, then lift"
    assert len(recommend("tired but happy", length=3, seed=1).items) == 3


def test_a_point_in_numbers():
    assert parse_point("0.4, -0.3") == Affect(0.4, -0.3)
    for text in ("", "0.4", "0.4,-0.3,1", "a,b", "1.1,0", "nan,0"):
        with pytest.raises(OptionError, match="give valence and arousal"):
            parse_point(text)
