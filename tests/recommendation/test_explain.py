from affetto.affect import Affect
from affetto.music import Track, starter
from affetto.recommendation import Intent, plan_journey, recommend
from affetto.recommendation.explain import track_reasons


def track(valence, arousal, **facts):
    mood = Affect(valence, arousal)
    return Track(id="1", title="T", artist="A", uri="a", mood=mood, mood_source="", **facts)


def reasons(start, intent, tracks):
    return [list(found) for found in track_reasons(plan_journey(start, [intent], len(tracks), starter()), tracks)]


def test_the_way_is_told_in_words_and_numbers():
    found = reasons(
        Affect(-0.5, 0.6),
        Intent.CALM,
        [
            track(-0.5, 0.6, tempo=144, feels=("aggressive", "dark"), genre="Rock"),
            track(0.0, 0.0, tempo=72, feels=("mystical",)),
            track(0.4, -0.5, tempo=76),
        ],
    )
    assert found[0] == ["starts fierce", "144 bpm", "aggressive, dark (rock)"]
    assert found[1] == ["brighter and calmer, now balanced", "half time, 144 to 72 bpm", "mystical"]
    assert found[2] == ["brighter and calmer, arrives at peaceful", "same pulse, 72 to 76 bpm"]


def test_staying_is_told_without_repeating_itself():
    found = reasons(
        Affect(0.56, -0.4),
        Intent.STAY,
        [track(0.56, -0.4, tempo=60), track(0.56, -0.4, tempo=60), track(0.42, -0.2, tempo=80, genre="Jazz")],
    )
    assert found[0][0] == "stays calm"
    assert found[1] == ["still calm", "same pulse, 60 bpm"]
    assert found[2] == ["gentle, near calm", "quickens, 60 to 80 bpm", "jazz"]


def test_a_track_far_from_its_place_is_owned_up_to():
    found = reasons(Affect(-0.5, 0.6), Intent.STAY, [track(0.5, -0.4, genre="Unclassifiable")])
    assert found == [["calm, the nearest to fierce here"]]


def test_a_doubtful_start_is_gentle():
    start = Affect(-0.2, 0.1, ((0.3, 0.0), (0.0, 0.3)))
    found = reasons(start, Intent.LIFT, [track(0.1, 0.0), track(0.4, 0.1), track(0.4, 0.1), track(0.6, 0.2)])
    assert found[0] == ["starts gently: balanced"]


def test_turns_of_every_kind():
    start = Affect(0.6, 0.7)
    turn = reasons(start, Intent.FOCUS, [track(0.6, 0.7), track(0.45, -0.1)])[1][0]
    assert turn.startswith("darker and calmer, arrives at ")
    turn = reasons(Affect(0.4, -0.6), Intent.ENERGIZE, [track(0.4, -0.6), track(0.4, 0.6)])[1][0]
    assert turn.startswith("livelier, arrives at ")


def test_reasons_of_a_real_list_differ():
    lines = [item.why for item in recommend("sad", seed=1).items]
    assert len(set(lines)) == len(lines)
    assert all(len(line) < 120 for line in lines)
