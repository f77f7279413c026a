"""Dashboards: every version is kept, and nobody's changes are lost to another's."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.resources import DashboardDocument
from mltrack_server.resources import DashboardQuery
from mltrack_server.resources import DashboardSave
from mltrack_server.resources import NewDashboard
from mltrack_server.store import Store
from mltrack_server.store import dashboards
from mltrack_server.store import schema
from mltrack_server.store.dashboards import KindChanged
from mltrack_server.store.dashboards import SavedMeanwhile
from mltrack_server.store.dashboards import TooManyDashboards

GOLDEN = Path(__file__).parents[1] / "web" / "golden" / "dashboard.json"
HOSTILE = "<script>alert(1)</script> \0 \ufdd0 🦊 ‏א"


def document(text: str = "", **fields: Any) -> DashboardDocument:
    """Return a document with one panel that says *text*."""
    panel = {
        "type": "text", "id": "p1", "title": HOSTILE, "filter": "", "text": text,
        "x": 0, "y": 0, "width": 12, "height": 4,
    }  # fmt: skip
    tab = {"id": "main", "title": "", "panels": [panel]}
    values = {"version": 1, "filter": "", "frozen": None, "tabs": [tab]} | fields
    return msgspec.convert(values, DashboardDocument)


def new(text: str = "", **fields: Any) -> NewDashboard:
    """Return a dashboard to be made."""
    values = {"project": "mnist", "name": "Mine", "owner": "ada", "author": "ada"} | fields
    return NewDashboard(document=document(text), **values)


def change(version: int, text: str, **fields: Any) -> DashboardSave:
    """Return what is to be saved over *version*."""
    values = {"name": "Mine", "owner": "ada", "author": "grace"} | fields
    return DashboardSave(version=version, document=document(text), **values)


@pytest.fixture
def with_project(store: Store, make_log: Any) -> Store:
    """Return a store that has the project."""
    store.apply([make_log().batch()])
    return store


def test_every_version_is_read_as_it_was_saved(with_project: Store, clock: Any) -> None:
    """The newest is what is read; each before it is there, and the history says who saved it."""
    store = with_project.dashboards
    made = store.create(new(HOSTILE))
    assert made is not None
    uid = made.summary.id
    clock.now_ns += 10**9

    saved = store.save(uid, change(1, "second", name=HOSTILE))

    assert saved is not None
    assert (saved.version, saved.summary.version, saved.summary.name) == (2, 2, HOSTILE)
    assert store.one(uid) == saved
    assert (saved.summary.author, saved.summary.saved_ns) == ("grace", clock.now_ns)
    first = store.one(uid, 1)
    assert first is not None
    assert first.document == document(HOSTILE)
    assert (first.version, first.summary) == (1, saved.summary)
    history = store.versions(uid)
    assert history is not None
    assert [(each.version, each.author) for each in history.versions] == [(2, "grace"), (1, "ada")]
    assert store.one(uid, 3) is None


def test_what_was_saved_meanwhile_is_not_overwritten(with_project: Store) -> None:
    """Who began from an older version is told of the newer one; nothing changes."""
    store = with_project.dashboards
    made = store.create(new())
    assert made is not None
    uid = made.summary.id
    saved = store.save(uid, change(1, "hers"))

    with pytest.raises(SavedMeanwhile) as error:
        store.save(uid, change(1, "his"))

    assert error.value.newest.version == 2
    assert store.one(uid) == saved


def test_the_same_again_is_no_new_version(with_project: Store) -> None:
    """A request whose answer was lost may be repeated."""
    store = with_project.dashboards
    made = store.create(new())
    assert made is not None
    saved = store.save(made.summary.id, change(1, "hers"))

    again = store.save(made.summary.id, change(1, "hers"))

    assert again == saved


def test_of_many_who_save_at_once_one_wins(with_project: Store) -> None:
    """Each of the others is told; no version is written twice."""
    store = with_project.dashboards
    made = store.create(new())
    assert made is not None
    uid = made.summary.id
    outcomes: list[str] = []
    gate = threading.Barrier(6)

    def save(number: int) -> None:
        gate.wait()
        try:
            store.save(uid, change(1, str(number)))
            outcomes.append("saved")
        except SavedMeanwhile:
            outcomes.append("refused")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 5 + ["saved"]
    newest = store.one(uid)
    assert newest is not None
    assert newest.version == 2


def test_lists_show_a_projects_own_and_those_that_were_deleted(
    with_project: Store, make_log: Any, clock: Any
) -> None:
    """A deleted one is out of sight, whole, and comes back."""
    with_project.apply([make_log(project="other").batch()])
    store = with_project.dashboards
    ids = []
    for number, project in enumerate(("mnist", "mnist", "other")):
        clock.now_ns += 1
        made = store.create(new(project=project, name=str(number)))
        assert made is not None
        ids.append(made.summary.id)

    def listed(**query: Any) -> list[str]:
        found = store.listed(DashboardQuery(project="mnist", **query))
        return [each.name for each in found.dashboards]

    assert listed() == ["1", "0"]
    deleted = store.delete(ids[0])
    assert deleted is not None
    deleted_ns = deleted.deleted_ns
    clock.now_ns += 1
    again = store.delete(ids[0])
    assert again is not None
    assert again.deleted_ns == deleted_ns
    assert (listed(), listed(deleted=True)) == (["1"], ["0"])
    assert store.save(ids[0], change(1, "late")) is None
    whole = store.one(ids[0])
    assert whole is not None
    assert whole.document == document()
    restored = store.undelete(ids[0])
    assert restored is not None
    assert restored.deleted_ns is None
    assert (listed(), listed(deleted=True)) == (["1", "0"], [])
    assert store.delete("0" * 32) is None
    assert store.undelete("0" * 32) is None
    assert store.versions("0" * 32) is None


def test_a_report_stays_one(with_project: Store) -> None:
    """What was frozen says of what, and is not thawed by a save."""
    store = with_project.dashboards
    frozen = {"dashboard": "a" * 32, "version": 3, "at_ns": 5, "runs": ["b" * 32]}
    report = document(frozen=frozen)
    fields = {"project": "mnist", "name": "R", "owner": "", "author": ""}
    made = store.create(NewDashboard(document=report, **fields))
    assert made is not None
    assert (made.summary.kind, made.document) == ("report", report)

    with pytest.raises(KindChanged):
        store.save(made.summary.id, change(1, "thawed"))


def test_a_project_that_is_not_there_takes_none(with_project: Store) -> None:
    """Projects are made by runs."""
    assert with_project.dashboards.create(new(project="nobody")) is None


def test_a_project_has_room_for_so_many(
    with_project: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is refused until one is deleted."""
    monkeypatch.setattr(dashboards, "DASHBOARDS_MAX", 2)
    store = with_project.dashboards
    made = [store.create(new()) for _ in range(2)]

    with pytest.raises(TooManyDashboards):
        store.create(new())

    assert made[0] is not None
    store.delete(made[0].summary.id)
    assert store.create(new()) is not None


