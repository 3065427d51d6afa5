"""One live session: a client's sound in, events out."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from affetto.errors import ProfileError
from affetto.server.engine import Engine
from affetto.server.inbox import Inbox
from affetto.server.limits import Limits
from affetto.server.pace import Pace
from affetto.server.protocol import (
    FrameDecoder,
    Refusal,
    SessionStart,
    encode_ended,
    encode_started,
    parse_end,
    parse_start,
)
from affetto.server.teller import Teller
from affetto.voice.profile import VoiceProfile
from affetto.voice.profiles import ProfileStore
from affetto.voice.stream import Event, LiveRecognizer

__all__ = ["Gone", "Session", "Socket"]

_log = logging.getLogger(__name__)

_TURN_SECONDS = 1.0  # sound read in one job: then it is another session's turn
_GOODBYE_SECONDS = 1.0  # for the last words to a client that may not listen


class Gone(Exception):  # noqa: N818 - clients leave, that is no error
    """The client has left."""


class Socket(Protocol):
    """What a session needs of a connection; each may raise `Gone`."""

    async def receive(self) -> str | bytes:
        """The next message."""
        ...

    async def send(self, text: str) -> None:
        """Sends a message; waits while the client does not read."""
        ...

    async def close(self, code: int) -> None:
        """Says goodbye."""
        ...


class Session:
    """Reads, works and writes side by side, with a bounded queue between each two.

    When the client does not read, the writer waits, so the worker waits, so the reader takes nothing more from the
    socket: memory stays bounded at every place. However a session ends, what was heard is answered first, as long as
    the client is there.
    """

    def __init__(self, socket: Socket, engine: Engine, limits: Limits) -> None:
        self._socket, self._engine, self._limits = socket, engine, limits
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue(limits.pending_events)
        self._waiting: asyncio.Task[Any] | None = None  # what waits for the client
        self._stopped = False
        self._ending: Refusal | None = None
        self._events = 0

    def stop(self) -> None:
        """Listens no longer; the session answers what it has heard and ends."""
        self._stopped = True
        self._ending = self._ending or Refusal("stopping", "the server stops; connect again in a moment")
        if self._waiting is not None:
            self._waiting.cancel()

    async def run(self) -> None:
        """Serves the client until one of the two ends it."""
        try:
            await self._converse()
        except Gone:
            return
        except Refusal as refusal:
            self._ending = refusal
        except Exception:
            _log.exception("a live session failed")
            self._ending = Refusal("internal", "the server failed; please report it, and connect again")
        if self._ending is not None:
            _log.info("a live session ends: %s", self._ending.code)
        await self._leave()

    async def _converse(self) -> None:
        if self._ending is not None:  # stopped before it began
            raise self._ending
        self._waiting = asyncio.create_task(self._opening())
        try:
            start = await self._waiting
        except asyncio.CancelledError:
            if self._ending is not None:
                raise self._ending from None
            self._waiting.cancel()
            raise
        live = await self._engine.live(
            LiveRecognizer,
            self._engine.recognizer,
            rate=start.rate,
            channels=start.channels,
            interval=start.interval,
            profile=await self._engine.live(_profile, start.profile),
        )
        await self._send(encode_started(start))
        inbox = Inbox(round(self._limits.pending_seconds * start.rate))
        pace = Pace(start.rate, self._limits)
        try:
            async with asyncio.TaskGroup() as group:
                self._waiting = group.create_task(self._read(inbox, FrameDecoder(start), pace))
                self._waiting.add_done_callback(lambda _: inbox.end())  # also where it is stopped before it begins
                group.create_task(self._work(inbox, live, start, pace))
                group.create_task(self._write())
                if self._stopped:
                    self._waiting.cancel()
        except ExceptionGroup as several:
            raise next((one for one in several.exceptions if not isinstance(one, Gone)), Gone()) from None

    async def _opening(self) -> SessionStart:
        try:
            async with asyncio.timeout(self._limits.start_seconds):
                return parse_start(await self._socket.receive())
        except TimeoutError:
            raise Refusal(
                "idle", f"no session.start within {self._limits.start_seconds:g} s; send it right after connecting"
            ) from None

    async def _read(self, inbox: Inbox, decode: FrameDecoder, pace: Pace) -> None:
        """Takes sound from the socket until the client or a limit ends it, or the server stops."""
        try:
            while (frame := await self._frame()) is not None:
                samples = decode(frame)
                pace.received(len(samples))
                if len(samples):
                    await inbox.put(samples)
        except Refusal as refusal:
            self._ending = refusal
        except asyncio.CancelledError:
            if not self._stopped:
                raise

    async def _frame(self) -> bytes | None:
        """The next binary frame; None at ``session.end``."""
        idle, largest = self._limits.idle_seconds, self._limits.frame_bytes
        try:
            async with asyncio.timeout(idle):
                message = await self._socket.receive()
        except TimeoutError:
            raise Refusal("idle", f"nothing came for {idle:g} s; send sound, also silence, or session.end") from None
        if isinstance(message, str):
            parse_end(message)
            return None
        if len(message) > largest:
            raise Refusal(
                "frame_too_large", f"a frame of {len(message):,} bytes; send at most {largest:,}, best 100 ms"
            )
        return message

    async def _work(self, inbox: Inbox, live: LiveRecognizer, start: SessionStart, pace: Pace) -> None:
        """Reads the sound as it comes, and what is left of it at the end."""
        read, tell = 0, Teller(start)
        while (block := await inbox.take(round(_TURN_SECONDS * start.rate))) is not None:
            run = self._engine.bulk if pace.ahead(read) else self._engine.live
            await self._tell(await run(_encoded, tell, live, live.push, block))
            read += len(block)
        await self._tell(await self._engine.live(_encoded, tell, live, live.close))
        if self._ending is None:
            await self._outbox.put(encode_ended(audio_ms=round(1_000 * read / start.rate), events=self._events))
        await self._outbox.put(None)

    async def _tell(self, events: list[str]) -> None:
        for event in events:
            self._events += 1
            await self._outbox.put(event)

    async def _write(self) -> None:
        while (text := await self._outbox.get()) is not None:
            await self._send(text)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._socket.send(text)
        except TimeoutError:
            raise Refusal(
                "too_slow", f"messages lay unread for {self._limits.send_seconds:g} s; read while you send"
            ) from None

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                if self._ending is not None:
                    await self._socket.send(self._ending.encode())
                await self._socket.close(1000 if self._ending is None else self._ending.close_code)
        except (TimeoutError, Gone):
            pass  # it does not listen; the connection is dropped with the task


def _profile(name: str | None) -> VoiceProfile | None:
    """The profile that the client names.

    Raises:
        Refusal: If there is none of that name.
    """
    if name is None:
        return None
    try:
        return ProfileStore().load(name)
    except ProfileError:
        raise Refusal(
            "bad_format",
            f"session.start: profile = {name!r}: not a voice profile of the server's machine; make it there with "
            "'affetto voice enrol', or leave it out",
        ) from None


def _encoded(tell: Teller, live: LiveRecognizer, listen: Callable[..., list[Event]], *sound: Any) -> list[str]:
    """Events as text, made in the thread that heard them: the event loop only passes them on."""
    events = listen(*sound)
    if live.profile is not None:
        ProfileStore().follow(live, events)
    return tell(events)
