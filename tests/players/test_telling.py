"""What players report becomes what a listener did, once each."""

from datetime import UTC, datetime, timedelta

import pytest

from affetto.affect import Affect
from affetto.music import Library, Track
from affetto.players.base import Feedback, FeedbackKind
from affetto.players.telling import tell
from affetto.recommendation.listener import Listener
from affetto.store import open_store

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MUSIC = Library(
    Track(
        id=str(n),
        title=f"Piece number {n} of many",
        artist=f"Artist {n}",
        uri=f"/music/{n}.mp3",
        mood=Affect(0.1 * (n % 5), 0.0),
        mood_source="tags",
    )
    for n in range(8)
)


def said(track, kind, minute=0, **detail):
    return Feedback(track=track, kind=kind, at=AT + timedelta(minutes=minute), detail={"player": "local", **detail})


@pytest.fixture
def anna(tmp_path):
    with open_store(tmp_path / "library.db") as store:
        yield Listener.open("Anna", store=store, clock=lambda: AT.timestamp() + 3600)


def test_each_thing_counts_once(anna):
    playlist = anna.recommend("calm", library=MUSIC, length=4, seed=1)
    first, second = playlist.tracks[0], playlist.tracks[1]
    done = [
        said(first.id, FeedbackKind.PLAY),
        said(first.id, FeedbackKind.COMPLETED, 3, seconds=180.0),
        said(second.uri, FeedbackKind.SKIP, 4, seconds=12.0),  # a playlist file knows tracks by their place
        said(second.uri, FeedbackKind.NOT_THIS_MOOD, 4, seconds=12.0),
    ]
    assert tell(anna, done) == tell(anna, done) == 4
    entries = anna.history()
    assert [(each.kind, each.track, each.seconds) for each in entries] == [
        ("play", first.id, None),
        ("completed", first.id, None),
        ("skip", second.id, 12.0),
        ("not_this_mood", second.id, None),
    ]
    assert {each.playlist for each in entries} == {playlist.number}
    assert entries[1].at == 1000 * (AT.timestamp() + 180)


def test_ratings_are_likes_and_dislikes_or_nothing(anna):
    ratings = (1.0, 0.5, 0.2, "loved")
    done = [said(f"x{n}", FeedbackKind.RATING, rating=rating) for n, rating in enumerate(ratings)]
    assert tell(anna, done) == 2
    assert [each.kind for each in anna.history()] == ["like", "dislike"]


def test_of_a_track_that_nobody_knows_its_names_are_kept(anna):
    tell(anna, [said("/elsewhere/y.mp3", FeedbackKind.LIKE, title="Feeling Good", artist="Nina Simone")])
    (entry,) = anna.history()
    assert (entry.title, entry.artist) == ("Feeling Good", "Nina Simone")
    assert set(entry.facts["content"]) == {None}
    assert anna.taste().likes == {"nina simone": 1}
