import numpy as np
import pytest

from affetto.affect import Affect, Emotion, circumplex
from affetto.errors import CatalogError, OptionError
from affetto.music import Library, Track, region_of, regions, starter
from affetto.music.clusters import REGION_COUNTS


def library_at(*moods):
    return Library(
        Track(id=str(n), title=f"T{n}", artist="A", uri="a", mood=Affect(*mood), mood_source="")
        for n, mood in enumerate(moods)
    )


def test_the_regions_share_out_the_whole_starter_catalog():
    found = regions(starter())
    assert len(found) in REGION_COUNTS
    places = [place for region in found for place in region.places]
    assert sorted(places) == list(range(len(starter())))
    assert [region.size for region in found] == sorted((region.size for region in found), reverse=True)


def test_names_are_three_words_and_unique():
    names = [region.name for region in regions(starter())]
    assert len(set(names)) == len(names)
    assert all(name.count(", ") == 2 for name in names)
    assert "calm, relaxed, steady" in names


def test_names_and_members_are_stable_in_an_equal_library():
    again = regions(Library(starter()))
    assert [(region.name, region.places) for region in again] == [
        (region.name, region.places) for region in regions(starter())
    ]


def test_regions_explain_mood_better_than_chance():
    """Share of the mood variance that the regions explain: 94 %; random groups of the same sizes explain 1 %."""
    points = starter().points
    within = sum(points[list(region.places)].var(0).sum() * region.size for region in regions(starter()))
    assert 1 - within / (points.var(0).sum() * len(points)) > 0.9


def test_examples_are_the_most_typical():
    region = regions(starter())[0]
    assert len(region.examples) == 3
    assert region.tracks[0] is region.examples[0]
    assert len({track.work for track in region.examples}) == 3
    apart = [region.centre.distance(track.mood) ** 2 + sum(s**2 for s in track.mood.spread) for track in region.tracks]
    assert apart == pytest.approx(sorted(apart), abs=1e-3)
    assert len(region.tracks) == region.size


@pytest.mark.parametrize("emotion", list(Emotion))
def test_each_emotion_has_a_region(emotion):
    region = region_of(emotion, starter())
    assert region.size >= 12
    others = [other.centre.distance(circumplex()[emotion]) for other in regions(starter())]
    assert region.centre.distance(circumplex()[emotion]) == min(others)


def test_k_can_be_chosen():
    assert len(regions(starter(), k=3)) == 3
    assert regions(starter(), k=3) is regions(starter(), k=3)
    assert region_of(Emotion.SAD, starter(), k=3) in regions(starter(), k=3)
    with pytest.raises(OptionError, match="= 0; give 1 or more"):
        regions(starter(), k=0)


def test_small_and_odd_libraries():
    assert regions(Library()) == ()
    with pytest.raises(CatalogError, match="no track"):
        region_of(Emotion.SAD, Library())
    (only,) = regions(library_at((0.3, 0.1)))
    assert only.size == 1
    assert only.tempo is None
    assert only.name == "easygoing, free"
    (same,) = regions(library_at(*[(0.3, 0.1)] * 30))
    assert same.size == 30
    assert len(regions(library_at((0.3, 0.1), (-0.5, 0.6)), k=12)) == 2


def test_more_regions_than_words_still_have_unique_names():
    rng = np.random.default_rng(0)
    names = [region.name for region in regions(library_at(*rng.uniform(-1, 1, (200, 2)).tolist()), k=25)]
    assert len(set(names)) == 25


def test_a_large_library_is_sampled():
    rng = np.random.default_rng(0)
    found = regions(library_at(*np.clip(rng.normal(0, 0.4, (4000, 2)), -1, 1).tolist()))
    assert sum(region.size for region in found) == 4000
