"""How long it takes from nothing: a cold command, and the import."""

import json
import subprocess
import sys
import sysconfig
import time
from importlib import resources
from pathlib import Path

from benchmarks.figures import Row, row

COLD_LIMIT = 1.5
IMPORT_LIMIT = 0.3


def _seconds(command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, done.stdout


def cold_command(*, runs: int) -> list[float]:
    """Seconds of ``affetto hear CLIP --json`` from process start to result.

    The first run, which fills the disk cache, is left out.
    """
    program = Path(sysconfig.get_path("scripts")) / "affetto"
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as clip:
        command = [str(program), "hear", str(clip), "--json"]
        results = [_seconds(command) for _ in range(runs + 1)][1:]
    for _, output in results:
        assert json.loads(output)["playlist"]["tracks"]
    return [seconds for seconds, _ in results]


def import_cost(statement: str, *, runs: int) -> list[float]:
    """Seconds that a statement adds to the start of an interpreter, each run beside a bare one."""
    added: list[float] = []
    for _ in range(runs + 1):
        bare, _ = _seconds([sys.executable, "-c", "pass"])
        full, _ = _seconds([sys.executable, "-c", statement])
        added.append(max(full - bare, 0.0))
    return added[1:]


def measure(*, runs: int = 11) -> list[Row]:
    """Rows of the cold command and of the import."""
    return [
        row("affetto hear CLIP --json, process start to result", cold_command(runs=runs), "s", COLD_LIMIT),
        row("import affetto, beyond a bare interpreter", import_cost("import affetto", runs=runs), "s", IMPORT_LIMIT),
        row(
            "the same with its verbs: from affetto import hear, recommend",
            import_cost("from affetto import hear, recommend", runs=runs),
            "s",
            None,
        ),
    ]
