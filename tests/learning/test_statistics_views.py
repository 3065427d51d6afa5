from pathlib import Path

import numpy as np
import pytest

from affetto.errors import ModelError
from affetto.learning import statistics_views as module
from affetto.learning.data import PreparedData, prepare
from affetto.learning.examples import VARIANTS
from affetto.learning.networks import clip_statistics
from affetto.learning.recipe import AugmentRecipe, RecognizerRecipe, StatisticsRecipe
from affetto.learning.statistics_views import prepare_views
from tests.tiny import tiny_recipe, write_tiny_corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    root = write_tiny_corpus(tmp_path_factory.mktemp("data"))
    return prepare(tiny_recipe(root), root / "cache")


def recipe(varied: int, *, noise: float = 1.0) -> RecognizerRecipe:
    return RecognizerRecipe(statistics=StatisticsRecipe(varied=varied, augment=AugmentRecipe(noise=noise)))


def test_every_clip_is_described_in_every_view(data: PreparedData, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    views = prepare_views(data, recipe(2), tmp_path, progress=lambda _, done, total: told.append((done, total)))
    assert views.shape == (len(VARIANTS) + 2, len(data.clips), clip_statistics().size)
    assert np.isfinite(views).all()
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert not np.array_equal(views[-1], views[-2])


def test_views_are_computed_once(data: PreparedData, tmp_path: Path) -> None:
    first = np.array(prepare_views(data, recipe(1), tmp_path))
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    assert np.array_equal(first, prepare_views(data, recipe(1), tmp_path))
    assert file.stat().st_mtime_ns == before
    prepare_views(data, recipe(1, noise=0.5), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_nothing_half_written(
    data: PreparedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.np, "save", full)
    with pytest.raises(ModelError, match="No space left on device; make room"):
        prepare_views(data, recipe(0), tmp_path)
    assert not list(tmp_path.iterdir())
