import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from affetto.learning.fourier import compute_basis, fourier_basis
from affetto.voice.runtime import load_session


def model(values: np.ndarray) -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["basis"], value=numpy_helper.from_array(values))
    convolve = helper.make_node("Conv", ["waveform", "basis"], ["found"], strides=[64])
    graph = helper.make_graph(
        [constant, convolve],
        "front end",
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, 1, "samples"])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, "bands", "frames"])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(made: onnx.ModelProto, waveform: np.ndarray) -> np.ndarray:
    return load_session(made.SerializeToString()).run(None, {"waveform": waveform[None, None]})[0]


def test_the_basis_is_that_of_a_windowed_transform() -> None:
    rng = np.random.default_rng(0)
    frame = rng.standard_normal(128)
    spectrum = np.fft.rfft(frame * np.hanning(129)[:-1])
    real, imaginary = np.split(fourier_basis(np.arange(65), 128)[:, 0] @ frame, 2)
    assert np.allclose(real, spectrum.real, atol=1e-4)
    assert np.allclose(imaginary, -spectrum.imag, atol=1e-4)


@pytest.mark.parametrize("first", [0, 3])
def test_a_file_that_computes_its_basis_is_smaller_and_answers_alike(first: int) -> None:
    waveform = np.random.default_rng(1).standard_normal(2_000).astype(np.float32)
    kept = model(fourier_basis(np.arange(first, 250), 512))
    computed = model(fourier_basis(np.arange(first, 250), 512))
    compute_basis(computed)
    onnx.checker.check_model(computed)
    assert computed.ByteSize() < 0.02 * kept.ByteSize()
    assert np.allclose(answer(computed, waveform), answer(kept, waveform), atol=1e-4)


def test_other_constants_stay_as_they_are() -> None:
    weights = np.random.default_rng(2).standard_normal((4, 1, 64)).astype(np.float32)
    made = model(weights)
    before = made.SerializeToString()
    compute_basis(made)
    assert made.SerializeToString() == before
