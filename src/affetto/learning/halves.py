"""Model files of half the size, wherever weights have no more digits than half precision holds."""

import numpy as np
import onnx
from onnx import numpy_helper

__all__ = ["halve"]

_FEWEST = 256  # values: less is not worth a node


def halve(model: onnx.ModelProto) -> None:
    """Keeps constants in half precision where that loses nothing; each is widened again when the file is loaded.

    Args:
        model: Changed in place. It answers to the last bit as before.
    """
    widened: list[onnx.NodeProto] = []
    for constant in model.graph.initializer:
        if constant.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(constant)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if values.size < _FEWEST or not np.array_equal(half.astype(np.float32), values):
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
        widened.append(onnx.helper.make_node("Cast", [f"{name}/half"], [name], to=onnx.TensorProto.FLOAT))
    for place, node in enumerate(widened):
        model.graph.node.insert(place, node)
