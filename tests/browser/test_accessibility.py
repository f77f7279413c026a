"""What axe finds on the dashboard's pages, in both themes: nothing serious."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

DASHBOARD: Final = Path(__file__).parents[2] / "server" / "dashboard"
AXE: Final = DASHBOARD / "node_modules" / "axe-core" / "axe.min.js"
# Runs axe; gives the violations that keep somebody out, each with where it is and why. Headings
# that skip a level keep nobody out, but who is read to finds the way by them.
SERIOUS: Final = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ id, impact }) =>
      impact === "serious" || impact === "critical" || id === "heading-order")
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html}\\n${node.failureSummary}`));
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The program that looks; `npm ci` brings it, as every build of the dashboard does."""
    if not AXE.exists():
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop("needs `npm ci` in server/dashboard")
    return AXE.read_text(encoding="utf-8")


def assert_accessible(page: Page, axe: str) -> None:
    """Fail with what axe finds on the page as it is, in either theme."""
    expect(page.locator(".page-loading, [aria-busy='true']")).to_have_count(0)
    page.evaluate(axe)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        found = page.evaluate(SERIOUS)
        assert not found, f"{page.url}, {theme}:\n" + "\n\n".join(found)


def test_every_page(page: Page, addresses: dict[str, str], runs: dict[str, str], axe: str) -> None:
    """Each as it is at first, some in other states, and those that show nothing."""
    fox, owl = (f"/r/{runs[name]}" for name in ("calm-fox", "wild-owl"))
    others = (
        "/",
        "/p/digits?q=zz",
        "/p/digits?q=params.lr+%3C",
        "/p/digits?g=param:lr&ds=host",
        "/p/digits?f=param:lr&k=param:lr",
        "/p/digits/params?v=table",
        "/p/digits/models",
        f"{addresses['compare']}&with=media,gradients&all=1",
        f"{fox}?at=100,900",
        f"{fox}/console?cs=epoch&at=100",
        f"{fox}/distributions?hv=bands",
        f"{fox}/distributions?hv=step",
        owl,
        f"{owl}/overview",
        f"{owl}/media",
        "/p/nobody",
        "/nowhere",
    )

    for address in (*addresses.values(), *others):
        page.goto(address)
        expect(page.get_by_role("main")).not_to_be_empty()
        assert_accessible(page, axe)


def test_what_opens_over_a_page(page: Page, runs: dict[str, str], axe: str) -> None:
    """A chart as a table, the palette, sheets, forms, menus."""
    page.goto("/p/digits")
    expect(page.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()
    card = page.get_by_role("region", name="val/loss", exact=True)
    card.hover()
    card.get_by_role("button", name="View as table").click()
    expect(card.get_by_role("cell").first).to_be_visible()
    assert_accessible(page, axe)

    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.get_by_role("row").filter(has_text="calm-fox").hover()
    page.get_by_role("button", name="Edit calm-fox").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.get_by_role("checkbox", name="Select calm-fox").check()
    page.get_by_role("button", name="Tags…").click()
    expect(page.get_by_role("dialog", name="Tags…")).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("calm-fox")
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert_accessible(page, axe)


def test_menus(page: Page, runs: dict[str, str], board: str, axe: str) -> None:
    """Of the bar, of a chart, of a dashboard."""
    page.goto("/p/digits")
    card = page.get_by_role("region", name="val/loss", exact=True)
    expect(card.get_by_role("img")).to_be_visible()
    for menu in (
        page.get_by_role("button", name="Project: digits"),
        page.get_by_role("button", name="Language"),
        card.get_by_role("button", name="Export"),
    ):
        card.hover()
        menu.click()
        expect(page.get_by_role("menu")).to_be_visible()
        assert_accessible(page, axe)
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
    page.get_by_label("Filter runs").press_sequentially("params.")
    expect(page.get_by_role("option").first).to_be_visible()
    assert_accessible(page, axe)

    page.goto(f"/p/digits/dashboards/{board}?edit=1")
    for name in ("Add panel", "More"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("menu")).to_be_visible()
        assert_accessible(page, axe)
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)


def test_what_opens_within_a_page(page: Page, runs: dict[str, str], axe: str) -> None:
    """Fields where a text stood, what is folded, an axis of the parameters."""
    page.goto(f"/r/{runs['calm-fox']}/overview")
    for name, field in (("Rename", "Name"), ("Edit the tags", "Tags, a comma between two")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_label(field)).to_be_focused()
        assert_accessible(page, axe)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit the notes").click()
    expect(page.get_by_role("region", name="Notes").get_by_role("textbox")).to_be_focused()
    assert_accessible(page, axe)

    page.goto(f"/r/{runs['wild-owl']}")
    page.locator(".traceback summary").click()
    page.get_by_role("list", name="Health marks").get_by_text("The loss is nan").click()
    assert_accessible(page, axe)
    page.goto(f"/r/{runs['calm-fox']}/distributions?hv=step")
    page.get_by_text("Bins as a table").click()
    assert_accessible(page, axe)
    page.goto("/p/digits/params")
    page.get_by_role("button", name="Axis lr").click()
    expect(page.get_by_role("dialog", name="lr")).to_be_visible()
    assert_accessible(page, axe)


def test_what_opens_over_a_dashboard(page: Page, board: str, axe: str) -> None:
    """The forms of a new one and of a panel, and its versions."""
    page.goto("/p/digits/dashboards")
    page.get_by_role("button", name="New dashboard").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page, axe)

    page.goto(f"/p/digits/dashboards/{board}?edit=1")
    page.get_by_role("button", name="Change val/loss, train/loss").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page, axe)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Versions").click()
    expect(page.get_by_role("dialog")).to_contain_text("Version 1")
    assert_accessible(page, axe)


def test_the_tour(page: Page, runs: dict[str, str], axe: str) -> None:
    """Each of its stops."""
    page.add_init_script("localStorage.setItem('mltrack.tour', 'ask')")
    page.goto("/p/digits")
    for _ in range(5):
        expect(page.get_by_role("dialog")).to_be_focused()
        assert_accessible(page, axe)
        page.get_by_role("dialog").get_by_role("button").last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_door_and_the_empty_server(
    open_page: Callable[..., Page],
    serve: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
    axe: str,
) -> None:
    """What is seen before there is anything to see."""
    token = "correct-horse-battery-staple"
    with serve(tmp_path, "server", MLTRACK_TOKEN=token) as address:
        page = open_page(address, is_refused=True)  # before there is a token
        field = page.get_by_label("Token")
        expect(field).to_be_visible()
        assert_accessible(page, axe)
        field.fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        assert_accessible(page, axe)
        page.close()
