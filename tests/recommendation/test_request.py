import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect, Emotion
from affetto.errors import OptionError
from affetto.recommendation import Intent, Shape
from affetto.recommendation.request import Request, format_request, parse_request

coordinate = st.floats(-1, 1)


@st.composite
def starts(draw):
    vv, aa = draw(st.floats(0, 4)), draw(st.floats(0, 4))
    share = draw(st.floats(-0.999, 0.999))
    va = share * (vv * aa) ** 0.5
    return Affect(draw(coordinate), draw(coordinate), ((vv, va), (va, aa)))


requests = st.builds(
    Request,
    start=starts(),
    emotion=st.none() | st.sampled_from(list(Emotion)),
    intents=st.lists(st.sampled_from(list(Intent)), min_size=1, max_size=4).map(tuple),
    length=st.integers(1, 500),
    strategy=st.sampled_from(["journey", "genre"]),
    shape=st.sampled_from(list(Shape)),
    novelty=coordinate,
    adventurous=st.floats(0, 4),
    seed=st.integers(0, 2**63 - 1),
    library=st.text(st.characters(blacklist_categories=("Cs",)), min_size=1),
    heard=st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1), max_size=5).map(tuple),
    feedback=st.none() | st.integers(0, 2**40),
    time=st.none() | st.integers(-(2**40), 2**50),
)


@given(requests)
def test_a_request_comes_back_from_its_text(request):
    assert parse_request(format_request(request)) == request


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no at"),
        ("calm please", "give parts like at=0.4,-0.3"),
        ("at='0,0", "give parts like"),
        ("at=0,0 intent=calm length=3", "has no seed"),
        ("at=0,7 intent=calm length=3 seed=1", "at = '0,7': give a number from -1 to 1"),
        ("at=0 intent=calm length=3 seed=1", "at = '0'"),
        ("at=0,0 intent=fly length=3 seed=1", "intent = 'fly'"),
        ("at=0,0 intent=calm length=x seed=1", "length = 'x'"),
        ("at=0,0 intent=calm length=0 seed=1", "give a whole number from 1 to 500"),
        ("at=0,0 intent=calm length=3 seed=1 shape=round", "shape = 'round'"),
        ("at=0,0 intent=calm length=3 seed=1 strategy=mood", "give journey or genre"),
        ("at=0,0 intent=calm length=3 seed=1 spread=1,1,nan", "give 3 numbers"),
        ("at=0,0 intent=calm length=3 seed=1 spread=1,1,2", "no covariance has these values"),
        ("at=0,0 intent=calm length=3 seed=1 colour=red", "colour = 'red': is not known"),
        ("at=0,0 intent=calm length=3 seed=1 novelty=nan", "novelty = 'nan'"),
    ],
)
def test_what_is_no_request_is_refused(text, message):
    with pytest.raises(OptionError) as caught:
        parse_request(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(OptionError):
        parse_request(text)
