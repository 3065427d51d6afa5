"""From clips to a model file, on a corpus that is built here."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora import load_corpora
from affetto.errors import CorpusError, ModelError
from affetto.learning.baseline import cue_baseline
from affetto.learning.data import PreparedData, prepare
from affetto.learning.examples import VARIANTS, synthetic_noise
from affetto.learning.export import export
from affetto.learning.families import build_model, load_model
from affetto.learning.fit import embed, fit, predict_logits
from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import Recipe, RecognizerRecipe, StatisticsRecipe
from affetto.learning.recognizer import RecognizerModel
from affetto.learning.recognizer_batches import Batches
from affetto.voice.audio import read_audio
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
    return fit(data.training_set(data.clips), family(recipe), folder=root / "run")


def family(recipe: Recipe) -> RecognizerRecipe:
    assert isinstance(recipe.model, RecognizerRecipe)
    return recipe.model


def interrupt(done: int, total: int) -> None:
    del total
    if done == 150:
        raise RuntimeError("power cut")


def test_prepared_examples_are_taken_from_the_cache(recipe: Recipe, data: PreparedData, root: Path) -> None:
    files = {file: file.stat().st_mtime_ns for file in (root / "cache").iterdir()}
    again = prepare(recipe, root / "cache", progress=lambda *_: pytest.fail("prepared again"))
    assert {file: file.stat().st_mtime_ns for file in (root / "cache").iterdir()} == files
    for variant in VARIANTS:
        assert np.array_equal(again.speech[variant].frames, data.speech[variant].frames)
        assert len(again.speech[variant]) == len(data.clips)


def test_a_broken_clip_is_reported_skipped_and_counted(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(root / "speech", copy / "speech")
    shutil.copytree(root / "noise", copy / "noise")
    clips = sorted((copy / "speech").rglob("*.flac"))
    broken = clips[5]
    broken.write_bytes(b"not sound")
    for _ in range(2):  # prepared, then taken from the cache
        caplog.clear()
        prepared = prepare(tiny_recipe(copy), tmp_path / "cache")
        assert {clip.path for clip in prepared.clips} == {*clips} - {broken}
        assert "1 of 48 clip(s) left out" in caplog.text
        for variant in VARIANTS:
            assert len(prepared.speech[variant]) == 47
            assert (prepared.speech[variant].lengths > 0).all()
    model = build_model(tiny_recipe(copy, steps=2), tmp_path / "cache")
    everyone = load_corpora(("ravdess",), copy / "speech")
    assert {clip.path for clip in everyone} - {clip.path for clip in model.prepare(everyone)} == {broken}
    with pytest.raises(CorpusError, match=broken.name):
        model.fit(everyone, folder=tmp_path / "run")


def test_a_batch_depends_only_on_seed_and_number(recipe: Recipe, data: PreparedData) -> None:
    examples = data.training_set(data.clips)
    model = family(recipe)
    one = Batches(examples, model, seed=3).batch(7)
    Batches(examples, model, seed=3).batch(5)
    other = Batches(examples, model, seed=3).batch(7)
    different = Batches(examples, model, seed=4).batch(7)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one.targets, different.targets)
    clips = int(one.speech.sum())
    assert len(one.power) == model.training.batch
    assert torch.allclose(one.targets.sum(dim=1), torch.ones(clips), atol=1e-5)
    assert one.known.sum(dim=1).unique().tolist() == [4]  # the emotions of the tiny corpus
    assert one.power.isfinite().all()


def test_training_learns(network: EmotionNetwork, data: PreparedData) -> None:
    logits = predict_logits(network, embed(network, data.speech["plain"], data.rows(data.clips)))
    guesses = [EMOTIONS[k] for k in logits[:, :8].argmax(axis=1)]
    assert np.mean([guess is clip.emotion for guess, clip in zip(guesses, data.clips, strict=True)]) > 0.8
    assert {clip.emotion for clip in data.clips} == {Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SAD, Emotion.ANGRY}


def test_a_trained_network_has_no_more_digits_than_its_file_keeps(network: EmotionNetwork) -> None:
    weights = [value for value in network.state_dict().values() if value.dim() > 1]
    assert weights
    assert all(torch.equal(value.half().float(), value) for value in weights)


def test_an_interrupted_training_resumes_to_the_same_result(data: PreparedData, root: Path, tmp_path: Path) -> None:
    recipe = family(tiny_recipe(root, steps=250))
    examples = data.training_set(data.clips)
    whole = fit(examples, recipe, folder=tmp_path / "whole")
    with pytest.raises(RuntimeError, match="power cut"):
        fit(examples, recipe, folder=tmp_path / "cut", progress=interrupt)
    with pytest.raises(ModelError, match="another seed"):
        fit(examples, recipe, folder=tmp_path / "cut", seed=1)
    resumed = fit(examples, recipe, folder=tmp_path / "cut")
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.allclose(a.float(), b.float(), atol=1e-5), name


def test_one_label_cannot_be_learnt(data: PreparedData, recipe: Recipe, tmp_path: Path) -> None:
    happy = [clip for clip in data.clips if clip.target == "happy"]
    with pytest.raises(CorpusError, match="one label only"):
        fit(data.training_set(happy), family(recipe), folder=tmp_path)


def test_weights_of_another_version_are_refused(data: PreparedData, recipe: Recipe, tmp_path: Path) -> None:
    torch.save({"state": {}}, tmp_path / "network.pt")
    with pytest.raises(ModelError, match="version None, this Affetto reads 1; remove it"):
        fit(data.training_set(data.clips), family(recipe), folder=tmp_path)


def test_the_recognizer_is_a_model_among_the_others(recipe: Recipe, data: PreparedData, root: Path) -> None:
    model = build_model(recipe, root / "cache")
    with pytest.raises(ModelError, match="not fitted"):
        model.predict_proba(data.clips)
    clips = model.prepare(data.clips)
    model.fit(clips, folder=root / "run")  # where the network of these tests lies finished
    assert model.labels == tuple(str(emotion) for emotion in EMOTIONS)
    p = model.predict_proba(clips)
    assert p.shape == (len(clips), 8)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    model.save(root / "saved")
    again = load_model(root / "saved", root / "cache")
    assert again.labels == model.labels
    assert np.allclose(again.predict_proba(clips), p, atol=1e-6)
    assert isinstance(again, RecognizerModel)
    assert again.embed(clips[:3]).shape == (3, 16)
    again.export(root / "again.onnx", facts={"note": "x"})
    assert Recognizer(root / "again.onnx").metadata["note"] == "x"


def test_a_member_on_statistics_joins_in(recipe: Recipe, data: PreparedData, root: Path) -> None:
    statistics = StatisticsRecipe(hidden=8, varied=1, steps=50, batch=16)
    changed = recipe.model_copy(update={"model": family(recipe).model_copy(update={"statistics": statistics})})
    model = build_model(changed, root / "cache")
    assert isinstance(model, RecognizerModel)
    clips = model.prepare(data.clips)
    model.fit(clips, folder=root / "run")  # beside the finished convolutions, which do not depend on it
    embedded = torch.from_numpy(model.embed(clips))
    assert embedded.shape == (len(clips), 16 + 8)
    convolutions = fit(data.training_set(clips), family(recipe), folder=root / "run")
    with torch.inference_mode():
        each, _ = convolutions.answer_each(embedded[:, :16])
        joined = torch.cat([each, embedded[None, :, 16:]]).mean(dim=0)
    assert np.allclose(model.predict_proba(clips), joined.softmax(dim=1).numpy(), atol=1e-5)
    model.save(root / "joined")
    again = load_model(root / "joined", root / "cache")
    assert np.allclose(again.predict_proba(clips), model.predict_proba(clips), atol=1e-6)
    again.export(root / "joined.onnx")
    recognizer = Recognizer(root / "joined.onnx")
    assert recognizer.profile_size == 24
    samples = read_audio(clips[0].path)
    assert recognizer.probabilities(samples)[0].sum() == pytest.approx(1, abs=1e-5)


def test_saved_weights_of_another_shape_are_refused(recipe: Recipe, data: PreparedData, root: Path) -> None:
    model = build_model(recipe, root / "cache")
    model.fit(data.clips, folder=root / "run")
    model.save(root / "misfit")
    facts = json.loads((root / "misfit" / "model.json").read_text())
    facts["recipe"]["model"]["network"]["channels"] = [4, 8, 8, 8, 16]
    (root / "misfit" / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match="another version of the recognizer"):
        load_model(root / "misfit", root / "cache")


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


def test_second_views_are_of_the_same_clips_and_speakers(root: Path, data: PreparedData) -> None:
    recipe = family(tiny_recipe(root))
    training = recipe.training.model_copy(update={"consistency": 1.0, "group": 4, "unknown": 0.0})
    batch = Batches(data.training_set(data.clips), recipe.model_copy(update={"training": training}), seed=0).batch(3)
    half = len(batch.targets) // 2
    assert torch.equal(batch.targets[:half], batch.targets[half:])
    assert torch.equal(batch.profiles[:half, :half], batch.profiles[half:, half:])
    assert not batch.profiles[:half, half:].any()
    assert not torch.allclose(batch.power[:half], batch.power[half : 2 * half])


def test_two_views_and_known_speakers_are_learnt_from(root: Path, data: PreparedData, tmp_path: Path) -> None:
    recipe = family(tiny_recipe(root, steps=60))
    training = recipe.training.model_copy(update={"consistency": 0.5, "group": 4})
    network = fit(data.training_set(data.clips), recipe.model_copy(update={"training": training}), folder=tmp_path)
    logits = predict_logits(network, embed(network, data.speech["plain"], data.rows(data.clips)))
    assert np.isfinite(logits).all()
