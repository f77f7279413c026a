"""Files in the store: what a run wrote and read, and which runs that ties to each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mltrack_core import records
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import File
from mltrack_core.records import FileUse
from mltrack_server.resources import FileLink
from mltrack_server.resources import FileSummary
from mltrack_server.store import Store
from mltrack_server.store.files import writing

ID = "0" * 31
SHA = hashlib.sha256(b"weights").hexdigest()


def file(number: int, use: FileUse = "output", **fields: Any) -> File:
    """Return the record of a file of 7 bytes."""
    values: dict[str, Any] = {
        "time_ns": 1_000_000_000 + number,
        "id": f"{ID}{number:x}",
        "name": f"{number}.bin",
        "path": f"/runs/{number}.bin",
        "files": [CheckpointFile("weights.bin", 7, 5)],
    }
    return File(use=use, **(values | fields))


def artifact(number: int, data: bytes = b"weights", *, kept: bool = True) -> records.Artifact:
    """Return what became of it: one blob, or its hash alone."""
    digest = hashlib.sha256(data).hexdigest()
    files = [ArtifactFile("weights.bin", len(data), digest, [digest] if kept else [])]
    return records.Artifact(2, f"{ID}{number:x}", files)


def listed(store: Store, run: str) -> list[FileSummary]:
    """Return the run's files."""
    found = store.files.index(run, None, 100)
    assert found is not None
    return found.files


def links(store: Store, run: str) -> list[FileLink]:
    """Return the runs that are tied to this one."""
    found = store.files.provenance(run)
    assert found is not None
    assert not found.is_cut
    return found.links


def test_a_file_is_told_of_as_it_was_recorded(store: Store, make_log: Any) -> None:
    """Name, use, size and step, and what has become of it since."""
    log = make_log().add(file(1, kind="report", step=7, kept="copy"), file(2, "input"))
    store.apply([log.batch()])
    first, second = listed(store, log.run)
    assert (first.name, first.use, first.kind, first.step) == ("1.bin", "output", "report", 7)
    assert (first.bytes, first.modified_ns, first.sha256, first.status) == (7, 5, "", "waiting")
    assert (second.use, second.status) == ("input", "recorded")

    agent = make_log(log.run, role="agent").add(artifact(1), artifact(2, kept=False))
    store.apply([agent.batch()])
    store.blobs.put(SHA, b"weights")

    first, second = listed(store, log.run)
    assert (first.status, first.sha256) == ("stored", SHA)
    assert (second.status, second.sha256) == ("hashed", SHA)
    found = store.files.stored(log.run, first.id, "weights.bin")
    assert found is not None
    assert b"".join(found.read()) == b"weights"
    assert store.files.stored(log.run, first.id, "other.bin") is None
    assert store.files.stored(log.run, second.id, "weights.bin") is None
    run = store.run(log.run)
    assert run is not None
    assert (run.files, run.checkpoints) == (2, 0)


def test_what_is_elsewhere_is_what_somebody_said(store: Store, make_log: Any) -> None:
    """Size, time and hash where they were told, and nothing where they were not."""
    told = file(1, files=[], is_elsewhere=True, path="s3://b/x", size=9, modified_ns=3, sha256=SHA)
    log = make_log().add(told, file(2, files=[], is_elsewhere=True, path="s3://b/y"))
    store.apply([log.batch()])

    first, second = listed(store, log.run)
    assert (first.status, first.bytes, first.modified_ns, first.sha256) == ("elsewhere", 9, 3, SHA)
    assert (second.status, second.bytes, second.modified_ns) == ("elsewhere", None, None)
    assert (second.files, second.sha256) == (0, "")


def test_a_run_of_very_many_files_is_read_in_pages(store: Store, make_log: Any) -> None:
    """The last ones first, and any of them by their number."""
    log = make_log().add(*(file(n, id=f"{n:032x}", step=n) for n in range(50)))
    store.apply([log.batch()])

    last, first = store.files.index(log.run, None, 20), store.files.index(log.run, 0, 20)

    assert last is not None
    assert first is not None
    assert (last.first, last.total, [each.step for each in last.files]) == (
        30,
        50,
        [*range(30, 50)],
    )
    assert [each.step for each in first.files] == [*range(20)]
    assert store.files.index("f" * 32, None, 20) is None


