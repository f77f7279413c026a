"""A real browser on a real server that follows a real spool."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Dialog
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import ViewportSize
from playwright.sync_api import expect
from playwright.sync_api import sync_playwright

from mltrack_core.records import Alert
from mltrack_core.records import ByExponent
from mltrack_core.records import Console
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import RunEnded
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.runs import Recording

# Where the browser lies; the one variable that these tests read.
CHROMIUM: Final = os.environ.get("MLTRACK_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A dashboard's document with everything that there is.
DOCUMENT: Final = Path(__file__).parents[1] / "server" / "web" / "golden" / "dashboard.json"
DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
# A canvas' width, its height, and its pixels row by row, in base64.
PIXELS: Final = """async (canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob([data]));
  });
  return [width, height, url.slice(url.indexOf(",") + 1)];
}"""
TABS: Final = tuple(
    "charts gradients distributions media checkpoints overview system console files".split()
)
WAIT_S: Final = 30.0  # a test that waits longer than this has failed
SECOND: Final = 1_000_000_000


def loss_at(step: int, rate: float = 1.0) -> float:
    """Return a curve that falls and wiggles like a loss, the same at each call."""
    return 2.3 * math.exp(-step * rate / 150) + 0.12 + 0.03 * math.sin(step * 1.7)


def histograms_at(step: int) -> dict[str, Histogram]:
    """Return three layers' gradients, which shrink; those of the head are broken in the end."""
    first = -8 - step // 400
    counts = [1, 8, 60, 300, 90, 4]
    broken = 3 if step >= 1500 else 0
    return {
        "grad/histogram/stem.weight": ByExponent(first, counts, first, counts, zeros=9),
        "grad/histogram/block.0.weight": ByExponent(first - 2, counts, first - 2, counts),
        "grad/histogram/head.weight": ByExponent(first, counts, first, counts, nans=broken),
        "param/histogram/head.weight": ByExponent(-3, counts, -3, counts),
    }


def record_finished(root: Path) -> Recording:
    """Record a run of 2,000 steps with one spike, validation, console, devices and an alert."""
    run = Recording(
        root, "calm-fox", params={"lr": 0.001, "batch_size": 64, "optimizer.name": "adam"}
    )
    for step in range(2000):
        spike = 40.0 if step == 1000 else 0.0
        accuracy = 1 - loss_at(step) / 3
        run.log(step, {"train/loss": loss_at(step) + spike, "train/accuracy": accuracy})
        if step % 100 == 99:
            run.log(step, {"val/loss": loss_at(step) + 0.05, "val/accuracy": accuracy - 0.02})
    for epoch in range(1, 21):
        run.print(f"\x1b[1mEpoch {epoch}/20\x1b[0m loss: {loss_at(epoch * 100):.4f}")
    run.write(Console(run.began_ns, "stderr", "UserWarning: the learning rate is small"))
    for second in range(0, 600, 5):
        run.sample(
            second,
            {
                "sys/cpu.percent": 60 + 20 * math.sin(second / 40),
                "sys/memory.used_bytes": 4e9 + 1e6 * second,
                "sys/gpu.0.utilization_percent": 80 + 15 * math.sin(second / 20),
                "sys/gpu.0.memory_bytes": 9e9,
            },
        )
    for step in range(0, 2000, 50):
        run.write(Histograms(run.began_ns + step, step, histograms_at(step)))
    run.write(Alert(run.began_ns + SECOND, "warning", "Loss spiked", "40 at step 1000", 1000))
    run.end(RunEnded(run.began_ns + 600 * SECOND, "finished", exit_code=0))
    return run


def record_diverged(root: Path) -> Recording:
    """Record a run whose loss becomes NaN at step 250 and which then raises."""
    run = Recording(root, "wild-owl", params={"lr": 0.5, "batch_size": 64}, age_s=500)
    for step in range(300):
        run.log(step, {"train/loss": loss_at(step, 0.4) if step < 250 else math.nan})
    text = "First seen at step 250. The last finite loss was 0.36 at step 249."
    mark = Alert(run.began_ns + SECOND, "error", "The loss is nan", text, 250, "health.nonfinite")
    run.write(mark)
    traceback = (
        'Traceback (most recent call last):\n  File "train.py", line 9\nValueError: loss is NaN'
    )
    run.end(
        RunEnded(run.began_ns + 160 * SECOND, "failed", "ValueError: loss is NaN", traceback, 1)
    )
    return run


