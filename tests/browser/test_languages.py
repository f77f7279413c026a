"""The pseudo-locale: every text of the pages is translated, and there is room for longer ones."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

PSEUDO: Final = "en-XA"
# What stays as it is in any language: names of things, units, how a date is written, values.
NAMES: Final = frozenset(
    """mltrack English duration_s API JSON Markdown CPU GPU RAM NaN inf log stderr stdout init demo
    KiB MiB GiB TiB Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec AM PM
    true false null none min max best
    console txt params json uncommitted patch""".split()  # the names of a run's own files
)
WORD: Final = r"[A-Za-z_]{3,}"
# Every text that is seen or said, outside of what is code or a key.
TEXTS: Final = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (parentElement.closest("script, style, code, pre, kbd, noscript, datalist")) continue;
    texts.push(textContent);
  }
  for (const element of document.body.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"])
      texts.push(element.getAttribute(name) ?? "");
  return texts.filter((text) => text.trim() !== "");
}"""
# Translated texts of which a part is out of sight and cannot be scrolled to.
CUT: Final = """() => {
  const cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!/[\\u0100-\\u024f\\u1e00-\\u1eff]/.test(node.textContent)) continue;
    if (node.parentElement.closest("option, .only-said, .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    if (text.width === 0) continue; // not on show
    let box = node.parentElement;
    while (box) {
      const { overflowX } = getComputedStyle(box);
      const edges = box.getBoundingClientRect();
      if (overflowX === "auto" || overflowX === "scroll") break;
      if (overflowX !== "visible" && edges.width > 0 &&
          (text.right > edges.right + 1 || text.left < edges.left - 1)) {
        cut.push(`${node.textContent} in <${box.tagName} class="${box.className}">`);
        break;
      }
      box = box.parentElement;
    }
    if (!box && text.right > innerWidth + 1) cut.push(`${node.textContent} beyond the window`);
  }
  return cut;
}"""


@pytest.fixture
def told(context: BrowserContext) -> BrowserContext:
    """Pages in the language that nobody speaks."""
    context.add_init_script(f"localStorage.setItem('mltrack.language', '{PSEUDO}')")
    return context


def words_of(value: object) -> set[str]:
    """Return the words in all texts of an answer of the API, keys included, and their parts."""
    plain = re.sub(r"\\u001b\[[0-9;]*m", "", json.dumps(value))
    words = re.findall(WORD, plain)
    return {*words, *(part for word in words for part in word.split("_"))}


def assert_translated(page: Page, words: set[str]) -> None:
    """Fail with what is English though it is neither a name nor recorded, or is cut off."""
    expect(page.locator(".page-loading, [aria-busy='true']")).to_have_count(0)
    known = words | NAMES
    plain = {
        text
        for text in page.evaluate(TEXTS)
        if any(word not in known for word in re.findall(WORD, text))
    }
    assert plain == set(), f"not translated at {page.url}"
    assert page.evaluate(CUT) == [], f"cut off at {page.url}"


@pytest.mark.usefixtures("told")
def test_nothing_is_left_in_english_and_nothing_is_cut_off(
    page: Page, runs: dict[str, str], board: str, addresses: dict[str, str]
) -> None:
    """Every page of a project, every tab of a run, what opens over them."""
    fox = runs["calm-fox"]
    words = set()
    of_run = ("", "/console", "/files", "/histograms?columns=10")
    own = (f"/runs/{runs['wild-owl']}", *(f"/runs/{fox}{part}" for part in of_run))
    for path in ("/projects", "/usage", "/runs?project=digits", *own):
        words |= words_of(page.request.get(f"/api/v1{path}").json())
    for path in ("?project=digits", f"/{board}"):
        words |= words_of(page.request.get(f"/api/v1/dashboards{path}").json())
    page.goto("/p/digits")
    expect(page.locator("html")).to_have_attribute("lang", PSEUDO)

    for address in (
        *addresses.values(),
        "/p/digits?g=param:lr&k=host&xr=100,900&d=all",
        "/p/digits?f=param:lr&ds=host",
        "/p/digits/params?v=table",
        f"{addresses['compare']}&with=media,gradients",
        f"/r/{fox}?at=100,900",
        f"/r/{fox}/console?cs=epoch&at=100",
        f"/r/{fox}/distributions?hv=bands",
        f"/r/{fox}/distributions?hv=step",
        f"/r/{runs['wild-owl']}/media",
        "/p/digits?q=zz",
        "/nowhere",
    ):
        page.goto(address)
        expect(page.get_by_role("main")).not_to_be_empty()
        assert_translated(page, words)

    page.goto(f"/r/{fox}")
    expect(page.get_by_role("tab").first).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    assert_translated(page, words)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_translated(page, words)
    page.keyboard.press("Escape")
    page.goto("/p/digits/table")
    page.locator(".toolbar button[aria-haspopup='dialog']").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_translated(page, words)
    page.keyboard.press("Escape")
    page.locator(".run-head input").check()
    for opener in page.locator(".selection-bar button[aria-haspopup]").all():
        opener.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_translated(page, words)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
