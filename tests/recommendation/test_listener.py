"""A listener: what is played, said, learnt, kept, taken back and deleted; on both kinds of database."""

import json
import threading
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import func, select

from affetto.affect import Affect, Emotion
from affetto.errors import CatalogError, OptionError
from affetto.music import Library, Track
from affetto.recommendation import Intent, Shape, recommend
from affetto.recommendation.listener import Listener
from affetto.recommendation.people import list_people
from affetto.recommendation.request import format_request, parse_request
from affetto.store import open_store
from affetto.store.tables import Base, FeedbackRow

NOW = 1_800_000_000.0
DAY = 86_400.0


def track(number, **facts):
    rng = np.random.default_rng(number)
    mood = Affect(*(float(x) for x in rng.uniform(-0.6, 0.6, 2)), ((0.02, 0.0), (0.0, 0.02)))
    artist = f"Artist {number % 12}"
    usual = {
        "title": f"Piece number {number} of many",
        "artist": artist,
        "mood": mood,
        "genre": ("Jazz", "Rock", "Folk")[number % 3],
    }
    usual |= {"seconds": 200.0, "tempo": float(rng.uniform(60, 180))}
    return Track(id=str(number), uri=f"{number}.mp3", mood_source="", **(usual | facts))


MUSIC = Library(track(n) for n in range(240))


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def anna(store, clock):
    return Listener.open("Anna", store=store, clock=clock)


def titles(playlist):
    return [each.title for each in playlist.tracks]


def teach(listener, liked="Artist 3", disliked="Artist 5", likes=6):
    """Likes of one artist and dislikes of another."""
    for number in range(likes):
        listener.feedback("like", track(1000 + number, artist=liked), library=MUSIC)
        listener.feedback("dislike", track(2000 + number, artist=disliked), library=MUSIC)


# -- music ------------------------------------------------------------------------------------------------------------


def test_someone_of_whom_nothing_is_known_gets_what_anybody_gets(anna):
    for start in ("sad", Affect(0.3, 0.3)):
        assert titles(anna.recommend(start, seed=4, library=MUSIC)) == titles(recommend(start, seed=4, library=MUSIC))


def test_few_deeds_change_nothing_yet(anna):
    anna.feedback("like", track(1001, artist="Artist 3"), library=MUSIC)
    assert titles(anna.recommend("sad", seed=4, library=MUSIC)) == titles(recommend("sad", seed=4, library=MUSIC))


def test_what_is_liked_is_played_more_and_what_is_not_less(anna):
    def counts():
        place = Affect(0.1, 0.1)
        lists = [anna.recommend(place, intent="stay", seed=n, library=MUSIC, keep=False) for n in range(6)]
        return Counter(each.artist for playlist in lists for each in playlist.tracks)

    before = counts()
    (most, _), *_, (least, _) = before.most_common()
    teach(anna, liked=least, disliked=most)
    after = counts()
    assert after[least] >= 2 * before[least]
    assert after[most] < 0.5 * before[most]


def test_the_mood_still_leads(anna):
    teach(anna, likes=12)
    for seed in range(4):
        playlist = anna.recommend(Affect(-0.4, 0.4), intent="stay", seed=seed, library=MUSIC)
        assert max(each.mood.distance(Affect(-0.4, 0.4)) for each in playlist.tracks) < 0.6


def test_reasons_tell_what_is_liked(anna):
    teach(anna)
    reasons = [
        item.why
        for seed in range(8)
        for item in anna.recommend("happy", seed=seed, library=MUSIC).items
        if item.track.artist == "Artist 3"
    ]
    assert reasons
    assert all("you liked six by this artist" in why for why in reasons)


def test_other_reasons(anna):
    teach(anna)
    by_one = Library(track(n, artist="Artist 3") for n in range(40))
    assert not any("this artist" in item.why for item in anna.recommend("happy", seed=1, library=by_one).items)
    places = [anna.recommend(Affect(0.1, 0.1), seed=n, library=MUSIC, adventurous=3.0) for n in range(6)]
    told = " ".join(item.why for playlist in places for item in playlist.items)
    assert "new to you, to find out whether you like it" in told
    assert "sounds like what you like" in told or "you like " in told


