"""From clips to a model file, on a corpus that is built here."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as lightning
import torch

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora.splits import PROTOCOLS
from affetto.errors import CorpusError, ModelError
from affetto.learning.baseline import cue_baseline
from affetto.learning.data import PreparedData, prepare
from affetto.learning.examples import VARIANTS, synthetic_noise
from affetto.learning.export import export
from affetto.learning.fit import Batches, fit, predict_logits
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import Recipe
from affetto.voice.recognizer import Recognizer
from tests.tiny import tiny_recipe, write_tiny_corpus


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def recipe(root: Path) -> Recipe:
    return tiny_recipe(root)


@pytest.fixture(scope="module")
def data(recipe: Recipe, root: Path) -> PreparedData:
    return prepare(recipe, root / "cache")


@pytest.fixture(scope="module")
def network(recipe: Recipe, data: PreparedData, root: Path) -> EmotionNetwork:
    return fit(data.training_set(data.clips), recipe, folder=root / "run", progress=False)


class Interrupt(lightning.Callback):
    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        if trainer.global_step == 150:
            raise RuntimeError("power cut")


def test_prepared_examples_are_taken_from_the_cache(recipe: Recipe, data: PreparedData, root: Path) -> None:
    files = {file: file.stat().st_mtime_ns for file in (root / "cache").iterdir()}
    again = prepare(recipe, root / "cache", progress=lambda *_: pytest.fail("prepared again"))
    assert {file: file.stat().st_mtime_ns for file in (root / "cache").iterdir()} == files
    for variant in VARIANTS:
        assert np.array_equal(again.speech[variant].frames, data.speech[variant].frames)
        assert len(again.speech[variant]) == len(data.clips)


def test_a_broken_clip_is_named(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(root, copy)
    broken = next((copy / "speech").rglob("*.flac"))
    broken.write_bytes(b"not sound")
    with pytest.raises(CorpusError, match=broken.name):
        prepare(tiny_recipe(copy), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("ravdess*"))


def test_a_batch_depends_only_on_seed_and_number(recipe: Recipe, data: PreparedData) -> None:
    examples = data.training_set(data.clips)
    one = Batches(examples, recipe, seed=3, first=0, count=10)[7]
    other = Batches(examples, recipe, seed=3, first=5, count=5)[2]
    different = Batches(examples, recipe, seed=4, first=0, count=10)[7]
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one[1], different[1])
    power, targets, known, speech = one
    assert len(power) == recipe.training.batch
    assert torch.allclose(targets.sum(dim=1), speech, atol=1e-5)
    assert known[speech > 0].all()
    assert power.isfinite().all()


def test_training_learns(network: EmotionNetwork, data: PreparedData) -> None:
    logits = predict_logits(network, data.speech["plain"], data.rows(data.clips))
    guesses = [EMOTIONS[k] for k in logits[:, :8].argmax(axis=1)]
    assert np.mean([guess is clip.emotion for guess, clip in zip(guesses, data.clips, strict=True)]) > 0.8
    assert {clip.emotion for clip in data.clips} == {Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SAD, Emotion.ANGRY}


def test_an_interrupted_training_resumes_to_the_same_result(data: PreparedData, root: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(root, steps=250)
    examples = data.training_set(data.clips)
    whole = fit(examples, recipe, folder=tmp_path / "whole", progress=False)
    with pytest.raises(RuntimeError, match="power cut"):
        fit(examples, recipe, folder=tmp_path / "cut", progress=False, callbacks=[Interrupt()])
    resumed = fit(examples, recipe, folder=tmp_path / "cut", progress=False)
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.allclose(a.float(), b.float(), atol=1e-5), name


def test_an_exported_model_is_read_by_the_recognizer(
    network: EmotionNetwork, data: PreparedData, root: Path, tmp_path: Path
) -> None:
    baseline = cue_baseline(data.clips, root / "cache")
    file = tmp_path / "models" / "tiny.onnx"
    export(network, file, temperature=1.5, baseline=baseline, facts={"recipe": "tiny"})
    recognizer = Recognizer(file)
    assert recognizer.metadata["recipe"] == "tiny"
    assert recognizer.metadata["temperature"] == "1.5"
    p, speech = recognizer.probabilities(synthetic_noise()[0])
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= speech <= 1
    assert not list(file.parent.glob("*.partial"))


def test_a_model_of_another_version_is_refused(network: EmotionNetwork, data: PreparedData, root: Path) -> None:
    import onnx

    file = root / "old.onnx"
    export(network, file, temperature=1.0, baseline=cue_baseline(data.clips, root / "cache"), facts={})
    model = onnx.load(file)
    onnx.helper.set_model_props(model, {"affetto_model_version": "0"})
    onnx.save(model, file)
    with pytest.raises(ModelError, match="version 0"):
        Recognizer(file)


def test_protocols_need_their_corpus(data: PreparedData) -> None:
    assert len(PROTOCOLS["emobox-ravdess"](data.clips)) == 6
    with pytest.raises(CorpusError, match="ravdess"):
        PROTOCOLS["emobox-ravdess"]([])
