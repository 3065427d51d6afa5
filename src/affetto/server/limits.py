"""What the server takes, and how long it waits."""

import os
from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one server; every one of them keeps a client from using what belongs to the others.

    Attributes:
        workers: Threads that read live sound; None for one a core.
        sessions: Live sessions at the same time.
        session_seconds: Length of a live session, in sound and on the clock.
        start_seconds: How long a client may take to say ``session.start``.
        idle_seconds: How long a session may go without a message from the client.
        frame_bytes: Size of one binary frame.
        pending_seconds: Sound that waits to be read; while there is more the server takes nothing from the socket.
        ahead_seconds: How far a client may run ahead of real time before its sound waits behind that of live clients.
        tiny_seconds: A frame shorter than this is tiny.
        tiny_frames: Tiny frames a second, averaged over two seconds.
        pending_events: Messages that wait to be sent to a client.
        send_seconds: How long a client may leave its messages unread before it is too slow.
        ping_seconds: Interval of the heartbeat, and how long a client may take to answer it.
        stop_seconds: How long a stopping server waits for its sessions to finish.
        upload_bytes: Size of an uploaded recording.
        upload_seconds: Length of an uploaded recording.
        uploads: Recordings that are received and read at the same time.
        receive_seconds: How long an upload may take to arrive.
        body_bytes: Size of a JSON body.
    """

    workers: int | None = None
    sessions: int = 64
    session_seconds: float = 4 * 3600.0
    start_seconds: float = 10.0
    idle_seconds: float = 60.0
    frame_bytes: int = _MIB
    pending_seconds: float = 4.0
    ahead_seconds: float = 2.0
    tiny_seconds: float = 0.02
    tiny_frames: int = 500
    pending_events: int = 256
    send_seconds: float = 10.0
    ping_seconds: float = 20.0
    stop_seconds: float = 5.0
    upload_bytes: int = 256 * _MIB
    upload_seconds: float = 1800.0
    uploads: int = 4
    receive_seconds: float = 300.0
    body_bytes: int = 64 << 10

    @property
    def threads(self) -> int:
        """Threads that read live sound."""
        return self.workers or os.cpu_count() or 1
