"""Affetto as a server: live readings over a WebSocket, recordings and playlists over HTTP.

One process, one recognizer, threads for the inference and one event loop for everything else. Nothing of the sound is
stored or logged.
"""

from affetto.server.app import create_app
from affetto.server.limits import Limits
from affetto.server.run import bind, run

__all__ = ["Limits", "bind", "create_app", "run"]
