"""Media over HTTP: which there are, what they show at a step, and bytes that run nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import numpy as np
import pytest

import mltrack
import mltrack_core
from mltrack.reading.run import RunView
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.shipping import Shipper
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.errors import MltrackError
from mltrack_core.limits import MEDIA_INLINE_BYTES_MAX
from mltrack_core.media import formats
from mltrack_core.records import Box
from mltrack_core.records import Mask
from mltrack_core.records import Media
from mltrack_core.records import MediaFile
from mltrack_core.records import MediaItem
from mltrack_core.records import Record
from mltrack_core.records import Rewind
from mltrack_core.spool import destination
from mltrack_core.spool.destination import Destination
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import serve
from mltrack_server.testing import started

LONG = b"\x89PNG\r\n\x1a\n" + bytes(20_000)
SHORT = b"\x89PNG\r\n\x1a\n"
TABLE = msgspec.msgpack.encode(
    [["a", "b"], [[1, float("nan")], [2**60, "x"], [None, True], [-0.5, float("-inf")]]]
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Give a server that these tests share, each with runs of its own."""
    with serve(tmp_path_factory.mktemp("media")) as running:
        yield running


def file(data: bytes, kind: str = formats.PNG) -> MediaFile:
    """Return a file as a record holds it."""
    is_short = len(data) <= MEDIA_INLINE_BYTES_MAX
    return MediaFile(kind, len(data), digest_of(data), data if is_short else b"")


def image(data: bytes = SHORT, **fields: object) -> MediaItem:
    """Return an image."""
    return MediaItem("image", file(data), **fields)  # type: ignore[arg-type]


def send(server: RunningServer, agent: Agent, *records: Record) -> str:
    """Send a stream; return the run's id."""
    assert server.post(agent.path, data=agent.batch(0, started(), *records).pack()).ok
    return agent.run


def put(server: RunningServer, data: bytes) -> bool:
    """Bring a blob; tell whether it is there."""
    headers = {"Content-Type": "application/octet-stream"}
    return server.ask("PUT", f"/api/v1/blobs/{digest_of(data)}", data=data, headers=headers).ok


def test_media_are_listed_by_name_with_their_steps(server: RunningServer, agent: Agent) -> None:
    """How much of each, of which kinds; and every step at which a slider may stop."""
    text = MediaItem("text", file(b"hello", formats.TEXT))
    run = send(
        server,
        agent,
        Media(1, 5, "val/b", [image(), image()]),
        Media(2, 7, "val/b", [text]),
        Media(3, 6, "a", [text]),
    )

    found = server.get(f"/api/v1/runs/{run}/media").json()

    assert found["steps"] == [5, 6, 7]
    assert found["keys"] == [
        {"name": "a", "kinds": ["text"], "records": 1, "items": 1, "first_step": 6, "last_step": 6},
        {
            "name": "val/b",
            "kinds": ["image", "text"],
            "records": 2,
            "items": 3,
            "first_step": 5,
            "last_step": 7,
        },
    ]


def test_a_step_shows_the_newest_media_up_to_it(server: RunningServer, agent: Agent) -> None:
    """Of each name; without a step the last ones; what was gone over again is not shown."""
    run = send(
        server,
        agent,
        Media(1, 1, "x", [image(caption="one")]),
        Media(2, 5, "x", [image(caption="five")]),
        Media(3, 9, "x", [image(caption="nine, superseded")]),
        Media(4, 3, "y", [image(caption="three")]),
        Rewind(5, 5),
        Media(6, 7, "x", [image(caption="seven")]),
        Media(7, 7, "x", [image(caption="seven too")]),
    )

    def shown(query: str) -> dict[str, list[str]]:
        page = server.get(f"/api/v1/runs/{run}/media/shown{query}").json()
        return {
            record["name"]: [item["caption"] for item in record["items"]]
            for record in page["records"]
        }

    assert shown("") == {"x": ["seven", "seven too"], "y": ["three"]}
    assert shown("?step=6") == {"x": ["five"], "y": ["three"]}
    assert shown("?step=2") == {"x": ["one"]}
    assert shown("?step=0") == {}
    assert shown("?prefix=y") == {"y": ["three"]}


