"""A sound card that keeps what it is given, and tunes to play on it."""

import sys
import time
import types

import numpy as np
import pytest
import soundfile

from affetto.affect import Affect
from affetto.music import Track


class FakeCard:
    """A sound card that keeps what it is given, as fast as it comes or at a pace."""

    def __init__(self, monkeypatch, pace=0.0):
        self.blocks, self.pace, self.open = [], pace, False
        card = self

        class Stream:
            def __init__(self, samplerate, channels, dtype):
                assert (samplerate, channels, dtype) == (48_000, 2, "float32")
                card.open = True

            def start(self):
                pass

            def write(self, block):
                assert (block.dtype, block.shape[1]) == (np.float32, 2)
                time.sleep(card.pace)
                card.blocks.append(block.copy())

            def close(self):
                card.open = False

        monkeypatch.setitem(sys.modules, "sounddevice", types.SimpleNamespace(OutputStream=Stream))

    @property
    def sound(self):
        return np.concatenate(self.blocks)


@pytest.fixture
def tune(tmp_path):
    def make(name, seconds=0.5, frequency=440.0):
        at = np.arange(round(seconds * 22_050)) / 22_050
        soundfile.write(tmp_path / name, 0.5 * np.sin(2 * np.pi * frequency * at), 22_050)
        uri = str(tmp_path / name)
        return Track(id=name, title=name, artist="A", uri=uri, mood=Affect(0, 0), mood_source="")

    return make
