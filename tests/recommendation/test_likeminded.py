"""Likes that are pooled: who profits, who does not, and that whoever leaves was never there; on both databases."""

import sys

import numpy as np
import pytest

from affetto.affect import Affect
from affetto.music import Library, Track
from affetto.recommendation.collaborative import FEWEST
from affetto.recommendation.likeminded import ENOUGH, LikeMinded, Pooled, like_minded
from affetto.recommendation.listener import Listener
from affetto.recommendation.taste import Event, Kind, Prior
from affetto.recommendation.taste.shared import OWN
from affetto.settings import settings

NOW = 1_800_000_000.0
SHARED = [f"Shared {n}" for n in range(ENOUGH)]
APART = [f"Apart {n}" for n in range(ENOUGH)]
TREASURE = "Treasure"


def track(artist, number=0):
    return Track(
        id=f"{artist} {number}",
        uri=f"{artist}.mp3",
        title=f"{artist} sings {number}",
        artist=artist,
        genre=f"Genre of {artist}",
        seconds=200.0,
        mood=Affect(0.3, 0.2, ((0.02, 0.0), (0.0, 0.02))),
        mood_source="",
    )


MUSIC = Library(track(artist, n) for artist in [*SHARED, *APART, TREASURE, "Nobody's"] for n in range(2))


def open_listener(name, store):
    return Listener.open(name, store=store, clock=lambda: NOW)


def like(listener, artists):
    for artist in artists:
        listener.feedback("like", track(artist), library=MUSIC)


@pytest.fixture
def pooled(monkeypatch):
    monkeypatch.setenv("AFFETTO_POOL_LIKES", "true")
    settings.cache_clear()


@pytest.fixture
def anna(store):
    """Anna; Ben, who is like her and likes one more artist; Carl, who is not."""
    for name, liked in (("Anna", SHARED), ("Ben", [*SHARED, TREASURE]), ("Carl", APART)):
        like(open_listener(name, store), liked)
    return open_listener("Anna", store)


def expected(listener, artist=TREASURE):
    """What a listener is expected to think of an artist, beyond one of whom nobody ever spoke."""
    taste = open_listener(listener.name, listener._store).taste()
    one, none = (taste.expected(Event(kind=Kind.PLAY, time=NOW, artist=name)) for name in (artist, "Nobody's"))
    return one - none


def titles(listener):
    return [
        each.title
        for seed in range(3)
        for each in listener.recommend(
            Affect(0.3, 0.2), intent="stay", length=8, seed=seed, library=MUSIC, keep=False
        ).tracks
    ]


@pytest.mark.usefixtures("pooled")
def test_what_the_like_minded_like_rises(anna, store):
    assert expected(anna) > 0.01 > expected(anna, APART[0])
    assert expected(open_listener("Carl", store)) == 0.0  # shares nothing with anybody


def test_it_is_off_by_default_and_then_others_change_nothing(anna, store):
    assert like_minded(store) is None
    assert expected(anna) == 0.0
    before = titles(anna)
    open_listener("Ben", store).delete()
    open_listener("Carl", store).delete()
    assert titles(open_listener("Anna", store)) == before


def test_pooled_likes_change_the_order(anna, store, request):
    before = titles(anna)
    request.getfixturevalue("pooled")
    assert titles(open_listener("Anna", store)) != before


@pytest.mark.usefixtures("pooled")
def test_the_reasons_say_where_it_counted(anna, store):
    for number in range(17):  # the more agree, the more it counts
        like(open_listener(f"Dora {number}", store), [*SHARED, TREASURE] if number % 2 else APART)
    playlist = anna.recommend(Affect(0.3, 0.2), intent="stay", length=10, library=MUSIC, keep=False)
    told = {item.track.artist: item.reasons for item in playlist.items}
    assert "others who like what you like also like this artist" in told[TREASURE]


@pytest.mark.usefixtures("pooled")
def test_without_implicit_nothing_changes_and_a_line_says_so(anna, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "implicit.als", None)
    assert expected(anna) == 0.0
    assert [record.getMessage() for record in caplog.records] == [
        "likes are not pooled: implicit is not installed (pip install 'affetto[collaborative]')"
    ]


@pytest.mark.usefixtures("pooled")
@pytest.mark.parametrize("leave", [Listener.delete, Listener.forget_taste, Listener.undo])
def test_whoever_leaves_or_takes_back_was_never_there(anna, store, leave):
    assert expected(anna) > 0.01
    leave(open_listener("Ben", store))  # what he said last was that he likes the treasure
    assert expected(anna) == 0.0


@pytest.mark.usefixtures("pooled")
def test_of_a_single_other_and_for_one_who_likes_too_little_there_is_nothing(store):
    anna, ben, carl = (open_listener(name, store) for name in ("Anna", "Ben", "Carl"))
    like(anna, SHARED)
    like(carl, APART)
    like(ben, [*SHARED[2:], TREASURE])
    like(ben, SHARED[2:])  # liking the same artist again is not liking more of them
    assert expected(anna) == expected(ben, SHARED[0]) == 0.0
    like(ben, [*SHARED[:2], TREASURE, TREASURE, TREASURE])  # enough to look again
    assert expected(anna) > 0.01


