"""The application: its routes, and what stands before them."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware

from affetto.server import library, live, me, music, pages, readings, tracks
from affetto.server.answer import warm
from affetto.server.bodies import BodyLimit
from affetto.server.engine import Engine
from affetto.server.guard import Guard
from affetto.server.hub import Hub
from affetto.server.limits import Limits
from affetto.server.openapi import answers, describe
from affetto.server.problems import install
from affetto.server.scans import Scans
from affetto.version import __version__
from affetto.voice.recognizer import Recognizer

__all__ = ["create_app"]

_router = APIRouter()

_NO_TELEMETRY: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
"""The framework would report requests wherever the environment of the process names a collector."""


def create_app(
    recognizer: Recognizer | None = None,
    *,
    limits: Limits | None = None,
    origins: Collection[str] = (),
    hosts: Collection[str] | None = None,
) -> FastAPI:
    """The server as an ASGI application; `run` serves it, and any other ASGI server can.

    Args:
        recognizer: The recognizer to share; None for the one of the settings.
        limits: What is taken and how long is waited.
        origins: Origins besides the server's own whose pages may use it.
        hosts: Names under which the server is called; None for any.
    """
    limits = limits or Limits()
    hub = Hub(Engine(recognizer, limits), limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await hub.engine.live(hub.engine.warm)
        music = asyncio.ensure_future(hub.engine.bulk(warm))
        yield
        music.cancel()
        await hub.drain()
        hub.engine.close()

    app = FastAPI(
        title="Affetto",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the pages of the framework load scripts from a third party
        redoc_url=None,
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )
    app.state.hub, app.state.scans = hub, Scans()
    for router in (
        readings.router,
        music.router,
        live.router,
        library.router,
        me.router,
        tracks.router,
        pages.router,
        _router,
    ):
        app.include_router(router)
    app.openapi = lambda: describe(app)
    install(app)
    app.add_middleware(BodyLimit, limits=limits)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=tuple(origins), allow_methods=["GET", "POST"], allow_headers=["*"]
        )
    app.add_middleware(Guard, origins=origins, hosts=hosts)
    return app


@_router.get("/v1/health", summary="How the server is", responses=answers("health", 403))
async def health(request: Request) -> dict[str, Any]:
    """Whether it takes clients, and how many it has."""
    hub: Hub = request.app.state.hub
    return {
        "status": "stopping" if hub.stopping else "ok",
        "version": __version__,
        "model": hub.engine.recognizer.metadata.get("recipe"),
        "sessions": len(hub),
        "sessions_at_most": hub.limits.sessions,
        "uploads": hub.uploads,
    }


@_router.get("/v1/asyncapi.yaml", include_in_schema=False)
def asyncapi() -> Response:
    """The description of the WebSocket."""
    text = resources.files("affetto.server").joinpath("asyncapi.yaml").read_bytes()
    return Response(text, media_type="application/yaml")
