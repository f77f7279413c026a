"""Checkpoints in the store: what is told of them is what was recorded, and what lies there."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from mltrack_core import records
from mltrack_core.records import ArtifactFile
from mltrack_core.records import CheckpointFile
from mltrack_server.resources import CheckpointSummary
from mltrack_server.store import Store

ID = "0" * 31


def checkpoint(number: int, **fields: Any) -> records.Checkpoint:
    """Return a recorded checkpoint of one file of 7 bytes."""
    values: dict[str, Any] = {
        "time_ns": 1_000_000_000 + number,
        "id": f"{ID}{number:x}",
        "path": f"/runs/{number}.pt",
        "step": number * 10,
        "roles": [],
        "files": [CheckpointFile("weights.pt", 7, 5)],
    }
    return records.Checkpoint(**(values | fields))


def artifact(number: int, data: bytes = b"weights", **fields: Any) -> records.Artifact:
    """Return what became of it: stored as one blob."""
    digest = hashlib.sha256(data).hexdigest()
    files = [ArtifactFile("weights.pt", len(data), digest, [digest])]
    values: dict[str, Any] = {"time_ns": 2, "about": f"{ID}{number:x}", "files": files}
    return records.Artifact(**(values | fields))


def listed(store: Store, run: str) -> list[CheckpointSummary]:
    """Return the run's checkpoints."""
    found = store.checkpoints(run)
    assert found is not None
    return found.checkpoints


def test_a_checkpoint_is_told_of_as_it_was_recorded(store: Store, make_log: Any) -> None:
    """Step, size, roles and score, before anybody has looked at its files."""
    log = make_log().add(
        checkpoint(1, roles=["best"], metrics={"acc": float("nan")}, monitor="acc", mode="max")
    )
    store.apply([log.batch()])

    (found,) = listed(store, log.run)
    assert (found.step, found.bytes, found.files, found.status) == (10, 7, 1, "recorded")
    assert (found.roles, found.metrics, found.monitor) == (["best"], {"acc": "NaN"}, "acc")
    assert store.checkpoints("f" * 32) is None


def test_the_newest_in_a_role_holds_it(store: Store, make_log: Any) -> None:
    """The last one is the last whatever it was called; the best is by role, else by score."""
    log = make_log().add(checkpoint(1, roles=["best"]), checkpoint(2, roles=["best"]))
    log.add(checkpoint(3, roles=["periodic"]), checkpoint(4, roles=["backup"]))
    scored = make_log()
    for number, loss in ((1, 0.5), (2, 0.1), (3, 0.3)):
        scored.add(checkpoint(number, metrics={"loss": loss}, monitor="loss", mode="min"))
    store.apply([log.batch(), scored.batch()])

    assert [each.holds for each in listed(store, log.run)] == [[], ["best"], ["last"], []]
    assert [each.holds for each in listed(store, scored.run)] == [[], ["best"], ["last"]]


def test_stored_means_that_its_blobs_are_here(store: Store, make_log: Any) -> None:
    """Said to be stored and not there is missing, and a file shows which it is."""
    log = make_log().add(checkpoint(1, kept="copy"))
    store.apply([log.batch()])
    assert listed(store, log.run)[0].status == "waiting"
    agent = make_log(log.run, role="agent").add(artifact(1))
    store.apply([agent.batch()])
    assert listed(store, log.run)[0].status == "missing"

    assert store.blobs is not None
    store.blobs.put(hashlib.sha256(b"weights").hexdigest(), b"weights")

    assert listed(store, log.run)[0].status == "stored"
    details = store.checkpoint(log.run, f"{ID}1")
    assert details is not None
    assert [(file.path, file.is_stored) for file in details.files] == [("weights.pt", True)]


def test_of_several_artifacts_the_best_is_believed(store: Store, make_log: Any) -> None:
    """An agent that was killed tells again of a checkpoint whose snapshot is gone by then."""
    digest = hashlib.sha256(b"weights").hexdigest()
    hashed = artifact(1, files=[ArtifactFile("weights.pt", 7, digest)], time_ns=1)
    gone = artifact(1, files=[], problem="it is gone", time_ns=3)
    log = make_log().add(checkpoint(1))
    agent = make_log(log.run, role="agent").add(hashed, artifact(1), gone)
    store.apply([log.batch(), agent.batch()])

    assert listed(store, log.run)[0].status == "missing", "stored once, as far as is known"
    assert listed(store, log.run)[0].problem == ""


def test_what_was_rotated_is_told_beside_what_is_stored(store: Store, make_log: Any) -> None:
    """The bytes are no worse for it, and the first word of it counts."""
    log = make_log().add(checkpoint(1), checkpoint(2))
    agent = make_log(log.run, role="agent").add(artifact(1))
    agent.add(*(artifact(1, files=[], gone=gone, time_ns=9) for gone in ("deleted", "overwritten")))
    store.apply([log.batch(), agent.batch()])
    assert store.blobs is not None
    store.blobs.put(hashlib.sha256(b"weights").hexdigest(), b"weights")

    rotated, other = listed(store, log.run)
    assert (rotated.status, rotated.gone, rotated.gone_ns) == ("stored", "deleted", 9)
    assert (other.status, other.gone, other.gone_ns) == ("recorded", "", None)


@pytest.mark.parametrize(
    "record",
    [
        checkpoint(1, id="../../etc"),
        checkpoint(1, files=[CheckpointFile("../.bashrc", 7, 5)]),
        checkpoint(1, files=[CheckpointFile("/etc/passwd", 7, 5)]),
        checkpoint(1, files=[CheckpointFile("weights.pt", 2**63 - 1, 5)] * 2),
        artifact(1, files=[ArtifactFile("weights.pt", 7, "../../secret")]),
        artifact(1, files=[ArtifactFile("a//b", 7, "0" * 64)]),
    ],
)
def test_what_would_lead_elsewhere_is_put_aside(
    record: records.Record, store: Store, make_log: Any
) -> None:
    """No name in a record ever names a file outside of its folder; the loss is counted."""
    log = make_log().add(record).scalars(range(2), loss=0)
    store.apply([log.batch()])

    assert listed(store, log.run) == []
    run = store.run(log.run)
    assert run is not None
    assert [(loss.reason, loss.count) for loss in run.losses] == [("out of bounds", 1)]
    assert run.summary.metrics["loss"].count == 2
