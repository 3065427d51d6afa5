import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.music import Library, Track, starter
from affetto.music.library import smallest


def track(number, valence=0.0, arousal=0.0, spread=0.1, **facts):
    mood = Affect(valence, arousal, ((spread**2, 0.0), (0.0, spread**2)))
    return Track(
        id=str(number), title=f"T{number}", artist="A", uri=f"{number}.mp3", mood=mood, mood_source="", **facts
    )


def test_is_a_sequence():
    library = Library(track(n) for n in range(5))
    assert len(library) == 5
    assert [item.id for item in library] == ["0", "1", "2", "3", "4"]
    assert library[-1].id == "4"
    assert [item.id for item in library[1:3]] == ["1", "2"]
    assert [item.id for item in library.subset([4, 0])] == ["4", "0"]
    assert repr(library) == "Library(5 tracks)"


def test_columns_hold_what_the_tracks_say():
    columns = Library([track(0, 0.5, -0.2, tempo=128, genre="Jazz"), track(1, genre="Rock", seconds=60)]).columns
    assert columns.octave[0] == 7
    assert np.isnan(columns.octave[1])
    assert np.isnan(columns.seconds[0])
    assert columns.genres == ("Jazz", "Rock")
    assert columns.genre.tolist() == [0, 1]
    assert columns.covariance.shape == (2, 3)


def test_an_empty_library_has_empty_columns():
    library = Library()
    assert library.points.shape == (0, 2)
    assert library.nearest(Affect(0, 0), 3).size == 0


coordinate = st.floats(-1, 1, width=32)


@given(st.tuples(coordinate, coordinate), st.tuples(coordinate, coordinate), st.floats(0.01, 0.5))
def test_mismatch_is_the_expected_squared_distance(mood, point, spread):
    library = Library([track(0, *mood, spread=spread)])
    precision = np.array([[4.0, 1.0], [1.0, 2.0]])
    apart = np.array(mood) - np.array(point)
    expected = apart @ precision @ apart + np.trace(precision) * spread**2
    assert library.mismatch([point], [precision])[0, 0] == pytest.approx(expected, abs=1e-4)


@given(st.integers(0, 9), st.integers(1, 3000), st.integers(1, 400), st.booleans())
def test_the_smallest_are_the_smallest(seed, size, count, sorted_down):
    cost = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    cost = np.sort(cost)[::-1] if sorted_down else np.where(cost > 1, np.float32(np.inf), cost)
    found = smallest(cost, count)
    assert len(set(found.tolist())) == min(count, size)
    assert np.array_equal(np.sort(cost[found]), np.sort(cost)[:count])


def test_nearest_prefers_close_then_certain():
    library = Library([track(0, 0.9, 0.9), track(1, 0.1, 0.1, spread=0.5), track(2, 0.1, 0.1, spread=0.1)])
    assert library.nearest(Affect(0.1, 0.1), 2).tolist() == [2, 1]
    assert library.nearest(Affect(0.1, 0.1), 99).tolist() == [2, 1, 0]


def test_nearest_agrees_with_a_full_sort():
    library = starter()
    aim = Affect(-0.2, 0.4)
    found = library.nearest(aim, 20)
    assert np.array_equal(found, library.nearest(aim, len(library))[:20])
