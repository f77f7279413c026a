"""Killed at every statement of what changes much at once: nothing is lost, nothing doubled.

A process of its own forks a child for each instant, which ends there as by SIGKILL: no handler, no
rollback, no flush. An instant is a statement that is about to be sent to the database, a commit,
or a line of the modules that move files, when it is reached for the first time.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import create_engine
from sqlalchemy import func
from sqlalchemy import inspect
from sqlalchemy import select
from sqlalchemy import text

from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.database.engine import checked
from mltrack_server.store.upkeep import backup
from mltrack_server.testing.cluster import Cluster

CHECKPOINT = "d" * 32
STARTER = """
import os
import sys
from pathlib import Path
from alembic import command
from sqlalchemy import Engine
from sqlalchemy import event
from mltrack_core import blobs
from mltrack_server.store import Store
from mltrack_server.store import tier
from mltrack_server.store.database import migrate
from mltrack_server.store.upkeep import backup
from mltrack_server.store.upkeep import compacting

tier.SHAPE = tier.Shape(bucket=2, fan=4, row=8)


def compact(url):
    with Store(url) as store:
        store.compact()


def fold(url, run):
    with Store(url) as store:
        store.fold(run)


def copy(source, target):
    with Store(source) as one, Store(target) as two:
        one.copy_into(two, lambda done: None)


def make(url, folder):
    backup.make(url, Path(folder), copy=True, progress=lambda text: None)


def restore(folder, target):
    backup.restore(Path(folder), Path(target), progress=lambda text: None)


WORK = {
    "open": lambda url: Store(url).open(),
    "compact": compact,
    "fold": fold,
    "copy": copy,
    "backup": make,
    "restore": restore,
}
FILES = {module.__file__ for module in (backup, compacting, blobs)}


def die_at(fatal):
    passed = 0

    def one_more(*_):
        nonlocal passed
        passed += 1
        if passed == fatal:
            os._exit(70)

    lines = set()

    def trace(frame, kind, _):
        if frame.f_code.co_filename not in FILES:
            return None
        line = frame.f_code.co_filename, frame.f_lineno
        if kind == "line" and line not in lines:
            lines.add(line)
            one_more()
        return trace

    event.listen(Engine, "before_cursor_execute", one_more)
    event.listen(Engine, "commit", one_more)
    sys.settrace(trace)


name, *arguments = sys.argv[1:]
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            die_at(int(line))
            WORK[name](*arguments)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make chunks of 16 points, here as in the child."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))


def killed_at_each(work: str, *arguments: object, stride: int = 1) -> Iterator[None]:
    """Do some work again and again, each time killed *stride* instants later; yield after each.

    It ends once the work was done without reaching the instant.
    """
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, work, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        fatal = 1 - stride
        while True:
            fatal += stride
            starter.stdin.write(f"{fatal}\n")
            starter.stdin.flush()
            status = int(starter.stdout.readline())
            if status == 0:
                starter.stdin.close()
                return
            assert status == 70, "it broke: its words are above"
            yield


def recorded(url: str, make_log: Callable[..., Any], blobs: Path | None = None) -> str:
    """Store and fold a run that has something of everything; return its id."""
    log = make_log()
    with Store(url, blobs=blobs) as store:
        file = records.CheckpointFile("1.pt", 7, 5)
        log.add(
            records.Params(1, "", {"lr": 0.1}),
            records.Note(1, "as usual"),
            records.Checkpoint(1, CHECKPOINT, "/runs/1.pt", 10, [], [file]),
        )
        log.scalars(range(40), loss=0.5, accuracy=1.5)
        store.apply([log.batch()])
        store.fold(log.run)
        sent = len(log.frames)
        log.scalars(range(40, 50), loss=0.5, accuracy=1.5)
        log.add(records.RunEnded(1, "finished", explicit=True))
        store.apply([log.batch(sent)])
    return str(log.run)


