"""``affetto serve``: where it listens, how it stops, and what it says when it cannot."""

import re
import signal
import subprocess
import sys
import threading

import httpx
import pytest
import typer
from typer.testing import CliRunner
from websockets.sync.client import connect

from affetto.cli import serve as command
from affetto.errors import OptionError
from affetto.server import bind
from tests.server.conftest import PATIENCE, rest

PROGRAM = "import typer; from affetto.cli.serve import register; app = typer.Typer(); register(app); app()"


@pytest.fixture
def started(request):
    options = getattr(request, "param", ())
    with subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        line = process.stdout.readline()
        found = re.search(r"http://localhost:(\d+)", line)
        assert found, line + process.stderr.read()
        yield process, int(found[1])
        guard.cancel()
        process.kill()


def test_it_says_where_it_is_serves_and_stops_in_good_order(started):
    process, port = started
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client:
        assert client.get("/v1/health").json()["status"] == "ok"
        assert client.get("/v1/health", headers={"host": "evil.example"}).status_code == 403
    with connect(f"ws://127.0.0.1:{port}/v1/listen") as socket:
        socket.send('{"type": "session.start"}')
        socket.recv(PATIENCE)
        process.send_signal(signal.SIGINT)
        messages, code = rest(socket)
    assert (messages[-1]["code"], code) == ("stopping", 1001)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (output.strip(), errors, process.returncode) == ("Stopped.", "", 0)


def test_a_port_that_is_taken_is_named():
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OptionError, match=rf"127\.0\.0\.1 port {port}: .*--port"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_named(host):
    with pytest.raises(OptionError, match=re.escape(host)):
        bind(host, 0)


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ([], {"localhost", "127.0.0.1", "::1"}),
        (["--allow-host", "me.local"], {"localhost", "127.0.0.1", "::1", "me.local"}),
        (["--host", "0.0.0.0"], None),
        (["--host", "0.0.0.0", "--allow-host", "me.local"], {"localhost", "127.0.0.1", "::1", "me.local", "0.0.0.0"}),
    ],
)
def test_options_reach_the_application(monkeypatch, options, allowed):
    made = {}

    def keep(app, listener):
        listener.close()
        made["limits"] = app.state.hub.limits
        (made["hosts"],) = [m.kwargs["hosts"] for m in app.user_middleware if "hosts" in m.kwargs]

    monkeypatch.setattr("affetto.server.run", keep)
    app = typer.Typer()
    command.register(app)
    done = CliRunner().invoke(app, [*options, "--port", "0", "--sessions", "3", "--workers", "2"])
    assert done.exit_code == 0, done.output
    assert made["hosts"] == allowed
    assert (made["limits"].sessions, made["limits"].threads) == (3, 2)
    assert ("put a proxy" in done.output) == ("0.0.0.0" in options)
