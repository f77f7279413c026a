"""The feed as several tabs have it: one connection, and no work for what nobody sees."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import WebSocket
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
HIDE = """isHidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def sockets_of(page: Page) -> list[WebSocket]:
    """Return what the page's sockets will be in."""
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    return sockets


def test_one_tab_has_the_connection_for_all(page: Page, context: BrowserContext, live: Any) -> None:
    """The second hears by the first, and takes over once that is closed."""
    first = sockets_of(page)
    page.goto(f"/r/{live.run}")
    expect(page.locator(".feed")).to_have_text("live")
    other = context.new_page()
    second = sockets_of(other)
    other.goto(f"/r/{live.run}")
    expect(other.locator(".feed")).to_have_text("live")
    live.log(10, {"train/loss": 1.0})

    for each in (page, other):
        expect(each.locator(".run-facts .step")).to_have_text("step 10")
    assert (len(first), len(second)) == (1, 0)
    page.close()
    expect(other.locator(".feed")).to_have_text("live")
    live.log(11, {"train/loss": 1.0})
    expect(other.locator(".run-facts .step")).to_have_text("step 11")
    assert len(second) == 1


def test_a_tab_that_nobody_sees_waits(page: Page, context: BrowserContext, live: Any) -> None:
    """It fetches nothing while another one does, and all of it once it is looked at."""
    page.goto(f"/r/{live.run}")
    expect(page.locator(".run-facts .step")).to_have_text("step 9")
    expect(page.locator("[aria-busy='true']")).to_have_count(0)
    other = context.new_page()
    other.goto(f"/r/{live.run}")
    page.evaluate(HIDE, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for step in range(10, 20):
        live.log(step, {"train/loss": 1.0})
    expect(other.locator(".run-facts .step")).to_have_text("step 19")
    expect(other.get_by_role("region", name="train/loss", exact=True)).to_contain_text("20 points")
    assert asked == []
    expect(page.locator(".run-facts .step")).to_have_text("step 9")

    page.evaluate(HIDE, False)

    expect(page.locator(".run-facts .step")).to_have_text("step 19")


def test_the_mean_of_a_group_follows_its_runs(page: Page, live: Any) -> None:
    """What a run of it logs is in the mean soon, of the run's curve too."""
    page.goto(f'/p/digits?q=id = "{live.run}"&g=host&sm=mean:50')
    card = page.get_by_role("region", name="train/loss", exact=True)
    expect(card).to_contain_text("Means of 1 run10 points")

    live.log(10, {"train/loss": 1.0})

    expect(card).to_contain_text("11 points")
    expect(card.get_by_role("img")).to_have_attribute("aria-label", re.compile("last value 1$"))


def test_single_keys_can_be_switched_off(page: Page, live: Any) -> None:
    """Who dictates types by accident; the palette's key and Escape stay."""
    page.goto(f"/r/{live.run}")
    page.get_by_role("tab", name="Charts").focus()
    page.keyboard.press("6")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")

    page.keyboard.press("1")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.keyboard.press("?")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Single keys are shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("link", name="Table", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
