"""Watch many live runs for an hour in headless Chromium: does memory grow?

    python bench/dashboard/watching.py --minutes 60

A real server follows a spool into which all runs log, a page is open on their workspace, and each
minute the pointer crosses a chart and the wall is scrolled down and up, as by somebody who looks.
Then the browser's garbage is collected, and what is left is counted: heap, elements, listeners; and
the server's memory. The slope is that of all samples from a fifth of the time on: the first minutes
fill what is kept on purpose. A page that fell behind would prove nothing, so what its first chart
has is compared with what was logged.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields
from pathlib import Path

import data
import numpy as np
import recording
import serving
from playwright.sync_api import CDPSession
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from prepare import say
from views import CHROMIUM
from views import FLAGS

DRAWN_MAX = 200  # runs in a chart
SAMPLE_S = 60.0
MANY_MS = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What there is after a garbage collection."""

    minute: float
    heap_mb: float
    elements: float  # nodes of the document, those detached and still held included
    listeners: float
    cpu: float  # share of a core that the page's process took since the sample before
    server_mb: float  # resident
    server_cpu: float  # share of a core since the sample before
    behind: float  # points of the runs drawn that were logged and are not in the first chart
    errors: float  # of the page, so far


class Runs:
    """Live runs, each of which logs once in a while."""

    def __init__(self, root: Path, count: int, metrics: int, pause_s: float) -> None:
        self.names = data.names(metrics)
        self.runs = [recording.Run(root, "live", f"run-{at:03d}") for at in range(count)]
        self.logged = 0  # steps of all runs together
        self._pause_s = pause_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._log)

    def __enter__(self) -> Runs:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        for run in self.runs:
            run.end()

    def _log(self) -> None:
        """Log a step of each run in turn, evenly over the pause, until it is over."""
        began = time.monotonic()
        while not self._is_over.is_set():
            step, at = divmod(self.logged, len(self.runs))
            values = {name: data.value(at, of, step) for of, name in enumerate(self.names)}
            self.runs[at].log(step, values)
            self.logged += 1
            due = began + self.logged * self._pause_s / len(self.runs)
            self._is_over.wait(max(0.0, due - time.monotonic()))


class Watcher:
    """A page that is looked at, and the server behind it."""

    def __init__(self, page: Page, runs: Runs, server: int) -> None:
        self.page, self.runs, self.server = page, runs, server
        self._browser: CDPSession = page.context.new_cdp_session(page)
        self._browser.send("Performance.enable")
        self._began = self._sampled = time.monotonic()
        self._page_s, self._server_s = self._busy_s(), serving.cpu_s_of(server)
        self._errors = 0
        page.on("pageerror", self._note)

    def _note(self, error: object) -> None:
        self._errors += 1
        say(f"the page: {error}")

    def sample(self) -> Sample:
        """Look at the page as a person would, then count."""
        self._look()
        self._browser.send("HeapProfiler.collectGarbage")
        heap = self._browser.send("Runtime.getHeapUsage")["usedSize"]
        counters = self._browser.send("Memory.getDOMCounters")
        now, page_s, server_s = time.monotonic(), self._busy_s(), serving.cpu_s_of(self.server)
        took = now - self._sampled
        sample = Sample(
            minute=(now - self._began) / 60,
            heap_mb=heap / 1e6,
            elements=counters["nodes"],
            listeners=counters["jsEventListeners"],
            cpu=(page_s - self._page_s) / took,
            server_mb=resident_mb(self.server),
            server_cpu=(server_s - self._server_s) / took,
            behind=self._behind(),
            errors=self._errors,
        )
        self._sampled, self._page_s, self._server_s = now, page_s, server_s
        return sample

    def _look(self) -> None:
        """Cross the first chart with the pointer, scroll down to the last one and back."""
        chart = self.page.locator(".card .u-over").first
        chart.hover()  # it may still be on its way back from the look before
        box = chart.bounding_box()
        assert box
        for step in range(20):
            at = box["x"] + box["width"] * step / 20
            self.page.mouse.move(at, box["y"] + box["height"] / 2)
        for by in (*[300] * 10, *[-300] * 10):
            self.page.mouse.wheel(0, by)
            self.page.wait_for_timeout(100)

    def _behind(self) -> float:
        """Return how many of the points that the drawn runs have logged are not in the chart."""
        count = len(self.runs.runs)
        logged = self.runs.logged * min(count, DRAWN_MAX) / count
        text = self.page.locator(".card-footer").first.inner_text()
        shown = re.match(r"[\d,]+", text)
        return logged - int(shown[0].replace(",", "")) if shown else logged

    def _busy_s(self) -> float:
        metrics = self._browser.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "ProcessTime")


def main() -> None:
    """Watch, print each sample, then the first, the last and the slope."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--metrics", type=int, default=12)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between a run's steps")
    options = parser.parse_args()
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="mltrack-watching-") as folder:
        root = Path(folder) / "mltrack"
        runs = Runs(root, options.runs, options.metrics, options.pause)
        with runs, serving.of_mltrack(root) as (address, server), opened(address) as page:
            watcher = Watcher(page, runs, server)
            print(" ".join(f"{each.name:>10}" for each in fields(Sample)))  # noqa: T201
            ends = time.monotonic() + options.minutes * 60
            while time.monotonic() < ends:
                page.wait_for_timeout(SAMPLE_S * 1000)
                samples.append(watcher.sample())
                print(row(samples[-1]), flush=True)  # noqa: T201
    sys.stdout.write(report(samples))


@contextlib.contextmanager
def opened(address: str) -> Iterator[Page]:
    """Give a page on the workspace of the live runs that shows a chart."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(MANY_MS)
        page.goto(f"{address}/p/live")
        page.locator(".card canvas").first.wait_for()
        yield page
        browser.close()


def resident_mb(pid: int) -> float:
    """Return the memory that a process has in RAM."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0


def row(sample: Sample) -> str:
    """Return a sample as a line of the table."""
    return " ".join(f"{getattr(sample, each.name):10,.2f}" for each in fields(Sample))


def report(samples: list[Sample]) -> str:
    """Return the first sample, the last, and the slope per hour of what should not grow."""
    lines = ["", "| | first | last | slope per hour |", "|---|--:|--:|--:|"]
    settled = samples[len(samples) // 5 :]
    for name in ("heap_mb", "elements", "listeners", "server_mb"):
        values = [float(getattr(sample, name)) for sample in settled]
        slope = 60 * np.polyfit([one.minute for one in settled], values, 1)[0] if settled[1:] else 0
        first, last = getattr(samples[0], name), values[-1]
        lines.append(f"| {name} | {first:,.1f} | {last:,.1f} | {slope:+,.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
