"""``/v1/tracks``: the sound and the cover of tracks of the person's library, and of nothing else."""

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from affetto.music.collection import default_collection
from affetto.server.hub import Hub
from affetto.server.problems import Problem

__all__ = ["Number", "router"]

router = APIRouter(include_in_schema=False)

_TYPES = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
    ".wma": "audio/x-ms-wma",
}
_SAME_SITE = {"cross-origin-resource-policy": "same-origin"}
_DAY = "private, max-age=86400"

Number = Annotated[int, InPath(ge=1, lt=2**63)]


def _file_of(number: int) -> Path:
    """The file of a track, made sure to lie in a folder of the library still.

    Raises:
        Problem: If there is none.
    """
    collection = default_collection()
    paths = collection.paths(number) if collection else ()
    for path in paths:
        if path.is_file():
            return path
    raise Problem(404, "no-such-track", f"track {number} has no file in the library; scan it again if it should")


@router.get("/v1/tracks/{number}/audio")
def audio(number: Number) -> FileResponse:
    """The sound of a track, whole or in parts (``Range``)."""
    path = _file_of(number)
    kind = _TYPES.get(path.suffix.casefold())
    if kind is None:
        raise Problem(415, "not-playable", f"track {number} is of a kind that no browser plays: {path.suffix!r:.20}")
    return FileResponse(path, media_type=kind, headers={**_SAME_SITE, "cache-control": "private, no-cache"})


@router.get("/v1/tracks/{number}/cover")
async def cover(request: Request, number: Number) -> Response:
    """The cover of a track; 204 where it has none, so that pages may just ask."""
    from affetto.music.cover import find_cover

    hub: Hub = request.app.state.hub
    found = await hub.engine.bulk(lambda: find_cover(_file_of(number)))
    headers = {**_SAME_SITE, "cache-control": _DAY, "content-security-policy": "default-src 'none'; sandbox"}
    if found is None:
        return Response(status_code=204, headers=headers)
    tag = f'"{hashlib.sha256(found.content).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**headers, "etag": tag})
    return Response(found.content, headers={**headers, "etag": tag}, media_type=found.media_type)