def record_killed(root: Path) -> Recording:
    """Record a run that the kernel killed for want of memory."""
    run = Recording(root, "lost-elk", params={"lr": 0.01, "batch_size": 4096}, age_s=400)
    for step in range(120):
        run.log(step, {"train/loss": loss_at(step, 0.8)})
    run.die(9, "out of memory: the kernel killed it (SIGKILL)")
    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLTRACK_DIR of its own."""
    return tmp_path_factory.mktemp("mltrack")


@pytest.fixture(scope="session")
def recordings(folder: Path) -> tuple[Recording, ...]:
    """The recorded runs, one of each kind of ending."""
    return record_finished(folder), record_diverged(folder), record_killed(folder)


@pytest.fixture(scope="session")
def runs(recordings: tuple[Recording, ...]) -> dict[str, str]:
    """Name → id of the recorded runs."""
    return {recording.name: recording.run for recording in recordings}


@pytest.fixture
def live(folder: Path, server: str, arrive: Callable[[Recording], str]) -> Iterator[Recording]:
    """A run that goes on, ten steps old, of which the server has heard."""
    recording = Recording(folder, "live-yak", params={"lr": 0.002}, age_s=5)
    for step in range(10):
        recording.log(step, {"train/loss": loss_at(step)})
    arrive(recording)
    yield recording
    if not recording.trainer.is_closed:
        recording.end(RunEnded(time.time_ns(), "finished"))


@pytest.fixture(scope="session")
def record() -> Callable[..., Recording]:
    """What begins a run in any folder."""
    return Recording


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, port: int = 0, **environ: str) -> Iterator[str]:
    """Run the server's command on *folder* as a process of its own; give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mltrack_server", *arguments, "--port", str(port)],
        env={**os.environ, "MLTRACK_DIR": str(folder), **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://\S+", line)
        assert match, f"the server said {line!r} instead of its address"
        yield match[0]
    finally:
        process.terminate()
        process.wait(WAIT_S)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[str]]:
    """What runs another server."""
    return serving


@pytest.fixture(scope="session")
def serve_runs(
    arrive_at: Callable[[str, Recording], str],
) -> Callable[[Path, Iterable[Recording]], contextlib.AbstractContextManager[str]]:
    """What runs a local server on a folder, and gives its address once it has all of these runs."""

    @contextlib.contextmanager
    def serve_runs(folder: Path, recordings: Iterable[Recording], port: int = 0) -> Iterator[str]:
        with serving(folder, "ui", "--no-browser", port=port) as address:
            for recording in recordings:
                arrive_at(address, recording)
            yield address

    return serve_runs


@pytest.fixture(scope="session")
def server(
    folder: Path,
    recordings: tuple[Recording, ...],
    serve_runs: Callable[..., contextlib.AbstractContextManager[str]],
) -> Iterator[str]:
    """The address of a local server on the recorded runs, which has all of them."""
    with serve_runs(folder, recordings) as address:
        yield address


@pytest.fixture(scope="session")
def board(server: str, runs: dict[str, str]) -> str:
    """The id of a dashboard of the recorded runs that has a panel of every type, on two tabs."""
    return store_document(server, runs, None)


@pytest.fixture(scope="session")
def report(server: str, runs: dict[str, str]) -> str:
    """The id of a report that shows the same."""
    frozen = {"dashboard": "d" * 32, "version": 1, "at_ns": 10**18, "runs": list(runs.values())}
    return store_document(server, runs, frozen)


@pytest.fixture(scope="session")
def addresses(runs: dict[str, str], board: str, report: str) -> dict[str, str]:
    """Every page that there is, of the recorded runs: by a name, where it is found."""
    mine, two = "/p/digits", f"{runs['calm-fox']},{runs['wild-owl']}"
    return {
        "workspace": mine,
        "table": f"{mine}/table",
        "params": f"{mine}/params",
        "compare": f"{mine}/compare?r={two}",
        "compare with histograms": f"{mine}/compare?r={two}&with=histograms",
        "settings": f"{mine}/settings",
        "resources": f"{mine}/resources",
        "dashboards": f"{mine}/dashboards",
        "dashboard": f"{mine}/dashboards/{board}",
        "dashboard edited": f"{mine}/dashboards/{board}?edit=1",
        "dashboard's second tab": f"{mine}/dashboards/{board}?tab=more",
        "report": f"{mine}/reports/{report}",
        "report edited": f"{mine}/reports/{report}?edit=1",
        **{f"run's {tab}": f"/r/{runs['calm-fox']}/{tab}" for tab in TABS},
    }