def test_runs_are_tied_by_the_bytes_that_they_wrote_and_read(store: Store, make_log: Any) -> None:
    """From a checkpoint to the run that read it, and back; by a hash that somebody told, too."""
    made = make_log(name="maker", time_ns=1).add(
        Checkpoint(1, f"{ID}1", "/out/best.pt", 1, [], [CheckpointFile("weights.bin", 7, 5)])
    )
    used = make_log(name="user", time_ns=2).add(file(2, "input", name="base.pt"))
    told = make_log(name="reader", time_ns=3).add(
        file(3, "input", files=[], is_elsewhere=True, path="s3://b/x", sha256=SHA)
    )
    again = make_log(name="copier", time_ns=4).add(file(4, "output"))
    agents = [
        make_log(log.run, role="agent").add(artifact(number, kept=False))
        for log, number in ((made, 1), (used, 2), (again, 4))
    ]
    store.apply([log.batch() for log in (made, used, told, again, *agents)])

    def seen(run: str) -> list[tuple[str, str, str, str, bool]]:
        return [
            (each.use, each.other_run_name, each.other_use, each.other_name, each.is_checkpoint)
            for each in links(store, run)
        ]

    assert seen(made.run) == [
        ("output", "reader", "input", "3.bin", False),
        ("output", "user", "input", "base.pt", False),
    ]
    assert seen(used.run) == [
        ("input", "copier", "output", "4.bin", False),
        ("input", "reader", "input", "3.bin", False),
        ("input", "maker", "output", "best.pt", True),
    ]
    store.delete(told.run)
    assert [each[1] for each in seen(made.run)] == ["user"]
    assert store.files.provenance("f" * 32) is None


def test_folders_are_tied_by_what_they_share(store: Store, make_log: Any) -> None:
    """With the count of the files that are the same; empty files say nothing, nor do repeats."""
    names = [(f"{n}.txt", f"{n % 4}".encode() if n else b"") for n in range(6)]
    parts = [ArtifactFile(n, len(d), hashlib.sha256(d).hexdigest(), []) for n, d in names]
    told = records.Artifact(2, f"{ID}1", parts)
    other = records.Artifact(2, f"{ID}2", [*parts[:3], ArtifactFile("e", 0, parts[0].sha256)])
    runs = [make_log().add(file(1, "input")), make_log().add(file(2))]
    agents = [
        make_log(runs[0].run, role="agent").add(told, told),
        make_log(runs[1].run, role="agent").add(other),
    ]
    store.apply([log.batch() for log in (*runs, *agents)])

    (link,) = links(store, runs[0].run)
    assert (link.other_run, link.same) == (runs[1].run, 2)


@pytest.mark.parametrize(
    "record",
    [
        file(1, name="../../etc/passwd"),
        file(1, name="/etc/passwd"),
        file(1, name=""),
        file(1, name="x" * 10_000),
        file(1, id="../../etc"),
        file(1, files=[CheckpointFile("../.bashrc", 7, 5)]),
        file(1, files=[CheckpointFile("a", 2**63 - 1, 5)] * 2),
        file(1, sha256="../../secret"),
        file(1, size=-1),
        file(1, size=2**63),
    ],
)
def test_what_would_lead_elsewhere_is_put_aside(record: File, store: Store, make_log: Any) -> None:
    """No name in a record ever names a file outside of its folder; the loss is counted."""
    log = make_log().add(record).scalars(range(2), loss=0)
    store.apply([log.batch()])

    assert listed(store, log.run) == []
    run = store.run(log.run)
    assert run is not None
    assert [(loss.reason, loss.count) for loss in run.losses] == [("out of bounds", 1)]
    assert run.summary.metrics["loss"].count == 2


def preview(store: Store, make_log: Any, name: str, data: bytes) -> Any:
    """Return how a stored file of some name begins."""
    digest = hashlib.sha256(data).hexdigest()
    log = make_log().add(file(1, files=[CheckpointFile(name, len(data), 5)]))
    agent = make_log(log.run, role="agent")
    agent.add(records.Artifact(2, f"{ID}1", [ArtifactFile(name, len(data), digest, [digest])]))
    store.apply([log.batch(), agent.batch()])
    store.blobs.put(digest, data)
    return store.files.preview(log.run, f"{ID}1", name)


