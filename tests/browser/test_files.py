"""The run page's files: a tree that arrows walk through, and what is chosen beside it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core import wire
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import File
from mltrack_core.records import FileUse
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.spool import layout

pytestmark = pytest.mark.slow
MARKUP = b"<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe"


def png() -> bytes:
    """Return a picture of 8 by 8 pixels."""
    pixels = zlib.compress(b"".join(b"\0" + b"\xb0\x40\x10" * 8 for _ in range(8)))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)), (b"IDAT", pixels))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (*parts, (b"IEND", b""))
    )


class Recorded:
    """Adds files to a recording as its trainer and its agent would."""

    def __init__(self, folder: Path, recording: Any) -> None:
        self.blobs = BlobFolder(folder / layout.BLOBS_FOLDER)
        self.recording = recording
        self.count = 0

    def file(
        self, name: str, files: dict[str, bytes], use: FileUse = "output", *, kept: bool = True
    ) -> str:
        """Record a file, or a folder of several, and what became of it; return its id."""
        self.count += 1
        uid = f"{self.count:032x}"
        is_folder = len(files) > 1
        first = next(iter(files))
        path = f"/home/ada/{name.split('/')[0]}" if is_folder else f"/home/ada/{first}"
        found = [CheckpointFile(each, len(data), 1) for each, data in files.items()]
        began = self.recording.began_ns + self.count
        self.recording.write(
            File(began, uid, name, path, use, found, "report", 7, is_folder, kept="copy")
        )
        self.tell(uid, files, kept=kept)
        return uid

    def tell(self, uid: str, files: dict[str, bytes], *, kept: bool = True) -> None:
        """Say what became of some files."""
        told = []
        for each, data in files.items():
            self.blobs.put(digest_of(data), data)
            chunks = [digest_of(data)] if kept else []
            told.append(ArtifactFile(each, len(data), digest_of(data), chunks))
        self.recording.agent.append(*wire.encode(Artifact(1, uid, told)))


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run with files of every kind, one of them read from the checkpoint of another run."""
    maker = record(folder, "maker-lynx", project="files")
    checkpoint = CheckpointFile("base.pt", 4, 1)
    maker.write(
        Checkpoint(maker.began_ns, "e" * 32, "/home/ada/base.pt", 5, ["best"], [checkpoint])
    )
    Recorded(folder, maker).tell("e" * 32, {"base.pt": b"base"}, kept=False)
    maker.end(RunEnded(maker.began_ns, "finished"))
    arrive(maker)
    recording = record(folder, "filed-wren", project="files", params={"lr": 0.1})
    recording.write(Params(recording.began_ns, "environment", {"torch": "2.9.0"}))
    recording.print("hello")
    made = Recorded(folder, recording)
    made.file("base.pt", {"base.pt": b"base"}, "input", kept=False)
    made.file("notes.md", {"notes.md": b"# first"})
    made.file("notes.md", {"notes.md": b"# second"})
    made.file("page.html", {"page.html": MARKUP})
    made.file(HOSTILE, {"x.bin": b"\0\1"})
    made.file("out/scores.csv", {"scores.csv": b'name,score\n"a, b",1\n<b>,2\n'})
    made.file("out/plot.png", {"plot.png": png()})
    made.file("out/set", {"deep/a.json": b'{"a":1}', "b.txt": b"two"})
    recording.write(
        Checkpoint(
            recording.began_ns, "d" * 32, "/home/ada/1.pt", 100, [], [CheckpointFile("1.pt", 3, 1)]
        )
    )
    recording.write(
        File(
            recording.began_ns, "c" * 32, "train.parquet", "s3://bucket/train.parquet", "input", [],
            is_elsewhere=True,
        )
    )  # fmt: skip
    recording.end(RunEnded(recording.began_ns, "finished"))
    return arrive(recording)


def line(page: Page, name: str) -> Any:
    """Return a line of the tree."""
    return page.get_by_role("treeitem").filter(has_text=name)


