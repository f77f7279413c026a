"""What a training calls its things is text on every page, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from typing import Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.media.text import Text
from mltrack_core.records import Alert
from mltrack_core.records import ByExponent
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import RunEnded
from mltrack_core.spool import attachments

pytestmark = pytest.mark.slow

MARKUP: Final = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
TEXTS: Final = {
    "markup": MARKUP,
    "template": "{{constructor}} $t(retry) ${1} %s %41 &lt;b&gt; [a](javascript:alert(1))",
    "terminal": "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b[2J\r\x08\x07",
    "turned": "\u202egpj.exe \u2067\u0627\u0628",
    "nothing": "\u200b\u2060\ufeff",
    "long": "W" * 10_000,
}
COUNTS: Final = ByExponent(-8, [1, 8, 60, 300], -8, [1, 8, 60, 300])
PROJECT: Final = "<b>50%</b>/a?b#c %41"
# Elements that no page of ours has, and that markup in a name would make.
MADE: Final = """() => [...document.querySelectorAll(
  "img[src='x'], [onerror], script:not([src^='/']), b > b, " +
  "a[href^='javascript'], a[href*='evil']:not(.markdown a)"
)].map((element) => element.outerHTML)"""
# Texts that turn what stands behind them: nothing of ours may stand there in the same run of text.
TURNED: Final = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.textContent.lastIndexOf("\\u202e");
    if (at < 0) continue;
    let box = walker.currentNode.parentElement;
    const isOpen = ({ display, unicodeBidi }) => display === "inline" && unicodeBidi === "normal";
    while (isOpen(getComputedStyle(box))) box = box.parentElement;
    const range = document.createRange();
    range.selectNodeContents(box);
    range.setStart(walker.currentNode, at);
    const behind = range.toString().split("\\u0628").slice(1).join("").trim();
    if (behind) found.push(`${behind} in ${box.outerHTML}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def hostile(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[tuple[str, dict[str, str]]]:
    """A server on a run of each kind of text, which is the name of everything in it; their ids."""
    folder = tmp_path_factory.mktemp("hostile")
    recordings = [
        record_called(record(folder, text, project=PROJECT, params={f"p {text}": text}), text)
        for text in TEXTS.values()
    ]
    with serve_runs(folder, recordings) as address:
        yield address, {kind: run.run for kind, run in zip(TEXTS, recordings, strict=True)}


def record_called(run: Any, text: str) -> Any:
    """Write everything that has a name, or is one."""
    for step in range(3):
        run.log(step, {"val/loss": 1.0 / (step + 1), f"grad/norm/{text}": 1.0, text: 2.0})
        run.print(f"{step} {text}")
        run.write(Histograms(run.began_ns, step, {f"grad/histogram/{text}": COUNTS}))
    said = Text(f"say {text}", caption=text).encode(lambda text: text)
    for digest, data in said.files.items():
        attachments.write(run.root, run.run, digest, data)
    run.write(Media(run.began_ns, 1, f"val/{text}", [said.item]))
    run.write(Alert(run.began_ns + 1, "error", f"alert {text}", f"why {text}", 1, "health.loss"))
    file = CheckpointFile(f"{text}.pt", 9, 1)
    run.write(Checkpoint(run.began_ns, f"{7:032x}", f"/{text}", 1, ["best"], [file]))
    run.sample(1, {"sys/cpu.percent": 50.0})
    run.end(RunEnded(run.began_ns + 10**9, "failed", f"Error: {text}", f"Traceback {text}"))
    return run


@pytest.fixture
def addresses(hostile: tuple[str, dict[str, str]], open_page: Callable[..., Page]) -> list[str]:
    """Every page on which something is called so."""
    server, runs = hostile
    project = f"/p/{quote(PROJECT, safe='')}"
    page = open_page(server, "about:blank")
    shown = []
    for kind, text in TEXTS.items():
        panels: list[dict[str, Any]] = [
            {"type": "lines", "metric": text[:1000], "axis": "step", "smoothing": 0}
            | {"is_log": False, "is_full": False},
            {"type": "text", "text": text},
            {"type": "table", "columns": [], "sort": ""},
            {"type": "media", "run": runs[kind], "name": f"val/{text}"[:1000]},
        ]
        placed = [
            {"id": f"p{at}", "title": text[:200], "filter": "", "x": 0, "y": 7 * at}
            | {"width": 6, "height": 7}
            | panel
            for at, panel in enumerate(panels)
        ]
        tabs = [{"id": "tab1", "title": text[:200], "panels": placed}]
        frozen = {"dashboard": "a" * 32, "version": 1, "at_ns": 10**18, "runs": [runs[kind]]}
        for where, of in (("dashboards", None), ("reports", frozen)):
            document = {"version": 1, "filter": "", "frozen": of, "tabs": tabs}
            new = {"project": PROJECT, "name": text[:200], "owner": text[:99], "author": text[:99]}
            made = page.request.post("/api/v1/dashboards", data=new | {"document": document})
            assert made.status == 201, made.text()
            shown.append(f"{project}/{where}/{made.json()['summary']['id']}")
        edit = {"tags": [text[:99]], "notes": text, "group": text[:99]}
        assert page.request.patch(f"/api/v1/runs/{runs[kind]}", data=edit).ok
    tabs_of_runs = [
        f"/r/{run}/{tab}"
        for run in runs.values()
        for tab in "charts gradients distributions media checkpoints overview console".split()
    ]
    pages = ("", "/table", "/params", f"/compare?r={','.join(runs.values())}&all=1", "/dashboards")
    grouped = f"{project}?g=group&k=group"
    return [*(project + path for path in pages), grouped, *shown, *tabs_of_runs]


def test_what_is_called_like_a_program_is_text_on_every_page(
    hostile: tuple[str, dict[str, str]], addresses: list[str], open_page: Callable[..., Page]
) -> None:
    """Nothing of it runs, becomes an element, turns what stands beside it, or widens the page."""
    page = open_page(hostile[0], "about:blank")

    for address in addresses:
        page.goto(address)
        main = page.get_by_role("main")
        expect(main.locator(".page-loading")).to_have_count(0)
        expect(main).to_contain_text(re.compile(r"\S"))
        assert page.evaluate(MADE) == [], address
        assert page.evaluate(TURNED) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.title() != "owned", address
