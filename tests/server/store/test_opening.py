"""Opening a store: new, old, newer, damaged, full; and what the schema's page says."""

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from mltrack_core import records
from mltrack_core.limits import MIB
from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.errors import StoreUnusable
from mltrack_server.store import Store
from mltrack_server.store import document
from mltrack_server.store import schema
from mltrack_server.store.database import migrate
from mltrack_server.store.schema import VERSION
from mltrack_server.store.schema import VERSION_TABLE

PAGE = Path(__file__).parents[3] / "docs" / "format" / "store.md"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return where a store is to be; other tests' stores are copies of one that was made."""
    return f"sqlite:///{tmp_path}/store.sqlite3"


def test_the_page_says_what_the_schema_is() -> None:
    """docs/format/store.md is generated; this fails where that was forgotten."""
    assert PAGE.read_text() == document.describe()


def test_every_table_and_column_has_a_comment() -> None:
    """The page is worth reading."""
    for table in schema.metadata.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns)


def test_the_migrations_make_the_schema(store: Store) -> None:
    """What the steps of Alembic add up to is what the code expects."""
    assert store._read_engine is not None
    with store._read_engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_the_last_step_leads_to_the_version_of_the_code() -> None:
    """A forgotten step or version would let old stores be opened as they are."""
    assert migrate.head() == VERSION


def test_a_store_is_opened_again(url: str, make_log: Any) -> None:
    """What was acknowledged is there after closing and opening."""
    log = make_log().scalars(range(3), loss=0)
    with Store(url) as store:
        store.apply([log.batch()])
    with Store(url) as store:
        assert store.next_seq(log.run, log.stream) == 4
        log.scalars(range(3, 5), loss=0, accuracy=1)
        store.apply([log.batch()])
        points = store.points(log.run, "loss")
        assert points is not None
        assert points.step.tolist() == [0, 1, 2, 3, 4]


def test_writes_are_durable_before_they_are_acknowledged(store: Store) -> None:
    """WAL with synchronous=FULL: an answer given survives a power cut."""
    assert store._write_engine is not None
    with store._write_engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_journal_that_grew_is_cut_again(store: Store, make_log: Any) -> None:
    """While somebody reads, the WAL cannot start over; afterwards its space is given back."""
    assert store._read_engine is not None
    log = make_log()
    with store._read_engine.begin() as reading:
        assert reading.execute(text("SELECT count(*) FROM run")).scalar() == 0
        for _ in range(25):
            log.add(*(records.Console(1, "stdout", os.urandom(20_000).hex()) for _ in range(50)))
        store.apply([log.batch()])
    wal = Path(f"{store.url.removeprefix('sqlite:///')}-wal")
    assert wal.stat().st_size > 16 * MIB

    for _ in range(3):  # the first checkpoints, a later one begins at the start
        store.apply([make_log().batch()])

    assert wal.stat().st_size <= 16 * MIB


def test_readers_that_keep_every_connection_busy(store: Store) -> None:
    """One more is told to come again; it is no fault of the server."""
    assert store._read_engine is not None
    store._read_engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(store._read_engine.begin())

        with pytest.raises(Overloaded):
            store.rev()

    assert store.rev() == 0


@pytest.mark.parametrize(
    "content",
    [b"this is no database at all, but it is long enough " * 100, b"SQLite format 3\0" * 99],
)
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """The error names the file; nothing is overwritten."""
    path = tmp_path / "store.sqlite3"
    path.write_bytes(content)

    with pytest.raises(StoreUnusable) as raised:
        Store(f"sqlite:///{path}").open()

    assert str(path) in str(raised.value)
    assert path.read_bytes() == content
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (str(copy), copy.path) == (str(raised.value), str(path))


def test_a_damaged_page_is_reported_by_the_read_that_meets_it(
    url: str, tmp_path: Path, make_log: Any
) -> None:
    """Damage in the middle is no crash with a stranger's message either."""
    log = make_log().scalars(range(20_000), loss=0.1)
    with Store(url) as store:
        store.apply([log.batch()])
    path = tmp_path / "store.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096 * 40 :] = b"\xff" * len(content[4096 * 40 :])
    path.write_bytes(content)

    def use() -> None:
        with Store(url) as store:
            store.points(log.run, "loss")
            store.apply([make_log().batch()])

    with pytest.raises(StoreUnusable, match="damaged"):
        use()


def test_a_newer_schema_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    """A store that a newer mltrack has migrated is not touched by this one."""
    with Store(url):
        pass
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreUnusable, match="newer mltrack"):
        Store(url).open()


def test_another_program_s_database_is_refused(url: str, tmp_path: Path) -> None:
    """No tables are added to a database that is not ours."""
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        connection.execute("CREATE TABLE recipes (id)")
    connection.close()

    with pytest.raises(StoreUnusable, match="recipes"):
        Store(url).open()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file where a folder should be: as good as no permission, and root meets it too."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnusable, match="choose a folder"):
        Store(f"sqlite:///{tmp_path}/file/store.sqlite3").open()


def test_a_full_disk_stops_writes_and_not_reads(store: Store, make_log: Any) -> None:
    """SQLite reports that it is full: nothing of the group is stored, and it heals by itself."""
    small, large = make_log().scalars(range(3), loss=0), make_log().scalars(range(50_000), loss=0.1)
    store.apply([small.batch()])
    assert store._write_engine is not None

    def limit(pages: int) -> None:
        assert store._write_engine is not None
        with store._write_engine.connect() as connection:
            connection.execute(text(f"PRAGMA max_page_count={pages}"))

    limit(1)  # SQLite takes the present size instead
    with pytest.raises(StoreFull, match="the disk is full"):
        store.apply([make_log().batch(), large.batch()])
    points = store.points(small.run, "loss")
    assert points is not None
    assert points.step.tolist() == [0, 1, 2]
    assert store.next_seq(large.run, large.stream) == 0
    assert len(store.runs().runs) == 1

    limit(1_000_000)
    assert store.apply([large.batch()]) == [50_001]


def test_closing_waits_for_a_read_under_way(url: str) -> None:
    """A connection that a reader still holds is closed too, not left to the garbage collector."""
    store = Store(url)
    store.open()
    is_reading, may_go_on = threading.Event(), threading.Event()
    was_open: list[bool] = []

    def read() -> None:
        with store._reading():
            is_reading.set()
            may_go_on.wait()
            was_open.append(store._read_engine is not None)

    reader = threading.Thread(target=read)
    reader.start()
    is_reading.wait()
    closer = threading.Thread(target=store.close)
    closer.start()
    may_go_on.set()
    reader.join()
    closer.join()

    assert was_open == [True]
    assert store._read_engine is None