def test_files_stand_in_a_tree_with_everything_that_was_recorded(page: Page, run: str) -> None:
    """Written, read, checkpoints, and what mltrack records by itself; each opens beside it."""
    page.goto(f"/r/{run}/files")
    tree = page.get_by_role("tree", name="Files")
    for name in ("Written", "out", "scores.csv", "Read", "base.pt", "train.parquet", "Checkpoints",
                 "1.pt", "Recorded by mltrack", "console.txt", "requirements.txt", "params.json",
                 "uncommitted.patch"):  # fmt: skip
        expect(tree).to_contain_text(name)

    line(page, "scores.csv").click()
    pane = page.locator(".file-pane")
    expect(pane.get_by_role("cell", name="a, b")).to_be_visible()
    expect(pane.get_by_role("cell", name="<b>")).to_be_visible()
    expect(pane).to_contain_text(digest_of(b'name,score\n"a, b",1\n<b>,2\n'))
    line(page, "plot.png").click()
    image = pane.get_by_role("img", name="plot.png")
    expect(image).to_be_visible()
    page.wait_for_function("document.querySelector('.file-image')?.naturalWidth === 8")
    line(page, "train.parquet").click()
    expect(pane).to_contain_text("elsewhere, never fetched")
    expect(pane).to_contain_text("s3://bucket/train.parquet")
    line(page, "requirements.txt").click()
    expect(pane.locator("pre")).to_have_text("torch==2.9.0\n")
    line(page, "1.pt").click()
    pane.get_by_role("link", name="Show it among the checkpoints").click()
    expect(page.get_by_role("tab", name="Checkpoints")).to_have_attribute("aria-selected", "true")


def test_the_newest_version_is_shown_and_older_ones_are_chosen(page: Page, run: str) -> None:
    """A link to an older one shows that one, and it is the one that comes down."""
    page.goto(f"/r/{run}/files")
    line(page, "notes.md").click()
    expect(page.locator(".file-text")).to_have_text("# second")

    page.get_by_label("Version").select_option(index=1)
    expect(page.locator(".file-text")).to_have_text("# first")
    page.reload()
    expect(page.locator(".file-text")).to_have_text("# first")
    with page.expect_download() as waits:
        page.get_by_role("link", name="Download").click()

    assert Path(waits.value.path()).read_bytes() == b"# first"
    assert waits.value.suggested_filename == "notes.md"


def test_arrows_walk_through_the_tree(page: Page, run: str) -> None:
    """Into folders and out again, a recorded one included; what is chosen is in the address."""
    page.goto(f"/r/{run}/files")
    tree = page.get_by_role("tree", name="Files")
    tree.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(line(page, "out")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(line(page, "scores.csv")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(line(page, "set")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(line(page, "b.txt")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(line(page, "b.txt")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".file-text")).to_have_text("two")

    page.reload()
    expect(page.locator(".file-text")).to_have_text("two")
    page.keyboard.press("9")
    expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")


def test_where_a_file_came_from_leads_to_the_run(page: Page, run: str) -> None:
    """And from there back to who read it."""
    page.goto(f"/r/{run}/files")
    line(page, "base.pt").click()
    expect(page.locator(".file-links")).to_contain_text("Written by")
    page.locator(".file-links").get_by_role("link", name="maker-lynx").first.click()

    expect(page.get_by_role("heading", name="maker-lynx")).to_be_visible()
    page.get_by_role("tab", name="Files").click()
    line(page, "base.pt").click()
    expect(page.locator(".file-links")).to_contain_text("Read by")
    expect(page.locator(".file-links").get_by_role("link", name="filed-wren").first).to_be_visible()


def test_hostile_names_and_bytes_are_text(page: Page, run: str) -> None:
    """Markup in a name, in a page, and marks that turn the reading direction."""
    page.goto(f"/r/{run}/files")
    line(page, "onerror=alert").click()
    expect(page.locator(".file-pane h2")).to_have_text(HOSTILE)
    expect(page.locator(".file-pane")).to_contain_text("nothing in it to be shown")
    line(page, "page.html").click()
    expect(page.locator(".file-text")).to_have_text(MARKUP.decode())

    assert page.locator("img[src=x], script:not([src]):not([type])").count() == 0
    assert "owned" not in page.title()
    address = page.get_by_role("link", name="Download").get_attribute("href") or ""
    answer = page.request.get(address)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_run_without_files_shows_the_line_to_paste(page: Page, runs: dict[str, str]) -> None:
    """Beside what mltrack has recorded by itself."""
    page.goto(f"/r/{runs['calm-fox']}/files")

    expect(page.locator(".snippet")).to_contain_text("run.log_file(")
    line(page, "console.txt").click()
    with page.expect_download() as waits:
        page.get_by_role("link", name="Download").click()
    assert b"Epoch 1/20" in Path(waits.value.path()).read_bytes()


def test_a_link_to_a_file_that_is_not_there_is_no_blank_page(page: Page, run: str) -> None:
    """The tree is there to choose another."""
    page.goto(f"/r/{run}/files?f={'f' * 32}")

    expect(page.get_by_role("tree", name="Files")).to_contain_text("notes.md")
    expect(page.locator(".file-pane")).to_contain_text("Choose a file")
