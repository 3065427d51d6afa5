"""What stands before the routes, asked directly."""

import asyncio
import json

import pytest

from affetto.server import Limits
from affetto.server.bodies import BodyLimit
from affetto.server.guard import LOOPBACK, Guard


async def passed(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})


def ask(app, *, kind="http", extensions=(), path="/v1/readings", **headers):
    """The messages with which an application answers a request with these headers."""
    sent = []
    scope = {
        "type": kind,
        "method": "POST",
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "extensions": {key: {} for key in extensions},
    }

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        ("localhost:8765", None, True),
        ("localhost:8765", "http://localhost:8765", True),
        ("LOCALHOST", "http://localhost", True),
        ("localhost", "http://localhost:80", True),
        ("[::1]:8765", "http://[::1]:8765", True),
        ("localhost:8765", "http://localhost:8766", False),
        ("localhost:8765", "http://127.0.0.1:8765", False),
        ("localhost:8765", "null", False),
        ("localhost:8765", "", False),
        ("localhost:8765", "http://localhost:port", False),
        ("localhost:8765", "http://[::1", False),
        ("localhost:8765", "https://good.example", True),
        ("evil.example:8765", "http://evil.example:8765", False),
        ("localhost.evil.example", None, False),
        ("[::1", None, False),
        ("", None, False),
    ],
)
def test_the_guard_knows_its_own_pages_and_names(host, origin, good):
    guard = Guard(passed, origins=["https://good.example"], hosts=LOOPBACK)
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert ask(guard, **headers)[0]["status"] == (204 if good else 403)


def test_a_socket_is_refused_in_words_where_the_server_can_say_them():
    guard = Guard(passed, origins=[], hosts=LOOPBACK)
    start, body = ask(guard, kind="websocket", extensions=["websocket.http.response"], host="evil.example")
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert json.loads(body["body"])["type"] == "urn:affetto:problem:unknown-host"
    (closed,) = ask(guard, kind="websocket", host="evil.example")
    assert closed["type"] == "websocket.close"


def test_what_is_no_request_passes():
    for gate in (Guard(passed, origins=[], hosts=()), BodyLimit(passed, limits=Limits())):
        assert ask(gate, kind="lifespan")[0]["status"] == 204


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"content_length": "0"}, "/v1/readings", 204),
        ({"content_length": "1000000"}, "/v1/readings", 204),
        ({"content_length": "1000000"}, "/v1/playlists", 413),
        ({"content_length": "999999999999999999999"}, "/v1/readings", 413),
        ({"content_length": "-1"}, "/v1/readings", 400),
        ({"content_length": "many"}, "/v1/readings", 400),
        ({}, "/v1/readings", 411),
        ({"transfer_encoding": "chunked"}, "/v1/readings", 204),
    ],
)
def test_a_body_is_refused_by_its_length(headers, path, status):
    assert ask(BodyLimit(passed, limits=Limits()), path=path, **headers)[0]["status"] == status
