"""The command itself, whatever it is asked."""

import subprocess
import sys


def test_help_loads_neither_the_voice_nor_the_music() -> None:
    """They take most of a second to import; help, completion and many commands do without."""
    code = "import sys, affetto.cli.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "affetto.cli.hear" in loaded
    heavy = {"numpy", "onnxruntime", "pydantic_settings", "affetto.recommendation", "affetto.music", "affetto.settings"}
    assert not heavy & set(loaded)
