"""The microphone (the ``mic`` extra)."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from affetto.errors import AudioError
from affetto.voice.audio import RATE, Samples
from affetto.voice.speech import UtteranceFinder

__all__ = ["load_sounddevice", "record_utterance", "stream_microphone"]

_BLOCK = RATE // 20
_PATIENCE = 2.0  # seconds without a block: the device has gone


def stream_microphone(*, seconds: float, device: str | None = None) -> Iterator[Samples]:
    """Blocks of 50 ms, mono float32 at 16 kHz, for at most ``seconds``; nothing is kept.

    Raises:
        AudioError: If the ``mic`` extra or a microphone is missing, or the microphone stops answering.
    """
    sounddevice = load_sounddevice()
    blocks: queue.Queue[Samples] = queue.Queue()

    def receive(data: Any, *_: Any) -> None:
        blocks.put(np.array(data[:, 0], np.float32))

    chosen = int(device) if device is not None and device.isdigit() else device
    try:
        with sounddevice.InputStream(
            samplerate=RATE, channels=1, dtype="float32", blocksize=_BLOCK, device=chosen, callback=receive
        ):
            for _ in range(int(seconds * RATE / _BLOCK)):
                yield blocks.get(timeout=_PATIENCE)
    except queue.Empty as error:
        raise AudioError("the microphone stopped answering; check that it is plugged in and not muted") from error
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"microphone {device or '(default)'}: {error}; choose another with --device") from error


def record_utterance(*, seconds: float = 15.0, device: str | None = None) -> Samples:
    """Records until the speaker pauses, or ``seconds`` have passed.

    Raises:
        AudioError: As :func:`stream_microphone`.
    """
    finder, heard = UtteranceFinder(), [np.zeros(0, np.float32)]
    for block in stream_microphone(seconds=seconds, device=device):
        heard.append(block)
        if finder.push(block):
            break
    return np.concatenate(heard)


def load_sounddevice() -> Any:
    """The library that reaches the microphone.

    Raises:
        AudioError: If the ``mic`` extra or PortAudio is missing.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise AudioError("the microphone needs an extra: pip install 'affetto[mic]'") from error
    except OSError as error:  # the wheel has no PortAudio for this platform
        raise AudioError(f"the microphone needs PortAudio: {error}; install it (Debian: libportaudio2)") from error
    return sounddevice
