"""The Fourier basis of spectrograms, which a model file holds as the few numbers that it is computed from."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

__all__ = ["compute_basis", "fourier_basis"]


def fourier_basis(frequencies: npt.NDArray[np.integer], length: int) -> npt.NDArray[np.float32]:
    """Cosines, then sines, under a Hann window: ``(2 * frequencies, 1, length)``.

    Args:
        frequencies: Of a transform of ``length``, 0 for the mean and ``length / 2`` for the highest.
        length: Samples in a frame.
    """
    angle = 2 * np.pi / length * np.outer(frequencies, np.arange(length))
    window = np.hanning(length + 1)[:-1]
    return (np.concatenate([np.cos(angle), np.sin(angle)]) * window)[:, None].astype(np.float32)


def compute_basis(model: onnx.ModelProto) -> None:
    """Lets the runtime compute a Fourier basis when the file is loaded: as numbers it would be a megabyte.

    Args:
        model: Changed in place, where a constant of it is such a basis.
    """
    for place, node in enumerate(model.graph.node):
        if (
            node.op_type == "Constant"
            and (found := _frequencies(numpy_helper.to_array(node.attribute[0].t))) is not None
        ):
            frequencies, length = found
            model.graph.node.remove(node)
            for step, made in enumerate(_steps(model.graph, node.output[0], frequencies, length)):
                model.graph.node.insert(place + step, made)
            return


def _frequencies(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.int64], int] | None:
    """The frequencies of a basis and its length; None for any other constant."""
    if values.ndim != 3 or values.shape[1] != 1 or len(values) % 2:
        return None
    length = values.shape[2]
    cosines, sines = np.abs(np.fft.rfft(values[:, 0], axis=1)).reshape(2, len(values) // 2, -1)
    loudest = (cosines + sines).argmax(axis=1)
    return (loudest, length) if np.array_equal(fourier_basis(loudest, length), values) else None


def _steps(
    graph: onnx.GraphProto, output: str, frequencies: npt.NDArray[np.int64], length: int
) -> list[onnx.NodeProto]:
    def constant(name: str, values: npt.NDArray[np.generic]) -> str:
        graph.initializer.append(numpy_helper.from_array(values, f"fourier/{name}"))
        return f"fourier/{name}"

    def node(kind: str, inputs: list[str], result: str, **options: Any) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [result], **options)

    rows = constant("frequencies", frequencies[:, None].astype(np.float32))
    places = constant("places", np.arange(length, dtype=np.float32)[None])
    whole = constant("length", np.array([length], np.float32))
    turn = constant("turn", np.array([2 * np.pi / length], np.float32))
    window = constant("window", np.hanning(length + 1)[:-1].astype(np.float32))
    axis = constant("axis", np.array([1], np.int64))
    return [
        node("Mul", [rows, places], "fourier/product"),
        node("Mod", ["fourier/product", whole], "fourier/place", fmod=1),  # whole turns go before digits are lost
        node("Mul", ["fourier/place", turn], "fourier/angle"),
        node("Cos", ["fourier/angle"], "fourier/cosines"),
        node("Sin", ["fourier/angle"], "fourier/sines"),
        node("Concat", ["fourier/cosines", "fourier/sines"], "fourier/waves", axis=0),
        node("Mul", ["fourier/waves", window], "fourier/basis"),
        node("Unsqueeze", ["fourier/basis", axis], output),
    ]
