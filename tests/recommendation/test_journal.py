"""The journal of a listener: written, put right, read, deleted, and taken along in the export."""

import pytest

from affetto.affect import Affect, Emotion
from affetto.errors import OptionError
from affetto.recommendation.listener import Listener
from affetto.store import Store
from affetto.voice.reading import Reading

HEARD = Reading(probabilities={Emotion.SAD: 0.7, Emotion.CALM: 0.3}, seconds=3.5)


@pytest.fixture
def anna(store: Store) -> Listener:
    return Listener.open("Anna", store=store)


def test_a_reading_is_kept_with_the_playlist_that_answers_it(anna: Listener) -> None:
    playlist = anna.recommend(HEARD, length=4, seed=1, library="starter")
    number = anna.journal.add(HEARD, source="voice", playlist=playlist.number)
    anna.outcome("better", playlist.number)
    (entry,) = anna.journal.entries()
    assert (entry.number, entry.source, entry.emotion, entry.seconds) == (number, "voice", Emotion.SAD, 3.5)
    assert entry.probabilities["sad"] == pytest.approx(0.7)
    assert (entry.valence, entry.arousal) == pytest.approx((HEARD.affect.valence, HEARD.affect.arousal))
    assert entry.to_dict()["playlist"] == {"id": playlist.number, "title": playlist.title, "outcome": "better"}


def test_what_the_person_says_takes_the_place_of_the_guess(anna: Listener) -> None:
    number = anna.journal.add(HEARD, source="voice")
    assert anna.journal.add(Affect(0.8, 0.5), source="hand", entry=number) == number
    (entry,) = anna.journal.entries()
    assert (entry.emotion, entry.valence, entry.source) == (Emotion.HAPPY, 0.8, "voice")
    assert anna.journal.add(Emotion.CALM, source="hand", entry=number + 99) != number


def test_entries_come_newest_first_and_go_one_by_one(anna: Listener) -> None:
    first, second = (anna.journal.add(emotion, source="hand") for emotion in (Emotion.CALM, Emotion.ANGRY))
    assert [entry.number for entry in anna.journal.entries()] == [second, first]
    assert [entry.number for entry in anna.journal.entries(limit=1)] == [second]
    anna.journal.delete(first)
    with pytest.raises(OptionError, match="may have been deleted"):
        anna.journal.delete(first)


def test_nobody_sees_or_deletes_the_journal_of_another(anna: Listener, store: Store) -> None:
    number = anna.journal.add(HEARD, source="voice")
    other = Listener.open("Ben", store=store)
    assert other.journal.entries() == []
    with pytest.raises(OptionError):
        other.journal.delete(number)


def test_it_is_exported_and_goes_with_the_listener(anna: Listener, store: Store) -> None:
    anna.journal.add(HEARD, source="voice")
    assert [entry["emotion"] for entry in anna.export()["readings"]] == ["sad"]
    anna.delete()
    assert Listener.open("Anna", store=store).journal.entries() == []
