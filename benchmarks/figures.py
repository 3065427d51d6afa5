"""What a benchmark gives back, and what it was measured on."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import affetto

Row = dict[str, Any]


def row(name: str, values: Sequence[float], unit: str, limit: float | None) -> Row:
    """A figure with its spread: name, p50, p95, min, max, runs, unit and limit (None for a figure without a bound)."""
    p50, p95 = np.percentile(values, [50, 95])
    return {
        "name": name,
        "p50": float(p50),
        "p95": float(p95),
        "min": float(min(values)),
        "max": float(max(values)),
        "runs": len(values),
        "unit": unit,
        "limit": limit,
    }


def machine() -> dict[str, Any]:
    """The processor, its cores, the load on it, and the versions that matter."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "affetto": affetto.__version__,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
