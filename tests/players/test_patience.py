"""How players behave over the network."""

# ruff: noqa: SIM117 - what is expected stands inside of the server that it is expected from

import io
import logging
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from affetto.errors import OptionError, PlayerError
from affetto.players.base import AccessError, LaterError, StoppedError, UnsureError, Watch
from affetto.players.http import Http, check_url, quiet_clients
from affetto.players.patience import Patience, seconds_to_wait
from affetto.players.secrets import Secret

QUICK = Patience(tries=3, pause=0.01, longest=2.0, timeout=0.5, whole=1.0)


@contextmanager
def serving(answer):
    """A server that answers with what ``answer(handler, number)`` writes."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def _any(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            seen.append((self.command, self.path, dict(self.headers), body))
            answer(self, len(seen))

        do_GET = do_POST = do_PUT = _any  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def reply(handler, body=b"{}", status=200, **headers):
    handler.send_response(status)
    for name, value in {"Content_Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def asking(answer, **options):
    with serving(answer) as (base, seen), Http(base, who="Box", patience=QUICK, access="sign in", **options) as http:
        yield http, seen


def test_asking_and_answering():
    with asking(lambda h, _: reply(h, b'{"a": [1]}'), headers={"X-Key": "k"}, params={"v": "1"}) as (http, seen):
        assert http.json("GET", "/x", params={"q": "a b", "none": None}) == {"a": [1]}
        assert http.json("POST", "/x", body={"b": 2}) == {"a": [1]}
        assert http.json("POST", "/x", form={"c": "3"}) == {"a": [1]}
    assert [(method, path) for method, path, _, _ in seen] == [
        ("GET", "/x?v=1&q=a+b"),
        ("POST", "/x?v=1"),
        ("POST", "/x?v=1"),
    ]
    assert seen[0][2]["X-Key"] == "k"
    assert seen[0][2]["Accept-Encoding"] == "identity"
    assert [body for _, _, _, body in seen] == [b"", b'{"b":2}', b"c=3"]
    with asking(lambda h, _: h.send_response(204) or h.end_headers()) as (http, _):
        assert http.json("PUT", "/x") is None


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<!doctype html><title>Login</title>", "text/html", "a web page"),
        (b"<xml/>", "application/json", "a web page"),
        (b"\x00\xff", "application/json", "no JSON"),
        (b"[" * 100_000, "application/json", "no JSON"),
        (b"", "application/json", "answered with nothing"),
    ],
)
def test_what_is_not_json(body, kind, words):
    with asking(lambda h, _: reply(h, body, Content_Type=kind)) as (http, seen):
        with pytest.raises(PlayerError, match=rf"^Box: .*{words} .*\(tried 3 times\); run the same command") as caught:
            http.json("GET", "/x")
        assert len(seen) == 3
        with pytest.raises(UnsureError, match="may have been done or not"):
            http.json("POST", "/x")
        assert len(seen) == 4
    assert "\n" not in str(caught.value)


def test_a_flaky_server_is_asked_again():
    def flaky(handler, number):
        reply(handler, b'"ok"') if number % 3 == 0 else reply(handler, b"", 503)

    with asking(flaky) as (http, _):
        assert http.json("GET", "/x") == "ok"
        with pytest.raises(UnsureError):
            http.json("POST", "/x")
        assert http.json("POST", "/x", again=True) == "ok"


def cut(handler, _):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"half":')


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (cut, "closed the connection before the answer was whole"),
        (lambda h, _: h.connection.close(), "closed the connection|did not answer"),
        (lambda *_: time.sleep(0.8), "did not answer in time"),
    ],
)
def test_answers_that_break_off(answer, words):
    with asking(answer) as (http, seen):
        with pytest.raises(PlayerError, match=words):
            http.json("GET", "/x")
        assert len(seen) == 3


def test_an_answer_that_drips_in_is_given_up():
    def drip(handler, _):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    with asking(drip) as (http, _), pytest.raises(PlayerError, match="took too long"):
        http.json("GET", "/x")


def test_answers_that_are_too_much():
    with asking(lambda h, _: reply(h, b" " * 5_000), most=4_096) as (http, seen):
        with pytest.raises(PlayerError, match="more than 4 KiB; check the address"):
            http.json("GET", "/x")
        assert len(seen) == 1
        with pytest.raises(PlayerError, match="more than 1 KiB"):
            http.download("/x", io.BytesIO(), most=1_024)
    with asking(lambda h, _: reply(h, b"\x1f\x8b", Content_Encoding="gzip")) as (http, _):
        with pytest.raises(PlayerError, match="compressed form"):
            http.json("GET", "/x")


def test_downloads():
    def half_then_whole(handler, number):
        cut(handler, number) if number == 1 else reply(handler, b"sound" * 100, Content_Type="Audio/MPEG; x=1")

    with asking(half_then_whole) as (http, _):
        file = io.BytesIO()
        assert http.download("/x", file, most=10_000) == "audio/mpeg"
        assert file.getvalue() == b"sound" * 100


def test_waiting_as_asked():
    told = []
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    waits = {1: "1", 2: date}

    def busy(handler, number):
        reply(handler, b"{}", 429, Retry_After=waits[number]) if number in waits else reply(handler)

    began = time.monotonic()
    with asking(busy) as (http, _):
        assert http.json("POST", "/x", watch=Watch(tell=told.append)) == {}
    assert time.monotonic() - began >= 1
    assert told[0] == "Box asks for patience: going on in 1 s"


@pytest.mark.parametrize("status", [429, 503])
def test_longer_waits_are_left_to_the_listener(status):
    with asking(lambda h, _: reply(h, b"{}", status, Retry_After="3600")) as (http, seen):
        with pytest.raises(LaterError, match="run the same command again in 60 min") as caught:
            http.json("GET", "/x")
        assert (caught.value.seconds, len(seen)) == (3_600, 1)
    with asking(lambda h, _: reply(h, b"{}", 429)) as (http, seen):
        with pytest.raises(LaterError, match="again later"):
            http.json("GET", "/x")
        assert len(seen) == 3


def test_calling_off_ends_a_wait():
    watch = Watch()
    with asking(lambda h, _: reply(h, b"{}", 429, Retry_After="2")) as (http, _):
        threading.Timer(0.1, watch.stopped.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError, match="goes on from there"):
            http.json("GET", "/x", watch=watch)
        assert time.monotonic() - began < 1
    with asking(lambda h, _: reply(h)) as (http, _), pytest.raises(StoppedError):
        http.download("/x", io.BytesIO(), most=9, watch=watch)


def test_refusals_are_said_in_the_servers_words_without_secrets():
    Secret("hunter2-hunter2")
    body = b'{"error": {"message": "wrong\\npassword hunter2-hunter2\\u001b[31m"}}'
    with asking(lambda h, _: reply(h, body, 401)) as (http, _):
        with pytest.raises(AccessError, match=r"Box: answered 401: wrong password \[secret\]\[31m; sign in") as caught:
            http.json("GET", "/x")
    assert "\x1b" not in str(caught.value)
    with asking(lambda h, _: reply(h, b"<html>no</html>", 404)) as (http, _):
        with pytest.raises(PlayerError, match="Box: answered 404; check the address"):
            http.json("GET", "/x")


def test_redirects_stay_on_the_same_server():
    def round_about(handler, number):
        reply(handler, b"", 307, Location="/there?token=stolen") if number == 1 else reply(handler)

    with asking(round_about, headers={"Authorization": "t"}) as (http, seen):
        assert http.json("GET", "/x", params={"q": "1"}) == {}
        assert [path for _, path, _, _ in seen] == ["/x?q=1", "/there?q=1"]
    with serving(lambda h, _: reply(h)) as (other, never):
        with asking(lambda h, _: reply(h, b"", 302, Location=f"{other}/x")) as (http, _):
            with pytest.raises(PlayerError, match="redirects to another server"):
                http.json("GET", "/x")
        assert never == []
    with asking(lambda h, _: reply(h, b"", 302, Location="/x")) as (http, seen):
        with pytest.raises(PlayerError, match="in circles"):
            http.json("GET", "/x")
        assert len(seen) == 3


def test_requests_are_spaced():
    with asking(lambda h, _: reply(h), spacing=0.1) as (http, _):
        began = time.monotonic()
        for _ in range(4):
            http.json("GET", "/x")
        assert time.monotonic() - began >= 0.3


def test_nobody_is_there():
    with serving(lambda h, _: reply(h)) as (base, _):
        pass
    with Http(base, who="Box", patience=QUICK) as http, pytest.raises(PlayerError, match="Box: cannot be reached"):
        http.json("GET", "/x")


def test_logs_hold_no_address_with_a_token(caplog):
    Secret("t0ken-in-the-query")
    with caplog.at_level(logging.DEBUG):
        with asking(lambda h, _: reply(h), params={"t": "t0ken-in-the-query"}) as (http, _):
            http.json("GET", "/rest/ping")
    assert "Box: GET /rest/ping gave 200" in caplog.text
    assert "t0ken" not in caplog.text
    quiet_clients()
    assert not logging.getLogger("spotipy.client").isEnabledFor(logging.ERROR)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a",
        "a.example.org",
        "http://",
        "https://u:p@a",
        "https://a/?q",
        "https://a/#f",
        "http://[",
        "http://a:x",
        "https://a b",
        "javascript:x",
    ],
)
def test_addresses_that_are_refused(address):
    with pytest.raises(OptionError) as caught:
        check_url(address)
    assert "p@a" not in str(caught.value)


def test_dates_to_wait_for():
    assert seconds_to_wait(format_datetime(datetime.now(UTC) - timedelta(hours=1))) == 0.0
    assert 50 < seconds_to_wait(format_datetime(datetime.now(UTC) + timedelta(minutes=1))) <= 60
    assert check_url(" HTTP://a.example.org:80/b/ ") == "http://a.example.org:80/b"
