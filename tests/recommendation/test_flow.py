import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.music import Library, Track
from affetto.recommendation import Intent, plan_journey
from affetto.recommendation.flow import fifths, key_step, loudness_step
from affetto.recommendation.rank import Weights, rank

NAMES = [
    f"{letter}{accidental} {mode}"
    for letter in "CDEFGAB"
    for accidental in ("", "#", "b")
    for mode in ("major", "minor")
]
keys = st.sampled_from(NAMES)


@given(keys, keys)
def test_key_steps_are_symmetric_and_bounded(one, other):
    a, b = fifths([one, other])
    assert 0 <= key_step(a, b) <= 1
    assert key_step(a, b) == key_step(b, a)
    assert key_step(a, a) == 0


@pytest.mark.parametrize(("one", "other"), [("C#", "Db major"), ("Am", "A minor"), ("F♯m", "Gb min"), ("d", "D maj")])
def test_one_key_by_two_names(one, other):
    a, b = fifths([one, other])
    assert key_step(a, b) == 0


def test_neighbours_on_the_circle_are_near_and_the_tritone_is_far():
    c, g, f, f_sharp = fifths(["C", "G", "F", "F#"])
    assert key_step(c, g) == key_step(c, f) == pytest.approx(1 / 7)
    assert key_step(c, f_sharp) == pytest.approx(6 / 7)


@given(st.text(max_size=12))
def test_what_is_no_key_is_not_known(text):
    assert fifths([text]).shape == (1, 2)


@given(st.floats(-70, 0), st.floats(-70, 0))
def test_loudness_steps_are_bounded(one, other):
    assert 0 <= loudness_step(one, other) <= 1


def test_what_is_not_known_has_no_step():
    assert np.isnan(loudness_step(np.nan, -14.0))
    assert np.isnan(key_step(*fifths(["C", "unknown"])))


def track(number, **facts):
    facts = {"title": f"Piece number {number} of many", "artist": f"A{number}", **facts}
    return Track(id=str(number), uri=f"{number}.mp3", mood=Affect(0.4, 0.2), mood_source="tags", **facts)


def order(library):
    journey = plan_journey(Affect(0.4, 0.2), [Intent.STAY], len(library), library)
    return rank(journey, library, rng=np.random.default_rng(0), weights=Weights(chance=0.0))


def test_keys_and_loudness_flow():
    by_key = order(Library(track(n, key=key) for n, key in enumerate(["C", "F#", "G", "C#", "D", "G#"])))
    assert {each.track.key for each in by_key[:3]} in ({"C", "G", "D"}, {"F#", "C#", "G#"})
    by_loudness = order(Library(track(n, loudness=level) for n, level in enumerate([-8.0, -20.0, -9.0, -21.0])))
    assert {each.track.loudness for each in by_loudness[:2]} in ({-8.0, -9.0}, {-20.0, -21.0})


def test_albums_alternate():
    library = Library(track(n, album="One" if n < 4 else "Two") for n in range(8))
    albums = [each.track.album for each in order(library)]
    assert all(one != two for one, two in itertools.pairwise(albums))


def test_where_nothing_of_the_sound_is_known_it_costs_nothing():
    chosen = order(Library(track(n) for n in range(4)))
    assert {each.parts.get(name, 0.0) for each in chosen for name in ("tempo", "key", "loudness")} == {0.0}


def test_propensities_are_probabilities():
    for each in order(Library(track(n) for n in range(12))):
        assert 0 < each.propensity <= 1
    alone = order(Library([track(1)]))
    assert alone[0].propensity > 0.95
