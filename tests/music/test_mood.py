import csv
import math
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.music import estimate_mood, mood_word, pace_word, starter, tables
from affetto.music.mood import tempo_arousal
from affetto.music.words import mood_words

feels = st.lists(st.sampled_from(sorted(tables.feels())), max_size=6, unique=True)
genres = st.sampled_from(["", "nothing known", *tables.genres()])


@pytest.mark.parametrize("name", ["feels", "genres", "words"])
def test_every_row_of_a_table_has_a_source_and_fits_the_circumplex(name):
    text = resources.files(tables.__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    for row in rows:
        assert row["source"].strip(), row
        assert abs(float(row["valence"])) <= 1, row
        assert abs(float(row["arousal"])) <= 1, row
        assert all(0 < float(row[sd]) <= 1 for sd in ("valence_sd", "arousal_sd") if sd in row), row


def test_the_tables_know_every_word_of_the_starter_catalog():
    assert {feel for track in starter() for feel in track.feels} <= set(tables.feels())
    assert {track.genre.casefold() for track in starter()} - {"unclassifiable"} <= set(tables.genres())


@given(feels, genres, st.none() | st.floats(20, 400))
def test_an_estimate_lies_within_its_evidence(words, genre, tempo):
    mood = estimate_mood(feels=words, genre=genre, tempo=tempo).affect
    known = [tables.feels()[word] for word in words]
    known += [tables.genres()[genre]] if genre in tables.genres() else []
    if known:
        assert min(k.valence for k in known) - 1e-9 <= mood.valence <= max(k.valence for k in known) + 1e-9
    assert -1 <= mood.arousal <= 1
    assert all(0.15 <= spread <= 1 for spread in mood.spread)


def test_contradiction_widens_and_agreement_narrows():
    agreed = estimate_mood(feels=["relaxed", "bright"]).affect
    torn = estimate_mood(feels=["relaxed", "dark"]).affect
    alone = estimate_mood(feels=["relaxed"]).affect
    assert agreed.spread[0] < alone.spread[0] < torn.spread[0]


def test_tempo_moves_arousal_a_little_and_valence_not_at_all():
    slow, fast = (estimate_mood(feels=["grooving"], tempo=tempo).affect for tempo in (60, 180))
    assert slow.valence == fast.valence
    assert 0 < fast.arousal - slow.arousal < 0.25
    assert tempo_arousal(1) == -0.3
    assert tempo_arousal(1e4) == 0.6


def test_nothing_known_is_neutral_and_wide():
    nothing = estimate_mood(feels=["unheard of"], genre="?", tempo=0)
    assert nothing.source == "none"
    assert (nothing.affect.valence, nothing.affect.arousal) == (0, 0)
    assert nothing.affect.spread == (0.5, 0.5)


def test_words_are_read_whatever_their_case():
    assert estimate_mood(feels=[" Dark"], genre="JAZZ") == estimate_mood(feels=["dark"], genre="jazz")
    assert estimate_mood(feels=["dark"], genre="jazz").source == "feels, genre"


def test_feels_of_a_track_agree_with_each_other():
    """Each feel of a catalog track, predicted by the track's other feels: r = .58 (valence) and .48 (arousal)."""
    pairs = [
        (tables.feels()[feel], estimate_mood(feels=[other for other in track.feels if other != feel]).affect)
        for track in starter()
        if len(track.feels) > 1
        for feel in track.feels
    ]
    assert _correlation([(one.valence, other.valence) for one, other in pairs]) > 0.5
    assert _correlation([(one.arousal, other.arousal) for one, other in pairs]) > 0.4


def _correlation(pairs):
    count = len(pairs)
    mx, my = (sum(pair[axis] for pair in pairs) / count for axis in (0, 1))
    xy = sum((x - mx) * (y - my) for x, y in pairs)
    return xy / math.sqrt(sum((x - mx) ** 2 for x, _ in pairs) * sum((y - my) ** 2 for _, y in pairs))


def test_every_word_names_its_own_place():
    for word, place in tables.words().items():
        assert mood_word(place) == word
    assert len(mood_words(Affect(0, 0))) == len(tables.words())


def test_paces():
    assert [pace_word(tempo) for tempo in (79, 80, 110, 135)] == ["slow", "steady", "brisk", "fast"]
