"""What was done at players reaches the listener in the store, once."""

from datetime import UTC, datetime, timedelta

import pytest

from affetto.errors import StoreError
from affetto.music import starter
from affetto.players.base import Feedback, FeedbackKind
from affetto.players.feedback import FeedbackLog
from affetto.players.local import LocalPlayer
from affetto.players.ratings import Ratings
from affetto.players.secrets import Secrets
from affetto.players.spotify import Spotify
from affetto.players.teaching import teach
from affetto.recommendation.listener import Listener
from affetto.settings import settings
from affetto.store import open_store

NOW = datetime.now(UTC)
FIRST, SECOND, THIRD = starter()[0], starter()[1], starter()[2]


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    return tmp_path


@pytest.fixture
def anna(tmp_path):
    with open_store(tmp_path / "listeners.db") as store:
        yield Listener.open("Anna", store=store)


class There:
    """A player that gives what it is told."""

    name = "there"

    def __init__(self, *told):
        self.told, self.asked = told, []

    def read_feedback(self, *, since=None, watch=None):
        assert watch is not None
        self.asked.append(since)
        yield from self.told
        Ratings(self.name).write({"read": 1.0})


def said(track, kind, *, ago=60.0, **detail):
    names = {"title": track.title, "artist": track.artist}
    return Feedback(track=f"there/{track.id}", kind=kind, at=NOW - timedelta(seconds=ago), detail={**names, **detail})


def deeds(listener):
    return [(str(entry.kind), entry.key) for entry in listener.history()]


def test_what_was_done_here_is_learnt_once(anna):
    log = FeedbackLog()
    facts = {"player": "local", "title": "Renamed", "artist": "", "uri": SECOND.uri}
    log.add(
        Feedback(track=FIRST.uri, kind=FeedbackKind.LIKE, at=NOW, detail={"player": "local"}),
        Feedback(track="any", kind=FeedbackKind.SKIP, at=NOW, detail={**facts, "seconds": 7.5}),
        Feedback(track="/music/elsewhere.mp3", kind=FeedbackKind.LIKE, at=NOW, detail={"player": "local"}),
        Feedback(track=THIRD.uri, kind=FeedbackKind.LIKE, at=NOW, detail={"player": "another"}),
    )
    taught = teach(anna, LocalPlayer())
    assert (taught.read, taught.new, taught.unknown) == (3, 3, 1)
    assert deeds(anna) == [
        ("like", f"starter:{FIRST.id}"),
        ("skip", f"starter:{SECOND.id}"),
        ("like", "given:/music/elsewhere.mp3"),
    ]
    like, skip, _ = anna.history()
    assert (like.seconds, skip.seconds, skip.title) == (None, 7.5, SECOND.title)
    assert teach(anna, LocalPlayer()).read == 0
    later = datetime.now(UTC) + timedelta(minutes=1)
    log.add(Feedback(track=THIRD.uri, kind=FeedbackKind.COMPLETED, at=later, detail={"player": "local"}))
    assert teach(anna, LocalPlayer()).new == 1


def test_what_is_played_here_keeps_the_mood_that_it_was_chosen_for(anna):
    playlist = anna.recommend("calm", length=3, seed=1, library="starter")
    track = playlist.tracks[1]
    detail = {"player": "local", "uri": track.uri}
    FeedbackLog().add(Feedback(track=track.id, kind=FeedbackKind.NOT_THIS_MOOD, at=NOW, detail=detail))
    assert teach(anna, LocalPlayer()).new == 1
    (entry,) = anna.history()
    waypoint = playlist.journey.waypoints[playlist.journey.steps[1]].affect
    assert entry.wanted == pytest.approx((waypoint.valence, waypoint.arousal))
    assert entry.propensity is not None
    assert entry.playlist == playlist.number


def test_of_music_that_nobody_knows_the_names_are_kept(anna):
    detail = {"title": "Feeling Good", "artist": "Nina Simone"}
    told = [
        Feedback(track="there/7", kind=kind, at=NOW, detail=detail) for kind in (FeedbackKind.LIKE, FeedbackKind.PLAY)
    ]
    taught = teach(anna, There(*told))
    assert (taught.new, taught.unknown) == (1, 2)  # that it was played teaches nothing
    (entry,) = anna.history()
    assert (entry.title, entry.artist) == ("Feeling Good", "Nina Simone")
    assert set(entry.facts["content"]) == {None}
    assert anna.taste().likes == {"nina simone": 1}


def test_ratings_speak_when_they_are_clear_and_names_find_the_track(anna):
    told = [
        said(FIRST, FeedbackKind.RATING, rating=1.0),
        said(SECOND, FeedbackKind.RATING, rating=0.5),
        said(THIRD, FeedbackKind.RATING, rating=0.0),
        said(FIRST, FeedbackKind.PLAY, plays=7.0),
        said(FIRST, FeedbackKind.RATING),
    ]
    there = There(*told)
    taught = teach(anna, there)
    assert (taught.read, taught.new, taught.unknown) == (5, 3, 0)
    assert deeds(anna) == [
        ("like", f"starter:{FIRST.id}"),
        ("dislike", f"starter:{THIRD.id}"),
        ("play", f"starter:{FIRST.id}"),
    ]
    assert teach(anna, there).new == 0  # the same deeds, told again
    first, second = there.asked
    assert first is None
    assert abs((second - datetime.now(UTC)).total_seconds()) < 60


def test_each_listener_is_told_everything(anna, tmp_path):
    there = There(said(FIRST, FeedbackKind.LIKE))
    teach(anna, there)
    with open_store(tmp_path / "listeners.db") as store:
        ben = Listener.open("Ben", store=store)
        assert teach(ben, there).new == 1
    assert there.asked == [None, None]


def test_what_could_not_be_taken_in_is_news_again(anna, monkeypatch):
    def broken(_):
        raise StoreError("the database is locked")

    there = There(said(FIRST, FeedbackKind.LIKE))
    monkeypatch.setattr(anna, "import_feedback", broken)
    with pytest.raises(StoreError):
        teach(anna, there)
    assert Ratings("there").read() == {}
    monkeypatch.undo()
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(settings().data_dir))
    assert teach(anna, there).new == 1
    assert Ratings("there").read() == {"read": 1.0}


def test_spotify_teaches_nothing(anna, tmp_path):
    player = Spotify("spotify", client_id="0" * 32, secrets=Secrets(tmp_path, keyring=False))
    assert teach(anna, player).read == 0
    assert anna.history() == []
