"""Networks on frames, from clips to files, on a corpus that is built here."""

import csv
import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as lightning
import soundfile
import torch

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora import load_corpora
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, ModelError
from affetto.learning import checkpoints
from affetto.learning.families import build_model, load_model
from affetto.learning.loop import METRICS
from affetto.learning.recipe import Recipe
from affetto.learning.sequence import SequenceModel
from affetto.voice.recognizer import Recognizer
from tests.tiny import RATE, write_tiny_corpus

FAMILIES = ("cnn", "lstm", "bilstm", "cnn-lstm", "reslstm", "cnn-asp")
HELD_OUT = ("A08", "A09")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def clips(root: Path) -> tuple[Clip, ...]:
    return load_corpora(("ravdess",), root / "speech")


def recipe_of(root: Path, family: str = "cnn-asp", **training: Any) -> Recipe:
    shape: dict[str, Any] = {"dropout": 0.1}
    if "cnn" in family:
        shape["channels"] = (4, 8)
    if "lstm" in family:
        shape |= {"hidden": 8, "layers": 2}
    if family == "cnn-asp":
        shape["heads"] = 2
    return Recipe.model_validate(
        {
            "name": "tiny",
            "data": {"root": root, "corpora": ["ravdess"]},
            "model": {
                "family": family,
                "frames": {"n_mels": 24, "frame_ms": 32, "hop_ms": 32, "centred": True},
                "network": shape,
                "training": {"epochs": 12, "batch": 8, "rate": 2e-2, "averaging": 0.0, **training},
                "augment": {"speed": (1.0, 1.0), "channel_db": 0.5, "frequency_mask": 2, "mixup": 0.1},
            },
        }
    )


@pytest.fixture
def build(root: Path) -> Callable[..., SequenceModel]:
    def make(family: str = "cnn-asp", **training: Any) -> SequenceModel:
        model = build_model(recipe_of(root, family, **training), root / "cache")
        assert isinstance(model, SequenceModel)
        return model

    return make


def divide(clips: tuple[Clip, ...]) -> tuple[list[Clip], list[Clip]]:
    held = [clip for clip in clips if clip.speaker[-2:] in ("08", "09")]
    return [clip for clip in clips if clip not in held], held


def accuracy(model: SequenceModel, clips: list[Clip]) -> float:
    guesses = np.array(model.labels)[model.predict_proba(clips).argmax(axis=1)]
    return float(np.mean([guess == clip.target for guess, clip in zip(guesses, clips, strict=True)]))


