"""``affetto train``, for every kind of recipe, on a corpus that is built here."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto.corpora import load_corpora
from affetto.learning.families import load_model
from affetto.voice.recognizer import Recognizer
from affetto.voice.uncertainty import Uncertainty
from tests.tiny import recipe_text, write_tiny_corpus

Affetto = Callable[..., Any]

NETWORK = """
name = "lab"
[data]
root = "{root}"
corpora = ["ravdess"]
[model]
family = "cnn-asp"
[model.frames]
n_mels = 24
hop_ms = 32
[model.network]
channels = [4, 8]
heads = 2
[model.training]
epochs = {epochs}
batch = 8
patience = {patience}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    return write_tiny_corpus(tmp_path / "data", actors=("01", "11", "04", "10"))


@pytest.fixture
def recipe(root: Path, tmp_path: Path) -> Path:
    file = tmp_path / "tiny.toml"
    file.write_text(recipe_text(root, steps=20))
    return file


@pytest.fixture
def network(root: Path, tmp_path: Path) -> Path:
    file = tmp_path / "lab.toml"
    file.write_text(NETWORK.format(root=root, epochs=2, patience=0))
    return file


def test_the_recognizer_is_trained_and_calibrated(affetto: Affetto, recipe: Path, tmp_path: Path) -> None:
    rules = Uncertainty(level=0.81, unclear_below=0.42)
    calibration = {"temperature": 1.25, "conformal": json.loads(rules.to_json())}
    (tmp_path / "calibration.json").write_text(json.dumps(calibration))
    trained = affetto("train", recipe, "--calibration", tmp_path / "calibration.json", "--seed", 3)
    assert trained.code == 0, trained.err
    assert "Wrote affetto.onnx" in trained.out
    recognizer = Recognizer(tmp_path / "affetto.onnx")
    metadata = recognizer.metadata
    assert recognizer.uncertainty == rules
    assert recognizer.profile_size > 0
    assert (metadata["temperature"], metadata["seed"], metadata["recipe"]) == ("1.25", "3", "tiny")
    assert (tmp_path / "affetto.onnx").stat().st_size < 5e6


def test_a_network_of_the_laboratory_is_trained(affetto: Affetto, network: Path, root: Path, tmp_path: Path) -> None:
    arguments = ("train", network, "--model-dir", "model", "--out", "lab.onnx", "--json")
    trained = affetto(*arguments, "--set", "model.training.patience=2", "--set", "name=other")
    assert trained.code == 0, trained.err
    made = json.loads(trained.out)
    assert (made["recipe"], made["family"], made["left_out"]) == ("other", "cnn-asp", 0)
    assert made["clips"] + made["validation_clips"] == 32
    assert made["validation_clips"] == 8, "one speaker of four is watched"
    assert made["bytes"] == (tmp_path / "lab.onnx").stat().st_size
    assert (tmp_path / made["run"] / "metrics.csv").is_file()
    clips = load_corpora(("ravdess",), root / "speech")
    model = load_model(tmp_path / "model", tmp_path / "cache")
    assert np.allclose(model.predict_proba(clips).sum(axis=1), 1, atol=1e-5)
    assert Recognizer(tmp_path / "lab.onnx").metadata["family"] == "cnn-asp"


def test_a_classical_model_is_trained_on_everyone(affetto: Affetto, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "knn.toml"
    file.write_text(
        f'name = "knn"\n[data]\nroot = "{root}"\ncorpora = ["ravdess"]\n[model]\nfamily = "k-nearest-neighbours"\n'
    )
    trained = affetto("train", file, "--model-dir", "knn", "--json")
    assert trained.code == 0, trained.err
    made = json.loads(trained.out)
    assert (made["clips"], made["validation_clips"], made["out"]) == (32, 0, None)
    assert not (tmp_path / "affetto.onnx").exists()
    assert load_model(tmp_path / "knn", tmp_path / "cache").labels == tuple(made["labels"])


def test_a_broken_clip_is_reported_and_counted(affetto: Affetto, network: Path, root: Path) -> None:
    broken = sorted((root / "speech").rglob("*.flac"))[3]
    broken.write_bytes(b"not sound")
    trained = affetto("train", network, "--model-dir", "model")
    assert trained.code == 0, trained.err
    assert "from 31 clips, 1 left out" in trained.out
    for clip in (root / "speech").rglob("*.flac"):
        clip.write_bytes(b"not sound")
    trained = affetto("train", network, "--model-dir", "model")
    assert trained.code == 2
    assert "none of the 32 clip(s) of ravdess can be decoded" in trained.err


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_result(root: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "long.toml"
    recipe.write_text(NETWORK.format(root=root, epochs=40, patience=0))
    command = [
        sys.executable,
        "-c",
        "from affetto.cli import main; main()",
        "train",
        str(recipe),
        "--threads",
        "1",
        "--model-dir",
    ]

    def run_file(run: Path, name: str) -> Path | None:
        return next(run.glob(f"runs/*/all/seed0/{name}"), None)

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for place in (whole, cut):
        place.mkdir()
    subprocess.run([*command, "model"], cwd=whole, check=True, capture_output=True)
    killed = subprocess.Popen([*command, "model"], cwd=cut, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while run_file(cut, "last.ckpt") is None and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert run_file(cut, "network.pt") is None, "killed too late to show anything"
    subprocess.run([*command, "model"], cwd=cut, check=True, capture_output=True)
    one, other = run_file(whole, "metrics.csv"), run_file(cut, "metrics.csv")
    assert one is not None
    assert other is not None
    assert one.read_text() == other.read_text()
    clips = load_corpora(("ravdess",), root / "speech")
    models = [load_model(place / "model", tmp_path / "cache") for place in (whole, cut)]
    assert np.allclose(*(model.predict_proba(clips) for model in models), atol=1e-6)


def test_what_cannot_be_trained_is_refused(affetto: Affetto, recipe: Path, network: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "diary.txt").write_text("mine")
    for arguments, message in (
        (("train", tmp_path / "none.toml"), "none.toml"),
        (("train", recipe, "--calibration", tmp_path / "none.json"), "none.json"),
        (("train", recipe, "--data", tmp_path / "elsewhere"), "elsewhere"),
        (("train", network, "--set", "model.training.epoch=3"), "did you mean 'epochs'?"),
        (("train", network, "--set", "model.network.hidden=3"), "hidden means nothing to family cnn-asp"),
        (("train", network, "--set", "model.network.heads=3"), "heads = 3 do not divide"),
        (("train", network, "--set", "model.frames.hop_ms=99"), "sound would be skipped"),
        (("train", network, "--set", "model.augment.speed=[1.2, 0.9]"), "give the smaller first"),
        (("train", network, "--set", "model.training.epochs=1", "--model-dir", "taken"), "is not a model"),
    ):
        outcome = affetto(*arguments)
        assert outcome.code == 2, (arguments, outcome.out)
        assert message in outcome.err
        said = [line for line in outcome.err.splitlines() if not line.startswith("computing ")]
        assert len(said) == 1, outcome.err
    assert (tmp_path / "taken" / "diary.txt").read_text() == "mine"


def test_training_without_its_extra_says_what_to_install(
    affetto: Affetto, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    outcome = affetto("train", recipe)
    assert outcome.code == 2
    assert "pip install 'affetto[train]'" in outcome.err
