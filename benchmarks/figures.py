"""What a benchmark gives back, and what it was measured on."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

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


def missed(figure: Row) -> bool:
    """Whether the median is over its bound."""
    return figure["limit"] is not None and figure["p50"] > figure["limit"]


def _number(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "s" else f"{value:.1f}"


def _spread(figure: Row) -> str:
    unit, parts = figure["unit"], [f"p95 {_number(figure['p95'], figure['unit'])}"]
    if "min" in figure:
        parts.append(f"{_number(figure['min'], unit)} to {_number(figure['max'], unit)} in {figure['runs']}")
    return ", ".join(parts)


def table(figures: Sequence[Row], facts: dict[str, object]) -> Table:
    """The figures for people."""
    drawn = Table(title="Affetto, measured", title_justify="left", caption_justify="left", box=None, pad_edge=False)
    drawn.caption = (
        f"{facts['cpu']}, {facts['cores']} cores (load {facts['load']}), {facts['system']}, Python {facts['python']}"
    )
    drawn.add_column("what")
    drawn.add_column("median", justify="right", no_wrap=True)
    drawn.add_column("spread")
    drawn.add_column("at most", justify="right", no_wrap=True)
    drawn.add_column("")
    for figure in figures:
        unit, limit = figure["unit"], figure["limit"]
        drawn.add_row(
            figure["name"],
            f"{_number(figure['p50'], unit)} {unit}",
            _spread(figure),
            "" if limit is None else f"{limit:g} {unit}",
            "" if limit is None else "[red]missed[/]" if missed(figure) else "[green]kept[/]",
        )
    return drawn


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
