"""The live sessions of a server."""

import asyncio
import contextlib
from collections.abc import Generator

from affetto.server.engine import Engine
from affetto.server.limits import Limits
from affetto.server.protocol import Refusal
from affetto.server.session import Session

__all__ = ["Hub"]


class Hub:
    """Knows every session, so that there are not too many and that each ends well when the server stops.

    Attributes:
        engine: What reads.
        limits: The bounds of the server.
        stopping: Whether the server takes nobody new.
        uploads: Recordings that are being received or read.
    """

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self.engine, self.limits = engine, limits
        self.stopping = False
        self.uploads = 0
        self._sessions: dict[Session, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    @contextlib.contextmanager
    def admit(self, session: Session) -> Generator[None]:
        """Counts the session while it lasts.

        Raises:
            Refusal: If there is no room for it, or the server stops.
        """
        if self.stopping:
            raise Refusal("busy", "the server stops; connect again in a moment")
        if len(self) >= self.limits.sessions:
            raise Refusal("busy", f"{len(self)} sessions are open, which is the most; try again later")
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        try:
            yield
        finally:
            del self._sessions[session]

    async def drain(self) -> None:
        """Ends all sessions: each gets the readings of what it has said. Those that take too long are cut off."""
        self.stopping = True
        tasks = set(self._sessions.values())
        for session in tuple(self._sessions):
            session.stop()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self.limits.stop_seconds)
            for task in late:
                task.cancel()
