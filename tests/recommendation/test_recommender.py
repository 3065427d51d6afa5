import json
import math
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.errors import CatalogError, OptionError
from affetto.music import Library, Track, regions, starter
from affetto.recommendation import STRATEGIES, Intent, check_options, mood_playlist, recommend
from affetto.settings import settings as affetto_settings
from affetto.voice.reading import Reading

MOOD = Affect(0.2, 0.1)

probabilities = (
    st.lists(st.floats(0, 1), min_size=8, max_size=8)
    .filter(lambda weights: sum(weights) > 0.01)
    .map(lambda weights: dict(zip(EMOTIONS, (weight / sum(weights) for weight in weights), strict=True)))
)
readings = st.builds(lambda p: Reading(probabilities=p, seconds=3.0), probabilities)
coordinate = st.floats(-1, 1)
starts = readings | st.builds(Affect, coordinate, coordinate) | st.sampled_from(list(Emotion))
wishes = st.none() | st.sampled_from([*Intent, "let out", "CALM"])


def track(number, mood=MOOD, **facts):
    facts = {"title": f"Piece number {number} of many", "artist": "A", **facts}
    return Track(id=str(number), uri=f"{number}.mp3", mood=mood, mood_source="", **facts)


@settings(max_examples=150, deadline=None)
@given(starts, wishes, st.integers(1, 40), st.sampled_from(STRATEGIES), st.integers(0, 99))
def test_any_start_and_wish_gives_a_full_playlist_without_repeats(start, intent, length, strategy, seed):
    playlist = recommend(start, intent=intent, length=length, strategy=strategy, seed=seed)
    assert len(playlist.items) == length
    assert len({item.work for item in playlist.tracks}) == length
    assert all(
        item.reasons and all(reason and "\n" not in reason for reason in item.reasons) for item in playlist.items
    )
    assert recommend(start, intent=intent, length=length, strategy=strategy, seed=seed) == playlist
    json.dumps(playlist.to_dict(), allow_nan=False)


@pytest.mark.parametrize("length", [1, 2, 3, 500])
def test_any_length(length):
    assert len({item.id for item in recommend("sad", length=length, seed=0).tracks}) == length


def test_without_a_seed_lists_vary_and_can_be_made_again():
    lists = [recommend(Emotion.CALM) for _ in range(4)]
    assert len({playlist.tracks for playlist in lists}) > 1
    assert recommend(Emotion.CALM, seed=lists[0].seed) == lists[0]


def test_without_a_length_the_setting_counts(monkeypatch):
    monkeypatch.setenv("AFFETTO_LENGTH", "7")
    affetto_settings.cache_clear()
    try:
        assert len(recommend("happy", seed=0).items) == 7
    finally:
        affetto_settings.cache_clear()


def test_the_default_intent_is_explained_and_the_asked_one_stated():
    assert recommend("sad", seed=0).plan.explanation.startswith("Sounds sad: ")
    asked = recommend("sad", intent="focus", seed=0)
    assert asked.intent is Intent.FOCUS
    assert asked.plan.explanation == "As asked: even, unobtrusive music to work by."


def test_an_abstained_reading_gets_a_pleasant_list():
    playlist = recommend(Reading.abstain("no speech was heard"), seed=0)
    assert all(item.mood.valence > 0.1 for item in playlist.tracks)
    assert "no speech was heard" in playlist.plan.explanation
    assert playlist.notes == ()


def test_a_doubtful_reading_starts_more_gently_and_says_so():
    angry = Affect(-0.4, 0.4)
    doubtful = Affect(-0.4, 0.4, ((0.3, 0.0), (0.0, 0.2)))
    sure, unsure = (
        [recommend(start, intent="calm", length=12, seed=seed) for seed in range(8)] for start in (angry, doubtful)
    )
    assert _valence_at_first(unsure) > _valence_at_first(sure) + 0.12
    assert "more than one way (valence ±0.55, arousal ±0.45)" in unsure[0].notes[0]
    assert sure[0].notes == ()


def _valence_at_first(playlists):
    return fmean(item.mood.valence for playlist in playlists for item in playlist.tracks[:3])


def test_genre_strategy_plays_the_genre_of_the_emotion():
    playlist = recommend("angry", strategy="genre", seed=0)
    assert {item.genre for item in playlist.tracks} == {"Rock"}
    assert playlist.notes[0] == "Genre for angry: rock (played: rock)."