@pytest.mark.parametrize(
    ("name", "data", "kind", "text"),
    [
        ("a.txt", b"caf\xc3\xa9\n", "text", "café\n"),
        ("a.html", b"<script>alert(1)</script>", "text", "<script>alert(1)</script>"),
        ("a.svg", b"<svg onload=alert(1)>", "text", "<svg onload=alert(1)>"),
        ("a.json", b'{"a":[1,9007199254740993]}', "json",
         '{\n  "a": [\n    1,\n    9007199254740993\n  ]\n}'),
        ("a.json", b'{"a":', "text", '{"a":'),
        ("deep.json", b"[" * 200_000, "text", "[" * (128 * 1024)),
        ("a.bin", b"\x00\x01", "none", ""),
        ("a.txt", b"\xff\xfe", "none", ""),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", "image", ""),
        ("a.png", b"<script>", "text", "<script>"),
        ("empty", b"", "text", ""),
    ],
)  # fmt: skip
def test_a_preview_shows_what_the_bytes_are(
    name: str, data: bytes, kind: str, text: str, store: Store, make_log: Any
) -> None:
    """Told by content, whatever the name promises; markup stays text."""
    found = preview(store, make_log, name, data)

    assert (found.kind, found.text, found.bytes) == (kind, text, len(data))


def test_a_long_text_is_cut_between_characters(store: Store, make_log: Any) -> None:
    """128 KiB of it, and it says that there is more."""
    found = preview(store, make_log, "a.txt", b"x" + "é".encode() * 100_000)

    assert (found.kind, found.is_whole) == ("text", False)
    assert found.text == "x" + "é" * (64 * 1024 - 1)


def test_a_table_shows_its_first_rows(store: Store, make_log: Any) -> None:
    """Quoted cells included; long rows and cells are cut."""
    lines = ["a,b", '1,"x, ""y"""', *(f"{n},{'z' * 1000}" for n in range(300))]
    found = preview(store, make_log, "a.csv", "\n".join(lines).encode())

    assert (found.kind, found.columns, found.is_whole) == ("table", ["a", "b"], False)
    assert found.rows[0] == ["1", 'x, "y"']
    assert (len(found.rows) <= 200, len(found.rows[1][1])) == (True, 500)


def test_checkpoints_of_an_older_store_are_tied_too(
    url: str, tmp_path: Path, make_log: Any, as_of_version: Callable[[str, str, str], None]
) -> None:
    """The migration reads what artifacts told before there was a table for it."""
    if not url.startswith("sqlite"):
        pytest.skip("the old store is made in a file")
    log = make_log().add(
        Checkpoint(1, f"{ID}1", "/out/best.pt", 1, [], [CheckpointFile("weights.bin", 7, 5)])
    )
    agent = make_log(log.run, role="agent").add(artifact(1))
    with Store(url) as store:
        store.apply([log.batch(), agent.batch()])
    old = f"sqlite:///{tmp_path}/old.sqlite3"
    as_of_version("0005", url, old)

    with Store(old) as migrated:
        used = make_log().add(file(2, "input"))
        told = make_log(used.run, role="agent").add(artifact(2))
        migrated.apply([used.batch(), told.batch()])
        (link,) = links(migrated, used.run)

    assert (link.other_run, link.other_name) == (log.run, "best.pt")


def test_a_purged_run_leaves_no_digests(store: Store, clock: Any, make_log: Any) -> None:
    """Nor files; nor are its blobs named any more."""
    log = make_log().add(file(1))
    agent = make_log(log.run, role="agent").add(artifact(1))
    store.apply([log.batch(), agent.batch()])
    store.delete(log.run)
    clock.now_ns += 40 * 86_400 * 10**9
    store.purge(log.run)

    with store._reading() as connection:
        for table in ("file", "digest", "artifact"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_of_a_folder_without_end_the_first_hashes_are_kept() -> None:
    """Ten thousand files do not become ten thousand rows."""
    files = [ArtifactFile(f"{n}", 1, f"{n:064x}") for n in range(10_000)]

    rows = list(writing.digests_of(records.Artifact(1, f"{ID}1", files)))

    assert len(rows) == writing.DIGESTS_MAX
    assert json.dumps(rows[-1]) == json.dumps(
        {"no": 999, "about": f"{ID}1", "sha256": f"{999:064x}"}
    )
