"""A local server that keeps the documented calls of the Spotify Web API, their limits and their errors.

The endpoints are those of docs/reference/spotify-contract.md, in the form of July 2026.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from affetto.players.connections import Connection, Connections
from affetto.players.secrets import Secret, Secrets
from affetto.players.spotify import SCOPES

CLIENT = "0123456789abcdef0123456789abcdef"
ACCESS = "access-token-that-must-not-be-seen"
REFRESH = "refresh-token-that-must-not-be-seen"
REMOVED = re.compile(r"/v1/(playlists/[^/]+/tracks|users/|playlists/[^/]+/followers|recommendations|audio-)")


def song(number: int, *, title: str, artist: str, seconds: float = 180, isrc: str = "") -> dict:
    return {
        "type": "track",
        "id": f"t{number}",
        "uri": f"spotify:track:t{number}",
        "name": title,
        "artists": [{"name": artist}],
        "duration_ms": round(seconds * 1000),
        "external_ids": {"isrc": isrc} if isrc else {},
    }


@dataclass
class Reply:
    """What a fault answers instead."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)
    raw: bytes | None = None
    cut: bool = False  # closes the connection in the middle of the body
    done: bool = True  # whether the call has its effect all the same


Fault = Callable[[int, str, str], Reply | None]


def error(status: int, message: str = "", reason: str = "", **headers: str) -> Reply:
    body = {"error": {"status": status, "message": message, **({"reason": reason} if reason else {})}}
    return Reply(status=status, body=body, headers=headers, done=False)


def every_third(number: int, *_: str) -> Reply | None:
    return error(503, "Service unavailable") if number % 3 == 0 else None


