"""A corpus small enough to train on in seconds: tones under RAVDESS's own file names."""

from pathlib import Path

import numpy as np
import soundfile

from affetto.learning.recipe import Recipe

RATE = 16_000
ACTORS = ("01", "02", "03", "04", "08", "09")
EMOTION_CODES = ("01", "03", "04", "05")  # neutral, happy, sad, angry


def write_tiny_corpus(root: Path, *, actors: tuple[str, ...] = ACTORS, takes: int = 2) -> Path:
    """Each emotion is a tone of its own pitch, each actor shifts it a little; some noise stands for non-speech."""
    rng = np.random.default_rng(0)
    time = np.arange(int(0.8 * RATE)) / RATE
    for actor in actors:
        folder = root / "speech" / "ravdess" / f"Actor_{actor}"
        folder.mkdir(parents=True)
        for place, code in enumerate(EMOTION_CODES):
            for take in range(1, takes + 1):
                hz = 300 * 2**place * (1 + 0.01 * int(actor)) * (1 + 0.005 * take)
                tone = 0.3 * np.sin(2 * np.pi * hz * time) + 0.003 * rng.standard_normal(len(time))
                soundfile.write(folder / f"03-01-{code}-01-01-{take:02d}-{actor}.flac", tone, RATE)
    noise = root / "noise"
    noise.mkdir()
    for number in range(8):
        soundfile.write(noise / f"{number}-hiss.flac", 0.1 * rng.standard_normal(RATE), RATE)
    return root


def tiny_recipe(root: Path, *, steps: int = 100) -> Recipe:
    """A recipe that learns the tiny corpus in a few seconds."""
    return Recipe.model_validate(
        {
            "name": "tiny",
            "data": {"root": root, "corpora": ["ravdess"], "non_speech": ["noise/*.flac"]},
            "model": {
                "family": "recognizer",
                "network": {"channels": (4, 8, 8, 8, 8), "attention_heads": 2, "dropout": 0.1},
                "training": {"steps": steps, "batch": 16, "averaging": 0.9, "precision": "32-true"},
                "augment": {"crop_seconds": (0.6, 0.7), "mixup": 0.0, "band": 0.0, "frequency_mask": 2},
            },
        }
    )


def recipe_text(root: Path, *, steps: int = 100) -> str:
    """The same as a TOML file."""
    return f"""
name = "tiny"
[data]
root = "{root}"
corpora = ["ravdess"]
non_speech = ["noise/*.flac"]
[model]
family = "recognizer"
[model.network]
channels = [4, 8, 8, 8, 8]
attention_heads = 2
dropout = 0.1
[model.training]
steps = {steps}
batch = 16
averaging = 0.9
precision = "32-true"
[model.augment]
crop_seconds = [0.6, 0.7]
mixup = 0.0
band = 0.0
frequency_mask = 2
"""
