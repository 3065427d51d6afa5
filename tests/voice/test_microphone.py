"""The microphone, played by a stand-in for sounddevice."""

import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from affetto.errors import AudioError
from affetto.voice import microphone
from affetto.voice.audio import RATE, Samples


class PortAudioError(Exception):
    pass


class Device(ModuleType):
    """A sound card that plays what it is given, then nothing more."""

    PortAudioError = PortAudioError

    def __init__(self, sound: Samples, *, error: Exception | None = None) -> None:
        super().__init__("sounddevice")
        self.sound, self.error = sound, error
        self.asked: dict[str, Any] = {}
        self.open = False

    def InputStream(self, *, blocksize: int, callback: Any, **asked: Any) -> "Device":  # noqa: N802
        if self.error:
            raise self.error
        self.asked = asked | {"blocksize": blocksize}
        self.callback = callback
        return self

    def __enter__(self) -> "Device":
        self.open = True
        self.player = threading.Thread(target=self._play)
        self.player.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False
        self.player.join()

    def _play(self) -> None:
        size = self.asked["blocksize"]
        buffer = np.empty((size, 1), np.float32)  # the card's own memory: it is written over
        for start in range(0, len(self.sound) - size + 1, size):
            buffer[:, 0] = self.sound[start : start + size]
            self.callback(buffer, size, None, None)
        buffer[:] = np.nan


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def connect(device: Device | None) -> Device | None:
        monkeypatch.setitem(sys.modules, "sounddevice", device)
        return device

    monkeypatch.setattr(microphone, "_PATIENCE", 0.05)
    return connect


def test_blocks_come_as_they_are_recorded(plug) -> None:
    sound = np.arange(RATE, dtype=np.float32)
    device = plug(Device(sound))
    blocks = list(microphone.stream_microphone(seconds=0.5))
    assert {len(block) for block in blocks} == {800}
    np.testing.assert_array_equal(np.concatenate(blocks), sound[: RATE // 2])
    assert device.asked == {"samplerate": RATE, "channels": 1, "dtype": "float32", "device": None, "blocksize": 800}
    assert not device.open


@pytest.mark.parametrize(("given", "expected"), [(None, None), ("3", 3), ("USB microphone", "USB microphone")])
def test_a_device_is_chosen_by_number_or_name(given: str | None, expected: object, plug) -> None:
    device = plug(Device(np.zeros(RATE, np.float32)))
    list(microphone.stream_microphone(seconds=0.1, device=given))
    assert device.asked["device"] == expected


def test_recording_ends_when_the_speaker_pauses(plug, speech: Samples) -> None:
    plug(Device(speech))
    heard = microphone.record_utterance(seconds=15)
    np.testing.assert_array_equal(heard, speech[: len(heard)])
    assert 4 * RATE < len(heard) < 6 * RATE  # 1.5 s of silence, the first sentence, and a pause of 0.8 s


def test_recording_ends_when_the_time_is_over(plug) -> None:
    plug(Device(np.zeros(2 * RATE, np.float32)))
    assert len(microphone.record_utterance(seconds=1)) == RATE


def test_leaving_early_closes_the_microphone(plug) -> None:
    device = plug(Device(np.zeros(RATE, np.float32)))
    blocks = microphone.stream_microphone(seconds=1)
    next(blocks)
    assert device.open
    blocks.close()
    assert not device.open


def test_a_microphone_that_stops_answering(plug) -> None:
    plug(Device(np.zeros(RATE // 2, np.float32)))
    with pytest.raises(AudioError, match="stopped answering; check that it is plugged in"):
        microphone.record_utterance(seconds=5)


@pytest.mark.parametrize("error", [PortAudioError("Error querying device -1"), ValueError("No input device matching")])
@pytest.mark.parametrize(("device", "name"), [(None, "(default)"), ("USB", "USB")])
def test_a_missing_microphone(error: Exception, device: str | None, name: str, plug) -> None:
    plug(Device(np.zeros(0, np.float32), error=error))
    with pytest.raises(AudioError) as caught:
        microphone.record_utterance(seconds=1, device=device)
    assert str(caught.value) == f"microphone {name}: {error}; choose another with --device"


def test_the_extra_is_missing(plug) -> None:
    plug(None)
    with pytest.raises(AudioError, match=r"needs an extra: pip install 'affetto\[mic\]'"):
        microphone.record_utterance()


def test_portaudio_is_missing(plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(None)
    monkeypatch.delitem(sys.modules, "sounddevice")

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(AudioError, match="PortAudio library not found; install it"):
        microphone.record_utterance()