def state(url: str, run: str) -> tuple[object, ...]:
    """Return what a store says of a run, having checked every byte of it."""
    with Store(url) as store:
        assert list(store.check(read_data=True)) == []
        points = [store.points(run, name) for name in ("loss", "accuracy")]
        values = [None if each is None else each.value.tolist() for each in points]
        whole = store.run(run)
        assert whole is not None
        models = [store.models.one(each.id) for each in store.models.listed(ModelQuery()).models]
        told = whole.summary.params, whole.notes, whole.summary.metrics, whole.annotations
        return store.marks(run), values, *told, models


def seg_count(url: str) -> int:
    """Return how many batches are not folded yet."""
    with Store(url) as store, store._reading() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.seg)).scalar_one())


def dump(engine: Engine) -> str:
    """Return a hash of the database's tables, columns and rows, whatever its version is."""
    found = hashlib.sha256()
    with engine.connect() as connection:
        for name in sorted(inspect(connection).get_table_names()):
            rows = connection.execute(text(f"SELECT * FROM {name}"))
            found.update(repr((name, list(rows.keys()), sorted(map(repr, rows)))).encode())
    return found.hexdigest()


@pytest.fixture
def engine_of() -> Iterator[Callable[[str], Engine]]:
    """Return what gives an engine of its own to look into a database with."""
    with contextlib.ExitStack() as stack:

        def made(url: str) -> Engine:
            engine = create_engine(checked(url))
            stack.callback(engine.dispose)
            return engine

        yield made


@pytest.mark.slow
def test_an_upgrade_of_the_schema_is_done_or_not(
    url: str,
    tmp_path: Path,
    make_log: Callable[..., Any],
    as_of_version: Callable[[str, str, str], None],
    postgres: Cluster | None,
    engine_of: Callable[[str], Engine],
) -> None:
    """Whichever statement of whichever step it dies at, the old store is untouched."""
    run = recorded(url, make_log)
    expected = state(url, run)
    with contextlib.ExitStack() as stack:
        if postgres is None:
            old = f"sqlite:///{tmp_path}/old.sqlite3"
        else:
            old = stack.enter_context(postgres.database())
        as_of_version("0003", url, old)
        looked_at = engine_of(old)
        before = dump(looked_at)

        kills = 0
        for _ in killed_at_each("open", old):
            kills += 1
            assert dump(looked_at) == before

        assert kills > 30
        assert dump(looked_at) != before
        assert state(old, run) == expected


@pytest.mark.slow
def test_a_copy_is_whole_or_not_there(
    url: str,
    tmp_path: Path,
    make_log: Callable[..., Any],
    write_about: Callable[..., None],
    empty_store: Any,
    engine_of: Callable[[str], Engine],
) -> None:
    """Killed at any statement, the target is as empty as before, and the copy is begun anew."""
    run = recorded(url, make_log)
    with Store(url) as store:
        write_about(store, run, CHECKPOINT)
        store.set_rules(RulesEdit(project="mnist", metrics=["loss"]))
    (tmp_path / "target").mkdir()
    with empty_store(tmp_path / "target") as target:
        looked_at = engine_of(target)
        before = dump(looked_at)

        kills = 0
        # One transaction of many statements alike: every fifth of them will do.
        for _ in killed_at_each("copy", url, target, stride=5):
            kills += 1
            if dump(looked_at) != before:
                break  # it was committed; from here on it refuses to write over a store

        assert kills > len(schema.metadata.tables) / 2
        assert dump(looked_at) == dump(engine_of(url))
        assert state(target, run) == state(url, run)


@pytest.mark.slow
def test_a_fold_loses_and_doubles_nothing(url: str, make_log: Callable[..., Any]) -> None:
    """One that replaces a small chunk, fills others, and makes and replaces tiers."""
    run = recorded(url, make_log)
    expected = state(url, run)
    assert seg_count(url) == 1

    kills = 0
    for _ in killed_at_each("fold", url, run):
        kills += 1
        assert state(url, run) == expected

    assert kills > 10
    assert state(url, run) == expected
    assert seg_count(url) == 0


