"""What a client and the server say to each other on the socket."""

import json
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from affetto.recommendation import Intent
from affetto.voice.stream import SCHEMA_VERSION, Event

__all__ = [
    "CLOSE_CODES",
    "ErrorCode",
    "Follow",
    "FrameDecoder",
    "Refusal",
    "SessionStart",
    "encode_ended",
    "encode_event",
    "encode_playlist",
    "encode_started",
    "parse_end",
    "parse_start",
]

ErrorCode: TypeAlias = Literal[
    "bad_format",
    "frame_too_large",
    "rate_limited",
    "too_slow",
    "idle",
    "too_long",
    "busy",
    "stopping",
    "internal",
]

CLOSE_CODES: MappingProxyType[ErrorCode, int] = MappingProxyType(
    {
        "bad_format": 1003,
        "frame_too_large": 1009,
        "rate_limited": 1008,
        "too_slow": 1008,
        "idle": 1008,
        "too_long": 1008,
        "busy": 1013,
        "stopping": 1001,
        "internal": 1011,
    }
)
"""The WebSocket close code that follows each error."""

_EXAMPLE = '{"type": "session.start", "rate": 16000, "format": "s16le", "channels": 1}'
_DTYPES = {"s16le": np.dtype("<i2"), "f32le": np.dtype("<f4")}


class Refusal(Exception):  # noqa: N818 - a reason to end, and not always an error
    """Why the server ends a session.

    Args:
        code: Which kind, for programs.
        message: What happened and the way out, in one line, for people.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message

    @property
    def close_code(self) -> int:
        """The WebSocket close code."""
        return CLOSE_CODES[self.code]

    def encode(self) -> str:
        """The error as a message."""
        return _encode({"type": "error", "code": self.code, "message": self.message, "fatal": True})


class Follow(BaseModel):
    """Music that follows the voice of a session.

    Attributes:
        intent: What the music is for; null for what suits each emotion.
        length: Tracks; null for the setting.
        entry: The journal's entry that the first plan puts right: of a session that broke, whose sound is sent again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent: Intent | None = None
    length: int | None = Field(default=None, ge=1, le=500, strict=True)
    entry: int | None = Field(default=None, ge=1, lt=2**63, strict=True)


class SessionStart(BaseModel):
    """The first message of a client: how its sound is coded, and how often it wants to hear.

    Attributes:
        rate: Samples per second.
        format: ``s16le`` (signed 16 bit integers) or ``f32le`` (floats in [-1, 1]), both little-endian.
        channels: Channels, interleaved.
        interval: Seconds of sound between partial readings.
        profile: Name of the voice profile of who speaks; null where that is not known.
        cues: Whether final readings come with what in the voice led there.
        follow: Asks for music that follows the voice: ``playlist`` messages; null for none.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: Literal["session.start"]
    version: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    rate: int = Field(default=16_000, ge=8_000, le=192_000)
    format: Literal["s16le", "f32le"] = "s16le"
    channels: int = Field(default=1, ge=1, le=8)
    interval: float = Field(default=0.5, ge=0.2, le=10.0)
    profile: str | None = Field(default=None, max_length=64)
    cues: bool = False
    follow: Follow | None = None


def parse_start(message: str | bytes) -> SessionStart:
    """The first message of a client.

    Raises:
        Refusal: If it is not a proper ``session.start``; the message says what is wrong.
    """
    if isinstance(message, bytes):
        raise Refusal("bad_format", f"sound before session.start; first send the text {_EXAMPLE}")
    try:
        return SessionStart.model_validate_json(message)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        got = f"{key} = {first['input']!r:.80}: " if key else ""
        raise Refusal("bad_format", f"session.start: {got}{first['msg']}; send for example {_EXAMPLE}") from None


def parse_end(message: str) -> None:
    """A text message after the first: only ``session.end`` is one.

    Raises:
        Refusal: If it is another.
    """
    try:
        value = json.loads(message)
    except ValueError:
        value = None
    if not isinstance(value, dict) or value.get("type") != "session.end":  # pyright: ignore[reportUnknownMemberType]
        raise Refusal(
            "bad_format", f'text {message!r:.80} is not known; send sound as binary, or {{"type": "session.end"}}'
        )


class FrameDecoder:
    """Binary frames as samples; a sample cut by the end of a frame waits for the next.

    >>> decode = FrameDecoder(SessionStart(type="session.start"))
    >>> decode(bytes([1, 0, 2])), decode(bytes([0]))
    (array([1], dtype=int16), array([2], dtype=int16))
    """

    def __init__(self, start: SessionStart) -> None:
        self._dtype = _DTYPES[start.format]
        self._channels = start.channels
        self._width = self._dtype.itemsize * start.channels
        self._carry = b""

    def __call__(self, data: bytes) -> npt.NDArray[Any]:
        """The whole samples so far: ``(n,)``, or ``(n, channels)`` for more than one channel."""
        joined = self._carry + data
        whole = len(joined) // self._width * self._width
        self._carry = joined[whole:]
        samples = np.frombuffer(joined, self._dtype, count=whole // self._dtype.itemsize)
        return samples if self._channels == 1 else samples.reshape(-1, self._channels)


def encode_started(start: SessionStart) -> str:
    """The answer to ``session.start``: what is used."""
    kept = start.model_dump(exclude={"type", "version", "cues", "follow"})
    return _encode({**kept, "type": "session.started"})


def encode_event(event: Event, *, cues: bool = False) -> str:
    """An event; an error among them tells of something odd and does not end the session."""
    value = event.to_dict()
    if cues and event.final and event.reading is not None:
        value["reading"]["cues"] = [cue.to_dict() for cue in event.reading.cues]
    return _encode({**value, "code": "bad_samples", "fatal": False} if event.type == "error" else value)


def encode_playlist(change: dict[str, Any]) -> str:
    """The music was planned anew."""
    return _encode({"type": "playlist", **change})


def encode_ended(*, audio_ms: int, events: int) -> str:
    """The last message of a session that ends in good order."""
    return _encode({"type": "session.ended", "audio_ms": audio_ms, "events": events})


def _encode(value: dict[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA_VERSION, **value}, allow_nan=False, separators=(",", ":"))
