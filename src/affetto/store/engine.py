"""Opening the database, and every way in and out of it."""

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affetto.errors import StoreError
from affetto.settings import settings
from affetto.store.locks import advisory_lock, file_lock

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["HEAD", "Store", "database_path", "default_store", "default_store_exists", "open_store"]

HEAD = "0003"
"""The newest migration."""

_BUSY_SECONDS = 30
_FULL = ("disk is full", "no space left", "could not extend file", "disk i/o error")


def database_path() -> Path:
    """Where the database lies when no address is set."""
    return settings().data_dir / "library.db"


def default_store_exists() -> bool:
    """Whether there may be a collection, found out without opening it."""
    return settings().database_url is not None or database_path().is_file()


class Store:
    """An open database.

    Reads see one moment of it; a write waits for its turn, is kept whole or not at all, and raises the revision of the
    library. Readers never wait for a writer.

    Args:
        engine: SQLAlchemy's engine.
        lock_file: Where a process says that it holds the store; None on a server, which knows locks of its own.
    """

    def __init__(self, engine: "Engine", lock_file: Path | None) -> None:
        self.engine = engine
        self._lock_file = lock_file

    @property
    def name(self) -> str:
        """The address, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def read(self) -> Generator["Connection"]:
        """A connection for reading.

        Raises:
            StoreError: If the database fails.
        """
        with _one_line(self.name), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self, *, library: bool = True) -> Generator["Connection"]:
        """A connection whose changes are kept when the block ends well.

        Args:
            library: Whether the library may change by it; what does not touch it leaves the revision as it is, so that
                nobody reads the library anew.

        Raises:
            StoreError: If the database fails; then nothing of the block is kept.
        """
        from sqlalchemy import update

        from affetto.store.tables import MetaRow

        with (
            _one_line(self.name),
            self.engine.connect().execution_options(affetto_write=True) as connection,
            connection.begin(),
        ):
            yield connection
            if library:
                connection.execute(update(MetaRow).values(revision=MetaRow.revision + 1))

    @contextlib.contextmanager
    def lock(self, name: str, *, busy: str | None = None) -> Generator[None]:
        """Holds a lock that no other process can hold, until the block ends or the process dies.

        Args:
            name: Name of the lock.
            busy: What to say when another process holds it; None to wait.

        Raises:
            StoreError: If another process holds it.
        """
        if self._lock_file is None:
            with _one_line(self.name), advisory_lock(self.engine, f"affetto {name}", busy=busy):
                yield
        else:
            with file_lock(self._lock_file.with_suffix(f".{name}.lock"), busy=busy):
                yield

    def stamp(self) -> tuple[str, int]:
        """The identity of this database and its revision."""
        from sqlalchemy import select

        from affetto.store.tables import MetaRow

        with self.read() as connection:
            identity, revision = connection.execute(select(MetaRow.identity, MetaRow.revision)).one()
        return str(identity), int(revision)

    def insert_or_update(self, table: type[Any], keys: list[str], columns: list[str]) -> Any:
        """An insert statement that, where a row with the same keys is there already, updates some of its columns."""
        from sqlalchemy.dialects import postgresql, sqlite

        dialect: Any = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table)
        return statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in columns}
        )

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _one_line(name: str) -> Generator[None]:
    """Failures of the database as a `StoreError`."""
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        if any(words in reason.casefold() for words in _FULL):
            advice = "make room on its disk and run the command again; what was kept before stays"
        elif isinstance(error, ArgumentError | NoSuchModuleError):
            advice = "give an address like postgresql://user@host/name"
        elif "locked" in reason:
            advice = "another process is writing to it; try again when it is done"
        elif "malformed" in reason or "not a database" in reason:
            advice = "the file is damaged; move it away and scan again"
        else:
            advice = "check that it is there, that you may write to it, and AFFETTO_DATABASE_URL"
        raise StoreError(f"database {name}: {reason}; {advice}") from error


def _make_engine(address: str) -> "Engine":
    from sqlalchemy import create_engine, event, make_url

    url = make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "postgresql":
        try:
            return create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"database {url.render_as_string()}: {error.name} is not installed; pip install 'affetto[postgresql]'"
            ) from error
    if url.get_backend_name() != "sqlite":
        raise StoreError(f"database {url.render_as_string()}: only sqlite and postgresql are known; use one of them")
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # The driver's own idea of transactions would begin a write only at its first change, and could then fail.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: "Connection") -> None:  # pyright: ignore[reportUnusedFunction]
        writes = connection.get_execution_options().get("affetto_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _version(store: Store) -> str | None:
    from sqlalchemy import inspect, text

    with store.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(store: Store) -> None:
    """Brings the schema to `HEAD`; alembic is loaded only where there is something to do."""
    if _version(store) == HEAD:
        return
    with store.lock("migration"):
        version = _version(store)
        if version == HEAD:
            return
        import logging

        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if version is not None and version not in known:
            raise StoreError(
                f"database {store.name}: its schema {version!r} was made by a newer Affetto than this one, which knows "
                f"{HEAD!r}; update Affetto"
            )
        from sqlalchemy import insert, select

        from affetto.store.tables import MetaRow

        with (
            _one_line(store.name),
            store.engine.connect().execution_options(affetto_write=True) as connection,
            connection.begin(),
        ):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.execute(select(MetaRow.id)).first() is None:
                connection.execute(insert(MetaRow).values(id=1, identity=uuid.uuid4().hex, revision=1))


def open_store(address: str | Path | None = None) -> Store:
    """Opens a store, and makes it or brings it up to date where that is needed.

    Args:
        address: ``postgresql://user@host/name``, ``sqlite:///file`` or the path of a SQLite file; None for what the
            settings say.

    Raises:
        StoreError: If it cannot be opened or was made by a newer version.
    """
    address = settings().database_url or database_path() if address is None else address
    if isinstance(address, str) and "://" not in address:
        address = Path(address)
    with _one_line(str(address)):
        engine = _make_engine(f"sqlite:///{address}" if isinstance(address, Path) else address)
    lock_file: Path | None = None
    if engine.dialect.name == "sqlite":
        file = engine.url.database
        if not file or file == ":memory:":
            raise StoreError(f"database {address}: lives in memory only; give the name of a file")
        lock_file = Path(file)
        try:
            lock_file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"database {address}: its folder cannot be made ({error.strerror}); set AFFETTO_DATA_DIR"
            ) from error
    store = Store(engine, lock_file)
    _migrate(store)
    return store


_open: dict[str, Store] = {}
_opening = threading.Lock()


def default_store() -> Store:
    """The store of the settings, opened once for a process.

    Raises:
        StoreError: As `open_store`.
    """
    address = settings().database_url or str(database_path())
    with _opening:
        if address not in _open:
            _open[address] = open_store()
        return _open[address]