@pytest.mark.slow
def test_compacting_leaves_every_point_once(
    tmp_path: Path, make_log: Callable[..., Any], write_about: Callable[..., None]
) -> None:
    """Killed between or within its transactions, or while the file is written anew."""
    (tmp_path / STORE_FOLDER).mkdir()
    url = store_url(tmp_path)
    run, gone = recorded(url, make_log), recorded(url, make_log)
    with Store(url) as store:
        write_about(store, run, CHECKPOINT)
        write_about(store, gone)
        store.fold(run)
        store.delete(gone)
        with store._writing() as connection:
            old = schema.run.c.uid == gone
            connection.execute(schema.run.update().where(old).values(deleted_ns=1, heard_ns=1))
    expected = state(url, run)

    kills = 0
    for _ in killed_at_each("compact", url):
        kills += 1
        assert state(url, run) == expected

    assert kills > 20
    assert state(url, run) == expected
    with Store(url) as store:
        assert store.due_to_purge() == []


@pytest.mark.slow
def test_a_backup_is_whole_whenever_it_is_cut_off(
    tmp_path: Path, make_log: Callable[..., Any], write_about: Callable[..., None]
) -> None:
    """The folder restores to the backup before, or to the new one, at every line of making it."""
    home, folder = tmp_path / "home", tmp_path / "backup"
    (home / STORE_FOLDER).mkdir(parents=True)
    url = store_url(home)
    first = recorded(url, make_log)
    with Store(url) as store:
        write_about(store, first, CHECKPOINT)
    keep_blob(url, make_log, b"weights")
    backup.make(url, folder, copy=True, progress=lambda _text: None)
    old = restored(folder, tmp_path / "restored")
    recorded(url, make_log)
    keep_blob(url, make_log, b"more weights")

    seen = set()
    kills = 0
    for _ in killed_at_each("backup", url, folder):
        kills += 1
        seen.add(restored(folder, tmp_path / "restored"))

    new = restored(folder, tmp_path / "restored")
    assert kills > 50
    assert old != new
    assert seen == {old, new}
    assert state(store_url(tmp_path / "restored"), first) == state(url, first)


@pytest.mark.slow
def test_a_restore_is_whole_or_not_there(
    tmp_path: Path, make_log: Callable[..., Any], write_about: Callable[..., None]
) -> None:
    """Killed at any line there is no store, or all of it, and it can be begun anew."""
    home, folder, target = (tmp_path / name for name in ("home", "backup", "target"))
    (home / STORE_FOLDER).mkdir(parents=True)
    run = recorded(store_url(home), make_log)
    with Store(store_url(home)) as store:
        write_about(store, run, CHECKPOINT)
    digest = keep_blob(store_url(home), make_log, b"weights")
    backup.make(store_url(home), folder, copy=True, progress=lambda _text: None)

    kills = 0
    is_there = False
    for _ in killed_at_each("restore", folder, target):
        kills += 1
        is_there = (target / STORE_FOLDER / STORE_FILE).exists()
        if is_there:
            break  # from here on it refuses to write over a store

    assert kills > 30
    assert is_there
    assert state(store_url(target), run) == state(store_url(home), run)
    with Store(store_url(target)) as store:
        assert store.blobs.has(digest)


def keep_blob(url: str, make_log: Callable[..., Any], data: bytes) -> str:
    """Store a checkpoint of one blob; return its digest."""
    digest = digest_of(data)
    file = records.ArtifactFile("model.pt", len(data), digest, [digest])
    with Store(url) as store:
        assert store.blobs.put(digest, data)
        store.apply([make_log().add(records.Artifact(1, "c" * 32, [file])).batch()])
    return digest


def restored(folder: Path, target: Path) -> str:
    """Restore a backup, which compares every hash; return that of its database."""
    shutil.rmtree(target, ignore_errors=True)
    return backup.restore(folder, target, progress=lambda _text: None).database_sha256