def test_a_track_marked_never_is_not_played_again(anna):
    first = anna.recommend("calm", seed=1, library=MUSIC)
    anna.feedback("never", 1)
    again = anna.recommend("calm", seed=1, library=MUSIC)
    assert first.tracks[0] not in again.tracks
    anna.undo()
    assert titles(anna.recommend("calm", seed=1, library=MUSIC)) == titles(first)


def test_when_everything_is_marked_never_that_is_said(anna):
    few = Library([track(1), track(2)])
    for each in few:
        anna.feedback("never", each, library=few)
    with pytest.raises(CatalogError, match="never to be played; take one back"):
        anna.recommend("sad", library=few)


def test_what_was_just_heard_rests(anna, clock):
    first = anna.recommend("calm", seed=1, library=MUSIC)
    for each in first.tracks:
        anna.feedback("completed", each, playlist=first)
    shared = set(anna.recommend("calm", seed=1, library=MUSIC, novelty=0).tracks) & set(first.tracks)
    clock.time += 30 * DAY
    later = set(anna.recommend("calm", seed=1, library=MUSIC).tracks) & set(first.tracks)
    assert len(shared) < len(later)


def test_novelty_goes_from_the_familiar_to_the_new(anna, clock):
    heard = [each for each in MUSIC if int(each.id) % 2]
    for each in heard:
        anna.feedback("play", each, library=MUSIC)
    clock.time += 3 * DAY

    def known(novelty):
        lists = [anna.recommend("calm", seed=s, library=MUSIC, novelty=novelty, keep=False) for s in range(5)]
        return sum(each in heard for playlist in lists for each in playlist.tracks)

    assert known(-1.0) > known(0.0) > known(1.0)


def test_not_this_mood_moves_the_track_and_leaves_taste_alone(anna):
    place = Affect(0.0, 0.0)
    first = anna.recommend(place, intent="stay", seed=1, length=5, library=MUSIC)
    wrong = first.tracks[0]
    for _ in range(3):
        anna.feedback("not_this_mood", wrong, playlist=first)
    assert anna.taste().cold
    assert wrong not in anna.recommend(place, intent="stay", seed=1, length=5, library=MUSIC).tracks
    item = anna.why(first, 1)[0]
    assert item.wanted.distance(place) < 0.01


def test_a_seed_repeats_a_list(anna):
    teach(anna)
    first = anna.recommend("sad", seed=5, library=MUSIC)
    assert anna.recommend("sad", seed=5, library=MUSIC).tracks == first.tracks


def test_the_choice_of_intent_is_remembered_for_the_emotion(anna):
    assert anna.recommend("sad", library=MUSIC).plan.words == "comfort, then lift"
    anna.recommend("sad", intent="let out, calm", library=MUSIC)
    again = anna.recommend("sad", library=MUSIC)
    assert again.plan.intents == (Intent.LET_OUT, Intent.CALM)
    assert again.explanation.startswith("As you chose the last time it sounded sad: ")
    assert anna.recommend("happy", library=MUSIC).plan.words == "stay"
    assert anna.choices() == {"sad": (Intent.LET_OUT, Intent.CALM)}
    anna.recommend("happy", intent="focus", library=MUSIC, keep=False)
    anna.recommend(Affect(0.8, 0.5), intent="focus", library=MUSIC)  # a place is no emotion that could be met again
    assert "happy" not in anna.choices()


def test_outcomes_decide_the_shape(anna):
    assert anna.recommend("angry", library=MUSIC, seed=1).shape is Shape.GRADUAL
    for number in range(14):
        playlist = anna.recommend("angry", library=MUSIC, shape=("gradual", "direct")[number % 2], seed=1)
        anna.outcome("better" if playlist.shape is Shape.DIRECT else "worse", playlist)
    shapes = [anna.recommend("angry", library=MUSIC, seed=seed, keep=False).shape for seed in range(20)]
    assert shapes.count(Shape.DIRECT) >= 18
    assert anna.shapes()[Shape.DIRECT] == (8.0, 1.0)


