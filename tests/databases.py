"""Databases that live as long as the tests: SQLite files, and a PostgreSQL server of our own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from affetto.store import Store, open_store

_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=40",
    "unix_socket_permissions=0777",
)


def _programs() -> Path | None:
    """Where Debian's package, or the search path, keeps the programs of the newest server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a throw-away PostgreSQL server, on a socket in a folder of its own; it ends with the tests."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql); the same tests run on SQLite")
    # The path of a socket is short by law, and the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    become: list[str] = []
    if os.geteuid() == 0:
        user = "postgres" if subprocess.run(["id", "postgres"], capture_output=True).returncode == 0 else "nobody"
        shutil.chown(folder, user)
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
    data, log = folder / "data", folder / "log"
    run = {"check": True, "capture_output": True, "timeout": 120, "cwd": folder}
    initdb = [programs / "initdb", "-D", data, "-U", "affetto", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={folder}"))
    control = [*become, programs / "pg_ctl", "-D", data, "-w"]
    try:
        subprocess.run([*become, *initdb], **run)
        subprocess.run([*control, "-l", log, "-o", options, "start"], **{**run, "capture_output": False})
        yield f"postgresql://affetto@/postgres?host={folder}"
    finally:
        if (data / "postmaster.pid").exists():
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


_count = 0


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty database, once on each kind of server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'library.db'}"
        return
    import psycopg

    global _count
    _count += 1
    name = f"t{os.getpid()}_{_count}"
    server: str = request.getfixturevalue("postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """An empty store, once on each kind of database."""
    with open_store(address) as opened:
        yield opened
