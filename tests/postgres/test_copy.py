"""`mltrack copy`: a whole store goes over, and comes back the same."""

from __future__ import annotations

import hashlib
import math
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import inspect
from sqlalchemy import select

from mltrack import _cli
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import StoreLock
from mltrack_server.lock import store_url
from mltrack_server.resources import AnnotationPlace
from mltrack_server.resources import CardSave
from mltrack_server.resources import DashboardDocument
from mltrack_server.resources import DashboardTab
from mltrack_server.resources import NewAnnotations
from mltrack_server.resources import NewDashboard
from mltrack_server.resources import ProjectSize
from mltrack_server.resources import Registration
from mltrack_server.resources import RulesEdit
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.upkeep import backup
from mltrack_server.testing import Agent
from mltrack_server.testing import started

NAME = "nul \0, odd \ufdd0, wide 🦊, right-to-left ‏א"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a folder with a store that has something in every kind of column."""
    agent = Agent()
    folder = tmp_path / "sqlite"
    folder.mkdir()
    values = [0.1, math.nan, -math.inf, 5e-324, 1.7976931348623157e308, -0.0, 2**63 - 1]
    with Store(store_url(folder)) as store:
        store.apply(
            [
                agent.batch(
                    0,
                    started(name=NAME, tags=[NAME]),
                    Params(1, "", {"lr": math.nan, NAME: [1, 2.5, NAME]}),
                    Note(time.time_ns(), NAME),
                    Checkpoint(1, "d" * 32, "/runs/1.pt", 3, [], [CheckpointFile("1.pt", 7, 5)]),
                    *(Scalars(step, step, {NAME: value}) for step, value in enumerate(values)),
                )
            ]
        )
        store.fold(agent.run)
        store.apply([agent.batch(4 + len(values), Scalars(99, 99, {"loss": 1.0}))])
        tab = DashboardTab(id="a", title=NAME, panels=[])
        document = DashboardDocument(version=1, filter=NAME, frozen=None, tabs=[tab])
        new = NewDashboard(project="mnist", name=NAME, owner="", author="", document=document)
        assert store.dashboards.create(new) is not None
        place = AnnotationPlace(run=agent.run, step=3)
        store.annotations.create(NewAnnotations(places=[place], text=NAME))
        version = Registration(
            run=agent.run, checkpoint="d" * 32, name="größe", alias="a", why=NAME
        )
        made = store.models.register(version)
        store.models.save_card(made.model.id, CardSave(version=0, text=NAME))
        store.set_rules(RulesEdit(project="mnist", metrics=["train/*", "größe"]))
    return folder


def dump(folder: Path) -> list[str]:
    """Return every row of a store, as SQL."""
    with closing(sqlite3.connect(folder / STORE_FOLDER / STORE_FILE)) as database:
        return sorted(line for line in database.iterdump() if line.startswith("INSERT"))


def test_there_and_back_is_the_same_store(recorded: Path, database: str, tmp_path: Path) -> None:
    """SQLite → PostgreSQL → SQLite: not a byte differs, and PostgreSQL serves the same."""
    back = tmp_path / "back"

    assert _cli.main(["copy", str(recorded), database]) == 0
    assert _cli.main(["copy", database, str(back)]) == 0

    assert dump(back) == dump(recorded)
    with Store(store_url(recorded)) as one, Store(database) as two:
        runs = [store.runs().runs for store in (one, two)]
        assert runs[0] == runs[1]
        assert runs[0][0].name == NAME
        points = [store.points(runs[0][0].id, NAME) for store in (one, two)]
        assert points[0] is not None
        assert points[1] is not None
        assert list(map(repr, points[0].values())) == list(map(repr, points[1].values()))


def test_blobs_go_along(recorded: Path, database: str, tmp_path: Path) -> None:
    """A checkpoint that was stored is stored there too; one whose bytes are lost is told of."""
    agent = Agent()
    digests = [hashlib.sha256(data).hexdigest() for data in (b"weights", b"lost")]
    file = ArtifactFile("model.pt", 11, "0" * 64, digests)
    with Store(store_url(recorded)) as store:
        store.blobs.put(digests[0], b"weights")
        store.apply([agent.batch(0, started(), Artifact(2, about="c" * 32, files=[file]))])

    status = _cli.main(["copy", str(recorded), database, "--target-blobs", str(tmp_path / "blobs")])

    assert status == 1
    with Store(database, blobs=tmp_path / "blobs") as store:
        assert store.blobs.has(digests[0])
        assert not store.blobs.has(digests[1])
        assert store.run(agent.run) is not None


def test_a_store_in_use_is_not_copied_over(
    recorded: Path, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs in the target, a server on the source, a folder without a store: each is said."""
    assert _cli.main(["copy", str(recorded), database]) == 0
    capsys.readouterr()
    before = dump(recorded)

    assert _cli.main(["copy", database, str(recorded)]) == 1
    assert "copy into an empty store" in capsys.readouterr().err
    assert dump(recorded) == before

    with StoreLock(recorded) as lock:
        lock.acquire()
        lock.publish("http://127.0.0.1:1")
        assert _cli.main(["copy", str(recorded), str(tmp_path / "other")]) == 1
    assert "stop that first" in capsys.readouterr().err

    assert _cli.main(["copy", str(tmp_path / "typo"), str(tmp_path / "other")]) == 1
    assert "no store" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_a_copy_of_a_database_in_use_is_one_moment_of_it(database: str, tmp_path: Path) -> None:
    """A server goes on writing and folding between any two tables; the copy is sound all the same.

    So `mltrack copy` backs PostgreSQL up, and the folder is a store by itself.
    """
    agent, folder = Agent(), tmp_path / "copied"
    folder.mkdir()
    sent = 1
    with Store(database) as serving, Store(database) as source:
        serving.apply([agent.batch(0, started(project="mnist"))])

        def go_on(_done: object = None) -> None:
            nonlocal sent
            serving.apply([agent.losses(sent, 20)])
            sent += 20
            serving.fold(agent.run)

        go_on()
        with Store(store_url(folder)) as target:
            source.copy_into(target, go_on)
        told = serving.points(agent.run, "loss")

    assert told is not None
    assert len(told) == sent - 1 > 200
    with Store(store_url(folder)) as copied:
        assert list(copied.check(read_data=True)) == []
        points = copied.points(agent.run, "loss")
        assert points is not None
        assert len(points) == 20
        assert copied.next_seq(agent.run, agent.stream) == 21
    backup.make(store_url(folder), tmp_path / "backup", progress=lambda _text: None)


