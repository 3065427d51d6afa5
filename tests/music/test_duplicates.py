from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select

from affetto.music.collection import Collection
from affetto.music.duplicates import Candidate, best, groups, is_same, likeness, settle
from affetto.music.scan import add_folder, scan
from affetto.store import Store
from affetto.store.tables import TrackRow
from tests.tracks import sound

SOUND = np.random.default_rng(0).normal(size=40).astype(np.float32)
OTHER = np.random.default_rng(1).normal(size=40).astype(np.float32)


def a(number: int, **facts) -> Candidate:
    return Candidate(id=number, **facts)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ({"seconds": 200}, {"seconds": 202}, True),
        ({"seconds": 200}, {"seconds": 208}, False),
        ({"seconds": 600}, {"seconds": 610}, True),
        ({"seconds": 200, "features": SOUND}, {"seconds": 201, "features": OTHER}, False),
        ({"seconds": 200, "features": SOUND}, {"seconds": 201, "features": SOUND * 1.05}, True),
        ({"seconds": 200, "features": SOUND}, {"seconds": 220, "features": SOUND * 1.01}, True),
        ({"seconds": 200, "features": SOUND}, {"seconds": 320, "features": SOUND}, False),
        ({"seconds": 200}, {"seconds": 300, "version": "live"}, True),
        ({"seconds": 200, "version": "live"}, {"seconds": 300, "version": "live"}, False),
        ({"seconds": 200, "version": "compilation"}, {"seconds": 200}, True),
        ({"seconds": 200}, {}, True),
        ({"features": SOUND}, {"features": OTHER}, False),
        ({"seconds": 10, "codes": frozenset({"x"})}, {"seconds": 99, "codes": frozenset({"x"})}, True),
    ],
)
def test_what_counts_as_the_same(one: dict, two: dict, same: bool) -> None:
    assert is_same(a(1, **one), a(2, **two)) is same
    assert is_same(a(2, **two), a(1, **one)) is same


def test_likeness_is_a_share() -> None:
    assert likeness(SOUND, SOUND) == 1
    assert likeness(SOUND, OTHER) < 0.3
    assert likeness(SOUND, SOUND[:5]) == 0
    assert likeness(SOUND[:0], SOUND[:0]) == 0


def test_groups_are_joined_through_what_they_share() -> None:
    found = groups([a(1, seconds=200), a(2, seconds=90), a(3, seconds=202), a(4, seconds=204)])
    assert [[track.id for track in group] for group in found] == [[1, 3, 4], [2]]


def test_a_live_version_does_not_join_two_pieces_of_one_name() -> None:
    found = groups([a(1, seconds=200), a(2, seconds=400), a(3, seconds=390, version="live"), a(4)])
    assert [[track.id for track in group] for group in found] == [[1, 4], [2, 3]]
    only = groups([a(1, seconds=200, version="live"), a(2, version="demo")])
    assert [[track.id for track in group] for group in only] == [[1, 2]]


def test_the_plain_and_better_one_is_used() -> None:
    live, plain, lossless = a(1, version="live", quality=10_000), a(2, quality=192), a(3, quality=10_900)
    assert best([live, plain]) is plain
    assert best([plain, lossless]) is lossless
    assert best([a(5), a(4)]).id == 4


@pytest.mark.usefixtures("quick")
def test_one_of_each_piece_is_used(store: Store, tmp_path: Path) -> None:
    music = tmp_path / "music"
    sound(music / "a" / "1.wav", seed=1, title="Song", artist="Band", album="First")
    sound(music / "b" / "1.wav", seed=1, noise=1, title="Song", artist="BAND", album="Greatest Hits")
    sound(music / "c" / "1.wav", seed=2, seconds=47, title="Song (Live)", artist="The Band")
    sound(music / "d" / "1.wav", seed=3, title="Song", artist="Another Band")
    sound(music / "e" / "1.wav", seed=4, seconds=60, title="Song", artist="Band")  # another piece of that name
    sound(music / "f" / "1.wav", seed=1, noise=2)  # a copy without tags
    add_folder(store, music)
    report = scan(store)
    collection = Collection(store)
    used = {entry["files"][0]["path"].split("/")[-2] for entry in collection.entries()}
    assert used == {"a", "d", "e"}
    assert report.same == 3
    chosen = collection.find(str(music / "a" / "1.wav"))
    assert len(collection.describe(chosen)["stands_for"]) == 3
    assert scan(store).same == 3
    (music / "a" / "1.wav").unlink()
    assert scan(store).same == 2
    used = {entry["files"][0]["path"].split("/")[-2] for entry in collection.entries()}
    assert used == {"b", "d", "e"}


def test_a_shared_recording_code_joins_what_the_length_would_part(store: Store) -> None:
    facts = {"title": "Song", "artist": "Band", "work": "band: song", "isrc": "GBAYE6800011"}
    with store.write() as connection:
        for seconds in (100, 300):
            connection.execute(insert(TrackRow).values(seconds=seconds, **facts))
    assert settle(store) == 1


def test_a_name_of_many_is_no_name(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            insert(TrackRow), [{"title": "Track 1", "work": "unknown: track 1", "seconds": 100.0} for _ in range(70)]
        )
    assert settle(store) == 0


def test_many_names_are_gone_through_in_parts(store: Store) -> None:
    rows = [{"title": f"T{n}", "artist": "A", "work": f"a: t{n}", "seconds": 100.0} for n in range(450)]
    with store.write() as connection:
        connection.execute(insert(TrackRow), [*rows, *rows])
    assert settle(store) == 450
    assert settle(store) == 450
    with store.read() as connection:
        assert connection.execute(select(TrackRow.id).where(TrackRow.same_as == TrackRow.id)).all() == []
