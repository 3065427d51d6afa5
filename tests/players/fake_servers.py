"""Local servers that keep the documented calls of Subsonic, ListenBrainz and Jellyfin, with their limits and errors."""

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.players.fake_spotify import Reply

PASSWORD = "password-that-must-not-be-seen"
KEY = "api-key-that-must-not-be-seen"
TOKEN = "token-that-must-not-be-seen"

Fault = Callable[[int, str, str], Reply | None]


class FakeServer:
    """Answers requests; ``calls`` are methods and paths, ``targets`` have queries too, ``fault`` may answer instead.

    A fault with ``done`` lets the call have its effect and spoils the answer only.
    """

    def __init__(self, *, fault: Fault | None = None, delay: float = 0.0) -> None:
        self.fault, self.delay = fault, delay
        self.calls: list[tuple[str, str]] = []
        self.targets: list[str] = []
        self.lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def _any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                fake._answer(self, self.command, self.path, self.rfile.read(length))

            do_GET = do_POST = do_DELETE = _any  # noqa: N815 - names of the base class

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, method: str, target: str, body: bytes) -> None:
        parts = urlsplit(target)
        with self.lock:
            self.calls.append((method, parts.path))
            self.targets.append(target)
            fault = self.fault(len(self.calls), method, parts.path) if self.fault else None
            usual = None
            if fault is None or fault.done:
                usual = self.usual(
                    method, parts.path, parse_qs(parts.query, keep_blank_values=True), body, handler.headers
                )
        time.sleep(self.delay)
        reply = fault or usual
        if fault is not None and fault.body is None and fault.raw is None and usual is not None:
            reply = replace(fault, body=usual.body, raw=usual.raw)
        raw = reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        if reply.status != 204:
            headers["Content-Length"] = str(max(len(raw), 2 if reply.cut else 0))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if reply.cut:
            handler.wfile.write(raw[: len(raw) // 2])
            handler.wfile.flush()
            handler.close_connection = True
            return
        handler.wfile.write(raw)

    def usual(self, method: str, path: str, query: dict, body: bytes, headers: Any) -> Reply:
        raise NotImplementedError


class FakeSubsonic(FakeServer):
    """A server of OpenSubsonic: token, password or key; forms or not; an empty search or not.

    Args:
        songs: As the API describes them.
        ways: Of "token", "password" and "key".
        forms: Whether it takes parameters in the body.
        empty_search: Whether an empty search gives all songs.
    """

    def __init__(
        self,
        songs: list[dict],
        *,
        ways: tuple[str, ...] = ("token",),
        forms: bool = True,
        empty_search: bool = True,
        **options: Any,
    ) -> None:
        self.songs, self.ways, self.forms, self.empty_search = songs, ways, forms, empty_search
        self.playlists: dict[str, dict] = {}
        self.queue: dict | None = None
        self.sound = b""
        self.jukebox: list[str] = []
        super().__init__(**options)

    def ok(self, **content: Any) -> Reply:
        head = {"status": "ok", "version": "1.16.1", "type": "fake", "serverVersion": "1", "openSubsonic": True}
        return Reply(body={"subsonic-response": {**head, **content}})

    def failed(self, code: int, message: str) -> Reply:
        error = {"code": code, "message": message}
        return Reply(body={"subsonic-response": {"status": "failed", "version": "1.16.1", "error": error}})

    def refusal(self, given: dict) -> Reply | None:
        if "apiKey" in given:
            if "u" in given:
                return self.failed(43, "Multiple conflicting authentication mechanisms provided")
            known = "key" in self.ways and given["apiKey"] == KEY
            return None if known else self.failed(44 if "key" in self.ways else 42, "Invalid API key")
        if given.get("u") != "listener":
            return self.failed(40, "Wrong username or password.")
        if "t" in given:
            if "token" not in self.ways:
                return self.failed(41, "Token authentication not supported for LDAP users.")
            wanted = hashlib.md5((PASSWORD + given["s"]).encode()).hexdigest()
            return None if given["t"] == wanted else self.failed(40, f"Wrong username or password. {given['t']}")
        if "password" not in self.ways:
            return self.failed(42, "Provided authentication mechanism not supported")
        return None if given.get("p") == "enc:" + PASSWORD.encode().hex() else self.failed(40, "Wrong password")

    def usual(self, method: str, path: str, query: dict, body: bytes, headers: Any) -> Reply:
        del headers
        if method == "POST":
            if not self.forms:
                return Reply(status=405, raw=b"<h1>Method not allowed</h1>")
            query = {**query, **parse_qs(body.decode(), keep_blank_values=True)}
        given = {key: values[0] for key, values in query.items()}
        call = path.removeprefix("/rest/").removesuffix(".view")
        if call == "getOpenSubsonicExtensions":
            names = ["formPost"] * self.forms + ["apiKeyAuthentication"] * ("key" in self.ways)
            return self.ok(openSubsonicExtensions=[{"name": name, "versions": [1]} for name in names])
        refused = self.refusal(given)
        return refused or self.call(call, given, query)

    def call(self, call: str, given: dict, query: dict) -> Reply:
        match call:
            case "ping":
                return self.ok()
            case "tokenInfo":
                return self.ok(tokenInfo={"username": "listener"})
            case "search3":
                words = given["query"].strip('"').casefold()
                if not words and not self.empty_search:
                    return self.failed(10, "Required parameter query is missing")
                hits = (
                    [s for s in self.songs if words in f"{s['artist']} {s['title']}".casefold()]
                    if words
                    else self.songs
                )
                start, count = int(given.get("songOffset", 0)), int(given.get("songCount", 20))
                return self.ok(searchResult3={"song": hits[start : start + count]})
            case "getAlbumList2":
                albums = sorted({s["album"] for s in self.songs})
                start, size = int(given.get("offset", 0)), min(500, int(given.get("size", 10)))
                return self.ok(
                    albumList2={"album": [{"id": name, "name": name} for name in albums[start : start + size]]}
                )
            case "getAlbum":
                return self.ok(album={"id": given["id"], "song": [s for s in self.songs if s["album"] == given["id"]]})
            case "getStarred2":
                return self.ok(starred2={"song": [s for s in self.songs if "starred" in s]})
            case "getNowPlaying":
                return self.ok(nowPlaying={})
            case "download" | "stream":
                if call == "download" and not self.sound:
                    return self.failed(50, "listener is not authorized to download files.")
                return Reply(raw=self.sound or b"sound", headers={"Content-Type": "audio/flac"})
            case "getPlaylists":
                return self.ok(playlists={"playlist": list(self.playlists.values())})
            case "getPlaylist":
                held = self.playlists[given["id"]]
                return self.ok(playlist={**held, "entry": [{"id": each} for each in held["songs"]]})
            case "createPlaylist":
                known = {s["id"] for s in self.songs}
                if not set(query.get("songId", [])) <= known:
                    return self.failed(70, "Song not found")
                identity = given.get("playlistId") or f"p{len(self.playlists) + 1}"
                if "playlistId" in given and identity not in self.playlists:
                    return self.failed(70, "Playlist not found")
                made = self.playlists.setdefault(identity, {"id": identity, "owner": "listener", "comment": ""})
                made |= {"name": given.get("name", made.get("name", "")), "songs": query.get("songId", [])}
                return self.ok(playlist=made)
            case "updatePlaylist":
                held = self.playlists[given["playlistId"]]
                held |= {key: given[key] for key in ("name", "comment") if key in given}
                held["songs"] = held["songs"] + query.get("songIdToAdd", [])
                return self.ok()
            case "getPlayQueue":
                return self.ok(**({"playQueue": self.queue} if self.queue else {}))
            case "savePlayQueue":
                entries = [{"id": each} for each in query["id"]]
                self.queue = {"entry": entries, "current": given["current"], "position": int(given.get("position", 0))}
                return self.ok()
            case "jukeboxControl":
                self.jukebox.append(given["action"])
                return self.ok(jukeboxStatus={})
        return Reply(status=404, raw=b"<html>Not found</html>", headers={"Content-Type": "text/html"})


def subsonic_songs(count: int) -> list[dict]:
    """Songs as a server of OpenSubsonic describes them."""
    genres = ("Ambient", "Metal", "Pop", "Jazz", "Classical", "Techno", "Folk", "")
    return [
        {
            "id": f"s{n:06d}",
            "isDir": False,
            "title": f"Tune {n:06d}",
            "artist": f"Artist {n % 700:03d}",
            "album": f"Album {n % 900:03d}",
            "genre": genres[n % len(genres)],
            "year": 1960 + n % 60,
            "duration": 120 + n % 240,
            "bitRate": 320,
            "size": 4_000_000 + n,
            "suffix": "mp3",
            "contentType": "audio/mpeg",
            "path": f"Artist {n % 700:03d}/Album {n % 900:03d}/{n:06d}.mp3",
            "created": "2024-03-14T17:51:22.112827504Z",
            "type": "music",
            "isVideo": False,
            "musicBrainzId": str(uuid.UUID(int=n)),
        }
        for n in range(count)
    ]


class FakeListenBrainz(FakeServer):
    """One account of ListenBrainz; ``recordings`` are (artist, title, id)."""

    def __init__(self, recordings: list[tuple[str, str, str]], **options: Any) -> None:
        self.recordings = recordings
        self.playlists: dict[str, dict] = {}
        self.listens: list[dict] = []
        self.feedback: list[dict] = []
        super().__init__(**options)

    def usual(self, method: str, path: str, query: dict, body: bytes, headers: Any) -> Reply:
        given = {key: values[0] for key, values in query.items()}
        if headers.get("authorization") != f"Token {TOKEN}":
            if path == "/1/validate-token":
                return Reply(body={"code": 200, "message": "Token invalid.", "valid": False})
            said = headers.get("authorization")
            return Reply(status=401, body={"code": 401, "error": f"Invalid authorization token. {said}"})
        sent = json.loads(body) if body else {}
        match method, *path.removeprefix("/1/").strip("/").split("/"):
            case "GET", "validate-token":
                return Reply(body={"code": 200, "message": "Token valid.", "valid": True, "user_name": "lis/tener"})
            case "GET", "metadata", "lookup":
                for artist, title, mbid in self.recordings:
                    if (artist, title) == (given["artist_name"], given["recording_name"]):
                        names = {"artist_credit_name": artist, "recording_name": title, "recording_mbid": mbid}
                        return Reply(body={**names, "release_name": "?"})
                return Reply(body={})
            case "GET", "user", _, "playlists":
                start, count = int(given["offset"]), int(given["count"])
                listed = [{"playlist": {**each, "track": []}} for each in self.playlists.values()]
                return Reply(body={"count": count, "offset": start, "playlists": listed[start : start + count]})
            case "POST", "playlist", "create":
                jspf = sent["playlist"]
                if not jspf.get("title") or any(
                    not t["identifier"].startswith("https://musicbrainz.org/recording/") for t in jspf["track"]
                ):
                    return Reply(status=400, body={"code": 400, "error": "JSPF playlist must contain a title element"})
                mbid = str(uuid.UUID(int=len(self.playlists) + 1))
                public = jspf["extension"]["https://musicbrainz.org/doc/jspf#playlist"]["public"]
                made = {
                    "identifier": f"https://listenbrainz.org/playlist/{mbid}",
                    "creator": "lis/tener",
                    "public": public,
                }
                self.playlists[mbid] = {**made, "title": jspf["title"], "annotation": "", "track": jspf["track"]}
                return Reply(body={"status": "ok", "playlist_mbid": mbid})
            case "POST", "playlist", "edit", mbid:
                self.playlists[mbid] |= {key: sent["playlist"][key] for key in ("title", "annotation")}
                return Reply(body={"status": "ok"})
            case "GET", "playlist", mbid:
                return Reply(body={"playlist": self.playlists[mbid]})
            case "POST", "playlist", mbid, "item", "delete":
                held = self.playlists[mbid]["track"]
                self.playlists[mbid]["track"] = held[: sent["index"]] + held[sent["index"] + sent["count"] :]
                return Reply(body={"status": "ok"})
            case "POST", "playlist", mbid, "item", "add":
                if len(sent["playlist"]["track"]) > 100:
                    return Reply(
                        status=400, body={"code": 400, "error": "You may only add max 100 recordings per call."}
                    )
                self.playlists[mbid]["track"] = self.playlists[mbid]["track"] + sent["playlist"]["track"]
                return Reply(body={"status": "ok"})
            case "POST", "playlist", mbid, "delete":
                del self.playlists[mbid]
                return Reply(body={"status": "ok"})
            case "POST", "submit-listens":
                known = {(each["listened_at"], each["track_metadata"]["track_name"]) for each in self.listens}
                for each in sent["payload"]:
                    if (each["listened_at"], each["track_metadata"]["track_name"]) not in known:
                        self.listens.append(each)
                return Reply(body={"status": "ok"})
            case "GET", "user", _, "listens":
                before = int(given.get("max_ts", 1 << 40))
                found = sorted((e for e in self.listens if e["listened_at"] < before), key=lambda e: -e["listened_at"])
                return Reply(body={"payload": {"count": 0, "listens": found[: int(given["count"])]}})
            case "GET", "feedback", "user", _, "get-feedback":
                start = int(given["offset"])
                return Reply(body={"feedback": self.feedback[start : start + int(given["count"])]})
        return Reply(status=404, body={"code": 404, "error": "Not found"})


class FakeJellyfin(FakeServer):
    """One account of Jellyfin 10.9; ``items`` are as the API describes them."""

    USER = "0" * 31 + "1"

    def __init__(self, items: list[dict], **options: Any) -> None:
        self.items = items
        self.playlists: dict[str, dict] = {}
        self.preferences: dict = {"Id": "affetto", "SortBy": "SortName", "CustomPrefs": {}, "Client": "affetto"}
        self.sessions: list[dict] = []
        self.commands: list[tuple[str, str, list[str]]] = []
        super().__init__(**options)

    def usual(self, method: str, path: str, query: dict, body: bytes, headers: Any) -> Reply:
        given = {key: values[0] for key, values in query.items()}
        sent = json.loads(body) if body else {}
        allowed = headers.get("authorization", "")
        if path == "/Users/AuthenticateByName":
            if (sent.get("Username"), sent.get("Pw")) != ("listener", PASSWORD) or 'DeviceId="' not in allowed:
                return Reply(status=401, raw=b"Error processing request.", headers={"Content-Type": "text/plain"})
            return Reply(body={"AccessToken": TOKEN, "User": {"Id": self.USER, "Name": "listener"}})
        if f'Token="{TOKEN}"' not in allowed or not allowed.startswith("MediaBrowser "):
            return Reply(status=401, raw=b"")
        match method, *path.strip("/").split("/"):
            case "GET", "System", "Info", "Public":
                return Reply(body={"Version": "10.9.11"})
            case "GET", "Items":
                kind = given["includeItemTypes"]
                found = (
                    self.items
                    if kind == "Audio"
                    else [{k: p[k] for k in ("Id", "Name")} for p in self.playlists.values()]
                )
                if "searchTerm" in given:
                    found = [each for each in found if given["searchTerm"].casefold() in each["Name"].casefold()]
                start, limit = int(given.get("startIndex", 0)), int(given.get("limit", 100))
                return Reply(body={"Items": found[start : start + limit], "TotalRecordCount": len(found)})
            case "POST", "Playlists":
                identity = f"{len(self.playlists) + 16:032x}"
                self.playlists[identity] = {"Id": identity, "Name": sent["Name"], "Ids": sent["Ids"]}
                return Reply(body={"Id": identity})
            case "POST", "Playlists", identity:
                if identity not in self.playlists:
                    return Reply(status=404, body="Playlist not found")
                self.playlists[identity] |= sent
                return Reply(status=204)
            case "GET", "DisplayPreferences", "affetto":
                return Reply(body=self.preferences)
            case "POST", "DisplayPreferences", "affetto":
                self.preferences = sent
                return Reply(status=204)
            case "GET", "Sessions":
                return Reply(body=self.sessions)
            case "POST", "Sessions", session, "Playing":
                self.commands.append((session, given["playCommand"], given["itemIds"].split(",")))
                return Reply(status=204)
        return Reply(status=404, body="Not found")