def test_the_outcome_is_asked_once_and_can_be_left_out(anna):
    playlist = anna.recommend("sad", library=MUSIC)
    assert anna.wants_outcome(playlist)
    anna.outcome("same")
    assert not anna.wants_outcome()
    anna.outcome("worse", playlist)
    assert [each["said"] for each in anna.export()["outcomes"]] == ["worse"]
    another = anna.recommend("sad", library=MUSIC)
    anna.ask(False)
    assert not anna.wants_outcome(another)
    with pytest.raises(OptionError, match="unknown outcome 'bad': choose from better, same, worse"):
        anna.outcome("bad")


# -- planning again ---------------------------------------------------------------------------------------------------


def test_planning_again_goes_on_from_the_current_track_without_repeats(anna):
    first = anna.recommend("angry", length=8, seed=1, library=MUSIC)
    rest = anna.replan(first, 3, start="calm", library=MUSIC)
    assert len(rest.items) == 5
    assert not set(rest.tracks) & set(first.tracks[:3])
    once_more = anna.replan(rest, 2, library=MUSIC)
    assert not set(once_more.tracks) & {*first.tracks[:3], *rest.tracks[:2]}
    assert anna.remake(once_more.number, library=MUSIC).tracks == once_more.tracks
    with pytest.raises(OptionError, match="current = 9: the playlist has tracks 1 to 8"):
        anna.replan(first, 9)


def test_when_everything_was_heard_the_list_begins_again_and_says_so(anna):
    few = Library(track(n) for n in range(4))
    first = anna.recommend("calm", library=few, length=4)
    rest = anna.replan(first, 4, library=few)
    assert "Everything here was heard; the list begins again." in rest.notes
    assert rest.tracks[0] != first.tracks[-1]


# -- feedback ---------------------------------------------------------------------------------------------------------


def test_feedback_knows_what_the_track_was_meant_for(anna):
    playlist = anna.recommend("sad", library=MUSIC, seed=2)
    for name in (3, playlist.tracks[2], playlist.tracks[2].title, playlist.tracks[2].id):
        entry = anna.feedback("skip", name, seconds=12.5)
        assert (entry.track, entry.playlist, entry.seconds) == (playlist.tracks[2].id, playlist.number, 12.5)
        assert entry.wanted == pytest.approx(
            (lambda a: (a.valence, a.arousal))(playlist.journey.waypoints[playlist.journey.steps[2]].affect)
        )
        assert 0 < entry.propensity <= 1


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("adore", 1, "unknown feedback 'adore': choose from play, completed"),
        ("like", 99, r"track 99: playlist \d+ has tracks 1 to 12"),
        ("like", "Nobody knows this", "track 'Nobody knows this': is in none of your latest playlists"),
        ("like", "Piece", "several fit .*; give its number"),
    ],
)
def test_feedback_that_means_nothing_is_refused(anna, kind, name, message):
    anna.recommend("sad", library=MUSIC)
    with pytest.raises(OptionError, match=message):
        anna.feedback(kind, name)
    assert anna.history() == []


def test_feedback_without_any_playlist(anna):
    with pytest.raises(OptionError, match="there is no playlist yet"):
        anna.feedback("like", 1)
    entry = anna.feedback("like", MUSIC[7])
    assert (entry.track, entry.library, entry.title) == ("7", "given", "Piece number 7 of many")


def test_an_artist_can_be_named(anna):
    playlist = anna.recommend("sad", library=MUSIC)
    assert anna.feedback("artist_less", 2).artist == playlist.tracks[1].artist
    entry = anna.feedback("artist_more", "Nina Simone")
    assert (entry.artist, entry.track, entry.key) == ("Nina Simone", "", "")
    with pytest.raises(OptionError, match="its artist is not known"):
        anna.feedback("artist_more", track(5, artist=" "))


def test_what_was_taken_back_never_was(anna):
    teach(anna)
    before = anna.recommend("happy", seed=3, library=MUSIC, keep=False)
    said = [anna.feedback("dislike", each, library=MUSIC) for each in MUSIC[:8]]
    assert anna.recommend("happy", seed=3, library=MUSIC, keep=False).tracks != before.tracks
    for entry in reversed(said):
        assert anna.undo(entry.number).number == entry.number
    assert anna.recommend("happy", seed=3, library=MUSIC, keep=False).tracks == before.tracks
    assert len(anna.history()) == 12
    assert len(anna.history(undone=True)) == 20
    for number, message in ((said[0].number, "was taken back before"), (10_000, "is none of this listener's")):
        with pytest.raises(OptionError, match=message):
            anna.undo(number)


