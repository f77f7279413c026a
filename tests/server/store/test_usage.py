"""Usage: who held which devices, compared with what plain loops over the samples find."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any
from typing import Final

import pytest

from mltrack_core import records
from mltrack_server.resources import IDLE_PERCENT
from mltrack_server.resources import DeviceHold
from mltrack_server.resources import DevicePrice
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import RunEdit
from mltrack_server.resources import Usage
from mltrack_server.store import Store
from mltrack_server.store import tier
from mltrack_server.store.usage import reading
from mltrack_server.store.usage.prices import price_of

SECOND: Final = 10**9
HOUR: Final = 3600 * SECOND

Key = tuple[str, str, str]  # run, machine, device
Samples = list[tuple[int, float]]  # when, what


def at(clock: Any, hours: float) -> int:
    """Return a time so many hours ago."""
    return int(clock.now_ns - hours * HOUR)


def sampled(log: Any, begin_ns: int, count: int, step_s: float = 5.0, **values: float) -> Any:
    """Add so many samples of a machine; gpu0=… is the use of a GPU that has memory of the run's."""
    for number in range(count):
        given: dict[str, float] = {}
        for name, value in values.items():
            if name == "cpu":
                given["sys/cpu.percent"] = value
                continue
            gpu = name.removeprefix("gpu").removeprefix("other")
            given[f"sys/gpu.{gpu}.utilization_percent"] = value
            given[f"sys/gpu.{gpu}.memory_used_bytes"] = 5e9
            given[f"sys/gpu.{gpu}.memory_total_bytes"] = 8e9
            if name.startswith("gpu"):
                given[f"sys/gpu.{gpu}.process_memory_bytes"] = 2e9
        log.add(records.Devices(int(begin_ns + number * step_s * SECOND), "ada", given))
    return log


def key_of(hold: DeviceHold) -> Key:
    """Return what a hold is about."""
    return hold.run, hold.host, hold.device


def naive(samples: dict[Key, Samples], start: int, end: int) -> dict[Key, tuple[float, ...]]:
    """Return hours, mean and idle share of each device, by plain loops."""
    parts = max(1, min(reading.PARTS_MAX, int((end - start) / SECOND / reading.PART_S_MIN)))
    width = (end - start) / parts
    found: dict[Key, tuple[float, ...]] = {}
    for key, given in samples.items():
        inside = [(when, value) for when, value in given if start <= when <= end]
        if not inside:
            continue
        by_part: dict[int, list[float]] = defaultdict(list)
        for when, value in inside:
            by_part[min(parts - 1, int((when - start) / width))].append(value)
        idle = [values for values in by_part.values() if sum(values) / len(values) < IDLE_PERCENT]
        first, last = min(inside)[0], max(inside)[0]
        held = sum(
            min(last, start + (part + 1) * width) - max(first, start + part * width)
            for part in by_part
        )
        mean = sum(value for _, value in inside) / len(inside)
        found[key] = held / HOUR, mean, sum(map(len, idle)) / len(inside)
    return found


@pytest.mark.parametrize("shape", [None, tier.Shape(bucket=2, fan=4, row=8)])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_what_plain_loops_over_all_samples_find(
    store: Store,
    clock: Any,
    make_log: Any,
    monkeypatch: pytest.MonkeyPatch,
    shape: tier.Shape | None,
    seed: int,
) -> None:
    """Folded, in tiers or neither; a bucket of a tier may be counted in the part beside its own."""
    if shape is not None:
        monkeypatch.setattr(tier, "SHAPE", shape)
    chance = random.Random(seed)
    samples: dict[Key, Samples] = defaultdict(list)
    start, end = at(clock, 24), clock.now_ns
    for number in range(4):
        log = make_log(time_ns=at(clock, 30))
        when = at(clock, chance.uniform(20, 28))
        while when < clock.now_ns - HOUR:
            value = chance.choice([0.0, 2.0, 50.0, 99.5]) if chance.random() < 0.2 else 1.0
            sampled(log, when, 1, **{f"gpu{number}": value})
            samples[log.run, "ada", f"gpu.{number}"].append((when, value))
            when += chance.choice([60, 60, 60, 60, 60, 60, 60, 60, 60, 3000]) * SECOND
        log.add(records.RunEnded(when, "finished"))
        store.apply([log.batch()])
        while number % 2 == 0 and store.fold(log.run):
            pass

    usage = store.usage.of(start, end)

    wanted = naive(samples, start, end)
    assert {key_of(hold) for hold in usage.holds} == set(wanted)
    is_exact = shape is None
    for hold in usage.holds:
        hours, mean, idle = wanted[key_of(hold)]
        assert hold.hours == pytest.approx(hours, abs=1e-6 if is_exact else 1.0)
        assert hold.utilization == pytest.approx(mean, abs=1e-9 if is_exact else 0.5)
        assert hold.idle_share == pytest.approx(idle, abs=1e-9 if is_exact else 0.1)
        stretched = sum(each.end_ns - each.start_ns for each in hold.stretches) / HOUR
        assert hold.hours == pytest.approx(stretched)
    assert usage.runs_left_out == usage.runs_unsampled == 0


def last_day(store: Store, clock: Any, project: str | None = None) -> Usage:
    """Return who held what in the last 24 hours."""
    return store.usage.of(at(clock, 24), clock.now_ns, project)


