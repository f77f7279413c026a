"""What a person sees in the dashboard, on a real server, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from typing import Final

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Locator
from playwright.sync_api import Page
from playwright.sync_api import Request
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

WAIT_S: Final = 30.0
BAD_INK: Final = [192, 28, 40]  # --bad in the light theme
# How many pixels of a canvas have a colour near *rgb*.
COLOURED: Final = """(canvas, [r, g, b]) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const distance =
      Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b);
    if (data[at + 3] > 200 && distance < 24) found += 1;
  }
  return found;
}"""
BY_RATE: Final = ["calm-fox", "lost-elk", "wild-owl"]  # by their learning rates
LINE_INK: Final = [37, 99, 201]  # --hue-0 in the light theme

OpenPage = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[str]]


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def card(page: Page, metric: str) -> Locator:
    """Return the chart card of *metric*."""
    return page.get_by_role("region", name=metric, exact=True)


def is_drawn(page: Page, metric: str, ink: list[int] = LINE_INK) -> bool:
    """Tell whether the chart of *metric* shows something of the colour *ink*."""
    canvas = card(page, metric).locator("canvas")
    return canvas.count() > 0 and canvas.evaluate(COLOURED, ink) > 10


def row(page: Page, name: str) -> Locator:
    """Return the row of the run list."""
    return page.get_by_role("row").filter(has_text=name)


def watch_series(page: Page) -> list[dict[str, Any]]:
    """Return a list that every query for series is added to."""
    queries: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/v1/series"):
            queries.append(dict(request.post_data_json or {}))

    page.on("request", note)
    return queries


def test_the_list_shows_every_run_and_how_it_ended(page: Page) -> None:
    """State in words, the parameter that differs, the last loss, and curves above."""
    page.goto("/p/digits")

    expect(row(page, "calm-fox")).to_contain_text("finished")
    expect(row(page, "calm-fox")).to_contain_text("0.001")
    expect(row(page, "lost-elk")).to_contain_text("killed")
    expect(row(page, "wild-owl")).to_contain_text("NaN")
    until(lambda: is_drawn(page, "train/loss"))


def test_the_list_sorts_and_filters(page: Page) -> None:
    """A click on a heading sorts; the filter's language leaves the runs it holds for, as chips."""
    page.goto("/p/digits")
    names = page.locator(".run-row .name a")
    expect(names.first).to_be_visible()

    page.get_by_role("button", name="lr", exact=True).first.click()
    until(lambda: [name for name in names.all_inner_texts() if name in BY_RATE] == BY_RATE)
    page.get_by_label("Filter runs").fill("params.lr = 0.01 and state = killed")

    expect(names).to_have_text(["lost-elk"])
    expect(page).to_have_url(re.compile(r"q=params\.lr\+%3D\+0\.01\+and\+state\+%3D\+killed"))
    page.get_by_role("button", name="params.lr = 0.01", exact=True).click()
    expect(page.get_by_label("Filter runs")).to_have_value("state = killed")


def test_the_filter_offers_keys_and_values_and_points_at_what_is_wrong(page: Page) -> None:
    """Keys of these runs while typing, values after an operator, errors below their characters."""
    page.goto("/p/digits")
    expect(row(page, "calm-fox")).to_be_visible()
    box = page.get_by_label("Filter runs")

    box.press_sequentially("batch")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("params.batch_size ")
    box.press_sequentially("= ")
    offers = page.get_by_role("listbox").get_by_role("option")
    expect(offers).to_have_text(["64", "4096"])
    offers.last.click()
    expect(page.locator(".run-row .name a")).to_have_text(["lost-elk"])

    box.fill("params.lr <")
    expect(page.get_by_role("alert").locator("mark")).to_be_visible()
    expect(page.locator(".run-row .name a")).to_have_text(["lost-elk"])  # what was there stays
    box.fill("params.lrr < 1")
    expect(page.get_by_text("No run has “params.lrr”")).to_be_visible()


