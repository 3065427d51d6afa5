import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect, Emotion, circumplex
from affetto.music import Library, Track, starter
from affetto.recommendation import Intent, plan_journey
from affetto.recommendation.pool import LOW, gather
from affetto.recommendation.rank import LONGEST_LOW_RUN, Weights, choose, tempo_step

STEADY = Affect(0.4, 0.2, ((0.01, 0.0), (0.0, 0.01)))


def track(number, mood=STEADY, **facts):
    facts = {"title": f"Piece number {number} of many", "artist": "A", **facts}
    return Track(id=str(number), uri=f"{number}.mp3", mood=mood, mood_source="", **facts)


def stay(library, length, start=STEADY, intent=Intent.STAY, seed=0, **options):
    start = Affect(start.valence, start.arousal)
    journey = plan_journey(start, [intent], length, library)
    places = choose(journey, library, rng=np.random.default_rng(seed), **options)
    return [library[place] for place in places]


tempo = st.floats(30, 300)


@given(tempo, tempo)
def test_a_tempo_step_is_folded_and_symmetric(one, other):
    step = float(tempo_step(np.log2(one), np.log2(other)))
    assert 0 <= step <= 0.5
    assert step == pytest.approx(float(tempo_step(np.log2(other), np.log2(one))), abs=1e-5)
    assert step == pytest.approx(float(tempo_step(np.log2(2 * one), np.log2(other))), abs=1e-5)


def test_an_unknown_tempo_has_an_unknown_step():
    assert np.isnan(tempo_step(np.nan, 7.0))


def test_tempo_flows():
    tempos = [60, 90, 61, 91, 120, 182]
    library = Library(track(n, tempo=tempo) for n, tempo in enumerate(tempos))
    chosen = [item.tempo for item in stay(library, 6, weights=Weights(chance=0.0))]
    assert sorted(chosen[:3]) in ([60, 61, 120], [90, 91, 182])


def test_artists_genres_and_feels_alternate():
    for kind in ({"artist": "X"}, {"genre": "Jazz"}, {"feels": ("dark",)}):
        other = (
            {"artist": "Y"} if "artist" in kind else {"genre": "Rock"} if "genre" in kind else {"feels": ("bright",)}
        )
        library = Library(track(n, **(kind if n < 4 else other)) for n in range(8))
        chosen = [int(item.id) < 4 for item in stay(library, 8, weights=Weights(chance=0.0))]
        assert all(one != two for one, two in itertools.pairwise(chosen)), kind


def test_versions_of_a_piece_come_only_when_nothing_else_is_left():
    library = Library(
        track(n, title=title) for n, title in enumerate(["Song", "Song (live)", "Song II", "Other", "Third"])
    )
    chosen = [item.title for item in stay(library, 5)]
    assert {chosen[0], chosen[1], chosen[2]} >= {"Other", "Third"}
    assert len(chosen) == 5


def test_a_certain_mood_is_preferred_to_a_doubtful_one():
    wide = Affect(0.4, 0.2, ((0.3, 0.0), (0.0, 0.3)))
    library = Library([track(0, wide), track(1)])
    assert stay(library, 1)[0].id == "1"


def test_very_long_tracks_are_avoided():
    library = Library([track(0, seconds=3600), track(1, seconds=240), track(2, seconds=20)])
    assert stay(library, 2)[0].id == "1"


def test_comfort_avoids_fright():
    mood = Affect(0.3, -0.3, ((0.04, 0.0), (0.0, 0.04)))
    library = Library([track(0, mood, feels=("eerie",), genre="Horror"), track(1, mood, feels=("calming",))])
    assert stay(library, 1, start=mood, intent=Intent.COMFORT)[0].id == "1"


def is_low(item):
    return item.mood.valence < LOW[0] and item.mood.arousal < LOW[1]


def longest_low_run(tracks):
    longest = run = 0
    for item in tracks:
        run = run + 1 if is_low(item) else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.STAY])
@pytest.mark.parametrize("length", [12, 60])
def test_at_most_three_low_tracks_in_a_row(intent, length):
    start = circumplex()[Emotion.SAD]
    assert longest_low_run(stay(starter(), length, start=start, intent=intent)) <= LONGEST_LOW_RUN


def test_more_low_tracks_when_asked_to_stay_there():
    assert longest_low_run(stay(starter(), 12, start=circumplex()[Emotion.SAD])) > LONGEST_LOW_RUN


def test_only_low_tracks_still_play():
    low = Affect(-0.5, -0.4, ((0.01, 0.0), (0.0, 0.01)))
    assert len(stay(Library(track(n, low) for n in range(8)), 8, start=low, intent=Intent.LIFT)) == 8


def test_among_limits_the_choice():
    among = np.arange(100, 140)
    journey = plan_journey(circumplex()[Emotion.HAPPY], [Intent.CALM], 12, starter())
    assert set(choose(journey, starter(), rng=np.random.default_rng(0), among=among)) <= set(among.tolist())


def test_the_pool_is_small_and_large_enough():
    journey = plan_journey(circumplex()[Emotion.SAD], [Intent.COMFORT, Intent.LIFT], 12, starter())
    pool = gather(journey, starter(), 12)
    assert 76 <= len(pool.places) <= 500
    assert pool.cost.shape == (len(journey.waypoints), len(pool.places))
    assert len(set(pool.places.tolist())) == len(pool.places)
