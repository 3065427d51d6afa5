import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import affetto

VOICE = str(resources.files("affetto.samples").joinpath("happy.flac"))


def test_at_most_a_dozen_names_and_all_of_them_work() -> None:
    assert len(affetto.__all__) <= 12
    assert all(getattr(affetto, name) is not None for name in affetto.__all__)
    assert set(affetto.__all__) <= set(dir(affetto))
    with pytest.raises(AttributeError, match="no attribute 'listen_to'"):
        _ = affetto.listen_to


def test_the_three_verbs() -> None:
    reading = affetto.hear(VOICE)
    assert isinstance(reading, affetto.Reading)
    playlist = affetto.recommend(reading, intent="lift", length=12, seed=1)
    assert isinstance(playlist, affetto.Playlist)
    assert len(playlist.items) == 12
    answer = affetto.hear_and_recommend(Path(VOICE), intent="lift", length=12, seed=1)
    assert answer.to_dict() == {"reading": reading.to_dict(), "playlist": playlist.to_dict()}
    json.dumps(answer.to_dict())


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, affetto; print(sorted({'numpy', 'onnxruntime', 'torch', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_hearing_and_recommending_never_load_torch() -> None:
    code = (
        "import sys, affetto; affetto.hear_and_recommend(sys.argv[1]); "
        "print(sorted({'torch', 'scipy', 'sklearn', 'librosa', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, VOICE], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
