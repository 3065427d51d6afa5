import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from affetto.learning.halves import halve
from affetto.voice.runtime import load_session

RNG = np.random.default_rng(0)
SHORT_DIGITS = RNG.standard_normal((64, 64)).astype(np.float16).astype(np.float32)
ALL_DIGITS = RNG.standard_normal((64, 64)).astype(np.float32)
TOO_LARGE = np.full((64, 64), 1e6, np.float32)


def model_of(weights: np.ndarray) -> onnx.ModelProto:
    value = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", weights.shape[0]]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "one",
        value[:1],
        value[1:],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_weights_that_half_precision_holds_take_half_the_room_and_say_the_same() -> None:
    model = model_of(SHORT_DIGITS)
    before, x = model.SerializeToString(), RNG.standard_normal((3, 64)).astype(np.float32)
    halve(model)
    onnx.checker.check_model(model)
    after = model.SerializeToString()
    assert len(after) < 0.55 * len(before)
    assert np.array_equal(*(load_session(file).run(None, {"x": x})[0] for file in (before, after)))


@pytest.mark.parametrize("weights", [ALL_DIGITS, TOO_LARGE, SHORT_DIGITS[:8, :8]])
def test_what_would_lose_digits_or_save_nothing_is_left_as_it_is(weights: np.ndarray) -> None:
    model = model_of(weights)
    before = model.SerializeToString()
    halve(model)
    assert model.SerializeToString() == before