def test_a_database_is_checked_and_compacted_while_it_is_used(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small chunks of an ended run come together, nothing reads otherwise, and damage is named."""
    agent, there = Agent(), ["--database", database, "--blobs", str(tmp_path / "blobs")]
    with Store(database) as store:
        store.apply([agent.batch(0, started())])
        end = 0
        for size in (24, 11, 5, 2):  # what has so few beside it is left as it is by a fold
            steps = range(end, end + size)
            points = [Scalars(step, step, {"loss": step / 7}) for step in steps]
            store.apply([agent.batch(end + 1, *points)])
            store.fold(agent.run)
            end += size
        store.apply([agent.batch(end + 1, RunEnded(1, "finished", explicit=True))])
        chunks = select(func.count()).select_from(schema.chunk)
        with store._reading() as connection:
            before = connection.execute(chunks).scalar_one()

        (sizes,) = store.sizes().projects
        assert msgspec.json.decode(msgspec.json.encode(sizes), type=ProjectSize) == sizes
        assert _cli.main(["compact", *there]) == 0
        assert _cli.main(["fsck", "--read-data", *there]) == 0

        with store._reading() as connection:
            assert connection.execute(chunks).scalar_one() < before
        found = store.points(agent.run, "loss")
        assert found is not None
        assert found.value.tolist() == [step / 7 for step in range(end)]
        with store._writing() as connection:
            connection.execute(delete(schema.axis))
        capsys.readouterr()
        assert _cli.main(["fsck", "--read-data", *there]) == 1
        assert "its steps and times are not there" in capsys.readouterr().out
        assert _cli.main(["fsck", "--read-data", "--repair", *there]) == 0

        assert (tmp_path / "quarantine").is_dir()
        left = store.points(agent.run, "loss")
        assert left is not None
        assert not len(left.step)
    assert _cli.main(["fsck", "--repair", "--database", database]) != 0
    assert "name that too" in capsys.readouterr().err
    assert _cli.main(["fsck", "--blobs", str(tmp_path)]) != 0
    assert "goes with --database" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["compact", "--database"], ["fsck", "--database"], ["copy"]])
def test_no_command_makes_the_store_that_it_is_to_read(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """An address with a typing error is not left with forty tables."""
    target = [str(tmp_path)] if command == ["copy"] else []
    for url in (database, f"sqlite:///{tmp_path}/none.sqlite3"):
        assert _cli.main([*command, url, *target]) != 0
        assert "there is no store" in capsys.readouterr().err

    engine = create_engine(database)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
    assert not (tmp_path / "none.sqlite3").exists()
