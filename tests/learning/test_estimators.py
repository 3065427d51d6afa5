import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affetto.errors import ModelError
from affetto.learning.estimators import ALLOWED, estimator_versions, read_estimator, write_estimator


class _Attack:
    def __init__(self, target: Callable[..., object], *args: object) -> None:
        self.call = (target, args)

    def __reduce__(self) -> Any:
        return self.call


def test_a_file_that_asks_for_anything_else_is_refused_before_it_runs(tmp_path: Path) -> None:
    file, mark = tmp_path / "pipeline.bin", tmp_path / "was-here"
    attacks = [_Attack(os.mkdir, str(mark)), _Attack(eval, f"__import__('os').mkdir({str(mark)!r})")]
    for attack in attacks:
        file.write_bytes(pickle.dumps(attack))
        with pytest.raises(ModelError, match="cannot be read as a model: it asks for"):
            read_estimator(file, dict)
        assert not mark.exists()
    # a dotted name inside an allowed module
    file.write_bytes(b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")
    with pytest.raises(ModelError, match=r"asks for 'numpy\.ndarray\.tofile'"):
        read_estimator(file, dict)
    for damage in (b"", b"\x80\x05", b"garbage", b"\x80\x04K\x01a."):
        file.write_bytes(damage)
        with pytest.raises(ModelError, match="cannot be read as a model"):
            read_estimator(file, dict)
    write_estimator([1], file)
    with pytest.raises(ModelError, match="holds a list, not a model"):
        read_estimator(file, dict)
    assert read_estimator(file, list) == [1]


def test_no_allowed_name_acts_on_the_world() -> None:
    assert not [name for name in ALLOWED if name.split(".")[0] not in ("affetto", "imblearn", "numpy", "sklearn")]
    assert all(set(versions.split(".")) for versions in estimator_versions().values())
