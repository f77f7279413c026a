"""What is measured of pages: when pictures are there, what they cost, how smoothly they move."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import recording
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TooLate

CHROMIUM = os.environ.get("MLTRACK_TEST_CHROMIUM", "/usr/bin/chromium")  # noqa: TID251
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
WAIT_MS = 120_000
ZOOMS = 20
LIVE_POINTS = 20
# Runs before the page's own scripts. A chart is a canvas or a drawing with a coloured line in it,
# whoever made it; they are counted until nothing has been added for two seconds.
WATCH = """
window.bench = { longest: 0, first: null, complete: null, charts: 0 };
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries())
    bench.longest = Math.max(bench.longest, duration);
}).observe({ type: "longtask", buffered: true });
bench.isColoured = (canvas) => {
  const small = document.createElement("canvas");
  [small.width, small.height] = [120, 60];
  const pen = small.getContext("2d", { willReadFrequently: true });
  try { pen.drawImage(canvas, 0, 0, 120, 60); } catch { return false; }
  const { data } = pen.getImageData(0, 0, 120, 60);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const rgb = [data[at], data[at + 1], data[at + 2]];
    if (data[at + 3] > 40 && Math.max(...rgb) - Math.min(...rgb) > 40) found += 1;
  }
  return found > 20;
};
bench.count = () => {
  let charts = 0;
  for (const one of document.querySelectorAll("canvas, svg")) {
    const box = one.getBoundingClientRect();
    if (box.width < 120 || box.height < 60 || box.top > innerHeight || box.bottom < 0) continue;
    if (one.tagName === "CANVAS") charts += bench.isColoured(one) ? 1 : 0;
    else if ([...one.querySelectorAll("path")].some((path) =>
      (path.getAttribute("d") ?? "").length > 300)) charts += 1;
  }
  return charts;
};
bench.timer = setInterval(() => {
  if (!document.body) return;
  const charts = bench.count();
  if (charts > bench.charts) {
    bench.first ??= performance.now();
    bench.complete = performance.now();
    bench.charts = charts;
  } else if (bench.first !== null && performance.now() - bench.complete > 2000)
    clearInterval(bench.timer);
}, 50);
"""
# Frames per second while something else moves the page.
FRAMES = """() => {
  bench.frames = 0;
  bench.from = performance.now();
  const count = () => { bench.frames += 1; bench.request = requestAnimationFrame(count); };
  bench.request = requestAnimationFrame(count);
}"""
RATE = """() => {
  cancelAnimationFrame(bench.request);
  return bench.frames * 1000 / (performance.now() - bench.from);
}"""
# From now until the picture of the first card has been fetched and drawn again.
REDRAWN = """() => new Promise((done) => {
  const card = document.querySelector(".card");
  const began = performance.now();
  let wasBusy = card.getAttribute("aria-busy") === "true";
  const look = () => {
    const isBusy = card.getAttribute("aria-busy") === "true";
    wasBusy ||= isBusy;
    if (wasBusy && !isBusy) requestAnimationFrame(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  look();
})"""


class NoChart(Exception):
    """The page shows no chart by itself."""


@contextlib.contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    """Give a page of a new profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


def wall(browser: Browser, address: str, *, is_peer: bool = False) -> dict[str, float]:
    """Measure the page of all metrics of all runs."""
    with opened(browser) as page:
        foreign: list[str] = []
        host = urlsplit(address).netloc
        page.on(
            "request",
            lambda request: (
                foreign.append(request.url)
                if request.url.startswith("http") and urlsplit(request.url).netloc != host
                else None
            ),
        )
        page.goto(address)
        try:
            page.wait_for_function("bench.first && performance.now() - bench.complete > 2000")
        except TooLate as error:
            raise NoChart(f"no chart at {address} without a click") from error
        measured: dict[str, float] = {
            "first chart": page.evaluate("bench.first"),
            "viewport complete": page.evaluate("bench.complete"),
            "longest task": page.evaluate("bench.longest"),
            "initial JS": _bytes(page, r"\.m?js") / 1000,
            "answers for the first viewport": _bytes(page, "") / 1e6,
        }
        if not is_peer:
            measured["cursor over the charts"] = _cursor_rate(page)
        box = {"x": 1000, "y": 500}
        page.mouse.move(box["x"], box["y"])
        measured["scrolling the wall"] = _scroll_rate(page, 300)
        measured["heap after the whole wall"] = _heap(page) / 1e6
        measured["requests to other hosts"] = len(foreign)
        return measured


def _bytes(page: Page, pattern: str) -> float:
    """Return the bytes of scripts, as they travelled; of answers to scripts without a pattern."""
    kind = (
        f"/{pattern}(\\?|$)/.test(one.name)"
        if pattern
        else "['fetch', 'xmlhttprequest'].includes(one.initiatorType)"
    )
    total = page.evaluate(
        f"""() => performance.getEntriesByType("resource").filter((one) => {kind})
        .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
    )
    return float(total)


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


def _cursor_rate(page: Page) -> float:
    box = page.locator(".card .u-over").first.bounding_box()
    assert box
    page.evaluate(FRAMES)
    for step in range(120):
        at = step % 60 / 60
        page.mouse.move(box["x"] + box["width"] * at, box["y"] + box["height"] / 2)
    return float(page.evaluate(RATE))


def _scroll_rate(page: Page, notches: int) -> float:
    page.evaluate(FRAMES)
    for _ in range(notches):
        page.mouse.wheel(0, 60)
    return float(page.evaluate(RATE))


def million(browser: Browser, address: str, project: str) -> dict[str, float]:
    """Measure the run of the one long metric: from a click to its picture, and zooms into it."""
    with opened(browser) as page:
        page.goto(f"{address}/p/{project}/table")
        link = page.locator(".run-row .name a").first
        link.wait_for()
        page.wait_for_timeout(500)
        page.evaluate("addEventListener('click', () => { bench.click = performance.now(); }, true)")
        link.click()
        drawn = page.wait_for_function(
            """() => { const canvas = document.querySelector(".card canvas");
            return canvas && bench.isColoured(canvas) && performance.now() - bench.click; }""",
            polling="raf",
        )
        measured = {"1M points: click to picture": float(drawn.json_value())}
        chip = page.locator(".card .chip").first
        with contextlib.suppress(TooLate):  # it comes behind the picture
            chip.wait_for(timeout=2000)
        text = chip.inner_text() if chip.count() else ""
        measured["1M points: spikes announced"] = float("".join(filter(str.isdigit, text)) or 0)
        times = [_zoom(page, at) for at in range(ZOOMS)]
        measured["zoom p50"] = statistics.median(times)
        measured["zoom p95"] = sorted(times)[int(len(times) * 0.95) - 1]
        return measured


def _zoom(page: Page, at: int) -> float:
    """Drag over a part of the chart, another each time; return the ms until it is drawn."""
    over = page.locator(".card .u-over").first
    box = over.bounding_box()
    assert box
    left = box["x"] + box["width"] * (0.1 + 0.3 * at / ZOOMS)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(left + box["width"] * 0.4, middle, steps=3)
    page.evaluate(f"bench.redrawn = ({REDRAWN})(); undefined")
    page.mouse.up()
    took = float(page.evaluate("bench.redrawn"))
    page.keyboard.press("0")
    page.locator(".card[aria-busy=false]").first.wait_for()
    page.wait_for_timeout(200)
    return took


def table(browser: Browser, address: str) -> dict[str, float]:
    """Measure the table of many runs: its first rows, and how it scrolls."""
    with opened(browser) as page:
        page.goto(address)
        shown = page.wait_for_function(
            "document.querySelector('.run-row[data-run]') && performance.now()", polling="raf"
        )
        measured = {"table of many runs": float(shown.json_value())}
        page.mouse.move(600, 500)
        measured["scrolling the table"] = _scroll_rate(page, 200)
        return measured


def histograms(browser: Browser, address: str) -> dict[str, float]:
    """Measure the heat map of all histograms of a run."""
    with opened(browser) as page:
        page.goto(address)
        page.wait_for_function("bench.first")
        return {"histograms": float(page.evaluate("bench.first"))}


def live(browser: Browser, address: str, root: Path) -> dict[str, float]:
    """Measure how long a point takes from `log()` to the page that shows its run."""
    run = recording.Run(root, "live", f"live-{time.time():.0f}")
    run.log(0, {"train/loss": 1.0})
    with opened(browser) as page:
        # The server finds a new run a moment later.
        while page.request.get(f"{address}/api/v1/runs/{run.id}").status != 200:
            page.wait_for_timeout(100)
        page.goto(f"{address}/r/{run.id}")
        footer = page.locator(".card-footer").first
        footer.get_by_text("1 point").wait_for()
        times = []
        for step in range(1, LIVE_POINTS + 1):
            began = time.perf_counter()
            run.log(step, {"train/loss": 1.0 / step})
            footer.get_by_text(f"{step + 1} points").wait_for()
            times.append((time.perf_counter() - began) * 1000)
            page.wait_for_timeout(300 + 37 * step % 200)  # out of step with the page
    run.end()
    return {"log() to pixel p95": sorted(times)[int(len(times) * 0.95) - 1]}
