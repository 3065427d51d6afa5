"""What is not a voice speaking is not read: recordings that the speech gate did not learn from.

pytest tests/voice/test_gate.py -s        # prints the share
"""

from pathlib import Path

import pytest

from affetto.corpora.non_speech import split_non_speech
from affetto.voice.recognizer import Recognizer

PATTERNS = {"noise": "speech/noise/*/?-*", "music": "music/emotify/*.opus"}


@pytest.mark.shared
def test_noise_and_music_are_refused(shared: Path) -> None:
    recognizer = Recognizer()
    refused = total = 0
    for kind, pattern in PATTERNS.items():
        _, held_out = split_non_speech(shared, [pattern])
        readings = [recognizer.hear(path) for path in held_out]
        count = sum(reading.abstained for reading in readings)
        print(f"{kind}: {count} of {len(readings)} refused")
        refused, total = refused + count, total + len(readings)
    print(f"all: {refused} of {total}, {refused / total:.1%}")
    assert refused / total >= 0.95