def test_old_versions_make_room(with_project: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept."""
    monkeypatch.setattr(dashboards, "VERSIONS_KEPT", 3)
    store = with_project.dashboards
    made = store.create(new())
    assert made is not None
    uid = made.summary.id
    for version in range(1, 6):
        store.save(uid, change(version, f"text {version}"))

    history = store.versions(uid)

    assert history is not None
    assert [each.version for each in history.versions] == [6, 5, 4]
    assert store.one(uid, 3) is None
    with with_project._reading() as connection:
        kept = connection.execute(select(func.count()).select_from(schema.dashboard_version))
        assert kept.scalar_one() == 3


def test_the_golden_document_is_read_and_written_as_it_is() -> None:
    """docs/format/dashboard.md: what version 1 was stays what it is, byte by byte."""
    golden = GOLDEN.read_bytes()

    read = msgspec.json.decode(golden, type=DashboardDocument)

    assert msgspec.json.encode(read) == golden
    assert {panel.__struct_config__.tag for tab in read.tabs for panel in tab.panels} == {
        "lines", "table", "text", "histograms", "scatter", "parallel", "media", "importance",
        "flow", "devices", "console", "checkpoints", "compare",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"version": 2}, "$.version"),
        ({"colour": "red"}, "colour"),
        ({"tabs": []}, "length >= 1"),
        ({"tabs": [{"id": "A!", "title": "", "panels": []}]}, "tabs[0].id"),
        ({"tabs": [{"id": "a", "title": "", "panels": []}] * 2}, "Two tabs have the id 'a'"),
        ({"tabs": [{"id": "a", "title": "", "panels": [{"type": "pie"}]}]}, "Invalid value 'pie'"),
    ],
)
def test_a_document_that_is_none_is_refused_with_the_place(wrong: Any, told: str) -> None:
    """What is wrong, and where."""
    with pytest.raises(msgspec.ValidationError) as error:
        document(**wrong)

    assert told in str(error.value)


@pytest.mark.parametrize(("x", "width"), [(11, 2), (0, 13), (12, 1), (-1, 3), (3, 0)])
def test_a_panel_lies_on_the_grid(x: int, width: int) -> None:
    """Twelve columns, no more."""
    golden = msgspec.json.decode(GOLDEN.read_bytes())
    golden["tabs"][0]["panels"][1] |= {"x": x, "width": width}

    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert(golden, DashboardDocument)

    assert "$.tabs[0].panels[1]" in str(error.value)
