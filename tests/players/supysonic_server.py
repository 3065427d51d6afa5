"""A real Subsonic server, Supysonic, in a process of its own.

``python supysonic_server.py FOLDER MUSIC``: makes a database in FOLDER, scans MUSIC, and serves it until its standard
input closes; the first line that it prints is its port. What is used of Supysonic stays in that process.
"""

import json
import os
import sys
import threading
from pathlib import Path

USER, PASSWORD = "listener", "p&ss w0rd / må not be seen"
OTHER, OTHER_PASSWORD = "friend", "another-password"


def main(folder: Path, music: Path) -> None:
    from supysonic import db
    from supysonic.config import DefaultConfig
    from supysonic.managers.folder import FolderManager
    from supysonic.managers.user import UserManager
    from supysonic.scanner import Scanner
    from supysonic.web import create_application
    from werkzeug.serving import WSGIRequestHandler, make_server

    config = DefaultConfig()
    config.BASE = {**DefaultConfig.BASE, "database_uri": f"sqlite:///{folder / 'supysonic.db'}"}
    config.WEBAPP = {**DefaultConfig.WEBAPP, "cache_dir": str(folder), "mount_webui": False, "log_level": "CRITICAL"}
    config.DAEMON = {**DefaultConfig.DAEMON, "socket": str(folder / "daemon.sock")}

    class Logged(WSGIRequestHandler):
        """Writes each request line down, as the log of a server would."""

        def log_request(self, *_: object) -> None:
            with (folder / "requests.log").open("a") as log:
                log.write(self.requestline + "\n")

    db.init_database(config.BASE["database_uri"])
    db.open_connection(True)
    UserManager.add(USER, PASSWORD, admin=False)
    UserManager.add(OTHER, OTHER_PASSWORD, admin=False)
    FolderManager.add("music", str(music))
    scanner = Scanner(extensions=["flac", "mp3", "ogg", "wav"])
    scanner.queue_folder("music")
    scanner.run()
    db.close_connection()
    db.release_database()
    server = make_server("127.0.0.1", 0, create_application(config), threaded=True, request_handler=Logged)
    print(json.dumps({"port": server.server_port, "scanned": scanner.stats().scanned}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()  # ends with whoever started it
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
