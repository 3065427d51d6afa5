"""Music that follows a voice: planned at first, planned again at a real change, left alone otherwise."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import OptionError
from affetto.recommendation import Intent, Playlist, recommend, replan
from affetto.recommendation.replan import Change, LivePlaylist
from affetto.voice.reading import Reading

READY = recommend(Emotion.CALM, length=3, seed=1)


def sounds(emotion: Emotion, share: float = 0.65, seconds: float = 3.0) -> Reading:
    rest = (1 - share) / 7
    return Reading(probabilities={each: share if each == emotion else rest for each in EMOTIONS}, seconds=seconds)


def feed(music: LivePlaylist, readings: Iterable[Reading], *, seconds: float = 0.5) -> list[tuple[float, Change]]:
    changes: list[tuple[float, Change]] = []
    for number, reading in enumerate(readings, start=1):
        change = music.update(reading, seconds=seconds)
        if change is not None:
            changes.append((number * seconds, change))
    return changes


@pytest.fixture
def music() -> LivePlaylist:
    return LivePlaylist(plan=lambda _: READY)


def test_the_first_plan_waits_until_an_emotion_leads(music: LivePlaylist) -> None:
    assert music.switch_probability == 1.0
    ((after, change),) = feed(music, [sounds(Emotion.SAD)] * 60)
    assert 1.0 <= after <= 4.0
    assert (change.before, change.emotion, change.playlist) == (None, Emotion.SAD, READY)
    assert change.words == "sounds sad"
    assert music.switch_probability < 0.2


def test_a_steady_voice_leaves_the_music_alone(music: LivePlaylist) -> None:
    wavering = [sounds(Emotion.SAD, 0.5), sounds(Emotion.SAD, 0.6), sounds(Emotion.CALM, 0.4)] * 400
    assert len(feed(music, wavering)) == 1


def test_one_word_in_another_tone_leaves_it_alone(music: LivePlaylist) -> None:
    story = [sounds(Emotion.CALM)] * 30 + [sounds(Emotion.ANGRY)] * 2 + [sounds(Emotion.CALM)] * 30
    assert len(feed(music, story)) == 1


def test_a_real_change_moves_it_once_and_soon(music: LivePlaylist) -> None:
    changes = feed(music, [sounds(Emotion.CALM)] * 40 + [sounds(Emotion.ANGRY)] * 40)
    assert [change.emotion for _, change in changes] == [Emotion.CALM, Emotion.ANGRY]
    assert 1.0 <= changes[1][0] - 20 <= 9.0
    assert changes[1][1].probability >= 0.8
    assert changes[1][1].words.startswith("sounds angry, no longer calm (")


def test_it_rests_between_plans() -> None:
    music = LivePlaylist(plan=lambda _: READY, rest=12.0)
    story = ([sounds(Emotion.CALM, 0.9)] * 6 + [sounds(Emotion.ANGRY, 0.9)] * 6) * 20
    times = [at for at, _ in feed(music, story)]
    assert len(times) > 1
    assert all(b - a >= 12.0 for a, b in itertools.pairwise(times))


@given(
    st.lists(st.tuples(st.sampled_from(EMOTIONS), st.floats(0.125, 1.0), st.floats(0, 3)), max_size=60),
    st.floats(0.55, 0.95),
)
def test_whatever_is_heard_a_plan_has_its_reason(steps: list[tuple[Emotion, float, float]], switch: float) -> None:
    music = LivePlaylist(plan=lambda _: READY, switch=switch)
    for emotion, share, seconds in steps:
        before = music.emotion
        change = music.update(sounds(emotion, share), seconds=seconds)
        assert 0 <= music.switch_probability <= 1
        if change is not None:
            assert change.before == before
            assert change.probability >= switch
            assert change.emotion == music.emotion != before


def test_a_reading_that_abstains_says_nothing(music: LivePlaylist) -> None:
    silent = Reading.abstain("no speech was heard")
    assert feed(music, [silent] * 100) == []
    assert music.playlist is None


def test_the_first_utterance_gets_safe_music_when_nothing_stands_out() -> None:
    music = LivePlaylist(length=3, seed=1)
    change = music.update(sounds(Emotion.SAD, 0.2), seconds=2.0, final=True)
    assert change is not None
    assert (change.emotion, change.words) == (None, "no clear emotion")
    assert change.playlist.intent == Intent.LIFT
    assert "plays safe" in change.playlist.explanation
    assert music.switch_probability == 1.0
    changes = feed(music, [sounds(Emotion.SAD)] * 40)
    assert [c.emotion for _, c in changes] == [Emotion.SAD]
    assert changes[0][1].playlist.plan.words == "comfort, then lift"
    assert changes[0][1].words == "sounds sad"


def test_a_short_first_utterance_gets_the_music_of_its_reading() -> None:
    music = LivePlaylist(length=3, seed=1)
    assert music.update(sounds(Emotion.SAD), seconds=1.0) is None
    change = music.update(sounds(Emotion.SAD), seconds=0.2, final=True)
    assert change is not None
    assert change.emotion == Emotion.SAD
    assert change.playlist.plan.words == "comfort, then lift"


def test_the_options_reach_the_playlist() -> None:
    def first(seed: int) -> Playlist:
        music = LivePlaylist(intent="focus", length=4, strategy="genre", seed=seed)
        change = music.update(sounds(Emotion.HAPPY), seconds=6.0)
        assert change is not None
        assert music.playlist is change.playlist
        return change.playlist

    playlist = first(1)
    assert (playlist.intent, len(playlist.items), playlist.strategy) == (Intent.FOCUS, 4, "genre")
    assert playlist.tracks == first(1).tracks


@pytest.mark.parametrize(
    "options", [{"intent": "sleep"}, {"length": 0}, {"strategy": "x"}, {"seed": -1}, {"switch": 0.5}, {"switch": 1.0}]
)
def test_options_that_are_not_offered_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        LivePlaylist(**options)


# -- from the current track on ----------------------------------------------------------------------------------------


def test_what_was_heard_live_does_not_come_again() -> None:
    music = LivePlaylist(length=4, seed=1)
    changes = feed(music, [sounds(Emotion.CALM)] * 12)
    first = changes[0][1].playlist
    music.heard(*first.tracks[:3])
    second = feed(music, [sounds(Emotion.ANGRY)] * 40)[0][1].playlist
    third = feed(music, [sounds(Emotion.CALM)] * 40)[0][1].playlist
    assert not set(second.tracks) & set(first.tracks[:3])
    assert not set(third.tracks) & {*first.tracks[:3], second.tracks[0]}


def test_the_first_track_of_each_plan_counts_as_heard() -> None:
    music = LivePlaylist(length=4, seed=1)
    first = feed(music, [sounds(Emotion.CALM)] * 12)[0][1].playlist
    feed(music, [sounds(Emotion.ANGRY)] * 40)
    again = feed(music, [sounds(Emotion.CALM)] * 40)[0][1].playlist
    assert first.tracks[0] not in again.tracks


@pytest.mark.parametrize("current", [0, 1, 5, 8])
def test_the_rest_has_nothing_that_was_heard(current: int) -> None:
    playlist = recommend("angry", length=8, seed=3)
    rest = replan(playlist, current, start=Emotion.SAD)
    assert len(rest.items) == max(1, 8 - current)
    assert not set(rest.tracks) & set(playlist.tracks[:current])
    assert rest.plan.intents == (playlist.plan.intents if current < 5 else playlist.plan.intents[1:])


def test_the_rest_goes_on_where_the_music_is() -> None:
    playlist = recommend("sad", length=12, seed=3)
    rest = replan(playlist, 6)
    waypoint = playlist.journey.waypoints[playlist.journey.steps[5]].affect
    assert rest.start == waypoint
    assert rest.strategy == playlist.strategy
    further = replan(rest, 2)
    assert not set(further.tracks) & {*playlist.tracks[:6], *rest.tracks[:2]}


@pytest.mark.parametrize("current", [-1, 13])
def test_a_track_that_is_none_is_refused(current: int) -> None:
    with pytest.raises(OptionError, match="the playlist has tracks 1 to 12"):
        replan(recommend("sad", length=12, seed=3), current)