def test_a_run_that_never_went_back_shows_the_same(server: RunningServer, agent: Agent) -> None:
    """By the index alone; names that another one begins with are not taken for it."""
    run = send(
        server,
        agent,
        Media(1, 1, "x", [image(caption="one")]),
        Media(2, 5, "x", [image(caption="five")]),
        Media(3, 5, "x", [image(caption="five too")]),
        Media(4, 3, "x/y", [image(caption="three")]),
    )

    def shown(query: str) -> dict[str, list[str]]:
        page = server.get(f"/api/v1/runs/{run}/media/shown{query}").json()
        return {
            record["name"]: [item["caption"] for item in record["items"]]
            for record in page["records"]
        }

    assert shown("") == {"x": ["five", "five too"], "x/y": ["three"]}
    assert shown("?step=4") == {"x": ["one"], "x/y": ["three"]}
    assert shown("?step=2") == {"x": ["one"]}
    assert shown("?step=0") == {}
    assert shown("?prefix=x/") == {"x/y": ["three"]}


def test_one_name_is_read_step_by_step(server: RunningServer, agent: Agent) -> None:
    """Page by page."""
    run = send(server, agent, *(Media(n, n, "x", [image(caption=str(n))]) for n in range(5)))
    path = f"/api/v1/runs/{run}/media/records?name=x&limit=2"

    first = server.get(path).json()
    last = server.get(f"{path}&start=4").json()

    assert [record["step"] for record in first["records"]] == [0, 1]
    assert first["next"] == 2
    assert [record["step"] for record in last["records"]] == [4]
    assert last["next"] is None


def test_boxes_masks_and_numbers_come_as_they_were_recorded(
    server: RunningServer, agent: Agent
) -> None:
    """A score that is no number too."""
    item = image(
        width=8,
        height=6,
        boxes=[Box(1, 2, 3, 4.5, "cat", float("nan"), "truth")],
        masks=[Mask("truth", file(SHORT + b"m"), {0: "road", 7: "sky"})],
    )
    run = send(server, agent, Media(1, 1, "x", [item]))

    (record,) = server.get(f"/api/v1/runs/{run}/media/shown").json()["records"]

    (found,) = record["items"]
    assert found["boxes"] == [
        {
            "left": 1,
            "top": 2,
            "right": 3,
            "bottom": 4.5,
            "label": "cat",
            "score": "NaN",
            "group": "truth",
        }
    ]
    assert found["masks"][0]["labels"] == {"0": "road", "7": "sky"}
    assert found["masks"][0]["file"]["is_here"]


def test_bytes_are_served_once_they_are_here(server: RunningServer, agent: Agent) -> None:
    """Short ones with their record, long ones as blobs, which come when they come."""
    run = send(server, agent, Media(1, 1, "x", [image(SHORT), image(LONG)]))
    path = f"/api/v1/runs/{run}/media/files"
    shown = f"/api/v1/runs/{run}/media/shown"

    def here() -> list[bool]:
        (record,) = server.get(shown).json()["records"]
        return [item["file"]["is_here"] for item in record["items"]]

    assert here() == [True, False]
    assert server.get(f"{path}/{digest_of(LONG)}").status_code == 410
    assert put(server, LONG)
    assert here() == [True, True]
    assert server.get(f"{path}/{digest_of(SHORT)}").content == SHORT
    whole = server.get(f"{path}/{digest_of(LONG)}")
    part = server.get(f"{path}/{digest_of(LONG)}", headers={"Range": "bytes=8-11"})
    assert whole.content == LONG
    assert (part.status_code, part.content) == (206, bytes(4))
    assert server.get(f"{path}/{digest_of(b'other')}").status_code == 404


