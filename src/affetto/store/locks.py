"""Locks between processes that the system releases when the holder dies, however it dies."""

import contextlib
import hashlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from affetto.errors import StoreError

__all__ = ["advisory_lock", "file_lock"]


def _try_lock(file: IO[str], *, wait: bool) -> bool:
    if os.name == "nt":  # pragma: no cover
        import msvcrt

        lock: Any = msvcrt
        try:
            lock.locking(file.fileno(), lock.LK_LOCK if wait else lock.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def file_lock(path: Path, *, busy: str | None) -> Generator[None]:
    """Holds an exclusive lock on a file beside the database.

    Args:
        path: The lock file; made when it is not there, and left.
        busy: What to say when another process holds the lock; None to wait for it.

    Raises:
        StoreError: If another process holds it, or the file cannot be made.
    """
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; make its folder writable or set AFFETTO_DATA_DIR") from error
    with file:
        if not _try_lock(file, wait=busy is None):
            raise StoreError(busy or "")
        yield


@contextlib.contextmanager
def advisory_lock(engine: Any, name: str, *, busy: str | None) -> Generator[None]:
    """The same on a PostgreSQL server, held by a connection of its own.

    Raises:
        StoreError: If another connection holds it.
    """
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if busy is None:
            connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (key,))
        elif not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar():
            raise StoreError(busy)
        try:
            yield
        finally:
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (key,))