class PowerCut(lightning.Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        if trainer.current_epoch == self.epoch:
            raise RuntimeError("power cut")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_is_saved_and_exported(
    family: str, build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    learnt, unseen = divide(clips)
    model = build(family, epochs=30)
    with pytest.raises(ModelError, match="not fitted"):
        _ = model.labels
    model.fit(learnt, folder=tmp_path / "run", seed=1)
    assert model.labels == ("angry", "happy", "neutral", "sad")
    p = model.predict_proba(unseen)
    assert p.shape == (len(unseen), 4)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert accuracy(model, unseen) >= 0.7
    one_by_one = np.concatenate([model.predict_proba([clip]) for clip in unseen])
    assert np.allclose(one_by_one, p, atol=1e-5)
    assert model.embed(unseen).shape[0] == len(unseen)
    assert model.embed(unseen).shape[1] >= 4

    model.save(tmp_path / "saved")
    again = load_model(tmp_path / "saved", tmp_path / "another cache")
    assert again.labels == model.labels
    assert np.allclose(again.predict_proba(unseen), p, atol=1e-6)

    again.export(tmp_path / "tiny.onnx", temperature=1.5, facts={"note": "x"})
    recognizer = Recognizer(tmp_path / "tiny.onnx")
    assert recognizer.metadata["speech_gate"] == "none"
    assert recognizer.metadata["note"] == "x"
    sound, _ = soundfile.read(unseen[0].path, dtype="float32")
    heard, speech = recognizer.probabilities(sound)
    assert speech == 1.0
    assert heard.sum() == pytest.approx(1, abs=1e-5)
    assert heard[EMOTIONS.index(Emotion.DISGUST)] == 0.0
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("features", ["log-mel", "mfcc"])
@pytest.mark.parametrize("normalization", ["level", "training", "utterance"])
def test_a_clip_is_answered_the_same_alone_and_in_company(features: str, normalization: str, root: Path) -> None:
    from affetto.learning.batches import pad
    from affetto.learning.recipe import SequenceRecipe
    from affetto.learning.sequence_networks import SequenceNetwork

    rng = np.random.default_rng(0)
    clips = [rng.gamma(1.0, 1.0, size=(24, frames)).astype(np.float32) for frames in (5, 17, 40)]
    for family in FAMILIES:
        recipe = recipe_of(root, family).model
        assert isinstance(recipe, SequenceRecipe)
        frames = recipe.frames.model_copy(
            update={"features": features, "normalization": normalization, "n_mfcc": 13, "deltas": 2}
        )
        network = SequenceNetwork(recipe.model_copy(update={"frames": frames}), labels=3).eval()
        network.frames.standardize(clips)
        with torch.inference_mode():
            together = network(*pad(clips))
            alone = torch.cat([network(*pad([clip])) for clip in clips])
            seen = network.frames(*pad([clips[2]]))[0]
        assert torch.allclose(together, alone, atol=1e-5), family
        assert seen.shape == (4, 13 if features == "mfcc" else 24, 40)
        if normalization != "training":
            with torch.inference_mode():
                louder = network(*pad([9 * clip for clip in clips]))
            assert torch.allclose(louder, together, atol=1e-3), family


def test_an_interrupted_training_resumes_to_the_same_result(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    learnt, watched = divide(clips)
    settings: dict[str, Any] = {"epochs": 8, "schedule": "plateau", "plateau_patience": 0, "monitor": "uar"}
    settings |= {"patience": 8, "averaging": 0.8}
    fits: dict[str, Any] = {"validation": watched, "seed": 3}
    whole, cut = build("reslstm", **settings), build("reslstm", **settings)
    assert whole.needs_validation
    whole.fit(learnt, folder=tmp_path / "whole", **fits)
    for epoch in (3, 5):
        with pytest.raises(RuntimeError, match="power cut"):
            cut.fit(learnt, folder=tmp_path / "cut", callbacks=[PowerCut(epoch)], **fits)
    cut.fit(learnt, folder=tmp_path / "cut", **fits)
    assert (tmp_path / "cut" / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    assert np.allclose(whole.predict_proba(watched), cut.predict_proba(watched), atol=1e-6)
    with (tmp_path / "cut" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == METRICS
    assert [int(row["epoch"]) for row in rows] == list(range(8))
    assert len({row["rate"] for row in rows}) > 1, "the rate was never lowered"
    assert list((tmp_path / "cut").glob("events.out.tfevents*"))


def test_a_one_cycle_training_resumes_to_the_same_result(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    learnt, unseen = divide(clips)
    whole, cut = (build("cnn", epochs=4, averaging=0.8, optimizer="adam") for _ in range(2))
    assert not whole.needs_validation
    whole.fit(learnt, folder=tmp_path / "whole")
    with pytest.raises(RuntimeError, match="power cut"):
        cut.fit(learnt, folder=tmp_path / "cut", callbacks=[PowerCut(2)])
    cut.fit(learnt, folder=tmp_path / "cut")
    assert np.allclose(whole.predict_proba(unseen), cut.predict_proba(unseen), atol=1e-6)


def test_a_finished_training_is_kept(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    learnt, unseen = divide(clips)
    first, second = build(epochs=2), build(epochs=2)
    first.fit(learnt, folder=tmp_path)
    second.fit(learnt, folder=tmp_path, callbacks=[PowerCut(0)])
    assert np.array_equal(first.predict_proba(unseen), second.predict_proba(unseen))
    for other, seed, part in ((build(epochs=3), 0, learnt), (build(epochs=2), 1, learnt), (build(epochs=2), 0, clips)):
        with pytest.raises(ModelError, match="another recipe, other clips or another seed"):
            other.fit(part, folder=tmp_path, seed=seed)


def test_training_stops_early_and_takes_the_best_epoch(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    learnt, watched = divide(clips)
    model = build("lstm", epochs=60, patience=3, schedule="constant", optimizer="rmsprop", monitor="uar", rate=1e-2)
    model.fit(learnt, validation=watched, folder=tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        scores = [float(row["validation_uar"]) for row in csv.DictReader(file)]
    assert len(scores) < 60
    assert scores.index(max(scores)) == len(scores) - 4
    labels = np.array([clip.target for clip in watched])
    guesses = np.array(model.labels)[model.predict_proba(watched).argmax(axis=1)]
    uar = np.mean([np.mean(guesses[labels == label] == label) for label in model.labels])
    assert uar == pytest.approx(max(scores), abs=1e-6)


def test_one_label_cannot_be_learnt(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    happy = [clip for clip in clips if clip.target == "happy"]
    with pytest.raises(CorpusError, match="only the label 'happy'"):
        build().fit(happy, folder=tmp_path)
    with pytest.raises(CorpusError, match="no clip"):
        build().fit([], folder=tmp_path)


def test_a_class_with_two_clips_is_learnt(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    rare = [clip for clip in clips if clip.target == "angry"][:2]
    model = build(epochs=25)
    model.fit([clip for clip in clips if clip.target != "angry"] + rare, folder=tmp_path)
    assert model.labels == ("angry", "happy", "neutral", "sad")
    assert accuracy(model, rare) == 1.0


def test_a_broken_clip_is_reported_skipped_and_counted(root: Path, tmp_path: Path, caplog: Any) -> None:
    shutil.copytree(root / "speech", tmp_path / "speech")
    everyone = load_corpora(("ravdess",), tmp_path / "speech")
    everyone[7].path.write_bytes(everyone[7].path.read_bytes()[:60])
    model = SequenceModel(recipe_of(tmp_path, epochs=1), tmp_path / "cache")
    with caplog.at_level(logging.WARNING):
        model.fit(everyone, folder=tmp_path / "run")
    assert everyone[7].path.name in caplog.text
    assert "1 of 48 clip(s) left out" in caplog.text
    assert len(model.prepare(everyone)) == 47
    with pytest.raises(CorpusError, match=everyone[7].path.name):
        model.predict_proba(everyone)


def test_a_full_disk_leaves_the_checkpoint_before(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt, unseen = divide(clips)
    whole = build(epochs=4)
    whole.fit(learnt, folder=tmp_path / "whole")

    real = Path.write_bytes
    room = [2]

    def full(self: Path, data: Any) -> int:
        if "last.ckpt" in self.name:
            room[0] -= 1
            if room[0] < 0:
                real(self, bytes(data)[:100])
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(checkpoints.Path, "write_bytes", full)
    model = build(epochs=4)
    with pytest.raises(ModelError, match=r"cannot write checkpoint .*last.ckpt: No space left on device; make room"):
        model.fit(learnt, folder=tmp_path / "full")
    assert not list((tmp_path / "full").glob("*.partial"))
    assert checkpoints.read_checkpoint(tmp_path / "full" / "last.ckpt")["epoch"] == 1
    monkeypatch.undo()
    model.fit(learnt, folder=tmp_path / "full")
    assert np.allclose(model.predict_proba(unseen), whole.predict_proba(unseen), atol=1e-6)


def test_weights_of_another_version_are_refused(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt, _ = divide(clips)
    with pytest.raises(RuntimeError, match="power cut"):
        build(epochs=3).fit(learnt, folder=tmp_path / "run", callbacks=[PowerCut(1)])
    model = build(epochs=1)
    model.fit(learnt, folder=tmp_path / "one")
    model.save(tmp_path / "saved")
    monkeypatch.setattr(checkpoints, "CHECKPOINT_VERSION", 2)
    with pytest.raises(ModelError, match=r"last.ckpt: version 1, this Affetto reads 2; remove it"):
        build(epochs=3).fit(learnt, folder=tmp_path / "run")
    with pytest.raises(ModelError, match="version 1, this Affetto reads 2"):
        load_model(tmp_path / "saved", tmp_path)
    monkeypatch.undo()
    (tmp_path / "run" / "last.ckpt").write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ModelError, match=r"last.ckpt is not a checkpoint of Affetto, or damaged"):
        build(epochs=3).fit(learnt, folder=tmp_path / "run")


def test_labels_that_are_no_emotions_are_left_out_of_the_file(
    root: Path, clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    from dataclasses import replace

    def renamed(clip: Clip) -> Clip:
        return replace(clip, label="boredom", emotion=None) if clip.target == "sad" else clip

    model = SequenceModel(recipe_of(root, epochs=20), root / "cache")
    model.fit([renamed(clip) for clip in clips], folder=tmp_path / "run")
    assert model.labels == ("angry", "boredom", "happy", "neutral")
    model.export(tmp_path / "m.onnx")
    sad = next(clip for clip in clips if clip.target == "angry")
    sound, _ = soundfile.read(sad.path, dtype="float32")
    p, _ = Recognizer(tmp_path / "m.onnx").probabilities(sound)
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert p[EMOTIONS.index(Emotion.SAD)] == 0

    words = [replace(clip, label=f"word {clip.target}", emotion=None) for clip in clips]
    stranger = SequenceModel(recipe_of(root, epochs=1), root / "cache")
    stranger.fit(words, folder=tmp_path / "words")
    with pytest.raises(ModelError, match="reads the eight emotions"):
        stranger.export(tmp_path / "w.onnx")


def test_corpora_with_different_labels_learn_together(root: Path, clips: tuple[Clip, ...], tmp_path: Path) -> None:
    """A label that a clip's corpus has not is no wrong answer for it."""
    from dataclasses import replace

    from affetto.learning.batches import Targets
    from affetto.learning.recipe.loop import LoopRecipe

    other = [replace(clip, corpus="other") for clip in clips if clip.target in ("sad", "angry")]
    targets = Targets([*clips, *other], LoopRecipe(label_smoothing=0.2))
    assert targets.known(other[:1]).tolist() == [[True, False, False, True]]
    row = targets.probabilities([next(clip for clip in other if clip.target == "sad")])[0]
    assert row == pytest.approx([0.1, 0, 0, 0.9])
    assert targets.weights(other[:1]) == pytest.approx([1.0])
    model = SequenceModel(recipe_of(root, epochs=2), root / "cache")
    model.fit([*clips, *other], folder=tmp_path)
    assert model.labels == ("angry", "happy", "neutral", "sad")


def test_a_very_short_clip_is_heard(
    build: Callable[..., SequenceModel], clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    from dataclasses import replace

    soundfile.write(tmp_path / "blip.flac", np.full(100, 0.1), RATE)
    blip = replace(clips[0], path=tmp_path / "blip.flac")
    model = build("bilstm", epochs=1)
    model.fit([*clips, blip], folder=tmp_path / "run")
    assert model.predict_proba([blip]).shape == (1, 4)
