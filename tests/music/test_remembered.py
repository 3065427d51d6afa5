from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, update

from affetto.music.analysis import ANALYSIS_VERSION, FEATURES
from affetto.music.clusters import region_named, regions, silhouette_of
from affetto.music.collection import Collection
from affetto.music.remembered import Remembered, recall, remember
from affetto.music.timbre import timbre
from affetto.settings import settings
from affetto.store import Store, open_store
from affetto.store.tables import FeaturesRow, TrackRow


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    with open_store(tmp_path / "library.db") as opened:
        yield opened


def fill(store: Store, first: int, count: int) -> None:
    rng = np.random.default_rng(first)
    rows = [
        {"id": n, "content": f"{n:032x}", "title": f"Piece {n}", "artist": "Band", "seconds": 200.0}
        | {"valence": v, "arousal": a, "tempo": 60.0 + 100 * (v > 0), "analysis": ANALYSIS_VERSION}
        for n, (v, a) in enumerate(np.clip(rng.normal(0, 0.4, (count, 2)), -0.9, 0.9).tolist(), first)
    ]
    sounds = rng.normal(size=(count, len(FEATURES))).astype("<f4")
    for name, centre, spread in (("centroid", 1500, 300), ("onset_mean", 1.3, 0.3), ("chroma_flatness", 0.43, 0.08)):
        sounds[:, FEATURES.index(name)] = rng.normal(centre, spread, count)
    with store.write() as connection:
        connection.execute(insert(TrackRow), rows)
        connection.execute(
            insert(FeaturesRow), [{"track_id": first + n, "data": one.tobytes()} for n, one in enumerate(sounds)]
        )


def test_clusters_keep_their_names_while_music_comes_and_goes(store: Store) -> None:
    fill(store, 1, 300)
    collection = Collection(store)
    before = {region.name: region.centre for region in regions(collection.library())}
    fill(store, 301, 60)
    with store.write() as connection:
        connection.execute(update(TrackRow).where(TrackRow.id <= 40).values(present=False))
    library = collection.library()
    after = regions(library)
    assert len(library) == 320
    assert {region.name for region in after} == set(before)
    for region in after:
        assert region.centre.distance(before[region.name]) < 0.25
    assert sum(region.size for region in after) == 320
    assert -1 <= silhouette_of(library) <= 1
    assert region_named(after[0].name, library) is after[0]


def test_timbre_is_known_of_what_was_heard(store: Store) -> None:
    fill(store, 1, 10)
    with store.write() as connection:
        connection.execute(insert(TrackRow).values(id=99, title="Unheard", artist="Band"))
    found = timbre(Collection(store).library())
    assert found is not None
    assert np.isfinite(found[:10]).all()
    assert np.isnan(found[10]).all()
    assert np.abs(found[:10]).max() <= 3


def test_what_is_remembered_comes_back_and_what_is_damaged_does_not(store: Store) -> None:
    del store
    clusters = [Remembered("calm, slow", (0.1, -0.5)), Remembered("lively, brisk", (0.4, 0.5))]
    remember("x", "auto", clusters)
    remember("x", "7", clusters[:1])
    assert recall("x", "auto", 2) == tuple(clusters)
    assert recall("x", "7", 2) == tuple(clusters[:1])
    assert recall("x", "auto", 7) == recall("x", "9", 2) == recall("y", "auto", 2) == ()
    file = settings().data_dir / "moods-x.json"
    for content in ("{", "[]", '{"format": 1, "clusters": {"auto": [{"name": "a"}]}}', '{"format": 99}'):
        file.write_text(content, encoding="utf-8")
        assert recall("x", "auto", 2) == ()
