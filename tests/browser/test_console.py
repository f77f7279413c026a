"""The console of a run: its lines, the search through them, and the steps that they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow
SECOND: Final = 1_000_000_000
LINES: Final = 20_000
HOSTILE: Final = (
    "<img src=x onerror=alert(1)> \x1b]8;;http://evil.example\x07link\x1b[2J \u202edlrow"
)


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run of 200 steps in 100 s, and 200 lines a second; every thousandth line is hostile."""
    recording = record(folder, "loud-jay", project="consoles", age_s=900)
    for step in range(201):
        recording.log(step, {"train/loss": 1 / (step + 1)})
    for number in range(LINES):
        text = f"\x1b[38;5;{number % 256}mline {number}\x1b[0m"
        if number % 1000 == 500:
            text += f" spike {HOSTILE}"
        recording.write(Console(recording.began_ns + number * SECOND // 200, "stdout", text))
    recording.end(RunEnded(recording.began_ns + 100 * SECOND, "finished"))
    return arrive(recording)


def line(page: Page, number: int) -> Locator:
    """Return the line of a number, from 0."""
    return page.get_by_role("log").locator(f'[data-number="{number}"]')


def test_a_search_goes_from_match_to_match(page: Page, run: str) -> None:
    """It counts, wraps at the ends, and a link does it again; what was printed stays a text."""
    page.goto(f"/r/{run}/console")
    expect(page.get_by_text("20,000 lines")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("SPIKE")

    found = page.get_by_role("search").get_by_role("status")
    expect(found).to_have_text("20 matches")
    page.keyboard.press("Shift+Enter")
    expect(found).to_have_text("20 of 20")
    expect(line(page, 19_500).locator("mark")).to_have_text("spike")
    expect(line(page, 19_500)).to_contain_text("<img src=x onerror=alert(1)> link \u202edlrow")
    page.keyboard.press("Enter")
    expect(found).to_have_text("1 of 20")
    expect(line(page, 500)).to_be_in_viewport()

    page.get_by_role("button", name="Match case").click()
    expect(found).to_have_text("0 matches")
    page.get_by_role("button", name="Regular expression").click()
    page.get_by_label("Search the console").fill(r"^line 1(2|3)\d00\b")
    expect(found).to_have_text("20 matches")
    page.reload()
    expect(found).to_have_text("20 matches")
    page.get_by_role("button", name="Next match").click()
    expect(page.get_by_role("log").locator("mark").first).to_have_text(
        re.compile(r"line 1[23]\d00")
    )
    # Few of the lines are elements, however many there are.
    assert page.locator(".console-line").count() < 150


def test_an_expression_that_is_none_is_said_to_be_none(page: Page, context: Any, run: str) -> None:
    """By the field; the lines stay."""
    page.goto(f"/r/{run}/console?cs=%28a&cm=regex")

    expect(page.get_by_role("search").get_by_role("status")).to_contain_text(
        "This is no regular expression"
    )
    expect(line(page, LINES - 1)).to_contain_text(f"line {LINES - 1}")


def test_lines_and_steps_lead_to_each_other(page: Page, run: str) -> None:
    """A pinned step is a line; the line under the pointer is a step; a click on it pins that."""
    page.goto(f"/r/{run}?at=100")
    expect(page.get_by_role("button", name="A step 100")).to_be_visible()
    page.get_by_role("tab", name="Console").click()

    # Step 100 was 50 s after the start, and so was line 10,000.
    pinned = page.locator(".console-line.is-pinned")
    expect(pinned).to_have_attribute("data-number", re.compile("^(9999|10000)$"))
    expect(pinned).to_be_in_viewport()
    expect(pinned.locator(".console-step")).to_have_text("100")

    strip = page.locator(".console-strip")
    expect(strip.locator("output")).to_have_text("50 s · step 100")
    page.mouse.move(0, 0)
    line(page, 10_004).hover()
    expect(strip.locator("output")).to_have_text("50 s · step 100")
    track = strip.get_by_role("group", name="The run over time by train/loss")
    box = track.bounding_box()
    assert box is not None
    track.click(position={"x": box["width"] / 4, "y": 9})
    expect(pinned).to_have_attribute("data-number", re.compile(r"^(49|50)\d\d$"))

    line(page, 5_010).locator(".console-text").click()
    expect(pinned).to_have_attribute("data-number", "5010")
    page.get_by_role("tab", name="Charts").click()
    expect(page.get_by_role("button", name="A step 50", exact=True)).to_be_visible()


def test_a_console_follows_until_someone_scrolls_up(
    page: Page, folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> None:
    """New lines come into sight; who reads further up is left there."""
    live = record(folder, "loud-yak", project="consoles", age_s=5)
    for number in range(200):
        live.print(f"line {number}")
    page.goto(f"/r/{arrive(live)}/console")
    follow = page.get_by_role("checkbox", name="Follow")
    expect(line(page, 199)).to_be_in_viewport()
    live.print("the next one")
    expect(line(page, 200)).to_be_in_viewport()
    expect(follow).to_be_checked()

    page.get_by_role("log").hover()
    page.mouse.wheel(0, -1500)
    expect(follow).not_to_be_checked()
    expect(line(page, 100)).to_be_in_viewport()
    live.print("and another")
    expect(page.get_by_text("202 lines")).to_be_visible()
    expect(line(page, 100)).to_be_in_viewport()
    follow.check()
    expect(line(page, 201)).to_be_in_viewport()
    live.end(RunEnded(live.began_ns, "finished"))


def test_all_that_was_printed_can_be_kept(page: Page, run: str, tmp_path: Path) -> None:
    """As a text without escape sequences."""
    page.goto(f"/r/{run}/console")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as text").click()

    path = tmp_path / "console.txt"
    download.value.save_as(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == LINES
    assert lines[:2] == ["line 0", "line 1"]
    assert lines[500] == "line 500 spike <img src=x onerror=alert(1)> link \u202edlrow"


@pytest.fixture
def noisy(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run of 3,000 lines, of which every 500th goes wrong in one way or another."""
    recording = record(folder, "noisy-wren", project="consoles", age_s=900)
    for number in range(3000):
        channel: Channel = "stdout"
        text = f"step {number} loss 1.0 loss 2.0"
        if number % 500 == 250:
            channel, text = "stderr", f"x.py:{number}: UserWarning: loss is <b>odd</b>"
        if number % 1000 == 500:
            channel, text = "stderr", f"ValueError: {number}"
        recording.write(Console(recording.began_ns + number * SECOND // 100, channel, text))
    recording.end(RunEnded(recording.began_ns + 30 * SECOND, "finished"))
    return arrive(recording)


def test_lines_can_be_those_of_a_channel_or_a_level(page: Page, noisy: str) -> None:
    """Only these are shown, however far apart, with their numbers; a search goes on among them."""
    page.goto(f"/r/{noisy}/console")
    lines = page.get_by_role("log").locator(".console-line")
    found = page.get_by_role("search").get_by_role("status")
    page.get_by_label("Which lines").select_option("errors")
    expect(found).to_have_text("3 such lines")
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_contain_text("ValueError: 1500")
    expect(lines.nth(1).locator(".console-number")).to_have_text("1501")

    page.get_by_label("Which lines").select_option("warnings and errors")
    expect(found).to_have_text("9 such lines")
    page.get_by_label("Search the console").fill("loss")
    expect(found).to_have_text("6 matches")
    expect(lines).to_have_count(6)
    expect(lines.first).to_contain_text("UserWarning: loss is <b>odd</b>")
    page.reload()
    expect(lines).to_have_count(6)
    page.get_by_label("Search the console").fill("nothing")
    expect(page.get_by_text("No line is like that.")).to_be_visible()


def test_every_match_is_marked_and_has_its_place_in_the_whole(page: Page, noisy: str) -> None:
    """All matches of a line, a map of all lines with some, and on request these lines alone."""
    page.goto(f"/r/{noisy}/console?cs=loss")
    last = line(page, 2999)
    expect(last.locator("mark")).to_have_text(["loss", "loss"])
    page.get_by_label("Search the console").fill("ValueError: 1500")
    map_ = page.get_by_role("img", name="Where the line with a match is")
    expect(line(page, 1500)).to_have_count(0)
    map_.click(position={"x": 6, "y": 20})
    expect(line(page, 1500)).to_be_in_viewport()
    expect(line(page, 1500)).to_have_class(re.compile("is-current"))
    expect(line(page, 1501)).to_be_visible()

    page.get_by_role("checkbox", name="only these").check()

    expect(page.get_by_role("log").locator(".console-line")).to_have_count(1)
    expect(map_).to_have_count(0)
