"""Where networks are trained: on a graphics processor where there is one, else on the processor."""

import logging
from functools import cache
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from affetto.errors import SettingsError
from affetto.settings import settings

__all__ = ["device", "send"]

_log = logging.getLogger(__name__)


def device() -> torch.device:
    """The device that the setting ``device`` (``AFFETTO_DEVICE``) names.

    ``auto`` is the first CUDA device, or the processor where torch finds none.

    Raises:
        SettingsError: If a CUDA device is asked for that is not there.
    """
    return _find(settings().device)


@cache
def _find(name: str) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        found = torch.device("cuda", 0) if count else torch.device("cpu")
    elif name == "cpu":
        found = torch.device("cpu")
    else:
        found = torch.device(name)
        number = found.index or 0
        if number >= count:
            there = f"torch {torch.__version__} sees {count} CUDA device(s)"
            raise SettingsError(f"setting device = {name!r}: {there}; give cpu, auto or one that is there")
        found = torch.device("cuda", number)
    model = torch.cuda.get_device_name(found) if found.type == "cuda" else f"{torch.get_num_threads()} thread(s)"
    _log.info("networks are trained on %s (%s)", found, model)
    return found


def send(values: npt.NDArray[Any], where: torch.device) -> Tensor:
    """An array on a device; nothing waits for it to arrive."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(where, non_blocking=True) if where.type == "cuda" else tensor
