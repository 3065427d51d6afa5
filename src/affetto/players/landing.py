"""Where a browser comes back to after signing in."""

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from affetto.errors import PlayerError
from affetto.players.base import AccessError
from affetto.players.secrets import Secret

__all__ = ["Landing"]


class Landing:
    """The page on this machine that the browser comes back to after signing in (RFC 8252, section 7.3).

    It listens on 127.0.0.1 alone, and takes only an answer that carries the state.

    Args:
        port: Where it listens.
        state: What the answer has to carry, so that no other page can give one.

    Raises:
        PlayerError: If the port is taken.
    """

    def __init__(self, port: int, state: str) -> None:
        self._answer: dict[str, str] = {}
        self._arrived = threading.Event()
        answer, arrived = self._answer, self._arrived

        class Page(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                given = {key: values[0] for key, values in parse_qs(parts.query).items()}
                right = parts.path == "/callback" and hmac.compare_digest(
                    given.get("state", "").encode(), state.encode()
                )
                self.send_response(200 if right else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(b"Affetto is connected; close this page." if right else b"Not here.")
                if right and not arrived.is_set():
                    answer.update(given)
                    arrived.set()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                """Says nothing: the address holds the code."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Page)
        except OSError as error:
            raise PlayerError(f"port {port}: {error.strerror}; choose another with --port") from None
        self._server.daemon_threads = True

    def __enter__(self) -> "Landing":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def code(self, patience: float) -> Secret:
        """The code that the browser brought back.

        Args:
            patience: Seconds to wait.

        Raises:
            AccessError: If it brought a refusal.
            PlayerError: If it did not come.
        """
        if not self._arrived.wait(patience):
            raise PlayerError(f"nobody signed in for {patience:.0f} s; run the same command again")
        if "code" not in self._answer:
            said = self._answer.get("error", "no code")[:60]
            raise AccessError(f"signing in ended with {said!r}; run the same command again to allow it")
        return Secret(self._answer["code"])
