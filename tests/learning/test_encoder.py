"""Pretrained encoders, frozen and fine-tuned, on tiny checkpoints with random weights that are made here."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from affetto.corpora import load_corpora
from affetto.corpora.table import Clip
from affetto.errors import ModelError
from affetto.learning.encoder import EncoderModel
from affetto.learning.encoder_networks import load_encoder
from affetto.learning.families import build_model, load_model
from affetto.learning.recipe import EncoderRecipe, Recipe
from affetto.voice.recognizer import Recognizer
from tests.tiny import write_tiny_corpus

transformers = pytest.importorskip("transformers")

KINDS = ("wav2vec2", "hubert", "wavlm", "whisper")


def write_checkpoint(kind: str, folder: Path, *, seed: int = 0) -> Path:
    """A checkpoint of a kind, too small to know anything."""
    torch.manual_seed(seed)
    if kind == "whisper":
        config = transformers.WhisperConfig(
            d_model=16,
            encoder_layers=2,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            num_mel_bins=80,
        )
        transformers.WhisperModel(config).save_pretrained(folder)
        transformers.WhisperFeatureExtractor().save_pretrained(folder)
        return folder
    name = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"}[kind]
    config = getattr(transformers, f"{name}Config")(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8, 8),
        conv_stride=(5, 8, 8),
        conv_kernel=(10, 8, 8),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        num_feat_extract_layers=3,
    )
    getattr(transformers, f"{name}Model")(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=kind != "hubert").save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("data"), actors=("01", "02"))


@pytest.fixture(scope="module")
def clips(root: Path) -> tuple[Clip, ...]:
    return load_corpora(("ravdess",), root / "speech")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("checkpoints")

    def find(kind: str) -> Path:
        return folder / kind if (folder / kind).is_dir() else write_checkpoint(kind, folder / kind)

    return find


def recipe_of(root: Path, checkpoint: Path | str, *, epochs: int = 2, **changes: Any) -> Recipe:
    model = {
        "family": "encoder",
        "checkpoint": str(checkpoint),
        "head": {"hidden": 8, "dropout": 0.1},
        "training": {"epochs": epochs, "batch": 4, "rate": 1e-2},
        **changes,
    }
    return Recipe.model_validate({"name": "tiny", "data": {"root": root, "corpora": ["ravdess"]}, "model": model})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fine_tune", [False, True])
def test_every_kind_learns_frozen_and_fine_tuned(
    kind: str, fine_tune: bool, checkpoint: Any, root: Path, clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    some = clips[:8] if fine_tune and kind == "whisper" else clips  # it hears 30 s of every clip
    recipe = recipe_of(root, checkpoint(kind), epochs=1 if fine_tune else 6, fine_tune=fine_tune)
    model = build_model(recipe, root / "cache")
    assert isinstance(model, EncoderModel)
    before = {name: p.clone() for name, p in load_encoder(recipe_model(recipe)).module.named_parameters()}
    model.fit(some, folder=tmp_path / "run")
    p = model.predict_proba(some)
    assert p.shape == (len(some), 4)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert model.embed(some[:2]).shape == (2, 8)
    if fine_tune:
        after = dict(model._fitted().encoder.named_parameters())  # type: ignore[attr-defined]
        moved = {name for name in before if not torch.equal(before[name], after[name])}
        assert any("layers.1" in name for name in moved)
        assert not any(name.startswith(("feature_extractor", "conv", "embed_positions")) for name in moved)
    model.save(tmp_path / "saved")
    again = load_model(tmp_path / "saved", root / "cache")
    assert np.allclose(again.predict_proba(some), p, atol=1e-5)


def recipe_model(recipe: Recipe) -> EncoderRecipe:
    assert isinstance(recipe.model, EncoderRecipe)
    return recipe.model


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_is_exported_or_says_why_not(
    kind: str, checkpoint: Any, root: Path, clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    model = build_model(recipe_of(root, checkpoint(kind)), root / "cache")
    model.fit(clips, folder=tmp_path / "run")
    if kind == "whisper":
        with pytest.raises(ModelError, match="Whisper encoder cannot be exported: it takes log-mel windows of 30 s"):
            model.export(tmp_path / "m.onnx")
        return
    model.export(tmp_path / "m.onnx")
    recognizer = Recognizer(tmp_path / "m.onnx")
    assert recognizer.metadata["encoder"].endswith(kind)
    sound, _ = soundfile.read(clips[0].path, dtype="float32")
    p, _ = recognizer.probabilities(sound)
    assert p.sum() == pytest.approx(1, abs=1e-5)


def test_a_frozen_encoder_hears_every_clip_once(
    checkpoint: Any, root: Path, clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(root, checkpoint("wav2vec2"))
    first = EncoderModel(recipe, tmp_path / "cache")
    assert first.prepare(clips) == clips
    monkeypatch.setattr("affetto.learning.encoder_networks.SpeechEncoder.pooled", lambda *_: pytest.fail("again"))
    second = EncoderModel(recipe, tmp_path / "cache")
    assert second.prepare(clips) == clips
    second.fit(clips, folder=tmp_path / "run")


def test_what_is_pooled_is_what_is_heard(checkpoint: Any, root: Path) -> None:
    """Whisper's window holds 30 s: only the part with the clip counts."""
    encoder = load_encoder(recipe_model(recipe_of(root, checkpoint("whisper"))))
    rng = np.random.default_rng(0)
    speech = (0.1 * rng.standard_normal(16_000)).astype(np.float32)
    inputs, frames = encoder.inputs(speech)
    assert inputs.shape == (1, 80, 3000)
    assert frames == 50
    with torch.inference_mode():
        states = encoder.module(inputs, output_hidden_states=True).hidden_states
    pooled = encoder.pooled(speech)
    assert pooled.shape == (3, 2, 16)
    assert np.allclose(pooled[1, 0], states[1][0, :50].mean(dim=0).numpy(), atol=1e-5)
    assert np.allclose(pooled[2, 1], states[2][0, :50].std(dim=0, correction=0).numpy(), atol=1e-2)


