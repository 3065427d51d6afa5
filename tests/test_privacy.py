"""Nothing is kept and nothing is sent: not by Affetto, and not by what it runs on."""

import os
import subprocess
import sys

# Speech detection runs the same inference library as the recognizer and needs no trained weights.
HEAR_NOISE = """
import numpy as np
from affetto.voice.speech import find_utterances
noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
assert list(find_utterances([noise])) is not None
"""


def test_hearing_leaves_no_file_behind(tmp_path):
    """onnxruntime's packages report to their maker, and keep an identifier in the home folder, unless told not to."""
    home = tmp_path / "home"
    home.mkdir()
    # A plain person's environment: no CI, where such reports are off anyway, and nobody has opted out.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", HEAR_NOISE], check=True, env=environment, cwd=home)
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []
