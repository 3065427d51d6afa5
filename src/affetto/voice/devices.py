"""Which microphones there are (the ``mic`` extra)."""

from dataclasses import dataclass
from typing import Any

from affetto.voice import microphone

__all__ = ["Device", "microphones"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A microphone.

    Attributes:
        number: What ``--device`` takes; so does a part of the name.
        name: Its name in the system.
        channels: How many it records.
        rate: Its own sample rate in Hz.
        default: Whether it is used when none is chosen.
    """

    number: int
    name: str
    channels: int
    rate: int
    default: bool


def microphones() -> list[Device]:
    """All devices that record; empty where there are none.

    Raises:
        AudioError: If the ``mic`` extra or PortAudio is missing.
    """
    sounddevice: Any = microphone.load_sounddevice()
    chosen = sounddevice.default.device[0]
    return [
        Device(
            number=number,
            name=device["name"],
            channels=device["max_input_channels"],
            rate=round(device["default_samplerate"]),
            default=number == chosen,
        )
        for number, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]
