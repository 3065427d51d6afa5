"""The scripts of the page keep to the types in their comments."""

import shutil
import subprocess
from pathlib import Path

import pytest


def test_the_type_checker_has_nothing_to_say() -> None:
    checker = shutil.which("tsc")
    if checker is None:
        pytest.skip("tsc is not installed; it checks the types of the scripts (npm install --global typescript)")
    found = subprocess.run(
        [checker, "--project", str(Path(__file__).with_name("tsconfig.json"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, "")