def test_undo_takes_the_last_word_not_a_play(anna):
    anna.feedback("like", MUSIC[0], library=MUSIC)
    anna.feedback("play", MUSIC[1], library=MUSIC)
    assert anna.undo().track == "0"
    with pytest.raises(OptionError, match="no feedback to take back"):
        anna.undo()


def test_a_track_is_liked_while_its_last_word_is_a_like_that_stands(anna, store):
    asked = ["0", "1", "2", "3"]
    assert anna.likes("given", asked) == {}
    first = anna.feedback("like", MUSIC[0], library=MUSIC)
    second = anna.feedback("like", MUSIC[1], library=MUSIC)
    again = anna.feedback("like", MUSIC[0], library=MUSIC)
    anna.feedback("completed", MUSIC[0], library=MUSIC)
    dislike = anna.feedback("dislike", MUSIC[1], library=MUSIC)
    anna.feedback("never", MUSIC[2], library=MUSIC)
    anna.feedback("like", MUSIC[4], library=MUSIC)
    assert anna.likes("given", asked) == {"0": again.number}
    anna.undo(again.number)
    anna.undo(dislike.number)
    assert anna.likes("given", asked) == {"0": first.number, "1": second.number}
    assert anna.likes("own", asked) == anna.likes("given", []) == {}
    assert Listener.open("Ben", store=store).likes("given", asked) == {}


def test_a_track_that_was_liked_several_times_is_not_liked_after_one_is_taken_back(anna):
    def say(*kinds):
        return [anna.feedback(kind, MUSIC[0], library=MUSIC).number for kind in kinds]

    before, dislike, first, second, third = say("like", "dislike", "like", "completed", "like")
    other = anna.feedback("like", MUSIC[1], library=MUSIC)
    anna.unlike(first)  # from where the later like is not known yet
    assert anna.likes("given", ["0", "1"]) == {"1": other.number}
    assert [entry.number for entry in anna.history()] == [before, dislike, second, other.number]
    for number, message in ((third, "was taken back before"), (dislike, "is no like"), (10_000, "is none of this")):
        with pytest.raises(OptionError, match=message):
            anna.unlike(number)
    anna.unlike(before)
    assert anna.likes("given", ["0"]) == {}
    assert [entry.number for entry in anna.history()] == [dislike, second, other.number]


def test_what_is_told_twice_counts_once(anna):
    first = anna.feedback("like", MUSIC[0], library=MUSIC, token="phone-1")
    assert anna.feedback("like", MUSIC[0], library=MUSIC, token="phone-1").number == first.number
    assert len(anna.history()) == 1


# -- faults -----------------------------------------------------------------------------------------------------------


def test_two_devices_at_once(anna, store, clock):
    phone = Listener.open("Anna", store=store, clock=clock)
    anna.taste()
    errors = []

    def tell(device, first):
        try:
            for number in range(first, first + 10):
                device.feedback("like", MUSIC[number], library=MUSIC)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=tell, args=(each, first)) for each, first in ((anna, 0), (phone, 100))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    assert [entry.number for entry in anna.history()] == sorted(entry.number for entry in phone.history())
    assert len(anna.history()) == 20
    assert anna.taste().evidence == phone.taste().evidence == pytest.approx(20)
    entry = phone.undo()
    assert anna.taste().evidence == pytest.approx(19)
    assert entry.number not in [each.number for each in anna.history()]
    assert anna.recommend("sad", seed=1, library=MUSIC).tracks == phone.recommend("sad", seed=1, library=MUSIC).tracks


def test_a_clock_that_goes_backwards(anna, clock):
    clock.time = NOW + 400 * DAY
    anna.feedback("like", MUSIC[0], library=MUSIC)
    clock.time = NOW
    anna.feedback("dislike", MUSIC[1], library=MUSIC)
    assert [entry.kind for entry in anna.history()] == ["like", "dislike"]
    assert anna.undo().kind == "dislike"
    assert anna.taste().evidence == pytest.approx(1.0)  # what seems to come from the future is as of now
    assert anna.recommend("sad", library=MUSIC, seed=1).tracks


