"""The messages of the socket as values, and what may go wrong with it."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from affetto.affect import Emotion
from affetto.errors import AffettoError
from affetto.voice.reading import Reading
from affetto.voice.stream import Event
from affetto.voice.uncertainty import Uncertainty

__all__ = [
    "END",
    "FAILURES",
    "WAITING",
    "ClientError",
    "checked",
    "closed",
    "pack",
    "parse_event",
    "start_message",
    "unreachable",
]

END = '{"type":"session.end"}'
"""The last message of a client."""

WAITING = 4_096
"""Messages that may wait here for the caller; then the server waits."""

FAILURES = (OSError, TimeoutError, InvalidHandshake, InvalidURI)
"""What connecting may raise."""


class ClientError(AffettoError):
    """The server cannot be reached, or has ended a session.

    Args:
        message: What happened, in one line.
        code: The server's error code (``bad_format``, ``idle``, ...); None where the connection failed.
    """

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


def parse_event(message: Mapping[str, Any]) -> Event:
    """An event from its JSON form: the same object that a `LiveRecognizer` gives (a reading comes without cues)."""
    plain, label = message["reading"], message["label"]
    reading = None
    if plain is not None:
        reading = Reading(
            probabilities={Emotion(name): p for name, p in plain["probabilities"].items()},
            seconds=plain["seconds"],
            reason=plain["reason"],
            uncertainty=_uncertainty(plain),
            profile=plain["profile"],
        )
    return Event(
        type=message["type"],
        sequence=message["sequence"],
        utterance=message["utterance"],
        audio_start_ms=message["audio_start_ms"],
        audio_end_ms=message["audio_end_ms"],
        final=message["final"],
        reading=reading,
        label=None if label is None else Emotion(label),
        message=message["message"],
    )


def _uncertainty(plain: Mapping[str, Any]) -> Uncertainty:
    """What makes a reading as plausible and as clear as the server says it is."""
    least = min(plain["probabilities"][emotion] for emotion in plain["plausible"])
    return Uncertainty(method="threshold", level=least, unclear_below=1.0 if plain["unclear"] else 0.0)


def pack(samples: npt.ArrayLike) -> bytes:
    """Samples as a frame of 32 bit floats."""
    return np.ascontiguousarray(samples, "<f4").tobytes()


def start_message(rate: int, channels: int, interval: float, profile: str | None = None) -> str:
    """The first message of a client."""
    start = {"type": "session.start", "rate": rate, "format": "f32le", "channels": channels, "interval": interval}
    return json.dumps(start | ({} if profile is None else {"profile": profile}))


def checked(text: str | bytes) -> dict[str, Any]:
    """A message, unless it is the server's reason to end the session."""
    message: dict[str, Any] = json.loads(text)
    if message["type"] == "error" and message.get("fatal"):
        raise ClientError(message["message"], code=message["code"])
    return message


def unreachable(url: str, error: Exception) -> ClientError:
    """That there is no server."""
    return ClientError(f"{url}: {error}; start 'affetto serve', and give its ws:// address")


def closed(error: ConnectionClosed) -> ClientError:
    """That the server has closed the connection."""
    if error.rcvd is None:
        return ClientError("the connection broke; connect again")
    return ClientError(f"the server has closed the connection with code {error.rcvd.code}; connect again")
