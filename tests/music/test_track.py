import math

import pytest

from affetto.affect import Affect
from affetto.music import Track


def make(title="A", artist="B", **facts):
    facts = {"mood": Affect(0.1, 0.2), "mood_source": "feels", **facts}
    return Track(id="1", title=title, artist=artist, uri="a.mp3", **facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gymnopedie No. 2", "Gymnopedie No. 3"),
        ("Danse Macabre - Big Hit 2", "Danse Macabre"),
        ("Theme for Harold (var. 3)", "Theme for Harold"),
        ("Long Road Ahead B", "Long Road Ahead"),
        ("Canon in D for Two Harps", "Canon In D Interstellar Mix"),
        ("Quinn's Song: A New Man", "quinn's song: First Night"),
    ],
)
def test_versions_and_parts_are_one_work(one, other):
    assert make(one).work == make(other).work


def test_other_pieces_and_other_artists_are_other_works():
    assert make("Autumn Day").work != make("Autumn Night").work
    assert make("Intro", artist="X").work != make("Intro", artist="Y").work


def test_a_title_that_is_only_a_part_keeps_it():
    assert make("1999").work == "b: 1999"
    assert make("(untitled)").work == "b: (untitled)"


@pytest.mark.parametrize("unknown", [0, -3.0, math.nan, math.inf, None])
def test_an_impossible_tempo_or_length_is_unknown(unknown):
    track = make(tempo=unknown, seconds=unknown)
    assert track.tempo is None
    assert track.seconds is None


def test_a_mood_that_is_no_number_is_neutral_and_wide():
    mood = make(mood=Affect(math.nan, 0.3)).mood
    assert (mood.valence, mood.arousal) == (0, 0)
    assert mood.spread == (0.5, 0.5)


def test_as_plain_values():
    plain = make(feels=("dark",), tempo=90.0).to_dict()
    assert plain["feels"] == ["dark"]
    assert plain["covariance"] == [[0, 0], [0, 0]]
    assert set(plain) >= {"id", "title", "artist", "uri", "valence", "arousal", "licence", "credit", "mood_source"}