def test_genre_strategy_says_what_stands_in():
    notes = recommend("fearful", strategy="genre", seed=0).notes
    assert notes[0] == "Genre for fearful: metal (played: rock; this library holds no metal)."
    assert recommend(Reading.abstain("noise"), strategy="genre", seed=0).notes[0].startswith("Genre for neutral")


def test_genres_can_be_edited(monkeypatch):
    monkeypatch.setenv("AFFETTO_GENRES", '{"angry": ["Polka"]}')
    affetto_settings.cache_clear()
    try:
        playlist = recommend("angry", strategy="genre", seed=0, length=4)
    finally:
        affetto_settings.cache_clear()
    assert {item.genre for item in playlist.tracks} == {"Polka"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_small_library_plays_all_it_has_and_says_so(strategy):
    playlist = recommend("sad", library=Library(track(n) for n in range(5)), length=12, strategy=strategy, seed=0)
    assert len(playlist.items) == 5
    assert playlist.notes[-1] == "The library holds 5 of the 12 tracks that were asked for."


def test_odd_libraries():
    nothing_known = Library(
        track(n, Affect(math.nan, math.nan), tempo=math.nan, seconds=0, title="", artist="") for n in range(3)
    )
    one = Library([track(0)])
    same = Library(track(n, title="Song") for n in range(4))
    for library in (nothing_known, one, same):
        playlist = recommend("happy", library=library, seed=0)
        assert len(playlist.items) == len(library)
        json.dumps(playlist.to_dict(), allow_nan=False)


def test_an_empty_library_is_refused():
    for ask in (recommend, mood_playlist):
        with pytest.raises(CatalogError, match="holds no track; add music"):
            ask("happy", library=Library())


@pytest.mark.parametrize(
    ("start", "options", "message"),
    [
        ("sad", {"intent": "lfit"}, "unknown intent 'lfit': choose from stay, .*did you mean lift"),
        ("sad", {"strategy": "mood"}, "unknown strategy 'mood': choose from journey, genre"),
        ("sad", {"length": 0}, "length = 0: give a whole number from 1 to 500"),
        ("sad", {"seed": -1}, "seed = -1: give a whole number from 0"),
        ("sadd", {}, "mood 'sadd': .*did you mean sad"),
        (Affect(2, 0), {}, r"start = \(2, 0\): valence and arousal each go from -1 to 1"),
        (Affect(math.nan, 0), {}, "go from -1 to 1"),
        (Affect(0, 0, ((-1, 0), (0, 1))), {}, "no negative variance"),
        (Affect(0, 0, ((math.nan, 0), (0, 1))), {}, "no negative variance"),
    ],
)
def test_what_is_not_offered_is_named(start, options, message):
    with pytest.raises(OptionError, match=message) as caught:
        recommend(start, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"intent": "x"}, {"strategy": "x"}, {"length": 0}, {"seed": -1}])
def test_options_can_be_checked_beforehand(options):
    with pytest.raises(OptionError):
        check_options(**options)
    assert check_options(intent="calm", strategy="genre", length=3, seed=1) is None


@pytest.mark.parametrize("emotion", list(Emotion))
def test_each_emotion_has_a_live_playlist(emotion):
    playlist = mood_playlist(emotion, length=12, seed=0)
    assert len(playlist.items) == 12
    assert playlist.strategy == "mood"
    assert mood_playlist(str(emotion), length=12, seed=0) == playlist


def test_each_region_plays_its_own_tracks():
    for region in regions(starter()):
        assert set(mood_playlist(region, length=10, seed=0).tracks) <= set(region.tracks)


def test_a_region_that_is_too_small_is_joined_by_its_neighbours():
    region = regions(starter())[-1]
    assert len(mood_playlist(region, length=region.size + 5, seed=0).items) == region.size + 5


def test_the_json_form():
    playlist = recommend("sad", length=6, seed=3)
    plain = playlist.to_dict()
    assert plain["intent"] == "comfort"
    assert plain["then"] == ["lift"]
    assert set(plain["journey"][0]) == {"valence", "arousal"}
    assert set(plain["tracks"][0]) >= {"title", "artist", "uri", "valence", "arousal", "reasons", "credit", "licence"}
    assert plain["seed"] == 3
    assert plain["seconds"] == playlist.seconds > 0
    assert playlist.title == "Affetto: comfort, then lift"
    assert playlist.explanation == plain["explanation"]
    assert len(playlist.credits) == 1
    assert playlist.start == playlist.journey.start
    assert playlist.items[0].why == "; ".join(playlist.items[0].reasons)
