from pathlib import Path

import numpy as np
import pytest
import torch

from affetto.errors import ModelError
from affetto.learning import statistics_fit as module
from affetto.learning.data import PreparedData, prepare
from affetto.learning.recipe import RecognizerRecipe, StatisticsRecipe
from affetto.learning.statistics_fit import fit_statistics
from affetto.learning.statistics_views import Views, prepare_views
from tests.tiny import tiny_recipe, write_tiny_corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    root = write_tiny_corpus(tmp_path_factory.mktemp("data"))
    return prepare(tiny_recipe(root), root / "cache")


@pytest.fixture(scope="module")
def recipe() -> RecognizerRecipe:
    family = tiny_recipe(Path()).model
    assert isinstance(family, RecognizerRecipe)
    return family.model_copy(
        update={
            "statistics": StatisticsRecipe(
                hidden=8, varied=1, share=0.1, steps=150, batch=16, input_dropout=0.1, dropout=0.1
            )
        }
    )


@pytest.fixture(scope="module")
def views(data: PreparedData, recipe: RecognizerRecipe, tmp_path_factory: pytest.TempPathFactory) -> Views:
    return prepare_views(data, recipe, tmp_path_factory.mktemp("cache"))


def test_it_learns_and_is_kept(data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path) -> None:
    told: list[int] = []
    examples = data.training_set(data.clips)
    network = fit_statistics(views, examples, recipe, folder=tmp_path, progress=lambda done, _: told.append(done))
    assert told == list(range(1, 151))
    with torch.inference_mode():
        answers = network.answer(torch.from_numpy(views[0].astype("f4"))).argmax(dim=1)
    right = [examples.labels[answer] == clip.target for answer, clip in zip(answers, data.clips, strict=True)]
    assert sum(right) > 0.8 * len(right)
    for weights in network.parameters():
        assert weights.dim() == 1 or torch.equal(weights, weights.half().float())
    again = fit_statistics(views, examples, recipe, folder=tmp_path, progress=lambda *_: pytest.fail("learnt anew"))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_a_seed_decides_everything(data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path) -> None:
    examples = data.training_set(data.clips[::2])
    made = [
        fit_statistics(views, examples, recipe, folder=tmp_path / name, seed=seed).layers[1].weight
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_decides_which_views_are_seen(
    data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path, share: float
) -> None:
    how = recipe.statistics.model_copy(update={"share": share, "steps": 2})
    examples = data.training_set(data.clips)
    network = fit_statistics(views, examples, recipe.model_copy(update={"statistics": how}), folder=tmp_path)
    seen = np.asarray(views[-1:] if share else views[:-1], np.float32)
    assert np.allclose(network.middle.numpy(), seen.mean(axis=(0, 1)), rtol=1e-3, atol=1e-3)


def test_labels_that_a_corpus_lacks_can_be_told_apart(
    data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path
) -> None:
    kept = [data.labels.index(label) for label in sorted({clip.target for clip in data.clips})[:2]]
    clips = [clip for clip in data.clips if data.labels.index(clip.target) in kept]
    said: list[float] = []
    for elsewhere in (0.0, 4.0):
        how = recipe.statistics.model_copy(update={"elsewhere": elsewhere, "share": 0.0})
        changed = recipe.model_copy(update={"statistics": how})
        network = fit_statistics(views, data.training_set(clips), changed, folder=tmp_path / str(elsewhere))
        with torch.inference_mode():
            answers = network.answer(torch.from_numpy(views[0][data.rows(clips)].astype("f4"))).softmax(dim=1)
        said.append(1 - float(answers[:, kept].sum(dim=1).mean()))  # the probability of other labels
    assert said[1] < 0.8 * said[0]


def test_the_fit_of_other_clips_is_refused(
    data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path
) -> None:
    fit_statistics(views, data.training_set(data.clips), recipe, folder=tmp_path)
    with pytest.raises(ModelError, match=r"statistics\.pt"):
        fit_statistics(views, data.training_set(data.clips[:-1]), recipe, folder=tmp_path)


def test_the_fit_of_other_statistics_is_refused(
    data: PreparedData, recipe: RecognizerRecipe, views: Views, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_statistics(views, data.training_set(data.clips), recipe, folder=tmp_path)
    monkeypatch.setattr(module, "VIEWS_VERSION", -1)
    with pytest.raises(ModelError, match=r"statistics\.pt"):
        fit_statistics(views, data.training_set(data.clips), recipe, folder=tmp_path)
