"""The page of resources: which run held which device, from samples to suggestions."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from mltrack_core import wire
from mltrack_core.records import Params
from mltrack_core.records import RunEnded

pytestmark = pytest.mark.slow
SECOND = 10**9
HOUR_S = 3600


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[..., Any],
    serve_runs: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """A server on two runs of two projects: one let its GPU idle, one used the processors."""
    folder = tmp_path_factory.mktemp("resources")
    idle = record(folder, "idle-yak", project="vision", age_s=4 * HOUR_S)
    idle.agent.append(*idle_facts(idle))
    for second in range(0, 3 * HOUR_S, 60):
        use = 90.0 if second < HOUR_S else 2.0
        idle.sample(
            second,
            {
                "sys/cpu.percent": 20.0,
                "sys/gpu.0.utilization_percent": use,
                "sys/gpu.0.memory_total_bytes": 80e9,
                "sys/gpu.0.process_memory_bytes": 30e9,
                "sys/gpu.1.utilization_percent": 99.0,
            },
        )
    idle.end(RunEnded(idle.began_ns + 3 * HOUR_S * SECOND, "finished"))
    plain = record(folder, "cpu-fox", project="tables", age_s=2 * HOUR_S)
    for second in range(0, HOUR_S, 60):
        plain.sample(second, {"sys/cpu.percent": 70.0, "sys/process.memory_bytes": 2.0**30})
    plain.end(RunEnded(plain.began_ns + HOUR_S * SECOND, "finished"))
    with serve_runs(folder, [idle, plain]) as url:
        yield url


def idle_facts(run: Any) -> Any:
    """Return the record of what the GPUs are called."""
    return wire.encode(Params(run.began_ns, "host", {"gpu.0.name": "NVIDIA A100-SXM4-80GB"}))


def test_who_held_what_is_drawn_summed_priced_and_explained(
    open_page: Callable[..., Page], address: str
) -> None:
    """From the settings' price to the link at the time when nothing was done."""
    page = open_page(address, "/p/vision")
    expect(page.get_by_role("navigation").get_by_role("link", name="Resources")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Resources")).to_be_visible()
    picture = page.get_by_role("img", name=re.compile("2 devices over time"))
    expect(picture).to_have_attribute("data-drawn", "true")
    row = page.get_by_role("row", name=re.compile("idle-yak"))
    expect(row).to_contain_text("GPU 0")
    expect(row).to_contain_text(re.compile(r"6[5-8] %"))  # two hours of three, in parts of 5 min
    expect(page.get_by_role("row", name=re.compile("cpu-fox"))).to_contain_text("machine")
    advice = page.get_by_role("region", name="What could be done")
    expect(advice).to_contain_text(re.compile(r"GPU 0 \(.+\) stayed below 10 % for (1 h 5|2 h 0)"))

    page.get_by_role("link", name="set prices").click()
    page.get_by_label("A device and its price an hour on each line").fill("*a100*")
    expect(page.get_by_text("Line 1 does not end in a price.")).to_be_visible()
    page.get_by_label("A device and its price an hour on each line").fill("*a100* 2")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 (in force)")).to_be_attached()
    page.get_by_role("navigation").get_by_role("link", name="Resources").click()
    expect(page.get_by_text(re.compile(r"^(5\.9\d?|6) EUR$")).first).to_be_visible()

    page.get_by_role("checkbox", name="only vision").check()
    expect(page.get_by_role("row", name=re.compile("cpu-fox"))).to_have_count(0)
    expect(page).to_have_url(re.compile("only=1"))
    advice.get_by_role("link", name="Look at it").click()
    expect(page).to_have_url(re.compile(r"/r/[0-9a-f]{32}/system\?xr=3[0-9]{3}"))


def test_without_samples_it_says_how_there_come_to_be_some(
    open_page: Callable[..., Page], server: str, live: Any
) -> None:
    """Nothing has to be switched on, and what has no samples is counted."""
    page = open_page(server, "/p/nothing-here/resources?only=1")

    expect(page.get_by_role("heading", name="No device was sampled in this time")).to_be_visible()
    expect(page.get_by_text("every 5 seconds")).to_be_visible()
