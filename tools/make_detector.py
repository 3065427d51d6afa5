"""Rewrites Silero's detector as products of matrices: the same weights and answers in a quarter of the time.

    python -m tools.make_detector silero_vad_16k_sequence.onnx [--out src/affetto/voice/weights/silero_vad.onnx]

The file given is in ``src/silero_vad/data`` of https://github.com/snakers4/silero-vad, version 6.2. Its convolutions
see four steps of time at most, and onnxruntime does them one frame after the other; as matrices they take all frames
at once. Prints how far the answers of the two are apart, and the time each takes for 3 s. Needs the ``train`` extra.
Why: ``docs/decisions/0002-voice-activity.md``.
"""

import argparse
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from affetto.voice.runtime import load_session

FRAME, HOP, BINS, STEPS = 256, 128, 129, 4  # of the spectra: four of 16 ms in 36 ms, the last one mirrored at the end
WINDOW, STATE = 576, 128
FRAMES_OF_3_S = 94

Floats = npt.NDArray[np.float32]


class Graph:
    """Nodes in the order in which they were asked for; each has one output, known by its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: npt.ArrayLike) -> str:
        """Values that the model carries."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """An operation of ONNX."""
        name = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], name, **attributes))
        return name

    def reshape(self, x: str, *shape: int) -> str:
        """The same values in another shape; -1 where it follows."""
        return self.add("Reshape", x, self.constant(np.array(shape)))

    def steps(self, x: str, first: int, end: int) -> str:
        """A part of the second axis."""
        return self.add("Slice", x, *(self.constant(np.array([number])) for number in (first, end, 1)))

    def dense(self, x: str, weights: Floats, bias: Floats) -> str:
        """The rows of a matrix times weights of shape ``(ins, outs)``, plus a bias."""
        return self.add("Gemm", x, self.constant(weights), self.constant(bias))


def rewrite(original: onnx.ModelProto) -> onnx.ModelProto:
    """The same detector; inputs and outputs keep their names and shapes."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in original.graph.initializer}
    graph = Graph()
    hidden = encode(graph, spectra(graph, weights), weights)
    recurrent = [graph.constant(weights[f"onnx::LSTM_{number}"]) for number in (209, 210, 211)]
    sequence = graph.add("Unsqueeze", hidden, graph.constant(np.array([1])))
    outputs = ["hidden", "hn", "cn"]
    graph.nodes.append(
        helper.make_node("LSTM", [sequence, *recurrent, "", "h", "c"], outputs, "lstm", hidden_size=STATE)
    )
    last = graph.reshape(graph.add("Relu", "hidden"), -1, STATE)
    logit = graph.dense(last, weights["output.weight"][0], weights["output.bias"])
    probability = graph.reshape(graph.add("Sigmoid", logit), -1)
    graph.nodes.append(helper.make_node("Identity", [probability], ["speech_probs"]))
    made = helper.make_graph(
        graph.nodes,
        "silero_vad",
        [tensor("input", "frames", WINDOW), tensor("h", 1, 1, STATE), tensor("c", 1, 1, STATE)],
        [tensor("speech_probs", "frames"), tensor("hn", 1, 1, STATE), tensor("cn", 1, 1, STATE)],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=original.opset_import, ir_version=original.ir_version)
    onnx.checker.check_model(model)
    return model


def spectra(graph: Graph, weights: dict[str, Floats]) -> str:
    """Magnitudes of each window's four spectra, ``(frames, STEPS, BINS)``."""
    after = graph.constant(np.array([0, 0, 0, HOP // 2]))
    blocks = graph.reshape(graph.add("Pad", "input", after, mode="reflect"), -1, STEPS + 1, HOP)
    halves = graph.steps(blocks, 0, STEPS), graph.steps(blocks, 1, STEPS + 1)
    framed = graph.reshape(graph.add("Concat", *halves, axis=2), -1, FRAME)
    basis = weights["stft.forward_basis_buffer"][:, 0].T
    parts = [graph.add("MatMul", framed, graph.constant(part)) for part in (basis[:, :BINS], basis[:, BINS:])]
    power = graph.add("Add", *(graph.add("Mul", part, part) for part in parts))
    return graph.reshape(graph.add("Sqrt", power), -1, STEPS, BINS)


def encode(graph: Graph, magnitudes: str, weights: dict[str, Floats]) -> str:
    """The four convolutions over three steps, ``(frames, STATE)``: steps go from four to four, two, one and one."""
    padded = graph.add("Pad", magnitudes, graph.constant(np.array([0, 1, 0, 0, 1, 0])))
    seen = graph.add("Concat", *(graph.steps(padded, first, first + STEPS) for first in range(3)), axis=2)
    kernel = weights["encoder.0.weight"].transpose(2, 1, 0).reshape(3 * BINS, -1)
    x = graph.add("Relu", graph.dense(graph.reshape(seen, -1, 3 * BINS), kernel, weights["encoder.0.bias"]))
    x = graph.reshape(x, -1, STEPS * kernel.shape[1])
    for layer, steps, stride in ((1, 4, 2), (2, 2, 2), (3, 1, 1)):
        kernel, bias = weights[f"encoder.{layer}.weight"], weights[f"encoder.{layer}.bias"]
        x = graph.add("Relu", graph.dense(x, unrolled(kernel, steps, stride), np.tile(bias, steps // stride)))
    return x


def unrolled(kernel: Floats, steps: int, stride: int) -> Floats:
    """A convolution padded by one step either side, as the matrix from all steps to all steps."""
    outs, ins, width = kernel.shape
    matrix = np.zeros((steps, ins, steps // stride, outs), np.float32)
    for to in range(steps // stride):
        for tap in range(width):
            if 0 <= (at := to * stride + tap - 1) < steps:
                matrix[at, :, to] = kernel[:, :, tap].T
    return matrix.reshape(steps * ins, -1)


def tensor(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def compare(original: bytes, rewritten: bytes, *, repeats: int = 100) -> tuple[float, list[float]]:
    """Greatest difference of an output for 3 s of noise of changing level, and the milliseconds each needs."""
    rng = np.random.default_rng(0)
    level = 10 ** rng.uniform(-4, 0, (FRAMES_OF_3_S, 1))
    state = {name: np.zeros((1, 1, STATE), np.float32) for name in "hc"}
    inputs = {"input": (level * rng.standard_normal((FRAMES_OF_3_S, WINDOW))).astype(np.float32), **state}
    answers: list[Any] = []
    times: list[float] = []
    for model in (original, rewritten):
        session = load_session(model)
        answers.append(session.run(["speech_probs", "hn"], inputs))
        began = time.perf_counter()
        for _ in range(repeats):
            session.run(None, inputs)
        times.append(1e3 * (time.perf_counter() - began) / repeats)
    apart = max(float(np.abs(one - other).max()) for one, other in zip(*answers, strict=True))
    return apart, times


def main() -> None:
    shipped = Path(str(resources.files("affetto.voice.weights").joinpath("silero_vad.onnx")))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("original", type=Path, help="Silero's silero_vad_16k_sequence.onnx")
    parser.add_argument("--out", type=Path, default=shipped)
    asked = parser.parse_args()
    original = asked.original.read_bytes()
    rewritten = rewrite(onnx.load_from_string(original)).SerializeToString()
    apart, (before, after) = compare(original, rewritten)
    asked.out.write_bytes(rewritten)
    print(f"{asked.out}: {len(rewritten):,} bytes; answers at most {apart:.1g} apart; {before:.2f} and {after:.2f} ms")


if __name__ == "__main__":
    main()
