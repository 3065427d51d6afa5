"""``affetto serve``: live readings, recordings and playlists for programs and pages."""

from typing import Annotated

import typer

__all__ = ["register"]

_EVERY = ("", "0.0.0.0", "::")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("serve")(_serve)


def _serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 for a free one.")] = 8765,
    origin: Annotated[
        list[str] | None, typer.Option("--origin", help="Origin besides its own whose pages may use it; repeatable.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Name under which it is called; repeatable.")
    ] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, max=10_000, help="Live sessions at most.")] = 64,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Threads for live sound; default: one a core.")
    ] = None,
) -> None:
    """Serve live readings over a WebSocket, and recordings and playlists over HTTP, until Ctrl-C."""
    from affetto.cli import show
    from affetto.server import Limits, bind, create_app, run
    from affetto.server.guard import LOOPBACK

    limits = Limits(sessions=sessions, workers=workers)
    local = host in LOOPBACK
    hosts = {*LOOPBACK, *(allow_host or ())} if local else {host, *LOOPBACK, *allow_host} if allow_host else None
    app = create_app(limits=limits, origins=tuple(origin or ()), hosts=hosts)
    app.state.hub.engine.warm()  # a model that cannot be used is told before anything listens
    listener = bind(host, port)
    place = "localhost" if host in _EVERY or local else host
    real = listener.getsockname()[1]
    show.line(f"Affetto serves at http://{place}:{real} (live: ws://{place}:{real}/v1/listen). Ctrl-C stops.")
    if not local:
        show.line("Anyone who reaches this address may use it, unencrypted: put a proxy with TLS before it.")
    run(app, listener)
    show.line("Stopped.")
