"""What the store's tests share: a store in a folder, and streams of records as batches."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy import inspect
from sqlalchemy import select
from sqlalchemy import text

from mltrack_core import records
from mltrack_core import wire
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server.resources import AnnotationPlace
from mltrack_server.resources import CardSave
from mltrack_server.resources import DashboardDocument
from mltrack_server.resources import ModelRename
from mltrack_server.resources import NewAnnotations
from mltrack_server.resources import NewComment
from mltrack_server.resources import NewDashboard
from mltrack_server.resources import Registration
from mltrack_server.resources import ThreadMark
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.database import migrate
from mltrack_server.testing import empty as empty_file
from mltrack_server.testing.cluster import Cluster
from mltrack_server.testing.cluster import cluster

EmptyStore = Callable[[Path], contextlib.AbstractContextManager[str]]


class Log:
    """One process's stream, kept in memory; `batch` gives any part of it as it would arrive."""

    def __init__(self, run: str = "", *, start: bool = True, **fields: object) -> None:
        self.run = run or os.urandom(16).hex()
        self.stream = os.urandom(16).hex()
        self.salt = int.from_bytes(os.urandom(4), "little")
        self.frames: list[tuple[int, bytes]] = []
        if start:
            self.add(started(**fields))

    def add(self, *logged: records.Record) -> Log:
        """Append records."""
        self.frames += [wire.encode(record) for record in logged]
        return self

    def add_raw(self, number: int, payload: bytes) -> None:
        """Append a frame that need not be a record."""
        self.frames.append((number, payload))

    def scalars(self, steps: range, **values: float) -> Log:
        """Append one record for each step, each metric growing from its value by one a step."""
        for step in steps:
            grown = {name: value + step for name, value in values.items()}
            self.add(records.Scalars(1_000_000_000 + step, step, grown))
        return self

    def batch(self, start: int = 0, end: int | None = None) -> Batch:
        """Return records *start* to *end* as one request carries them."""
        chosen = enumerate(self.frames[start:end], start)
        body = b"".join(
            frame.pack(number, seq, payload, self.salt) for seq, (number, payload) in chosen
        )
        header = SegmentHeader(salt=self.salt, run=self.run, stream=self.stream, first_seq=start)
        return Batch.unpack(header.pack() + body)


def started(**fields: object) -> records.RunStarted:
    """Return the first record of a stream, *fields* of it as given."""
    values: dict[str, object] = {
        "time_ns": 1_000_000_000,
        "project": "mnist",
        "name": "brave-fox",
        "role": "trainer",
        "attempt": 1,
        "rank": 0,
        "world_size": 1,
        "host": "ada",
        "user": "grace",
        "pid": 7,
        "pid_started": 8,
        "boot_id": "b",
        "monotonic_ns": 9,
        "command": ["train.py"],
        "folder": "/home/grace",
        "python": "3.11.7",
        "mltrack": "0.1.0",
    }
    return records.RunStarted(**(values | fields))  # type: ignore[arg-type]


def annotate_and_register(store: Store, run: str, checkpoint: str = "") -> None:
    """Annotate a run, and register its checkpoint as a version of a model with alias and card.

    The model was called something else for a while, and a report is commented on.
    """
    place = AnnotationPlace(run=run, step=3)
    store.annotations.create(NewAnnotations(places=[place], text="rate cut", author="ada"))
    if checkpoint:
        new = Registration(run=run, checkpoint=checkpoint, name="digits", alias="champion")
        made = store.models.register(new)
        store.models.save_card(made.model.id, CardSave(version=0, text="# Digits"))
        for name in ("numbers", "digits"):
            store.models.rename(made.model.id, ModelRename(name=name))
        discuss(store, run)