def test_a_crash_between_play_and_feedback(store, clock):
    before = Listener.open("Anna", store=store, clock=clock)
    playlist = before.recommend("calm", seed=1, library=MUSIC)
    before.feedback("play", 1)
    after = Listener.open("Anna", store=store, clock=clock)
    assert after.taste().evidence == 0  # it was heard, and what they thought of it is not known
    assert playlist.tracks[0] not in after.recommend("calm", seed=1, library=MUSIC).tracks
    assert after.feedback("like", playlist.tracks[0]).playlist is not None


def test_feedback_to_a_track_that_is_gone(anna):
    teach(anna)
    playlist = anna.recommend("sad", seed=1, library=MUSIC)
    gone = playlist.tracks[0]
    left = Library(each for each in MUSIC if each != gone)
    assert anna.feedback("like", 1).title == gone.title
    assert anna.feedback("dislike", gone, library=left).artist == gone.artist
    assert gone not in anna.recommend("sad", seed=1, library=left).tracks
    anna.delete_playlist(playlist.number)
    assert [entry.playlist for entry in anna.history() if entry.track == gone.id] == [None, None]


@pytest.mark.parametrize(
    "library",
    [
        Library([track(1)]),
        Library(track(n, artist="One") for n in range(30)),
        Library(track(n, mood=Affect(0.2, 0.2)) for n in range(30)),
        Library(
            track(n, mood=Affect(np.nan, np.nan), tempo=np.nan, seconds=None, loudness=np.nan, key="?", artist="")
            for n in range(30)
        ),
    ],
    ids=["one track", "one artist", "one mood", "nothing known"],
)
def test_odd_libraries(anna, library):
    for number in range(8):
        anna.feedback(("like", "dislike")[number % 2], library[number % len(library)], library=library)
    playlist = anna.recommend("sad", library=library, seed=1)
    assert len(playlist.items) == min(12, len(library))
    assert all(item.reasons for item in playlist.items)
    json.dumps(playlist.to_dict(), allow_nan=False)
    assert anna.replan(playlist, 1, library=library).items


def test_an_empty_library_is_refused(anna):
    with pytest.raises(CatalogError, match="holds no track"):
        anna.recommend("sad", library=Library())
    assert anna.playlists() == []


# -- kept -------------------------------------------------------------------------------------------------------------


def test_playlists_are_kept_with_what_made_them(anna):
    teach(anna)
    made = anna.recommend("angry", seed=9, library=MUSIC, novelty=0.5, length=6)
    anna.feedback("dislike", 1)
    kept = anna.playlist()
    assert kept.number == made.number
    assert parse_request(kept.request) == made.request
    assert format_request(made.request) == made.to_dict()["request"]
    assert [each["title"] for each in kept.tracks] == titles(made)
    assert [each["reasons"] for each in kept.tracks] == [list(item.reasons) for item in made.items]
    assert anna.remake(library=MUSIC).tracks == made.tracks  # by the taste of that time
    with pytest.raises(OptionError, match="hand it over again"):
        anna.remake()
    anna.delete_playlist(made.number)
    with pytest.raises(OptionError, match=f"playlist {made.number}: there is none"):
        anna.delete_playlist(made.number)
    with pytest.raises(OptionError, match="there is no playlist yet"):
        anna.playlist()


def test_why_gives_the_full_account(anna):
    teach(anna)
    playlist = anna.recommend("happy", seed=1, library=MUSIC)
    accounts = anna.why()
    assert [each.title for each in accounts] == titles(playlist)
    assert set(accounts[1].parts) == {
        *("mood", "character", "length", "liking", "recent", "novelty"),
        *("tempo", "key", "loudness", "variety"),
    }
    assert accounts[1].total == pytest.approx(sum(playlist.items[1].parts.values()), abs=0.01)
    assert "from the waypoint" in accounts[0].place
    assert anna.why(playlist.number, 2) == accounts[1:2]
    json.dumps([each.to_dict() for each in accounts])
    with pytest.raises(OptionError, match="track 13: playlist"):
        anna.why(track=13)


# -- everybody has their own ------------------------------------------------------------------------------------------


