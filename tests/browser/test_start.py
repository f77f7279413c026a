"""How a page begins: a small script asks for the first answers while the program is on its way."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Request
from playwright.sync_api import Route
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", ["/", "/p/digits", "/p/digits?q=params.lr+%3C+1", "/r/{fox}"])
def test_what_is_asked_ahead_is_asked_once(page: Page, runs: dict[str, str], path: str) -> None:
    """The runs, or the run, are asked for before there is a program, which takes the answers."""
    asked: list[str] = []
    held: list[Route] = []

    def note(request: Request) -> None:
        if request.method == "GET" and "/api/v1/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    page.route("**/assets/initial-*.js", lambda route: held.append(route))
    with page.expect_request("**/api/v1/runs*/**" if "fox" in path else "**/api/v1/runs?*"):
        page.goto(path.format(fox=runs["calm-fox"]), wait_until="commit")
    page.unroute("**/assets/initial-*.js")  # and what was held goes on

    expect(page.locator(".card canvas").first).to_be_visible()
    assert held
    assert [url for url, times in Counter(asked).items() if times > 1] == []
