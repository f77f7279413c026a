"""The model registry: versions stay what they are, aliases move, and every move is kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltrack_core import records
from mltrack_core.records import ArtifactFile
from mltrack_core.records import CheckpointFile
from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import CardSave
from mltrack_server.resources import Model
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelRename
from mltrack_server.resources import Registration
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.models import aliases
from mltrack_server.store.models import registry
from mltrack_server.store.upkeep import keeping

ID = "0" * 31
HOSTILE = "<script>alert(1)</script> \0 \ufdd0 🦊 ‏א"
DAY_NS = 86_400 * 10**9


def store_checkpoints(store: Store, log: Any, count: int) -> None:
    """Give a run checkpoints 1 to *count*, each stored as one blob."""
    for number in range(1, count + 1):
        data = b"weights %d" % number
        digest = hashlib.sha256(data).hexdigest()
        assert store.blobs.put(digest, data)
        log.add(
            records.Checkpoint(
                time_ns=1_000_000_000 + number,
                id=f"{ID}{number:x}",
                path=f"/runs/{number}.pt",
                step=number * 10,
                roles=["best"],
                files=[CheckpointFile("weights.pt", len(data), 5)],
                metrics={"acc": number / 10},
                monitor="acc",
                mode="max",
            ),
            records.Artifact(
                2, f"{ID}{number:x}", [ArtifactFile("weights.pt", 9, digest, [digest])]
            ),
        )
    store.apply([log.batch()])


@pytest.fixture
def run(store: Store, make_log: Any) -> str:
    """Return a run of project mnist that has three checkpoints."""
    log = make_log()
    store_checkpoints(store, log, 3)
    return str(log.run)


def registration(run: str, number: int = 1, **fields: Any) -> Registration:
    """Return what registers a checkpoint of the run as "digits"."""
    values = {"name": "digits", "author": "ada"} | fields
    return Registration(run=run, checkpoint=f"{ID}{number:x}", **values)


def only(store: Store) -> Model:
    """Return everything about the only model."""
    (summary,) = store.models.listed(ModelQuery()).models
    found = store.models.one(summary.id)
    assert found is not None
    return found


def test_versions_count_up_and_tell_of_their_checkpoint(store: Store, run: str, clock: Any) -> None:
    """Step, size, hash and metrics are the checkpoint's; who and why are as they were given."""
    first = store.models.register(registration(run, note=HOSTILE))
    clock.now_ns += 10**9
    second = store.models.register(registration(run, 2, alias="champion", why=HOSTILE))

    assert (first.version, second.version, first.is_new) == (1, 2, True)
    found = only(store)
    assert [each.version for each in found.versions] == [2, 1]
    newest, oldest = found.versions
    assert (newest.run, newest.run_name, newest.step, newest.bytes) == (run, "brave-fox", 20, 9)
    assert newest.digest == hashlib.sha256(b"weights 2").hexdigest()
    assert newest.found is not None
    assert (newest.found.metrics, newest.found.status) == ({"acc": 0.2}, "stored")
    assert (newest.aliases, oldest.aliases) == (["champion"], [])
    assert (oldest.note, oldest.author) == (HOSTILE, "ada")
    assert newest.registered_ns == clock.now_ns
    (move,) = found.moves
    assert (move.alias, move.version_before, move.version) == ("champion", None, 2)
    assert (move.author, move.why) == ("ada", HOSTILE)
    assert (found.summary.versions, found.summary.latest, found.summary.project) == (2, 2, "mnist")


def test_a_checkpoint_is_one_version_of_a_model(store: Store, run: str) -> None:
    """A request may be repeated; another model may have it too."""
    first = store.models.register(registration(run))
    again = store.models.register(registration(run, note="again", alias="champion"))
    other = store.models.register(registration(run, name="ziffern-模型"))

    assert (again.version, again.is_new) == (1, False)
    assert again.model.id == first.model.id != other.model.id
    assert [each.alias for each in again.model.aliases] == ["champion"]
    listed = store.models.listed(ModelQuery(project="mnist", name="ziffern-模型")).models
    assert listed == [other.model]
    assert len(store.models.listed(ModelQuery(project="mnist")).models) == 2
    assert store.models.listed(ModelQuery(project="other")).models == []
    mentions = store.models.mentions(run).mentions
    assert [(each.name, each.version, each.aliases) for each in mentions] == [
        ("digits", 1, ["champion"]),
        ("ziffern-模型", 1, []),
    ]


