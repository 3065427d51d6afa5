"""``POST /v1/readings``: a recording in, its readings out."""

import asyncio
import threading
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from affetto.server.hub import Hub
from affetto.server.openapi import RECORDING_BODY, answers
from affetto.server.problems import Problem
from affetto.server.uploads import Upload, read_recording, receive_upload

__all__ = ["router"]

router = APIRouter()

_RETRY_SECONDS = 10
_LOOK_SECONDS = 0.5


@router.post(
    "/v1/readings",
    summary="Read the emotion expressed in a recording",
    responses=answers("recording", 400, 403, 408, 411, 413, 415, 422, 429, 503),
    openapi_extra={"requestBody": RECORDING_BODY},
)
async def create_readings(
    request: Request,
    cues: Annotated[bool, Query(description="Also what stands out in the voice.")] = False,
    explain: Annotated[bool, Query(description="Also what the reading of the whole rests on.")] = False,
) -> dict[str, Any]:
    """The final readings that streaming the recording would give, in order, and the reading of the whole.

    Any audio, or video with a sound track, as a form with the part `file` or as the body itself. It is kept only until
    it has been read.
    """
    return await _receive(request, cues=cues, explain=explain)


@router.post("/v1/analyses", include_in_schema=False)
async def create_analysis(request: Request) -> dict[str, Any]:
    """The same with how it is spoken, ten points a second of speech: what the page draws of a long recording."""
    return await _receive(request, cues=True, explain=False, delivery=True)


async def _receive(request: Request, *, cues: bool, explain: bool, delivery: bool = False) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    if hub.uploads >= hub.limits.uploads:
        raise Problem(
            429,
            "busy",
            f"{hub.uploads} recordings are being read, which is the most; try again in {_RETRY_SECONDS} s",
            headers={"Retry-After": str(_RETRY_SECONDS)},
        )
    hub.uploads += 1
    try:
        async with receive_upload(request, hub.limits) as upload:
            return await _read(request, hub, upload, cues=cues, explain=explain, delivery=delivery)
    finally:
        hub.uploads -= 1


async def _read(
    request: Request, hub: Hub, upload: Upload, *, cues: bool, explain: bool, delivery: bool
) -> dict[str, Any]:
    """Reads in a thread, and gives up soon after the client has."""
    given_up = threading.Event()
    work = asyncio.ensure_future(
        hub.engine.bulk(
            read_recording,
            upload,
            hub.engine.recognizer,
            hub.limits,
            cues=cues,
            explain=explain,
            delivery=delivery,
            given_up=given_up,
            stopping=hub.engine.stopping,
        )
    )
    try:
        while not (await asyncio.wait({work}, timeout=_LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                given_up.set()
    except asyncio.CancelledError:
        given_up.set()
        work.cancel()
        raise
    return await work
