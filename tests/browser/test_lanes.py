"""The run page's lanes: devices, processes and phases on one axis of time."""

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

from mltrack_core import wire
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter

pytestmark = pytest.mark.slow
SECOND: Final = 1_000_000_000
INK: Final = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 60) inked += 1;
  return inked;
}"""


@pytest.fixture
def run(folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]) -> str:
    """A run of 100 s: epochs, a checkpoint, an attempt that died, and devices with a gap."""
    recording = record(folder, "lane-hare", project="lanes", age_s=900)
    began = recording.began_ns
    first = SpoolWriter(folder, recording.run)
    first.open()
    started = RunStarted(
        began, "lanes", "lane-hare", "trainer", 1, 1, 2, "box-2", "ada", 43, 0, "", 0,
        ["train.py"], "/home/ada", "3.11.7", "0.1.0",
    )  # fmt: skip
    first.append(*wire.encode(started))
    for step in range(101):
        scalars = Scalars(began + step * SECOND, step, {"train/loss": 1.0}, {"epoch": step / 50})
        recording.write(scalars)
    file = [CheckpointFile("1.pt", 9, 1)]
    best = Checkpoint(began + 50 * SECOND, f"{7:032x}", "/1.pt", 50, ["best"], file)
    recording.write(best)
    for second in (*range(0, 40, 2), *range(70, 101, 2)):
        recording.sample(second, {"sys/cpu.percent": 25.0, "sys/gpu.0.power_watts": 300.0})
    died = RunEnded(began + 30 * SECOND, "killed", "out of memory", signal=9, stream=first.stream)
    recording.agent.append(*wire.encode(died))
    recording.end(RunEnded(began + 100 * SECOND, "finished"))
    first.close()
    return arrive(recording)


def point_at(page: Page, track: Locator, share: float) -> None:
    """Move the pointer to a place of a lane, as a share of its width."""
    box = track.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def test_lanes_say_what_was_at_the_cursor_and_what_nobody_measured(page: Page, run: str) -> None:
    """One cursor for all lanes, in words; a gap is no zero, what has no samples is no lane."""
    page.goto(f"/r/{run}/system")
    cpu = page.get_by_role("region", name="CPU")
    lane = cpu.get_by_role("img", name="sys/cpu.percent over time, up to 100 %")
    expect(cpu.locator("output")).to_have_text("last 25 %")
    expect(page.get_by_role("region", name="Memory")).to_have_count(0)
    expect(lane).to_have_attribute("data-drawn", "true")
    assert lane.evaluate(INK) > 1000

    point_at(page, lane, 0.2)
    expect(cpu.locator("output")).to_have_text("25 %")
    expect(page.get_by_role("region", name="GPU 0").locator("output")).to_have_text("300 W")
    expect(page.locator(".lanes-head output")).to_have_text(re.compile(r"^(19|20)\S* s · step \d+"))
    phases = page.get_by_role("region", name="Phases").locator("output")
    expect(phases).to_have_text(
        ["epoch 1", "", re.compile("attempt 1, for (19|20)"), re.compile("attempt 1, for (19|20)")]
    )
    point_at(page, lane, 0.5)
    expect(cpu.locator("output")).to_have_text("not measured")
    expect(phases.nth(1)).to_have_text("best checkpoint, step 50")
    expect(phases.nth(3)).to_have_text("not running")


def test_a_lane_opens_to_its_line_chart_and_both_zoom(page: Page, run: str) -> None:
    """A drag over any lane zooms all of them and the charts; the address keeps it."""
    page.goto(f"/r/{run}/system")
    cpu = page.get_by_role("region", name="CPU")
    cpu.get_by_role("button", name="use").click()
    chart = page.get_by_role("region", name="sys/cpu.percent", exact=True)
    expect(chart.locator("canvas")).to_be_visible()

    lane = cpu.get_by_role("img", name="sys/cpu.percent over time, up to 100 %")
    point_at(page, lane, 0.71)
    page.mouse.down()
    point_at(page, lane, 0.89)
    page.mouse.up()
    expect(page).to_have_url(re.compile("xr=(70|71)"))
    expect(chart).to_contain_text("9 points")
    page.get_by_role("button", name="Reset zoom").first.click()

    expect(chart).to_contain_text("36 points")


def test_the_arrow_keys_move_the_cursor(page: Page, run: str) -> None:
    """What the pointer reads the keyboard reads too; Escape takes the cursor away."""
    page.goto(f"/r/{run}/system")
    axis = page.get_by_role("group", name="Time since the start")
    axis.focus()
    expect(page.get_by_role("region", name="CPU").locator("output")).to_have_text("last 25 %")

    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".lanes-head output")).to_have_text(re.compile("^10 s"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lanes-head output")).to_have_text(re.compile("^11 s"))
    page.keyboard.press("Escape")

    expect(page.locator(".lanes-head output")).to_have_text("Point at a lane, drag to zoom")


def test_a_pinned_cursor_is_one_for_charts_and_lanes(page: Page, run: str) -> None:
    """It stays when another tab is opened, at that step or that time, and a reload keeps it."""
    page.goto(f"/r/{run}")
    field = page.get_by_label("Pin cursor at…")
    field.fill("20")
    field.press("Enter")
    expect(page.get_by_role("button", name="A step 20")).to_be_visible()

    page.get_by_role("tab", name="System").click()
    head = page.locator(".lanes-head output")
    expect(head).to_have_text("20 s · step 20")
    lane = page.get_by_role("region", name="CPU").get_by_role("img").first
    box = lane.bounding_box()
    assert box is not None
    lane.click(position={"x": box["width"] * 0.4, "y": 9}, modifiers=["Alt"])
    expect(page.locator(".lanes-head .strip-pin")).to_have_count(2)
    page.reload()
    expect(page.locator(".lanes-head .strip-pin")).to_have_count(2)

    page.get_by_role("tab", name="Charts").click()
    pins = page.locator(".view-bar .chip")
    expect(pins).to_have_text([re.compile("A step 20"), re.compile(r"B step (39|40)")])
    expect(
        page.get_by_role("region", name="Values of train/loss at the pinned cursors")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(pins).to_have_count(0)


def test_lanes_say_where_a_device_was_in_trouble_and_who_is_behind(
    page: Page, folder: Path, record: Callable[..., Any], arrive: Callable[[Any], str]
) -> None:
    """Idle, full and hot with icon and word, at the cursor too; all GPUs below each other."""
    recording = record(folder, "lane-lynx", project="lanes", age_s=900)
    recording.log(0, {"train/loss": 1.0})
    for second in range(0, 301, 5):
        use = 5.0 if 100 <= second < 200 else 90.0
        gpus = {"0": use, "1": 30.0, "2": 88.0}
        sample = {f"sys/gpu.{gpu}.utilization_percent": value for gpu, value in gpus.items()}
        sample |= {"sys/gpu.0.temperature_celsius": 60.0, "sys/memory.percent": 97.0}
        sample |= {"sys/gpu.0.slowed_by_thermal": 0.0, "sys/gpu.1.slowed_by_hardware": 0.0}
        sample["sys/gpu.1.slowed_by_thermal"] = float(100 <= second < 200)
        sample["sys/gpu.1.slowed_by_power"] = float(second == 150)
        recording.sample(second, sample)
    recording.end(RunEnded(recording.began_ns + 300 * SECOND, "finished"))
    page.goto(f"/r/{arrive(recording)}/system")

    first = page.get_by_role("region", name="GPU 0")
    expect(first.locator(".lane-trouble")).to_have_text("idle 1 m 40 s")
    expect(page.get_by_role("region", name="GPU 2").locator(".lane-trouble")).to_have_count(0)
    expect(page.get_by_role("region", name="Memory").locator(".lane-trouble")).to_contain_text(
        "nearly full"
    )
    lane = first.get_by_role("img", name=re.compile("gpu.0.utilization_percent over time"))
    point_at(page, lane, 0.5)
    expect(first.locator("output").first).to_have_text("5 % · ⚠ idle")

    hot = page.get_by_role("region", name="GPU 1")
    expect(hot.locator(".lane-trouble")).to_have_text("too hot 1 m 40 s · power limit 5 s")
    strip = hot.get_by_role("img", name="Held back: too hot 1 m 40 s · power limit 5 s")
    point_at(page, strip, 0.5)
    expect(hot.locator("output").first).to_have_text("too hot · power limit")
    expect(first.get_by_text("Held back")).to_have_count(0)

    work = page.get_by_role("region", name="All GPUs")
    expect(work.locator(".lane-name")).to_have_text(["GPU 0", "GPU 1 behind", "GPU 2"])
    expect(work.locator("output").nth(1)).to_have_text("30 %")
