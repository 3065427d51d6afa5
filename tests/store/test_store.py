import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update

from affetto.errors import StoreError
from affetto.settings import settings
from affetto.store import Store, database_path, default_store, default_store_exists, open_store
from affetto.store.engine import HEAD
from affetto.store.tables import Base, FolderRow, ListenerRow, MetaRow, TrackRow


def test_a_new_store_has_the_tables_of_the_code(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_head_of_the_code_is_the_last_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import affetto.store

    config = Config()
    config.set_main_option("script_location", str(Path(affetto.store.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_the_migration_can_be_taken_back(store: Store) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import inspect

    import affetto.store

    config = Config()
    config.set_main_option("script_location", str(Path(affetto.store.__file__).with_name("migrations")))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with store.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version", "sqlite_sequence"}


def test_a_store_opened_again_is_the_same(address: str) -> None:
    with open_store(address) as first:
        stamp = first.stamp()
    with open_store(address) as second:
        assert second.stamp() == stamp


def test_a_write_is_kept_whole_or_not_at_all(store: Store) -> None:
    _, before = store.stamp()

    def fail() -> None:
        with store.write() as connection:
            connection.execute(insert(FolderRow).values(path="/music"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(FolderRow)) == 0
    assert store.stamp()[1] == before
    with store.write() as connection:
        connection.execute(insert(FolderRow).values(path="/music"))
    assert store.stamp()[1] == before + 1


def test_a_write_beside_the_library_leaves_its_revision(store: Store) -> None:
    before = store.stamp()
    with store.write(library=False) as connection:
        connection.execute(insert(ListenerRow).values(name="Anna", created=0))
    assert store.stamp() == before


def test_a_store_of_the_first_version_is_brought_up_to_date(address: str) -> None:
    from alembic import command
    from alembic.config import Config

    import affetto.store

    config = Config()
    config.set_main_option("script_location", str(Path(affetto.store.__file__).with_name("migrations")))
    with open_store(address) as first:
        with first.write() as connection:
            connection.execute(insert(TrackRow).values(title="kept"))
        with first.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        stamp = first.stamp()
    with open_store(address) as second:
        assert second.stamp() == stamp
        with second.read() as connection:
            assert connection.scalars(select(TrackRow.title)).all() == ["kept"]
            assert connection.scalar(select(func.count()).select_from(ListenerRow)) == 0


def test_the_store_of_the_settings_is_opened_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "one"))
    settings.cache_clear()
    first = default_store()
    assert default_store() is first
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "two"))
    settings.cache_clear()
    assert default_store() is not first


def test_any_path_comes_back_as_it_was(store: Store) -> None:
    paths = ["/music/Ä/ü.mp3", os.fsdecode(b"/music/\xff\xfe.mp3"), "/music/\u202eevil.mp3"]
    with store.write() as connection:
        connection.execute(insert(FolderRow), [{"path": path} for path in paths])
    with store.read() as connection:
        assert connection.scalars(select(FolderRow.path).order_by(FolderRow.id)).all() == paths
        assert connection.scalar(select(FolderRow.id).where(FolderRow.path == paths[1])) is not None


def test_an_insert_updates_what_is_there(store: Store) -> None:
    for problem in ("gone", ""):
        with store.write() as connection:
            connection.execute(
                store.insert_or_update(FolderRow, ["path"], ["problem"]).values(path="/music", problem=problem)
            )
    with store.read() as connection:
        assert connection.execute(select(FolderRow.path, FolderRow.problem)).all() == [("/music", "")]


def test_numbers_of_tracks_are_not_given_twice(store: Store) -> None:
    with store.write() as connection:
        connection.execute(insert(TrackRow), [{"title": "a"}, {"title": "b"}])
        connection.execute(TrackRow.__table__.delete().where(TrackRow.title == "b"))
        connection.execute(insert(TrackRow).values(title="c"))
        assert connection.scalar(select(TrackRow.id).where(TrackRow.title == "c")) == 3


def test_reading_goes_on_while_something_is_written(store: Store) -> None:
    with store.write() as writing:
        writing.execute(insert(FolderRow).values(path="/music"))
        with store.read() as reading:
            assert reading.scalar(select(func.count()).select_from(FolderRow)) == 0


def test_two_writers_take_turns(store: Store) -> None:
    def add(start: int) -> None:
        for number in range(start, start + 10):
            with store.write() as connection:
                connection.execute(insert(FolderRow).values(path=f"/{number}"))

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(FolderRow)) == 30
    assert store.stamp()[1] == 31


HOLD = """
import sys
from affetto.store import open_store
with open_store(sys.argv[1]) as store, store.lock("scan", busy="busy"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_by_one_process_and_dies_with_it(address: str, store: Store) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, address], stdin=-1, stdout=-1, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreError, match=r"^busy$"), store.lock("scan", busy="busy"):
        pass
    with store.lock("another", busy="busy"):
        pass
    holder.kill()
    holder.communicate()
    with store.lock("scan"):  # waits for the server to notice
        pass


def test_many_may_open_a_new_store_at_once(address: str) -> None:
    code = f"from affetto.store import open_store; print(open_store({address!r}).stamp())"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=-1, text=True) for _ in range(3)]
    assert len({process.communicate()[0] for process in started}) == 1
    assert all(process.returncode == 0 for process in started)


def test_a_store_of_a_newer_version_is_refused(store: Store, address: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"'9999' was made by a newer Affetto .* update Affetto"):
        open_store(address)


def refusal(address: object) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(address)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, whatever its name says; " * 40)
    assert "the file is damaged" in refusal(tmp_path / "text.db")
    (tmp_path / "file").touch()
    assert "its folder cannot be made" in refusal(tmp_path / "file" / "library.db")
    assert "lives in memory only" in refusal("sqlite://")
    assert "only sqlite and postgresql are known" in refusal("nonsense://x")
    assert "give an address like postgresql://user@host/name" in refusal("://")
    assert "***" in refusal("postgresql://me:secret@127.0.0.1:1/x")


def test_a_disk_that_is_full_is_said_so_and_nothing_is_lost(tmp_path: Path) -> None:
    with open_store(tmp_path / "library.db") as store:
        with store.write() as connection:
            connection.execute(insert(FolderRow).values(path="/before"))
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()

        def fill() -> None:
            with store.write() as connection:
                connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
                connection.execute(insert(TrackRow), [{"title": "x" * 4000} for _ in range(100)])

        with pytest.raises(StoreError, match="make room on its disk"):
            fill()
    with open_store(tmp_path / "library.db") as store, store.read() as connection:
        assert connection.scalars(select(FolderRow.path)).all() == ["/before"]
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_the_settings_say_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    assert not default_store_exists()
    with open_store() as store:
        assert store.name.endswith("library.db")
    assert default_store_exists()
    assert database_path().is_file()
    monkeypatch.setenv("AFFETTO_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    settings.cache_clear()
    with open_store() as store:
        assert store.name.endswith("other.db")


def test_sqlalchemy_is_loaded_only_with_a_store() -> None:
    code = "import sys, affetto.store, affetto.recommendation; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_is_one_row_about_the_store(store: Store) -> None:
    with store.write() as connection:
        assert connection.execute(update(MetaRow).values(id=1)).rowcount == 1