class FakeSpotify:
    """One account with its playlists; ``calls`` are the requests in order, ``fault`` may answer instead."""

    def __init__(self, songs: list[dict], *, fault: Fault | None = None, delay: float = 0.0) -> None:
        self.songs, self.fault, self.delay = songs, fault, delay
        self.playlists: dict[str, dict] = {}
        self.devices = [
            {"id": "d1", "name": "Kitchen", "is_active": False, "is_restricted": False},
            {"id": "d2", "name": "Desk", "is_active": True, "is_restricted": False},
        ]
        self.calls: list[tuple[str, str]] = []
        self.playing: dict | None = None
        self.queued: list[str] = []
        self.access, self.refresh, self.code = ACCESS, REFRESH, "code-that-must-not-be-seen"
        self.tokens = Counter()
        self.revoked = False
        self.lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def _any(self):
                length = int(self.headers.get("content-length") or 0)
                fake.answer(self, self.command, self.path, self.rfile.read(length))

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - names of the base class

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.api = f"{self.address}/v1/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> "FakeSpotify":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, handler: BaseHTTPRequestHandler, method: str, target: str, body: bytes) -> None:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self.lock:
            self.calls.append((method, parts.path))
            number = len(self.calls)
            fault = self.fault(number, method, parts.path) if self.fault else None
            usual = None
            if fault is None or fault.done:
                usual = self.usual(method, parts.path, query, body, handler.headers)
        time.sleep(self.delay)
        reply = fault or usual
        if fault is not None and fault.body is None and fault.raw is None and usual is not None:
            reply = replace(fault, body=usual.body)
        raw = reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        headers = {
            "Content-Type": "application/json",
            **reply.headers,
            "Content-Length": str(max(len(raw), 2 if reply.cut else 0)),
        }
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if reply.cut:
            handler.wfile.write(raw[: len(raw) // 2])
            handler.wfile.flush()
            handler.close_connection = True
            return
        handler.wfile.write(raw)

    def usual(self, method: str, path: str, query: dict, body: bytes, headers) -> Reply:
        if path == "/api/token":
            return self.token({key: values[0] for key, values in parse_qs(body.decode()).items()})
        if headers.get("authorization") != f"Bearer {self.access}":
            return error(401, "The access token expired")
        if REMOVED.match(path):
            return error(403, "Forbidden")
        given = json.loads(body) if body else {}
        match method, *path.removeprefix("/v1/").split("/"):
            case "GET", "me":
                return Reply(body={"id": "listener", "account_id": "a1", "display_name": "L"})
            case "GET", "search":
                return self.search(query)
            case "POST", "me", "playlists":
                identity = f"p{len(self.playlists) + 1}"
                made = {"id": identity, "name": given["name"], "description": given.get("description", "")}
                self.playlists[identity] = {**made, "public": given.get("public", True), "uris": [], "listed": True}
                self.playlists[identity]["owner"] = {"id": "listener"}
                return Reply(status=201, body=made)
            case "GET", "me", "playlists":
                listed = [p for p in reversed(self.playlists.values()) if p["listed"]]
                return self.page(listed, query, 50)
            case _, "playlists", identity, *rest if identity in self.playlists:
                return self.change(method, self.playlists[identity], rest, given)
            case "DELETE", "me", "library":
                for uri in query["uris"].split(","):
                    self.playlists[uri.rpartition(":")[2]]["listed"] = False
                return Reply()
            case "GET", "me", "player", "devices":
                return Reply(body={"devices": self.devices})
            case "PUT", "me", "player", "play":
                if not query.get("device_id"):
                    return error(404, "Player command failed: No active device found", "NO_ACTIVE_DEVICE")
                self.playing = {"device": query["device_id"], **given}
                return Reply(status=200, raw=b"r4Nd0mW0rd", headers={"Content-Type": "text/plain"})
            case "POST", "me", "player", "queue":
                self.queued.append(query["uri"])
                return Reply(status=204)
        return error(404, "Not found")

    def page(self, items: list, query: dict, most: int) -> Reply:
        limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
        if not 1 <= limit <= most:
            return error(400, "Invalid limit")
        more = offset + limit < len(items)
        return Reply(
            body={
                "items": items[offset : offset + limit],
                "total": len(items),
                "next": f"{self.api}x?offset={offset + limit}" if more else None,
            }
        )

    def search(self, query: dict) -> Reply:
        wanted = query["q"]
        if wanted.startswith("isrc:"):
            hits = [s for s in self.songs if s["external_ids"].get("isrc") == wanted.removeprefix("isrc:")]
        elif filters := dict(re.findall(r'(track|artist):"([^"]*)"', wanted)):
            hits = [
                s
                for s in self.songs
                if filters.get("track", "").casefold() in s["name"].casefold()
                and filters.get("artist", "").casefold() in s["artists"][0]["name"].casefold()
            ]
        else:
            words = set(wanted.casefold().split())
            hits = [s for s in self.songs if words & set(f"{s['name']} {s['artists'][0]['name']}".casefold().split())]
        found = self.page(hits, query, 10)
        return found if found.status != 200 else Reply(body={"tracks": found.body})

    def change(self, method: str, playlist: dict, rest: list[str], given: object) -> Reply:
        if method == "PUT" and not rest:
            playlist.update(given)
            return Reply()
        uris = given["uris"] if isinstance(given, dict) else given
        if rest != ["items"] or len(uris) > 100:
            return error(400, "You can add a maximum of 100 tracks per request.")
        if method == "PUT":
            playlist["uris"] = list(uris)
            return Reply(body={"snapshot_id": "s"})
        if method == "POST":
            playlist["uris"] += uris
            return Reply(status=201, body={"snapshot_id": "s"})
        return error(405, "Method not allowed")

    def token(self, form: dict) -> Reply:
        self.tokens[form["grant_type"]] += 1
        invalid = {"error": "invalid_grant", "error_description": "Refresh token revoked"}
        if form.get("client_id") != CLIENT:
            return Reply(status=400, body={"error": "invalid_client", "error_description": "Invalid client"})
        if form["grant_type"] == "authorization_code":
            if form["code"] != self.code or not form.get("code_verifier"):
                return Reply(status=400, body=invalid)
        elif self.revoked or form["refresh_token"] != self.refresh:
            return Reply(status=400, body=invalid)
        else:  # with PKCE every refresh token serves once
            self.access, self.refresh = f"{self.access}-again", f"{self.refresh}-again"
        body = {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": " ".join(SCOPES),
        }
        return Reply(body=body)


def signed_in(name: str = "spotify") -> None:
    """Connects Spotify in the data folder of the settings."""
    token = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": 4e9, "scope": " ".join(SCOPES)}
    Secrets().put(name, Secret(json.dumps(token)))
    Connections().put(Connection(name=name, kind="spotify", facts={"client_id": CLIENT, "user": "listener"}))