def store_document(server: str, runs: dict[str, str], frozen: dict[str, object] | None) -> str:
    """Store the golden document, its one run one of *runs*; return its id."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8")) | {"filter": "", "frozen": frozen}
    text = json.dumps(document).replace("0123456789abcdef" * 2, runs["calm-fox"])
    new = {"project": "digits", "name": "golden", "owner": "ada", "author": "ada"}
    request = urllib.request.Request(
        f"{server}/api/v1/dashboards",
        json.dumps(new | {"document": json.loads(text)}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        made: str = json.load(answer)["summary"]["id"]
    return made


@pytest.fixture(scope="session")
def arrive_at() -> Callable[[str, Recording], str]:
    """What waits until a server has all of a recording, and returns the run's id.

    A page that is opened earlier says that there is no such run, until there is.
    """

    def wait(server: str, recording: Recording) -> str:
        address = f"{server}/api/v1/runs/{recording.run}"
        deadline = time.monotonic() + WAIT_S
        while not _has(address, (recording.trainer, recording.agent)):
            assert time.monotonic() < deadline, f"{recording.name} has not arrived"
            time.sleep(0.05)
        return recording.run

    return wait


@pytest.fixture(scope="session")
def arrive(server: str, arrive_at: Callable[[str, Recording], str]) -> Callable[[Recording], str]:
    """`arrive_at` the server of the recorded runs."""
    return partial(arrive_at, server)


def _has(address: str, writers: tuple[SpoolWriter, ...]) -> bool:
    """Tell whether the run at *address* holds all that *writers* have written."""
    try:
        with urllib.request.urlopen(address) as answer:
            streams = json.load(answer)["streams"]
    except urllib.error.HTTPError as error:
        error.close()
        return False
    stored = {stream["id"]: stream["next_seq"] for stream in streams}
    return all(stored.get(writer.stream, 0) >= writer.next_seq for writer in writers)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; without one they are skipped, and in CI they fail."""
    if not Path(CHROMIUM).exists():
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop(f"no browser at {CHROMIUM}; MLTRACK_TEST_CHROMIUM may name another")
    expect.set_options(timeout=WAIT_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Watch:
    """What pages did that they must not do."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def look_at(self, page: Page, own: str, *, is_refused: bool = False) -> None:
        """Note every request that is not to *own*, and every error, CSP violations included.

        Browsers themselves report each answer that is no success, and each server that is not
        there: errors, but where the page *is_refused* on purpose. A filter that the server refuses
        is none anywhere: the page says why.
        """
        refusals = ("Failed to load resource", "WebSocket connection") if is_refused else ()
        feed = own.replace("http", "ws", 1)
        # A blob is what the page itself has made.
        self._note(page, "request", self.foreign, lambda it: it.url.removeprefix("blob:"), own)
        self._note(page, "websocket", self.foreign, lambda it: it.url, feed)
        self._note(page, "pageerror", self.errors, str)
        self._note(page, "console", self.errors, _error_of, *refusals)
        page.on("dialog", self._refuse)  # nothing of ours opens one: markup was run

    def _note(
        self, page: Page, event: Any, notes: list[str], told: Callable[[Any], str], *fine: str
    ) -> None:
        def note(it: Any) -> None:
            if (text := told(it)) and not text.startswith(fine):
                notes.append(text)

        page.on(event, note)

    def _refuse(self, dialog: Dialog) -> None:
        self.errors.append(dialog.message)
        dialog.dismiss()


def _error_of(said: ConsoleMessage) -> str:
    """Return what a line in the browser's console says, if it is an error."""
    is_error = said.type == "error" and "422 (Unprocessable" not in said.text
    return said.text if is_error else ""


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What watches pages, and fails the test for what they did."""
    watch = Watch()
    yield watch
    assert watch.foreign == []
    assert watch.errors == []


@pytest.fixture
def open_page(chromium: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """What opens a page of any server in a new profile, at desk size, and watches it.

    `open_page(server, "/p/digits", is_refused=False, **options)`; the options are the context's.
    Close it before its server ends: it would say that it hears nothing.
    """
    with contextlib.ExitStack() as opened:

        def open_page(
            server: str, path: str = "/", *, is_refused: bool = False, **options: Any
        ) -> Page:
            context = chromium.new_context(**{"base_url": server, "viewport": DESK} | options)
            opened.callback(context.close)
            context.set_default_timeout(WAIT_S * 1000)
            page = context.new_page()
            watch.look_at(page, server, is_refused=is_refused)
            page.goto(path)
            return page

        yield open_page


@pytest.fixture
def context(chromium: Browser, server: str) -> Iterator[BrowserContext]:
    """A new profile on the server of the recorded runs, at desk size."""
    context = chromium.new_context(base_url=server, viewport=DESK)
    context.set_default_timeout(WAIT_S * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: str, watch: Watch) -> Page:
    """A page that fails its test if it asks another host or reports an error."""
    page = context.new_page()
    watch.look_at(page, server)
    return page


@pytest.fixture
def refused(context: BrowserContext, server: str, watch: Watch) -> Page:
    """A page that may be answered no, which browsers themselves report as an error."""
    page = context.new_page()
    watch.look_at(page, server, is_refused=True)
    return page


@pytest.fixture(scope="session")
def saved() -> Callable[[Locator, str], str]:
    """Returns what a picture in a part of the page is saved as: "SVG" or "CSV"."""

    def saved(part: Locator, kind: str) -> str:
        part.locator(".picture-tools button").click()
        with part.page.expect_download() as download:
            part.page.get_by_role("menuitem", name=kind).click()
        return download.value.path().read_text(encoding="utf-8")

    return saved


@pytest.fixture(scope="session")
def pixels() -> Callable[[Locator], NDArray[np.uint8]]:
    """Returns what a canvas shows: shape (height, width, 4), red, green, blue, alpha, 0 to 255."""

    def pixels(canvas: Locator) -> NDArray[np.uint8]:
        width, height, data = canvas.evaluate(PIXELS)
        return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)

    return pixels
