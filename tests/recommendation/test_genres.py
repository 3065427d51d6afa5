import csv
from importlib import resources

import numpy as np
import pytest

from affetto.affect import Affect, Emotion
from affetto.music import Library, Track, starter
from affetto.recommendation.genres import match_genres, tracks_in_genres
from affetto.settings import DEFAULT_GENRES


def library_of(*genres):
    return Library(
        Track(id=str(n), title=f"T{n}", artist="A", uri="a", mood=Affect(0, 0), mood_source="", genre=genre)
        for n, genre in enumerate(genres)
    )


def test_a_genre_is_found_by_name_whatever_its_case_and_company():
    held = ["Alternative Rock", "Hip-Hop/Rap", "Rockabilly"]
    assert [match.held for match in match_genres(["ROCK"], held) if match.exact] == ["Alternative Rock"]
    assert [match.held for match in match_genres(["hip hop"], held) if match.exact] == ["Hip-Hop/Rap"]


@pytest.mark.parametrize(("wanted", "nearest"), [("metal", "Rock"), ("ambient", "Electronica")])
def test_a_genre_that_the_starter_catalog_lacks_has_a_neighbour(wanted, nearest):
    first = match_genres([wanted], starter().columns.genres)[0]
    assert (first.held, first.exact) == (nearest, False)


def test_nothing_matches_an_unheard_of_genre():
    assert match_genres(["zzz", ""], ["Rock"]) == []


def test_every_default_genre_and_every_neighbour_is_in_the_table():
    text = resources.files("affetto.recommendation").joinpath("neighbours.csv").read_text(encoding="utf-8")
    rows = {row["genre"]: row for row in csv.DictReader(text.splitlines())}
    assert {genre for genres in DEFAULT_GENRES.values() for genre in genres} <= set(rows)
    assert all(row["why"] and row["nearest"] for row in rows.values())


@pytest.mark.parametrize("emotion", list(Emotion))
def test_every_emotion_finds_enough_in_the_starter_catalog(emotion):
    places, matches = tracks_in_genres(emotion, starter(), 24)
    assert len(places) >= 24
    assert matches
    held = {match.held for match in matches}
    assert {starter()[place].genre for place in places} == held


def test_a_library_without_any_such_genre_gives_all_it_has():
    places, matches = tracks_in_genres(Emotion.ANGRY, library_of("Spoken word", "Lecture"), 24)
    assert places == [0, 1]
    assert matches == []


def test_too_few_of_a_genre_are_joined_by_its_neighbours():
    library = library_of(*["Rock"] * 3, *["Punk"] * 10, *["Jazz"] * 10)
    places, matches = tracks_in_genres(Emotion.ANGRY, library, 12)
    assert [match.held for match in matches] == ["Rock", "Punk"]
    assert np.array_equal(places, range(13))
