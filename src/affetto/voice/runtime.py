"""onnxruntime, as Affetto uses it: on the processor, with few threads, and silent."""

import os
from typing import Any

__all__ = ["load_session"]


def load_session(model: bytes, *, threads: int = 1) -> Any:
    """An inference session of an ONNX model.

    Args:
        model: The content of the model file.
        threads: Threads of one inference.
    """
    # Released builds of onnxruntime report their use to their maker unless this is set before the import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3  # errors only: warnings about the model are for its trainer
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
