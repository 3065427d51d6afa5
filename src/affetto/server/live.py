"""``/v1/listen``: emotion as it is spoken, over a WebSocket."""

import contextlib

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from affetto.server.hub import Hub
from affetto.server.protocol import Refusal
from affetto.server.session import Gone, Session

__all__ = ["router"]

router = APIRouter()


class _Connection:
    """A WebSocket as sessions see it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] != "websocket.receive":
            raise Gone
        text, data = message.get("text"), message.get("bytes")
        return text if text is not None else data or b""

    async def send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:  # RuntimeError: closed from the other side meanwhile
            raise Gone from error

    async def close(self, code: int) -> None:
        try:
            await self._websocket.close(code)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise Gone from error


@router.websocket("/v1/listen")
async def listen(websocket: WebSocket) -> None:
    """A live session; the protocol is in ``/v1/asyncapi.yaml``."""
    hub: Hub = websocket.app.state.hub
    await websocket.accept()
    connection = _Connection(websocket)
    session = Session(connection, hub.engine, hub.limits)
    try:
        with hub.admit(session):
            await session.run()
    except Refusal as refusal:
        with contextlib.suppress(Gone):
            await connection.send(refusal.encode())
            await connection.close(refusal.close_code)
