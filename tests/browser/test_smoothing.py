"""Lines are smoothed by the server, in one of three ways, and the address says which."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Response
from playwright.sync_api import expect

from mltrack_server import columns

pytestmark = pytest.mark.slow


def test_the_way_to_smooth_is_chosen_and_the_server_asked_for_it(
    page: Page, runs: dict[str, str]
) -> None:
    """From the address, by the field, and by its key; a number alone is what it was before."""

    def is_smoothed(response: Response) -> bool:
        return response.url.endswith("/series") and (way in (response.request.post_data or ""))

    slider, field = page.get_by_label("Smoothing"), page.get_by_label("How lines are smoothed")
    way = '"smooth":"gauss:15"'
    with page.expect_response(is_smoothed) as answer:
        page.goto(f"/r/{runs['calm-fox']}?sm=gauss:15")
    expect(slider).to_have_value("15")
    expect(field).to_have_value("gauss")
    header, _ = columns.unpack(answer.value.body())
    assert all("smooth" in part.columns for block in header.blocks for part in block.series)

    field.select_option("Running mean")
    expect(page).to_have_url(re.compile("sm=mean(:|%3A)50"))
    field.blur()
    way = '"smooth":"mean:150"'
    with page.expect_response(is_smoothed):
        page.keyboard.press("s")
    expect(slider).to_have_value("150")
    page.keyboard.press("s")
    expect(slider).to_have_value("0")

    way = '"smooth":"twema:0.6"'
    with page.expect_response(is_smoothed):
        page.goto(f"/r/{runs['calm-fox']}?sm=0.6")
    expect(slider).to_have_value("0.6")
    expect(field).to_have_value("twema")
