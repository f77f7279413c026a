"""A server that fails, is slow, talks nonsense, goes away or is another: said, and got over."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
API: Final = re.compile(r"/api/v1/(?!server|feed|changes)")
# Another try is worth seconds to people, and none to tests.
HASTE: Final = """(() => {
  const real = window.setTimeout;
  window.setTimeout = (act, ms, ...rest) => real(act, Math.min(ms ?? 0, 20), ...rest);
})()"""
ERROR: Final[dict[str, Any]] = {
    "status": 500,
    "content_type": "application/problem+json",
    "body": '{"title": "broken", "detail": "The disk is on fire."}',
}
STRANGE: Final[dict[str, dict[str, Any]]] = {
    "gateway": {"status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"},
    "garbage": {"status": 200, "content_type": "text/html", "body": "<h1>Please log in</h1>"},
    "another version": {"status": 200, "content_type": "application/json", "body": "{}"},
}
SAID: Final = {
    "gateway": re.compile("could not be loaded: Bad Gateway"),
    "garbage": re.compile("what came back is not this server's answer"),
    "another version": re.compile("may be of another version|could not be loaded: ."),
}
WORD: Final = re.compile(r"\w{3}")


def answering(answer: dict[str, Any]) -> Callable[[Route], None]:
    """Return what gives this answer instead of the server."""
    return lambda route: route.fulfill(**answer)


@pytest.fixture
def hasty(refused: Page) -> Page:
    """A page that tries again at once."""
    refused.add_init_script(HASTE)
    return refused


def test_a_failing_server_is_said_on_every_page_and_a_try_later_works(
    hasty: Page, addresses: dict[str, str]
) -> None:
    """With its reason and a button; the bar above leads elsewhere all the while."""
    for address in addresses.values():
        hasty.route(API, answering(ERROR))
        hasty.goto(address)
        alert = hasty.get_by_role("main").get_by_role("alert")
        expect(alert.first).to_contain_text("could not be loaded: The disk is on fire.")
        expect(hasty.get_by_role("link", name="mltrack")).to_be_visible()

        hasty.unroute(API)
        alert.first.get_by_role("button", name="Try again").click()

        expect(hasty.locator(".failure")).to_have_count(0)
        expect(hasty.get_by_role("main")).to_contain_text(WORD)


@pytest.mark.parametrize("failure", STRANGE)
@pytest.mark.parametrize("name", ["workspace", "params", "dashboard", "run's overview"])
def test_an_answer_of_somebody_else_is_no_blank_page(
    hasty: Page, watch: Any, addresses: dict[str, str], name: str, failure: str
) -> None:
    """Of a proxy, of another version: it is said, and once it is over the page is there."""
    hasty.route(API, answering(STRANGE[failure]))
    hasty.goto(addresses[name])
    alert = hasty.get_by_role("main").get_by_role("alert").first
    expect(alert).to_contain_text(SAID[failure])

    hasty.unroute(API)
    alert.get_by_role("button").click()

    expect(hasty.locator(".failure")).to_have_count(0)
    expect(hasty.get_by_role("main")).to_contain_text(WORD)
    watch.errors.clear()  # React reports what a page could not be made of


def test_a_slow_server_leaves_no_page_blank(page: Page, addresses: dict[str, str]) -> None:
    """It says that it loads, until the answers come."""
    held: list[Route] = []

    for address in addresses.values():
        page.route(API, lambda route: held.append(route))
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("Loading…")

        page.unroute(API)  # and those that were held go on

        expect(page.get_by_role("main").locator(".page-loading")).to_have_count(0)
        expect(page.get_by_role("main")).to_contain_text(WORD)


def test_a_server_that_is_not_there_at_first_is_asked_again(
    hasty: Page, runs: dict[str, str]
) -> None:
    """Before the dashboard knows anything of it, and where a proxy answers in its place."""
    for failure in (ERROR, STRANGE["gateway"], STRANGE["garbage"]):
        hasty.route("**/api/v1/server", answering(failure))
        hasty.goto("/p/digits")
        expect(hasty.get_by_role("alert")).to_contain_text(re.compile("could not be loaded: ."))

        hasty.unroute("**/api/v1/server")
        hasty.get_by_role("button", name="Try again").click()

        expect(hasty.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()


def test_a_newer_server_has_other_scripts(refused: Page, watch: Any, runs: dict[str, str]) -> None:
    """A page that is open asks for parts that are gone; it says so and fetches all anew."""
    refused.goto("/p/digits")
    expect(refused.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()
    refused.route("**/assets/*", lambda route: route.fulfill(status=404, body=""))

    refused.get_by_role("link", name="Dashboards").click()
    alert = refused.get_by_role("alert")
    expect(alert).to_contain_text("A part of the dashboard could not be fetched")
    refused.get_by_role("link", name="Table", exact=True).click()  # which needs no other part
    expect(refused.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()
    refused.keyboard.press("Control+k")
    expect(alert).to_contain_text("A part of the dashboard could not be fetched")
    expect(refused.get_by_role("row").filter(has_text="calm-fox")).to_be_visible()

    refused.unroute("**/assets/*")
    alert.get_by_role("button", name="Reload the page").click()
    refused.get_by_role("link", name="Dashboards").click()
    expect(refused.get_by_role("button", name="New dashboard")).to_be_visible()
    watch.errors.clear()  # React reports what could not be fetched


def test_every_page_outlives_a_restart_of_its_server(
    open_page: OpenPage,
    serve_runs: Callable[..., AbstractContextManager[str]],
    record: Callable[..., Any],
    tmp_path: Path,
    steady_port: int,
) -> None:
    """Pages stay as they are, say since when nobody answers, and go on by themselves."""
    run = record(tmp_path, "old-boar", project="again")
    run.log(1, {"val/loss": 1.0})
    run.print("first line")
    with serve_runs(tmp_path, [run], steady_port) as address:
        paths = ("/p/again", "/p/again/table", f"/r/{run.run}/overview", f"/r/{run.run}/console")
        pages = [open_page(address, path, is_refused=True) for path in paths]
        for page in pages:
            expect(page.locator(".feed")).to_have_text("live")
            expect(page.get_by_role("main")).to_contain_text("old-boar")
    run.log(2, {"val/loss": 0.25})
    run.print("second line")
    run.end(RunEnded(run.began_ns + 10**9, "finished"))
    for page in pages:
        expect(page.locator(".feed")).to_have_text(re.compile("reconnecting|offline since"))
        expect(page.get_by_role("main")).to_contain_text("old-boar")

    with serve_runs(tmp_path, [run], steady_port):
        for page, news in zip(pages, ("0.25", "0.25", "finished", "second line"), strict=True):
            expect(page.locator(".feed")).to_have_text("live")
            expect(page.get_by_role("main")).to_contain_text(news)


@pytest.mark.parametrize("way", ["forbidden", "full", "of another version"])
def test_a_browser_that_keeps_nothing_shows_everything(
    page: Page, addresses: dict[str, str], way: str
) -> None:
    """Choices last as long as the page then; what another version has kept is no choice."""
    page.add_init_script(
        {
            "forbidden": """Object.defineProperty(window, "localStorage", {
              get() { throw new DOMException("no", "SecurityError"); } })""",
            "full": """Storage.prototype.setItem = () => {
              throw new DOMException("full", "QuotaExceededError"); }""",
            "of another version": """Storage.prototype.getItem =
              (key) => key.startsWith("mltrack.") ? '{"version": 9}' : null""",
        }[way]
    )

    for name in ("workspace", "table", "params", "compare", "dashboard edited", "run's charts"):
        page.goto(addresses[name])
        expect(page.get_by_role("main")).to_contain_text(WORD)
        expect(page.get_by_role("main").locator(".page-loading")).to_have_count(0)
        expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
