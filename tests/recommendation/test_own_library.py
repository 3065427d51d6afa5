"""A listener and the library of the same store: what is asked of tracks, tracks that go, and the cache of both."""

import numpy as np
import pytest
from sqlalchemy import delete, insert, update

from affetto.errors import OptionError
from affetto.music.analysis import FEATURES
from affetto.music.collection import Collection
from affetto.music.traits import traits
from affetto.recommendation.listener import Listener
from affetto.settings import settings
from affetto.store.tables import FeaturesRow, TrackRow

COUNT = 60


@pytest.fixture
def collection(store, monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    rng = np.random.default_rng(0)
    rows = [
        {
            "title": f"Piece number {n} of many",
            "artist": f"Artist {n % 7}" if n else "",
            "album": f"Album {n % 9}",
            "genre": ("Jazz", "Rock")[n % 2],
            "uri": f"/music/{n}.mp3",
            "key": ("C", "F#", "")[n % 3],
            "mode": ("minor", "major", "")[n % 3],
            "loudness": None if n == 5 else -8.0 - n % 10,
            "seconds": 200.0,
            "tempo": 60.0 + n,
            "valence": float(rng.uniform(-0.6, 0.6)),
            "arousal": float(rng.uniform(-0.6, 0.6)),
            "valence_var": 0.03,
            "arousal_var": 0.03,
            "mood_source": "audio",
        }
        for n in range(COUNT)
    ]
    sound = rng.normal(size=(COUNT, len(FEATURES))).astype("<f4")
    with store.write() as connection:
        connection.execute(insert(TrackRow), rows)
        connection.execute(
            insert(FeaturesRow), [{"track_id": n + 1, "data": sound[n].tobytes()} for n in range(COUNT) if n != 6]
        )
    return Collection(store)


@pytest.fixture
def anna(store):
    return Listener.open("Anna", store=store)


def test_tracks_bring_their_key_loudness_and_album(collection):
    library = collection.library()
    first, second, third = library.take([0, 1, 2])
    assert (first.key, second.key, third.key) == ("C minor", "F# major", "")
    assert (second.loudness, second.album, library[5].loudness) == (-9.0, "Album 1", None)


def test_traits_are_read_once_and_kept_until_something_changes(collection, store):
    library = collection.library()
    found = traits(library)
    assert traits(library) is found
    assert found.artists[found.artist[8]] == "Artist 1"
    assert np.isnan(found.loudness[5])
    assert np.isnan(found.timbre[6]).all()
    assert not np.isnan(found.timbre[7]).any()
    again = traits(Collection(store).library())  # from the cache
    for name in ("artist", "loudness", "timbre", "region"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert (again.artists, again.regions) == (found.artists, found.regions)
    with store.write() as connection:
        connection.execute(update(TrackRow).where(TrackRow.id == 9).values(artist="Nina Simone"))
    fresh = traits(collection.library())
    assert fresh.artists[fresh.artist[8]] == "Nina Simone"


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_cache_is_read_anew(collection, store, damage):
    found = traits(collection.library())
    (file,) = settings().cache_dir.glob("traits-*.npz")
    if damage is None:
        with np.load(file) as kept:
            arrays = dict(kept)
        np.savez(file, **(arrays | {"artist": arrays["artist"] + 1000}))
    else:
        file.write_bytes(damage)
    np.testing.assert_array_equal(traits(Collection(store).library()).artist, found.artist)


def test_what_is_liked_is_known_by_its_number(anna, collection):
    library = collection.library()
    playlist = anna.recommend("calm", library=library, seed=1, length=6)
    entry = anna.feedback("like", playlist.tracks[0])
    assert entry.key == f"own:{playlist.tracks[0].id}"
    assert entry.facts["cluster"]
    assert None not in entry.facts["content"][:3]
    assert anna.remake(library=library).tracks == playlist.tracks


def test_a_track_that_was_removed_still_teaches(anna, collection, store):
    library = collection.library()
    playlist = anna.recommend("calm", library=library, seed=1, length=6)
    gone = playlist.tracks[0]
    for _ in range(6):
        anna.feedback("like", gone)
    with store.write() as connection:
        connection.execute(delete(TrackRow).where(TrackRow.id == int(gone.id)))
    left = collection.library()
    assert left.find(gone.id) is None
    again = anna.recommend("calm", library=left, seed=1, length=6)
    assert gone.id not in [track.id for track in again.tracks]
    assert anna.taste().likes == {gone.artist.casefold(): 6}
    assert anna.feedback("dislike", gone.id, library=left).title == gone.title
    with pytest.raises(OptionError, match="is in none of your latest playlists and not in"):
        anna.feedback("like", "99999", library=left)


def test_a_like_does_not_have_the_library_read_again(anna, collection):
    library = collection.library()
    anna.feedback("like", library[3], library=library)
    assert collection.library() is library


def test_numbers_that_are_none(collection):
    library = collection.library()
    for name in ("", "x", "-1", "1.0", "9" * 30, "²"):
        assert library.find(name) is None
    assert library.find("1") == 0