def test_what_is_not_there_is_not_registered(store: Store, run: str) -> None:
    """Each error says what is missing; nothing is made on the way."""
    store.delete(run)
    with pytest.raises(ModelRefused, match="was deleted"):
        store.models.register(registration(run))
    store.undelete(run)

    for wrong, told in (
        (registration("f" * 32), "no run"),
        (registration(run, 9), "no checkpoint"),
        (registration(run, project="nobody"), "no project"),
    ):
        with pytest.raises(ModelRefused, match=told):
            store.models.register(wrong)
    assert store.models.listed(ModelQuery()).models == []
    assert store.models.one("f" * 32) is None
    assert store.models.cards("f" * 32) is None
    with pytest.raises(ModelRefused, match="no such model"):
        store.models.delete("f" * 32, 1)


def test_an_alias_that_was_moved_meanwhile_stays(store: Store, run: str) -> None:
    """Who began from elsewhere is told where it is now and whose doing that is."""
    uid = store.models.register(registration(run, alias="champion")).model.id
    store.models.register(registration(run, 2))
    store.models.register(registration(run, 3))
    store.models.move(uid, "champion", AliasMove(version=2, expected=1, author="grace", why="acc"))

    with pytest.raises(ModelRefused) as error:
        store.models.move(uid, "champion", AliasMove(version=3, expected=1, author="bob"))

    assert error.value.kind == "conflict"
    assert "champion was pointed at version 2 by grace" in error.value.reason
    assert only(store).summary.aliases[0].version == 2
    # The same again, and a move that expects nothing, are taken.
    store.models.move(uid, "champion", AliasMove(version=2, expected=1, author="grace"))
    store.models.move(uid, "champion", AliasMove(version=3))
    store.models.move(uid, "champion", AliasMove(version=None, why="retired"))
    moves = [(each.version_before, each.version) for each in only(store).moves]
    assert moves == [(3, None), (2, 3), (1, 2), (None, 1)]
    with pytest.raises(ModelRefused, match="champion was removed"):
        store.models.move(uid, "champion", AliasMove(version=1, expected=3))
    with pytest.raises(ModelRefused, match="no version 9"):
        store.models.move(uid, "champion", AliasMove(version=9))


def test_a_version_is_deleted_only_when_nothing_points_at_it(store: Store, run: str) -> None:
    """It comes back as it was, and its number is never given to another."""
    uid = store.models.register(registration(run, alias="champion")).model.id
    with pytest.raises(ModelRefused, match="while champion points at it"):
        store.models.delete(uid, 1)
    store.models.move(uid, "champion", AliasMove(version=None))
    before = only(store).versions

    store.models.delete(uid, 1)

    found = only(store)
    assert (found.summary.versions, found.summary.latest) == (0, None)
    assert found.versions[0].deleted_ns is not None
    with pytest.raises(ModelRefused, match="was deleted"):
        store.models.move(uid, "champion", AliasMove(version=1))
    assert store.models.register(registration(run)).version == 2
    assert store.models.undelete(uid, 1).versions[1:] == before
    with pytest.raises(ModelRefused, match="no version 3"):
        store.models.undelete(uid, 3)