def test_name_tags_and_notes_are_edited_in_place(page: Page, live: Any) -> None:
    """The server keeps them; a run that is put away leaves the list until it is asked for."""
    page.goto("/p/digits")
    row(page, "live-yak").hover()
    page.get_by_role("button", name="Edit live-yak").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("renamed-yak")
    form.get_by_label("Tags").fill("best, paper")
    form.get_by_label("Notes").fill("<script>alert(1)</script>")
    page.get_by_role("button", name="Save").click()

    expect(row(page, "renamed-yak")).to_contain_text("paper")
    page.reload()
    expect(row(page, "renamed-yak")).to_contain_text("best")
    row(page, "renamed-yak").hover()
    page.keyboard.press("e")
    expect(form.get_by_label("Notes")).to_have_value("<script>alert(1)</script>")
    page.get_by_role("button", name="Put away").click()
    expect(row(page, "renamed-yak")).to_have_count(0)
    page.get_by_label("Filter runs").fill("archived = true")
    expect(row(page, "renamed-yak")).to_be_visible()


def test_a_finished_run_shows_its_charts_and_where_they_come_from(
    page: Page, runs: dict[str, str]
) -> None:
    """Validation first; a card says how many points it stands for, and its table has the spike."""
    page.goto(f"/r/{runs['calm-fox']}")

    until(lambda: is_drawn(page, "val/loss") and is_drawn(page, "train/loss"))
    expect(page.locator(".section h2").first).to_have_text("val")
    loss = card(page, "train/loss")
    expect(loss).to_contain_text("2,000 points → 400 buckets")
    expect(loss.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("train/loss, 1 run, last value")
    )
    expect(loss.get_by_role("button", name="1 off-scale")).to_be_visible()
    loss.hover()
    loss.get_by_role("button", name="View as table").click()
    expect(loss.get_by_role("cell", name=re.compile(r"^40\.\d+$"))).to_have_count(1)


def test_the_overview_shows_parameters_code_and_losses(page: Page, runs: dict[str, str]) -> None:
    """The parameter tree, the commit, the alert, and that nothing is known to be lost."""
    page.goto(f"/r/{runs['calm-fox']}/overview")

    params = page.get_by_role("region", name="Parameters")
    expect(params).to_contain_text("optimizer")
    expect(params).to_contain_text("adam")
    params.get_by_label("Find a parameter").fill("batch")
    expect(params).not_to_contain_text("adam")
    expect(page.get_by_role("region", name="Code")).to_contain_text("uncommitted changes")
    expect(page.get_by_role("region", name="Alerts")).to_contain_text("Loss spiked")
    expect(page.get_by_role("region", name="Streams")).to_contain_text(
        "Nothing is known to be lost"
    )


def test_a_health_mark_opens_on_its_evidence(page: Page, runs: dict[str, str]) -> None:
    """What mltrack noticed stands under the run's name, with the step."""
    page.goto(f"/r/{runs['wild-owl']}")

    marks = page.get_by_role("list", name="Health marks")
    expect(marks).to_contain_text("The loss is nan step 250")
    expect(marks.get_by_text("The last finite loss")).to_be_hidden()
    marks.get_by_text("The loss is nan").click()
    expect(marks.get_by_text("The last finite loss")).to_be_visible()


def test_system_and_console_show_what_the_agent_and_the_program_said(
    page: Page, runs: dict[str, str]
) -> None:
    """Devices on a time axis with units; lines with their colours, stderr marked."""
    page.goto(f"/r/{runs['calm-fox']}/system")
    expect(page.get_by_role("heading", name="GPU 0")).to_be_visible()
    page.get_by_role("region", name="CPU").get_by_role("button", name="use").click()
    until(lambda: is_drawn(page, "sys/cpu.percent"))

    page.get_by_role("tab", name="Console").click()

    console = page.get_by_role("log")
    expect(console).to_contain_text("Epoch 20/20 loss:")
    expect(console.locator(".ansi-bold").first).to_have_text(re.compile(r"^Epoch \d+/20$"))
    expect(console).to_contain_text("stderrUserWarning")
    assert "\x1b" not in console.inner_text()


