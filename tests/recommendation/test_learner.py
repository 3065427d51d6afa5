"""What is learnt step by step is what a replay of all that stands would give."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.recommendation.history import Entry, History
from affetto.recommendation.learner import Learner, learn
from affetto.recommendation.people import find_person
from affetto.recommendation.taste import CONTENT, Kind
from affetto.store import open_store

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def store():
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "library.db") as opened:
        yield opened


def entry(kind, track, hours):
    facts = {
        "title": str(track),
        "artist": f"Artist {track % 3}",
        "genre": "Jazz",
        "content": [0.1 * track] * len(CONTENT),
    }
    at = round(1000 * (NOW - 3600 * hours))
    return Entry(kind=kind, library="own", track=str(track), at=at, facts=facts, seconds=5.0)


deeds = st.tuples(st.sampled_from(list(Kind)), st.integers(0, 9), st.floats(-10, 5000))
steps = st.lists(deeds | st.just("undo"), min_size=1, max_size=12)
people = iter(range(10**9))


@settings(max_examples=25, deadline=None)
@given(steps)
def test_step_by_step_is_the_same_as_at_once(store, story):
    person = find_person(store, f"Person {next(people)}", make=True)
    history = History(store, person.number)
    here, there = Learner(history), Learner(History(store, person.number))
    for step in story:
        if step == "undo":
            standing = [each for each in history.entries() if each.kind is not Kind.PLAY]
            if standing:
                history.undo()
        else:
            history.add([entry(*step)])
        here.taste(NOW)  # this device looks after every step, the other one at the end
    at_once = learn(history.entries(), NOW)
    for taste in (here.taste(NOW), there.taste(NOW)):
        assert taste.evidence == pytest.approx(at_once.evidence, rel=1e-6, abs=1e-9)
        assert taste.never == at_once.never
        assert dict(taste.likes) == dict(at_once.likes)
        assert dict(taste.mood_shifts) == pytest.approx(dict(at_once.mood_shifts))
        np.testing.assert_allclose(taste.posterior.mean.dense, at_once.posterior.mean.dense, atol=1e-6)