def discuss(store: Store, run: str) -> None:
    """Make a report of a run, comment on its block, and say that this is settled."""
    panel = {
        "type": "text", "id": "p1", "title": "", "filter": "", "text": "so",
        "x": 0, "y": 0, "width": 12, "height": 4,
    }  # fmt: skip
    frozen = {"dashboard": "a" * 32, "version": 1, "at_ns": 1, "runs": [run]}
    tabs = [{"id": "main", "title": "", "panels": [panel]}]
    values = {"version": 1, "filter": "", "frozen": frozen, "tabs": tabs}
    document = msgspec.convert(values, DashboardDocument)
    new = NewDashboard(project="mnist", name="Why", owner="", author="", document=document)
    report = store.dashboards.create(new)
    assert report is not None
    store.comments.add(report.summary.id, NewComment(block="p1", text="why?", author="ada"))
    store.comments.mark(report.summary.id, "p1", ThreadMark(is_resolved=True))


def copy_to_version(version: str, source: str, url: str) -> None:
    """Make a store at *url* of what *source* holds, as one of a schema's *version* was."""
    engine = create_engine(url)
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    newer = create_engine(source)
    with engine.begin() as connection, newer.connect() as reading:
        tables = inspect(connection).get_table_names()
        for name in tables:
            if name == "mltrack_version":
                continue
            names = [column["name"] for column in inspect(connection).get_columns(name)]
            table = schema.metadata.tables[name]
            query = select(*(table.c[column] for column in names))
            if name == "axis" and "tier" not in tables:
                query = query.where(table.c.digest.not_in(select(schema.tier.c.axis)))
            if rows := [dict(row) for row in reading.execute(query).mappings()]:
                connection.execute(text(f"DELETE FROM {name}"))
                columns = ", ".join(f'"{column}"' for column in names)
                values = ", ".join(f":{column}" for column in names)
                connection.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), rows)
    engine.dispose()
    newer.dispose()


class Clock:
    """The server's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_ns = time.time_ns()

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture(scope="session")
def make_log() -> Callable[..., Log]:
    """Return the class of streams in memory."""
    return Log


@pytest.fixture(scope="session")
def make_started() -> Callable[..., records.RunStarted]:
    """Return what makes a stream's first record."""
    return started


@pytest.fixture(scope="session")
def write_about() -> Callable[..., None]:
    """Return what writes of a run what only people do: no agent would bring it again."""
    return annotate_and_register


@pytest.fixture(scope="session")
def as_of_version() -> Callable[[str, str, str], None]:
    """Return what makes an old store: of a version, from a store's address, at another."""
    return copy_to_version


@pytest.fixture
def clock() -> Clock:
    """Return the store's clock."""
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster | None]:
    """Return a PostgreSQL if the stores are to be there, by MLTRACK_TEST_DATABASE."""
    if os.environ.get("MLTRACK_TEST_DATABASE") == "postgresql":
        with cluster() as found:
            yield found
    else:
        yield None


@pytest.fixture(scope="session")
def empty_store(postgres: Cluster | None) -> EmptyStore:
    """Return what gives the address of an empty store: a file in a folder, unless *postgres*."""

    @contextlib.contextmanager
    def empty(folder: Path) -> Iterator[str]:
        if postgres is None:
            empty_file.put(folder / "store.sqlite3")
            yield f"sqlite:///{folder}/store.sqlite3"
        else:
            with postgres.store() as found:
                yield found

    return empty


@pytest.fixture
def url(tmp_path: Path, empty_store: EmptyStore) -> Iterator[str]:
    """Return where the store is."""
    with empty_store(tmp_path) as found:
        yield found


@pytest.fixture
def store(url: str, clock: Clock, tmp_path: Path) -> Iterator[Store]:
    """Return an open store."""
    with Store(url, clock_ns=clock, blobs=tmp_path / "blobs") as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_store(
    tmp_path_factory: pytest.TempPathFactory, empty_store: EmptyStore
) -> Iterator[Store]:
    """Return an open store that tests share, each with runs of its own."""
    with empty_store(tmp_path_factory.mktemp("shared")) as url, Store(url) as opened:
        yield opened