def test_points_of_a_running_run_arrive_without_a_reload(page: Page, live: Any) -> None:
    """The page grows by tails: no query but the first ones asks for what is there already."""
    queries = watch_series(page)
    page.goto(f"/r/{live.run}")
    expect(card(page, "train/loss")).to_contain_text("10 points")
    expect(page.locator(".state")).to_have_text("running")

    for step in range(10, 25):
        live.log(step, {"train/loss": 9.0})

    expect(card(page, "train/loss")).to_contain_text("25 points")
    expect(page.locator(".step")).to_have_text("step 24")
    wholes = [query for query in queries if query["start"] is None]
    tails = [query["start"] for query in queries if query["start"] is not None]
    assert len(wholes) == 2  # the chart's, and that for the step of the best value
    assert min(tails) == 9.5  # just after the last step that was there


def test_without_websockets_points_arrive_all_the_same(
    context: BrowserContext, page: Page, live: Any
) -> None:
    """Behind a proxy that passes none, the page asks."""
    context.add_init_script(
        "window.WebSocket = class { constructor() { setTimeout(() => this.onclose(), 0) } }"
    )
    page.goto(f"/r/{live.run}")
    expect(card(page, "train/loss")).to_contain_text("10 points")

    for step in range(10, 20):
        live.log(step, {"train/loss": 1.0})

    expect(card(page, "train/loss")).to_contain_text("20 points")
    expect(page.locator(".feed")).to_have_text("live")


def test_a_new_metric_and_the_end_appear_while_the_page_is_open(page: Page, live: Any) -> None:
    """A metric's first point adds a card; the run's end changes its state."""
    page.goto(f"/r/{live.run}")
    expect(page.locator(".state")).to_have_text("running")

    live.log(10, {"val/loss": 0.5})
    expect(card(page, "val/loss")).to_contain_text("1 point")
    live.die(9, "killed by SIGKILL")

    expect(page.locator(".state")).to_have_text("killed")
    expect(page.locator(".ending")).to_have_text("killed by SIGKILL")


def test_steps_gone_over_again_stay_and_are_pale(page: Page, live: Any) -> None:
    """A rewind keeps the older part, says so, and the open page shows both without a reload."""
    page.goto(f"/r/{live.run}")
    loss = card(page, "train/loss")
    expect(loss).to_contain_text("10 points")

    live.rewind(4)
    for step in range(5, 8):
        live.log(step, {"train/loss": 3.0})

    expect(loss).to_contain_text("13 points", timeout=WAIT_S * 1000)
    expect(loss).to_contain_text("pale: steps that a later attempt went over again")


def test_nan_is_marked_and_the_traceback_is_there(page: Page, runs: dict[str, str]) -> None:
    """A diverged loss leaves a mark on the axis and a count below; the header says how it ended."""
    page.goto(f"/r/{runs['wild-owl']}")

    until(lambda: is_drawn(page, "train/loss", BAD_INK))
    expect(card(page, "train/loss")).to_contain_text("50 values are NaN or ±∞")
    expect(page.locator(".state")).to_have_text("failed")
    expect(page.locator(".ending")).to_contain_text("ValueError: loss is NaN")
    expect(page.locator(".traceback summary")).to_have_text("Traceback")  # it is said once
    page.locator(".traceback summary").click()
    expect(page.locator(".traceback pre")).to_contain_text('File "train.py", line 9')


def test_a_killed_run_says_so(page: Page, runs: dict[str, str]) -> None:
    """In words: out of memory, by the kernel."""
    page.goto(f"/r/{runs['lost-elk']}")

    expect(page.locator(".state")).to_have_text("killed")
    expect(page.locator(".ending")).to_contain_text("out of memory")


def test_zooming_fetches_the_exact_points_and_a_double_click_goes_back(
    page: Page, runs: dict[str, str]
) -> None:
    """A drag asks for its window with all buckets; the address keeps it."""
    queries = watch_series(page)
    page.goto(f"/r/{runs['calm-fox']}")
    loss = card(page, "train/loss")
    expect(loss).to_contain_text("2,000 points → 400 buckets")
    over = loss.locator(".u-over")
    over.hover()  # it is at rest then

    box = over.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.48, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.52, box["y"] + 50, steps=5)
    page.mouse.up()

    expect(loss.locator(".card-footer")).to_have_text(re.compile(r"^\d\d points$"))
    zoomed = queries[-1]
    assert 900 < zoomed["start"] < 1000 < zoomed["end"] < 1100
    expect(page).to_have_url(re.compile("xr="))
    loss.locator(".u-over").dblclick()
    expect(loss).to_contain_text("2,000 points → 400 buckets")


