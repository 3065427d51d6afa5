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


def write_tiny_model(path: Path, *, speaker: bool = True, model_id: str = "tiny", **metadata: str) -> Path:
    """A model file that answers at once, by how loud and how bright a voice is.

    Where it knows speakers, an angry or happy answer depends on how far the voice is from what the profile says.
    """
    from importlib import resources

    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from affetto.affect import EMOTIONS, Emotion

    baseline = onnx.load_model_from_string(
        resources.files("affetto.voice.weights").joinpath("affetto.onnx").read_bytes()
    ).metadata_props
    weights = np.zeros((2, len(EMOTIONS)), np.float32)
    weights[0, EMOTIONS.index(Emotion.ANGRY)] = weights[1, EMOTIONS.index(Emotion.HAPPY)] = 4.0
    constants = {
        "one": np.array([1], np.int64), "zero": np.array([0], np.int64), "end": np.array([1 << 60], np.int64),
        "last": np.array([-1], np.int64), "ten": np.array(10, np.float32), "tiny": np.array(1e-6, np.float32),
        "none": np.array(0, np.float32), "weights": weights, "sure": np.array([3], np.float32),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Abs", ["waveform"], ["size"]),
        node("ReduceMean", ["size"], ["level"], axes=[1], keepdims=1),
        node("Slice", ["waveform", "one", "end", "one"], ["later"]),
        node("Slice", ["waveform", "zero", "last", "one"], ["earlier"]),
        node("Sub", ["later", "earlier"], ["step"]),
        node("Abs", ["step"], ["steps"]),
        node("ReduceMean", ["steps"], ["change"], axes=[1], keepdims=1),
        node("Add", ["level", "tiny"], ["some"]),
        node("Div", ["change", "some"], ["brightness"]),
        node("Mul", ["level", "ten"], ["loudness"]),
        node("Concat", ["loudness", "brightness"], ["embedding"], axis=1),
        node("MatMul", ["embedding", "weights"], ["plain"]),
        node("ReduceMean", ["level"], ["flat"], axes=[1], keepdims=0),
        node("Mul", ["flat", "none"], ["nothing"]),
        node("Add", ["nothing", "sure"], ["gate"]),
        node("Sigmoid", ["gate"], ["speech"]),
    ]
    inputs = [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, "samples"])]
    outputs = [("emotion", [1, len(EMOTIONS)]), ("speech", [1])]
    if speaker:
        nodes += [
            node("Sub", ["embedding", "profile"], ["difference"]),
            node("Abs", ["profile"], ["known_size"]),
            node("ReduceMean", ["known_size"], ["known_sum"], axes=[1], keepdims=1),
            node("Greater", ["known_sum", "none"], ["known"]),
            node("Cast", ["known"], ["known_number"], to=TensorProto.FLOAT),
            node("MatMul", ["difference", "weights"], ["unusual"]),
            node("Mul", ["known_number", "unusual"], ["more"]),
            node("Add", ["plain", "more"], ["logits"]),
        ]
        inputs.append(helper.make_tensor_value_info("profile", TensorProto.FLOAT, [1, 2]))
        outputs.append(("embedding", [1, 2]))
        metadata |= {"profile_size": "2", "model_id": model_id}
    nodes.append(node("Softmax", ["logits" if speaker else "plain"], ["emotion"], axis=1))
    graph = helper.make_graph(
        nodes, "tiny", inputs,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    known = {prop.key: prop.value for prop in baseline}
    helper.set_model_props(model, {"affetto_model_version": "1", "cue_baseline": known["cue_baseline"], **metadata})
    onnx.save(model, path)
    return path