HOSTILE = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("kind", "stated", "sent", "place"),
    [
        ("image", formats.PNG, "image/png", "inline"),
        ("audio", formats.WAV, "audio/wav", "inline"),
        ("text", formats.TEXT, "text/plain; charset=utf-8", "inline"),
        ("text", formats.MARKDOWN, "text/plain; charset=utf-8", "inline"),
        ("table", formats.TABLE, "application/octet-stream", "attachment"),
        ("confusion", formats.CONFUSION, "application/octet-stream", "attachment"),
        ("roc", formats.CURVES, "application/octet-stream", "attachment"),
    ],
)
def test_hostile_bytes_are_sent_as_what_they_claim_to_be_and_run_nowhere(
    server: RunningServer, agent: Agent, kind: str, stated: str, sent: str, place: str
) -> None:
    """A browser may look for no other type in them, and what it makes of them is in a sandbox."""
    item = MediaItem(kind, file(HOSTILE, stated))  # type: ignore[arg-type]
    run = send(server, agent, Media(1, 1, "<img src=x>", [item]))

    answer = server.get(f"/api/v1/runs/{run}/media/files/{digest_of(HOSTILE)}")

    assert answer.content == HOSTILE
    assert answer.headers["Content-Type"] == sent
    assert answer.headers["Content-Disposition"] == place
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    "item",
    [
        MediaItem("image", file(b"<svg/>", "image/svg+xml")),
        MediaItem("text", file(b"<html>", "text/html")),
        MediaItem("image", file(b"", formats.WAV)),
        MediaItem("image", MediaFile(formats.PNG, 3, "../../etc/passwd")),
        MediaItem("image", MediaFile(formats.PNG, 3, digest_of(b"abc"), b"abd")),
        MediaItem("image", MediaFile(formats.PNG, 1 << 40, digest_of(b"abc"))),
        image(caption="x" * 1001),
        image(width=-1),
        image(boxes=[Box(float("nan"), 0, 0, 0)]),
        image(masks=[Mask("m", file(b"GIF89a", formats.GIF))]),
        MediaItem("audio", file(b"", formats.WAV), seconds=float("inf")),
    ],
)
def test_media_that_no_client_sends_are_counted_and_not_shown(
    server: RunningServer, agent: Agent, item: MediaItem
) -> None:
    """Their neighbours are."""
    run = send(server, agent, Media(1, 1, "bad", [item]), Media(1, 1, "good", [image()]))

    keys = server.get(f"/api/v1/runs/{run}/media").json()["keys"]
    losses = server.get(f"/api/v1/runs/{run}").json()["losses"]

    assert [key["name"] for key in keys] == ["good"]
    assert json.dumps(losses).count("out of bounds") == 1


def test_a_table_is_read_row_by_row(server: RunningServer, agent: Agent) -> None:
    """What JSON or a browser cannot hold is text."""
    item = MediaItem("table", file(TABLE, formats.TABLE), width=2, height=4)
    run = send(server, agent, Media(1, 1, "t", [item]))
    path = f"/api/v1/runs/{run}/media/tables/{digest_of(TABLE)}"

    assert server.get(path).json() == {
        "columns": ["a", "b"],
        "rows": [[1, "NaN"], [str(2**60), "x"], [None, True], [-0.5, "-Infinity"]],
        "first": 0,
        "total": 4,
    }
    assert server.get(f"{path}?first=1&limit=1").json()["rows"] == [[str(2**60), "x"]]
    assert server.get(f"{path}?first=9").json()["rows"] == []