def test_other_weights_under_the_same_name_are_refused(root: Path, clips: tuple[Clip, ...], tmp_path: Path) -> None:
    place = write_checkpoint("hubert", tmp_path / "hubert")
    model = build_model(recipe_of(root, place, epochs=1), tmp_path / "cache")
    model.fit(clips, folder=tmp_path / "run")
    model.save(tmp_path / "saved")
    write_checkpoint("hubert", place, seed=1)
    with pytest.raises(ModelError, match="holds other weights than those the model was trained with"):
        load_model(tmp_path / "saved", tmp_path / "cache")


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub whose door is closed, and no patience for waiting before it."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("waits"))


@pytest.mark.usefixtures("no_hub")
def test_a_checkpoint_that_is_not_there_is_named_at_once(root: Path, clips: tuple[Clip, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bert").mkdir()
    transformers.BertConfig(num_hidden_layers=1).save_pretrained(tmp_path / "bert")
    for name, changes, message in (
        ("nobody/nothing", {"local_files_only": True}, "is not on this machine and local_files_only is set"),
        ("nobody/nothing", {}, "is no folder, and could not be fetched from the hub .*refused"),
        (tmp_path / "empty", {}, "empty cannot be read"),
        (tmp_path / "bert", {}, "is of kind bert, not a speech encoder"),
    ):
        model = build_model(recipe_of(root, name, **changes), tmp_path / "cache")
        with pytest.raises(ModelError, match=message) as error:
            model.prepare(clips)
        assert "\n" not in str(error.value)


@pytest.mark.usefixtures("no_hub")
def test_what_was_fetched_before_is_read_without_asking_the_hub(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "hub" / "models--nobody--tiny"
    write_checkpoint("hubert", kept / "snapshots" / "0123")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("0123")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    found = load_encoder(recipe_model(recipe_of(root, "nobody/tiny")))
    assert (found.kind, found.width) == ("hubert", 16)


def test_without_its_extra_an_encoder_says_what_to_install(
    root: Path, clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match=r"pip install 'affetto\[pretrained\]'"):
        build_model(recipe_of(root, "x"), tmp_path / "cache").prepare(clips)