def test_listeners_are_separate(anna, store):
    ben = Listener.open("Ben", store=store)
    teach(anna)
    playlist = anna.recommend("sad", seed=1, library=MUSIC)
    assert ben.history() == ben.playlists() == []
    assert ben.taste().cold
    assert titles(ben.recommend("sad", seed=1, library=MUSIC, keep=False)) == titles(
        recommend("sad", seed=1, library=MUSIC)
    )
    for forbidden in (
        lambda: ben.playlist(playlist.number),
        lambda: ben.delete_playlist(playlist.number),
        lambda: ben.outcome("better", playlist.number),
        lambda: ben.why(playlist.number),
        lambda: ben.undo(anna.history()[0].number),
        lambda: ben.feedback("like", 1, playlist=playlist.number),
    ):
        with pytest.raises(OptionError):
            forbidden()
    assert [(each.name, each.feedback, each.playlists) for each in list_people(store)] == [
        ("Anna", 12, 1),
        ("Ben", 0, 0),
    ]


def test_deleting_one_leaves_nothing_of_them(anna, store):
    ben = Listener.open("Ben", store=store)
    for each in (anna, ben):
        playlist = each.recommend("sad", intent="calm", library=MUSIC)
        each.feedback("like", 1)
        each.outcome("better", playlist)
    anna.delete()
    with store.read() as connection:
        for name in ("listener", "playlist", "feedback", "outcome", "choice"):
            assert connection.scalar(select(func.count()).select_from(Base.metadata.tables[name])) == 1, name
    for call in (anna.taste, lambda: anna.feedback("like", MUSIC[0], library=MUSIC)):
        with pytest.raises(OptionError, match="was deleted"):
            call()
    assert len(ben.history()) == 1
    assert Listener.known("Anna", store=store) is None
    assert Listener.open("Anna", store=store).history() == []


def test_everything_of_one_can_be_exported_and_taken_in_elsewhere(anna, tmp_path):
    teach(anna)
    anna.undo()
    anna.recommend("sad", intent="calm", library=MUSIC)
    anna.outcome("same")
    held = json.loads(json.dumps(anna.export(), allow_nan=False))
    assert len(held["feedback"]) == 12
    assert len(held["playlists"]) == len(held["outcomes"]) == 1
    assert held["choices"] == {"sad": ["calm"]}
    with open_store(tmp_path / "elsewhere.db") as other:
        copy = Listener.open("Copy", store=other)
        assert copy.import_feedback(held) == 12
        assert copy.import_feedback(held) == 0
        assert len(copy.history()) == 11
        assert copy.taste(now=NOW).likes == anna.taste(now=NOW).likes


LIKE = {"kind": "like", "library": "", "track": "", "at": "2026-01-01", "facts": {}, "token": "x"}


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"affetto": "listener", "format": 2, "feedback": []},
        {"affetto": "listener", "format": 1, "feedback": {}},
        {"affetto": "listener", "format": 1, "feedback": [{"kind": "like"}]},
        {"affetto": "listener", "format": 1, "feedback": [LIKE | {"wanted": [9, 9]}]},
        {"affetto": "listener", "format": 1, "feedback": [LIKE, LIKE | {"at": "yesterday"}]},
    ],
)
def test_an_export_that_is_none_is_refused(anna, held):
    with pytest.raises(OptionError, match=r"no export|entry [12] of"):
        anna.import_feedback(held)
    assert anna.history() == []


def test_taste_can_be_forgotten(anna):
    teach(anna)
    anna.recommend("sad", library=MUSIC)
    assert anna.forget_taste() == 12
    assert anna.taste().cold
    assert len(anna.playlists()) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb\x00", "\u202eevil"])
def test_names_that_cannot_be(store, name):
    with pytest.raises(OptionError, match="printable characters"):
        Listener.open(name or " ", store=store)


def test_feedback_leaves_the_library_as_it_is(anna, store):
    stamp = store.stamp()
    teach(anna)
    anna.recommend("sad", library=MUSIC)
    anna.delete()
    assert store.stamp() == stamp


def test_without_a_store_nobody_is_known(monkeypatch, tmp_path):
    from affetto.settings import settings

    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    assert Listener.known() is None
    assert list(tmp_path.iterdir()) == []
    playlist = recommend(Emotion.SAD, listener="me", seed=1)
    assert playlist.listener == "me"
    assert Listener.known().playlist().number == playlist.number
    assert FeedbackRow.__tablename__ == "feedback"