def test_dark_follows_the_system_and_can_be_chosen(page: Page) -> None:
    """Without a choice the system decides; a choice lasts over a reload."""
    page.emulate_media(color_scheme="dark")
    page.goto("/p/digits")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(19, 20, 22)")

    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitem", name="Light").click()
    page.reload()

    expect(root).to_have_attribute("data-theme", "light")
    expect(page.locator("body")).to_have_css("background-color", "rgb(246, 245, 242)")


def test_everything_is_reachable_by_keyboard(page: Page) -> None:
    """Filter, move, open, go back, and the sheet that says how."""
    page.goto("/p/digits")
    expect(row(page, "calm-fox")).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("calm")
    expect(row(page, "wild-owl")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(row(page, "calm-fox").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("calm-fox")
    page.keyboard.press("6")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(row(page, "wild-owl")).to_be_visible()


def test_an_empty_server_says_what_to_paste_and_turns_into_the_list(
    open_page: OpenPage, serve: Serve, record: Callable[..., Any], tmp_path: Path
) -> None:
    """The page that waits for the first run shows it as soon as it arrives."""
    with serve(tmp_path, "ui", "--no-browser") as address:
        page = open_page(address)
        expect(page.get_by_text("mltrack import runs/")).to_be_visible()

        record(tmp_path, "first-run", age_s=1).log(0, {"loss": 1.0})

        expect(row(page, "first-run")).to_contain_text("running", timeout=WAIT_S * 1000)
        page.close()


def test_the_demo_project_is_a_click_away_and_gone_with_another(
    open_page: OpenPage, serve: Serve, tmp_path: Path
) -> None:
    """The empty page loads it and turns into it; the list removes it, and is empty again."""
    with serve(tmp_path, "ui", "--no-browser") as address:
        page = open_page(address)
        page.get_by_role("button", name="Load the demo project").click()
        expect(page.get_by_text("20 runs")).to_be_visible(timeout=WAIT_S * 1000)

        page.get_by_role("button", name="Remove them").click()

        expect(page.get_by_text("These are demo runs.")).to_have_count(0)
        page.close()


def test_a_server_that_goes_away_blanks_nothing_and_is_caught_up_with(
    open_page: OpenPage,
    serve_runs: Serve,
    record: Callable[..., Any],
    tmp_path: Path,
    steady_port: int,
) -> None:
    """What was there stays, the chip is honest, and what was missed arrives with the server."""
    run = record(tmp_path, "long-run", age_s=5)
    run.log(0, {"loss": 1.0})
    with serve_runs(tmp_path, [run], steady_port) as address:
        page = open_page(address, f"/r/{run.run}", is_refused=True)
        expect(card(page, "loss")).to_contain_text("1 point")
    expect(page.locator(".feed")).to_have_text(re.compile("reconnecting|offline"))
    expect(card(page, "loss")).to_contain_text("1 point")
    run.log(1, {"loss": 0.5})

    with serve_runs(tmp_path, [run], steady_port):
        expect(page.locator(".feed")).to_have_text("live", timeout=WAIT_S * 1000)
        expect(card(page, "loss")).to_contain_text("2 points", timeout=WAIT_S * 1000)


def test_a_token_opens_the_door(open_page: OpenPage, serve: Serve, tmp_path: Path) -> None:
    """A wrong token is refused in words; the right one leads in and stays out of storage."""
    token = "correct-horse-battery-staple"
    with serve(tmp_path, "server", MLTRACK_TOKEN=token) as address:
        page = open_page(address, is_refused=True)
        field = page.get_by_label("Token")

        field.fill("wrong-horse-battery-staple")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("does not know this token")).to_be_visible()
        field.fill(token)
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        expect(page.get_by_text(f"export MLTRACK_URL={address}")).to_be_visible()
        assert token not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
