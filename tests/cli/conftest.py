import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from affetto.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def affetto(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs the command line in this process: ``affetto("hear", "a.wav")``."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["affetto", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