def test_a_card_is_kept_version_by_version(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's changes are lost to another's; old versions make room."""
    monkeypatch.setattr(registry, "CARDS_KEPT", 2)
    uid = store.models.register(registration(run)).model.id
    empty = store.models.card(uid)
    assert empty is not None
    assert (empty.version, empty.text) == (0, "")

    store.models.save_card(uid, CardSave(version=0, text=HOSTILE, author="ada"))
    with pytest.raises(ModelRefused, match="Version 1 of the card was saved by ada"):
        store.models.save_card(uid, CardSave(version=0, text="his", author="bob"))
    again = store.models.save_card(uid, CardSave(version=0, text=HOSTILE, author="ada"))
    for number in (1, 2):
        store.models.save_card(uid, CardSave(version=number, text=f"text {number}"))

    assert again.version == 1
    assert only(store).card.text == "text 2"
    kept = store.models.cards(uid)
    assert kept is not None
    assert [each.version for each in kept.versions] == [3, 2]
    assert store.models.card(uid, 1) is None
    second = store.models.card(uid, 2)
    assert second is not None
    assert second.text == "text 1"


def test_there_is_room_for_so_many(store: Store, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, and says why."""
    for module, name in (
        (registry, "MODELS_MAX"), (registry, "VERSIONS_MAX"), (aliases, "ALIASES_MAX")
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 1)
    uid = store.models.register(registration(run, alias="champion")).model.id

    for wrong, told in (
        (registration(run, name="other"), "at most 1 models"),
        (registration(run, 2), "at most 1 versions"),
        (registration(run, alias="staging"), "at most 1 aliases"),
    ):
        with pytest.raises(ModelRefused, match=told):
            store.models.register(wrong)
    assert store.models.move(uid, "champion", AliasMove(version=None)).summary.aliases == []


def test_retention_leaves_what_is_registered(store: Store, run: str) -> None:
    """Its bytes stay while a version names them, and go when that is deleted."""
    uid = store.models.register(registration(run, 1)).model.id
    rules = RetentionQuery(runs=[run], keep_last=1, apply=True)

    plan = store.retain(rules)

    assert [item.kept_by for item in plan.items] == [["registered"], [], ["last"]]
    (version,) = only(store).versions
    assert version.found is not None
    assert version.found.status == "stored"
    store.models.delete(uid, 1)
    assert [item.kept_by for item in store.retain(rules).items] == [[], ["last"]]


def test_what_is_registered_while_retention_decides_stays(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the plan and its transaction somebody may register what the plan lets go of."""

    def overtaken(*arguments: Any) -> RetentionPlan:
        decided = plan(*arguments)
        store.models.register(registration(run, 1))
        return decided

    plan = keeping.plan
    monkeypatch.setattr(keeping, "plan", overtaken)

    store.retain(RetentionQuery(runs=[run], keep_last=1, apply=True))

    found = store.checkpoints(run)
    assert found is not None
    assert [each.status for each in found.checkpoints] == ["stored", "removed", "stored"]


def test_one_checkpoint_alone_is_let_go_of(store: Store, run: str) -> None:
    """Of those that are named what no rule keeps, and no other; a version of a model stays."""
    store.models.register(registration(run, 1))
    first, second, third = (item.checkpoint for item in store.retain(everything(run)).items)

    shown = store.retain(RetentionQuery(runs=[run], only=[second]))
    ruled = store.retain(RetentionQuery(runs=[run], only=[second, third], keep_last=1))
    done = store.retain(RetentionQuery(runs=[run], only=[first, second], apply=True))

    assert [(item.checkpoint, item.kept_by) for item in shown.items] == [(second, [])]
    assert [item.kept_by for item in ruled.items] == [[], ["last"]]
    assert [item.kept_by for item in done.items] == [["registered"], []]
    found = store.checkpoints(run)
    assert found is not None
    assert [each.status for each in found.checkpoints] == ["stored", "removed", "stored"]


def everything(run: str) -> RetentionQuery:
    """Return a query by which all stays."""
    return RetentionQuery(runs=[run], every=1)


def test_the_run_of_a_version_is_not_removed_for_good(
    store: Store, make_log: Any, clock: Any
) -> None:
    """Deleting it says so; its records stay until no version needs them, and go then."""
    log, other = make_log(), make_log()
    store_checkpoints(store, log, 1)
    store.apply([other.batch()])
    uid = store.models.register(registration(log.run)).model.id

    deletion, plain = store.delete(log.run), store.delete(other.run)

    assert deletion is not None
    assert plain is not None
    assert (deletion.registered, plain.registered) == (["digits 1"], [])
    told = {each.id: each for each in store.deletions().deletions}
    assert told == {log.run: deletion, other.run: plain}
    clock.now_ns += 31 * DAY_NS
    assert store.due_to_purge() == [other.run]
    (version,) = only(store).versions
    assert version.is_run_deleted
    assert version.found is not None
    store.models.delete(uid, 1)
    assert set(store.due_to_purge()) == {log.run, other.run}
    store.purge(log.run)
    (version,) = only(store).versions
    assert (version.found, version.step, version.digest) == (None, 10, "")
    with pytest.raises(ModelRefused, match="removed for good"):
        store.models.undelete(uid, 1)
    assert only(store).versions == [version]
    assert list(store.check(read_data=True)) == []


def test_fsck_tells_what_leads_nowhere(store: Store, run: str) -> None:
    """Versions without their checkpoint, aliases without their version."""
    store.models.register(registration(run, alias="champion"))
    assert [each for each in store.check() if "model" in each.where] == []
    with store._writing() as connection:
        connection.execute(schema.checkpoint.delete())
        connection.execute(schema.model_alias.update().values(version=7))

    found = [(each.where, each.what) for each in store.check() if "model" in each.where]

    assert found == [
        ("model digits 1", f"its checkpoint {ID}1 is not there"),
        ("model digits champion", "it points at version 7, which is none"),
    ]


def test_a_folder_has_one_hash_for_all_its_files(store: Store, make_log: Any) -> None:
    """It is the one that `sha256sum` over sorted paths and then over its lines gives."""
    hashes = [os.urandom(32).hex() for _ in range(2)]
    log = make_log().add(
        records.Checkpoint(
            time_ns=1, id=f"{ID}1", path="/runs/folder", step=1, roles=[], is_folder=True,
            files=[CheckpointFile("b", 1, 5), CheckpointFile("a", 1, 5)],
        ),
        records.Artifact(
            2, f"{ID}1", [ArtifactFile("b", 1, hashes[1]), ArtifactFile("a", 1, hashes[0])]
        ),
    )  # fmt: skip
    store.apply([log.batch()])
    store.models.register(registration(log.run))

    lines = f"{hashes[0]}  a\n{hashes[1]}  b\n"
    assert only(store).versions[0].digest == hashlib.sha256(lines.encode()).hexdigest()


def test_models_are_copied(store: Store, run: str, tmp_path: Path) -> None:
    """`mltrack copy` and backups bring every table along."""
    uid = store.models.register(registration(run, alias="champion", note=HOSTILE)).model.id
    store.models.save_card(uid, CardSave(version=0, text=HOSTILE))
    before = only(store)

    with Store(f"sqlite:///{tmp_path}/copy.sqlite3", blobs=tmp_path / "copied") as target:
        store.copy_into(target, lambda _done: None)
        assert only(target) == before


@pytest.mark.parametrize("name", ["", "a b", "a@b", "a/b", "..", "a\n", "\n", "a:1", "x" * 129])
def test_a_name_that_would_stumble_is_refused(name: str) -> None:
    """Names are typed, and stand in addresses."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"run": "a" * 32, "checkpoint": "b" * 32, "name": name}, Registration)


@pytest.mark.parametrize("alias", ["", "1", "1st", "a b", "a\n", "-a", "é", "x" * 65])
def test_an_alias_that_would_stumble_is_refused(alias: str) -> None:
    """A number after @ is a version's."""
    values = {"run": "a" * 32, "checkpoint": "b" * 32, "name": "n", "alias": alias}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(values, Registration)


def called(store: Store, name: str) -> list[str]:
    """Return what the models are called that *name* leads to."""
    return [each.name for each in store.models.listed(ModelQuery(name=name)).models]


def test_an_old_name_leads_to_its_model_until_another_takes_it(
    store: Store, run: str, clock: Any
) -> None:
    """A name changes and nothing else: versions, aliases and their history stay as they were."""
    new = Registration(run=run, checkpoint=f"{ID}1", name="digits", alias="champion")
    uid = store.models.register(new).model.id
    before = store.models.one(uid)
    assert before is not None

    store.models.rename(uid, ModelRename(name="mnist", author="ada"))
    clock.now_ns += 1
    renamed = store.models.rename(uid, ModelRename(name="mnist-digits"))

    assert [(each.name_before, each.name, each.author) for each in renamed.namings] == [
        ("mnist", "mnist-digits", ""),
        ("digits", "mnist", "ada"),
    ]
    assert (renamed.versions, renamed.moves) == (before.versions, before.moves)
    assert store.models.rename(uid, ModelRename(name="mnist-digits")) == renamed
    for name in ("digits", "mnist", "mnist-digits"):
        assert called(store, name) == ["mnist-digits"]
    assert called(store, "nothing") == []
    other = store.models.register(Registration(run=run, checkpoint=f"{ID}2", name="digits"))
    assert called(store, "digits") == ["digits"]
    with pytest.raises(ModelRefused) as taken:
        store.models.rename(uid, ModelRename(name="digits"))
    assert taken.value.kind == "conflict"
    store.models.rename(other.model.id, ModelRename(name="other"))
    assert called(store, "digits") == ["other"]  # it was called so last
    store.models.discard(other.model.id)
    assert called(store, "digits") == ["mnist-digits"]


def test_a_deleted_model_is_as_it_was_for_30_days_and_then_gone(
    store: Store, run: str, clock: Any
) -> None:
    """Its versions hold their checkpoints and runs until it is removed, and nothing after that."""
    new = Registration(run=run, checkpoint=f"{ID}1", name="digits", alias="champion")
    uid = store.models.register(new).model.id
    store.models.save_card(uid, CardSave(version=0, text="# Digits"))
    store.models.rename(uid, ModelRename(name="numbers"))
    store.delete(run)
    before = store.models.one(uid)

    gone = store.models.discard(uid)

    assert gone.deleted_ns == clock.now_ns
    assert gone.purge_ns == clock.now_ns + 30 * DAY_NS
    assert called(store, "numbers") == called(store, "digits") == []
    deleted = store.models.listed(ModelQuery(deleted=True)).models
    assert [each.id for each in deleted] == [uid]
    for refused in (
        lambda: store.models.move(uid, "champion", AliasMove(version=None)),
        lambda: store.models.delete(uid, 1),
        lambda: store.models.rename(uid, ModelRename(name="x")),
        lambda: store.models.save_card(uid, CardSave(version=1, text="x")),
    ):
        with pytest.raises(ModelRefused) as caught:
            refused()
        assert caught.value.kind == "gone"
    clock.now_ns += 30 * DAY_NS - 1
    assert store.models.purge() == []
    assert store.due_to_purge() == []  # the run's 30 days are over but for the model
    store.models.restore(uid)
    assert store.models.one(uid) == before
    store.models.discard(uid)
    clock.now_ns += 30 * DAY_NS

    assert store.models.purge() == ["numbers"]

    assert store.models.one(uid) is None
    assert store.models.purge() == []
    with store._reading() as connection:
        for table in schema.metadata.sorted_tables:
            if table.name.startswith("model"):
                assert connection.execute(table.select()).all() == []
    assert store.due_to_purge() == [run]
    with pytest.raises(ModelRefused) as missing:
        store.models.restore(uid)
    assert missing.value.kind == "missing"


def test_the_name_of_a_deleted_model_is_taken(store: Store, run: str) -> None:
    """Else restoring it would have to choose which of two models the name means."""
    new = Registration(run=run, checkpoint=f"{ID}1", name="digits")
    uid = store.models.register(new).model.id
    other = store.models.register(Registration(run=run, checkpoint=f"{ID}2", name="other"))
    store.models.discard(uid)

    with pytest.raises(ModelRefused) as registering:
        store.models.register(new)
    with pytest.raises(ModelRefused) as renaming:
        store.models.rename(other.model.id, ModelRename(name="digits"))

    assert (registering.value.kind, renaming.value.kind) == ("gone", "conflict")
    assert [each.name for each in store.models.mentions(run).mentions] == ["other"]