def test_a_run_holds_the_gpus_that_have_its_memory_and_else_the_machine(
    store: Store, clock: Any, make_log: Any
) -> None:
    """The agent samples every GPU, whoever uses it; peak memory is the run's own."""
    begin = at(clock, 5)
    user = sampled(make_log(time_ns=begin), begin, 200, cpu=30.0, gpu1=80.0, other0=99.0)
    plain = sampled(make_log(time_ns=begin), begin, 200, cpu=30.0, other0=99.0, other1=80.0)
    store.apply([user.batch(), plain.batch()])

    usage = last_day(store, clock)

    assert [(hold.run, hold.device, hold.is_assumed) for hold in usage.holds] == [
        (plain.run, "", False),
        (user.run, "gpu.1", False),
    ]
    machine, gpu = usage.holds
    assert (machine.kind, machine.utilization) == ("host", 30.0)
    assert (gpu.memory_peak_bytes, gpu.memory_bytes) == (2e9, 8e9)


def test_where_nobody_tells_whose_memory_it_is_busy_gpus_are_assumed_to_be_held(
    store: Store, clock: Any, make_log: Any
) -> None:
    """As in some containers; what stayed idle all the time was perhaps not even given to it."""
    begin = at(clock, 5)
    log = make_log(time_ns=begin, host="box")
    store.apply([sampled(log, begin, 200, cpu=5.0, other0=60.0, other1=1.0).batch()])
    idle = make_log(time_ns=begin, host="other-box")
    store.apply([sampled(idle, begin, 200, cpu=5.0, other0=1.0).batch()])

    usage = last_day(store, clock)

    assert [(hold.run, hold.device, hold.is_assumed) for hold in usage.holds] == [
        (log.run, "gpu.0", True),
        (idle.run, "", False),
    ]
    assert usage.holds[1].idle_share == 1.0


def test_what_several_held_at_once_is_shared_and_priced_by_each_ones_project(
    store: Store, clock: Any, make_log: Any
) -> None:
    """Sums of shares are hours of the device, and nobody is charged for what another held alone."""
    first, second = at(clock, 4), at(clock, 3)
    one = sampled(make_log(time_ns=first, project="a"), first, 121, 60.0, gpu0=50.0)
    other = sampled(make_log(time_ns=second, project="b"), second, 121, 60.0, gpu0=50.0)
    facts = records.Params(first, "host", {"gpu.0.name": "NVIDIA A100-SXM4-80GB"})
    store.apply([log.add(facts).batch() for log in (one, other)])
    prices = [DevicePrice(device="host", per_hour=9), DevicePrice(device="*a100*", per_hour=4)]
    store.set_rules(RulesEdit(project="a", prices=prices, currency="EUR"))

    usage = last_day(store, clock)

    assert [hold.hours for hold in usage.holds] == pytest.approx([2, 2])
    assert [hold.share_hours for hold in usage.holds] == pytest.approx([1.5, 1.5])
    assert usage.holds[0].cost == pytest.approx(6)
    assert usage.holds[1].cost is None
    assert [hold.currency for hold in usage.holds] == ["EUR", ""]
    (alone,) = last_day(store, clock, "b").holds
    assert alone.run == other.run
    assert alone.share_hours == pytest.approx(2)


def test_a_gap_is_not_held_and_a_live_run_holds_until_now(
    store: Store, clock: Any, make_log: Any
) -> None:
    """A resumed run did not have its device while it was away."""
    away = at(clock, 10)
    gone = make_log(time_ns=away)
    sampled(gone, away, 720, gpu0=50.0)
    sampled(gone, away + 5 * HOUR, 720, gpu0=1.0)
    gone.add(records.RunEnded(away + 6 * HOUR, "finished"))
    begin = at(clock, 1)
    live = sampled(make_log(time_ns=begin), begin, 719, gpu1=50.0)
    store.apply([gone.batch(), live.batch()])
    store.edit(gone.run, RunEdit(name="<b>"))

    usage = last_day(store, clock)

    ended, running = usage.holds
    assert [stretch.is_idle for stretch in ended.stretches] == [False, True]
    assert ended.hours == pytest.approx(2, abs=2 * usage.part_s / 3600)
    assert running.stretches[-1].end_ns == clock.now_ns
    assert running.hours == pytest.approx(1)
    assert {run.name: run.state for run in usage.runs} == {
        "<b>": "finished",
        "brave-fox": "running",
    }


def test_what_is_not_looked_at_is_counted(
    store: Store, clock: Any, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many runs the newest are read; deleted ones and those outside are none."""
    monkeypatch.setattr(reading, "RUNS_MAX", 4)
    monkeypatch.setattr(reading, "HOLDS_MAX", 2)
    logs = []
    for hours in (6, 5, 4, 3, 2, 1):
        log = make_log(time_ns=at(clock, hours))
        logs.append(sampled(log, at(clock, hours), 20, **({"gpu0": 50.0} if hours != 2 else {})))
    store.apply([log.batch() for log in logs])
    store.delete(logs[0].run)

    usage = last_day(store, clock)

    assert [run.id for run in usage.runs] == [logs[5].run, logs[3].run]
    assert (usage.runs_unsampled, usage.runs_left_out) == (1, 2)
    assert store.usage.of(at(clock, 100), at(clock, 50)).holds == []


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("*A100*", ["NVIDIA A100-SXM4", "a100"], ["A10", ""]),
        ("host", ["host", "HOST"], ["hosts", ""]),
        ("*", ["", "anything"], []),
        ("a*b*a", ["aba", "axbxa"], ["ab", "aa"]),
        ("ab*ba", ["abba"], ["aba"]),
    ],
)
def test_a_price_is_found_by_the_devices_name(
    pattern: str, fitting: list[str], others: list[str]
) -> None:
    """The star stands for any characters, and capitals do not count."""
    prices = [DevicePrice(device=pattern, per_hour=1.5), DevicePrice(device=pattern, per_hour=9)]

    assert [price_of(name, prices) for name in fitting] == [1.5] * len(fitting)
    assert [price_of(name, prices) for name in others] == [None] * len(others)