@pytest.mark.usefixtures("pooled")
def test_it_is_kept_until_enough_was_said(anna, store):
    pool, number = LikeMinded(store), anna._person.number
    kept = pool.baseline(number)
    like(anna, APART[: ENOUGH - 1])
    assert pool.baseline(number) is kept
    anna.feedback("play", track(TREASURE), library=MUSIC)
    assert pool.baseline(number) is kept
    like(anna, APART[-1:])
    assert pool.baseline(number) is not kept


@pytest.mark.usefixtures("pooled")
def test_an_open_listener_learns_anew_when_the_pool_changes(anna, store):
    anna.taste()
    open_listener("Ben", store).delete()
    fresh = open_listener("Anna", store)
    np.testing.assert_allclose(anna.taste().posterior.mean.dense, fresh.taste().posterior.mean.dense)


@pytest.mark.usefixtures("pooled")
def test_a_playlist_is_remade_as_it_was(anna):
    playlist = anna.recommend(Affect(0.3, 0.2), seed=1, library=MUSIC)
    remade = anna.remake(library=MUSIC)
    assert [each.title for each in remade.tracks] == [each.title for each in playlist.tracks]


HIT, MISS = (track("Nobody's", n) for n in range(2))  # by one artist, of one genre: only the track tells them apart


@pytest.fixture
def crowd(store, monkeypatch):
    """A listener, and as many others as it takes, of whom all like one track and dislike the other."""
    monkeypatch.setenv("AFFETTO_POOL_TRACKS", "true")
    settings.cache_clear()
    for number in range(FEWEST):
        each = open_listener(f"Dora {number}", store)
        like(each, SHARED)
        each.feedback("like", HIT, library=MUSIC)
        for bad in (track(APART[0]), track(APART[1]), MISS):
            each.feedback("dislike", bad, library=MUSIC)
    like(open_listener("Anna", store), SHARED)
    return open_listener("Anna", store)


def ahead(listener):
    """How much more one track is expected to be liked than the other."""
    taste = open_listener(listener.name, listener._store).taste()
    hit, miss = (
        taste.expected(
            Event(kind=Kind.PLAY, time=NOW, track=f"given:{each.id}", artist=each.artist, genre=each.genre or "")
        )
        for each in (HIT, MISS)
    )
    return hit - miss


def test_what_everybody_else_likes_rises_track_by_track(crowd, store):
    assert ahead(crowd) > 0.1
    playlist = crowd.recommend(Affect(0.3, 0.2), intent="stay", length=20, library=MUSIC, keep=False, seed=0)
    told = {item.track.id: item.reasons for item in playlist.items}
    assert "others who listen here like it" in told[HIT.id]
    assert "others who listen here like it" not in told.get(MISS.id, ())
    pooled = LikeMinded(store, artists=False, tracks=True).baseline(crowd._person.number)
    assert pooled is not None
    assert (pooled.affinity, pooled.prior) == (None, OWN)


def test_of_too_few_and_for_one_who_says_too_little_there_is_no_crowd(crowd, store):
    stranger = open_listener("Stranger", store)
    like(stranger, SHARED[:-1])
    assert ahead(stranger) == 0.0
    open_listener("Dora 0", store).delete()
    assert ahead(crowd) == 0.0


def test_whoever_takes_back_leaves_the_crowd(crowd, store):
    before = ahead(crowd)
    for number in range(FEWEST // 2):
        open_listener(f"Dora {number}", store).undo()
    assert ahead(crowd) < before


def test_ones_own_word_weighs_more_than_that_of_the_crowd(crowd):
    crowd.feedback("dislike", HIT, library=MUSIC)
    crowd.feedback("like", MISS, library=MUSIC)
    assert ahead(crowd) < 0


def test_a_crowd_is_no_matter_of_what_is_pooled_for_artists(crowd, store, monkeypatch):
    monkeypatch.delenv("AFFETTO_POOL_TRACKS")
    settings.cache_clear()
    assert like_minded(store) is None
    assert ahead(crowd) == 0.0
    monkeypatch.setenv("AFFETTO_POOL_LIKES", "true")
    settings.cache_clear()
    assert ahead(crowd) == 0.0


def test_moods_are_not_pooled(crowd, store, monkeypatch):
    seen = []
    playlist = open_listener("Dora 1", store).recommend(Affect(0.3, 0.2), library=MUSIC, seed=0)
    open_listener("Dora 1", store).feedback("like", playlist.tracks[0])
    assert open_listener("Dora 1", store).history()[-1].wanted is not None
    monkeypatch.setattr("affetto.recommendation.likeminded.learn_common", lambda said, **_: seen.extend(said.values()))
    LikeMinded(store, artists=False, tracks=True).baseline(crowd._person.number)
    assert len(seen) == FEWEST
    assert all(event.context is None for said in seen for event in said)


def test_artists_and_tracks_add_up(crowd, store):
    both = LikeMinded(store, artists=True, tracks=True).baseline(crowd._person.number)
    assert both is not None
    said = Event(kind=Kind.PLAY, time=NOW, artist=SHARED[0])
    assert both.affinity is not None
    assert both.crowd is not None
    assert both.of(said) == both.affinity.of(said) + both.crowd.of(said)
    assert Pooled(both.affinity, None).prior is None
    assert Prior() != OWN