def test_a_file_that_is_no_table_has_no_rows(server: RunningServer, agent: Agent) -> None:
    """Whatever its record says."""
    item = MediaItem("table", file(b"\xc1", formats.TABLE))
    run = send(server, agent, Media(1, 1, "t", [item, image()]))

    for digest in (digest_of(b"\xc1"), digest_of(SHORT), digest_of(b"none")):
        assert server.get(f"/api/v1/runs/{run}/media/tables/{digest}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("runs/{none}/media", 404),
        ("runs/{none}/media/shown", 404),
        ("runs/{run}/media/records?name=other", 404),
        ("runs/{run}/media/records", 422),
        ("runs/{run}/media/shown?step=x", 422),
        ("runs/{run}/media/files/abc", 422),
        ("runs/{run}/media/tables/abc", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    server: RunningServer, agent: Agent, path: str, status: int
) -> None:
    """With a status that says whose fault it is."""
    run = send(server, agent, Media(1, 1, "x", [image()]))

    answer = server.get("/api/v1/" + path.format(run=run, none="0" * 32))

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_files_belong_to_their_run(server: RunningServer, agent: Agent) -> None:
    """To know a hash is not enough: a run that does not name the file does not give it."""
    run = send(server, agent, Media(1, 1, "x", [image()]))
    other = send(server, Agent())

    assert server.get(f"/api/v1/runs/{run}/media/files/{digest_of(SHORT)}").ok
    assert server.get(f"/api/v1/runs/{other}/media/files/{digest_of(SHORT)}").status_code == 404


def test_blobs_that_media_name_outlive_retention(
    make_server: Callable[..., AbstractContextManager[RunningServer]], tmp_path: Path
) -> None:
    """A sweep for checkpoints deletes none of them."""
    stray = b"named by nothing"
    with make_server() as server:
        run = send(server, Agent(), Media(1, 1, "x", [image(LONG)]))
        for data in (LONG, stray):
            assert put(server, data)
        blobs = BlobFolder(tmp_path / "store" / "blobs")
        for path in blobs.folder.glob("??/*"):
            os.utime(path, (1, 1))  # nobody has asked for it lately

        rule = {"runs": [run], "keep_last": 1, "apply": True}
        assert server.post("/api/v1/checkpoints/retention", json=rule).ok

    assert (blobs.has(digest_of(LONG)), blobs.has(digest_of(stray))) == (True, False)


NOISE = np.random.default_rng(5).integers(0, 256, (150, 150), dtype=np.uint8)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run in *tmp_path*, no agent having been there: its id."""
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda settings: False)
    rows: list[list[object]] = [[1, float("nan")], [2**60, "x"]]
    with mltrack_core.init(folder=tmp_path, console="off") as run:
        for step in (0, 1):
            image = mltrack.Image(NOISE, caption=f"step {step}", masks={"m": NOISE > 9})
            run.log({"val/samples": [image, image]}, step=step)
        run.log({"answer": mltrack.Text("yes"), "t": mltrack.Table(["a", "b"], rows)}, step=2)
        return run.id


def check(run: RunView, folder: Path) -> None:
    """See that everything that `recorded` logged is read back."""
    images = run.media("val/samples")
    (answer,), (table,) = run.media("answer"), run.media("t")
    assert run.media_names() == ["answer", "t", "val/samples"]
    assert [(each.step, each.caption) for each in images] == [
        (0, "step 0"),
        (0, "step 0"),
        (1, "step 1"),
        (1, "step 1"),
    ]
    assert images[0].save(folder / "x.png").read_bytes().startswith(b"\x89PNG")
    assert images[0].type == "image/png"
    assert images[0].read_mask("m").startswith(b"\x89PNG")
    assert answer.text() == "yes"
    columns, rows = table.rows()
    assert columns == ["a", "b"]
    assert repr(rows) == repr([[1, float("nan")], [2**60, "x"]])
    with pytest.raises(MltrackError, match="no media 'val/sample'; there are val/samples"):
        run.media("val/sample")


def test_logged_media_are_read_back_from_a_folder(tmp_path: Path, recorded: str) -> None:
    """Before an agent has made blobs of them, and after."""
    (tmp_path / "out").mkdir()
    (tmp_path / "again").mkdir()
    with mltrack.open(tmp_path) as reader:
        check(reader.run(recorded), tmp_path / "out")
        assert Keeper(tmp_path, SystemClock()).keep()
        check(reader.run(recorded), tmp_path / "again")


def test_logged_media_are_read_back_from_a_server(
    make_server: Callable[..., AbstractContextManager[RunningServer]],
    tmp_path: Path,
    recorded: str,
) -> None:
    """Records and blobs as an agent delivers them; what has not come yet says so."""
    with make_server() as server:
        destination.write(tmp_path, recorded, Destination(server.address, ""))
        shipper = Shipper(tmp_path, SystemClock())
        while shipper.ship([recorded]):
            pass
        with mltrack.open(server.address) as reader:
            run = reader.run(recorded)
            with pytest.raises(MltrackError, match="on their way, or were lost"):
                run.media("val/samples")[0].read()
            assert Keeper(tmp_path, SystemClock()).keep()
            check(run, tmp_path)
        shipper.close()
