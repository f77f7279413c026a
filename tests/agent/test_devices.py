"""What is sampled, and what a failing GPU does to the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mltrack_core.agent.devices import HostDevices
from mltrack_core.agent.devices import ProcessDevices
from mltrack_core.agent.gpus import QUANTITIES
from mltrack_core.agent.gpus import SLOWDOWNS
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.gpus import slowdowns_of
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.gpus import FakeGpus

FULL = {quantity: float(number) for number, quantity in enumerate(QUANTITIES)}


def test_the_machine_is_sampled(tmp_path: Path) -> None:
    """Processor, memory, disk and network, rates from the second sample on."""
    clock = FakeClock()
    devices = HostDevices(tmp_path, clock, Gpus(FakeGpus([])))

    clock.advance(5.0)
    first = devices.sample()
    clock.advance(5.0)
    second = devices.sample()

    assert {"sys/cpu.percent", "sys/memory.used_bytes", "sys/disk.used_bytes"} <= set(first)
    assert 0 <= first["sys/cpu.percent"] <= 100
    assert first["sys/memory.used_bytes"] > 0
    assert "sys/network.sent_bytes_per_s" not in first
    assert "sys/network.sent_bytes_per_s" in second


def test_a_process_is_sampled_with_its_descendants() -> None:
    """A data loader's workers count, an unrelated process does not."""
    loader = subprocess.Popen(
        [sys.executable, "-c", "x = bytearray(50_000_000); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert loader.stdout is not None
    loader.stdout.readline()
    clock = FakeClock()

    values = ProcessDevices(clock, Gpus(FakeGpus([]))).sample([os.getpid()])
    alone = ProcessDevices(clock, Gpus(FakeGpus([]))).sample([loader.pid])

    assert values["sys/process.count"] >= 2
    assert alone["sys/process.count"] == 1
    assert values["sys/process.memory_bytes"] > alone["sys/process.memory_bytes"] > 50_000_000
    loader.communicate(b"\n")


def test_work_is_measured_in_percent_of_one_core() -> None:
    """A second of work in ten is 10 %."""
    clock = FakeClock()
    devices = ProcessDevices(clock, Gpus(FakeGpus([])))
    devices.sample([os.getpid()])
    before = sum(os.times()[:2])
    while sum(os.times()[:2]) - before < 0.2:
        pass

    clock.advance(10.0)
    values = devices.sample([os.getpid()])

    assert 1.0 <= values["sys/process.cpu_percent"] <= 10.0


def test_processes_that_are_gone_have_no_values() -> None:
    """Nothing is made up for them."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert ProcessDevices(FakeClock(), Gpus(FakeGpus([]))).sample([gone.pid]) == {}


def test_a_failing_gpu_never_hides_the_others(tmp_path: Path) -> None:
    """One has fallen off the bus, one lacks a sensor, one is whole."""
    lacking = {name: value for name, value in FULL.items() if name != "power_watts"}
    gpus = Gpus(FakeGpus([{}, lacking, FULL], memory=[{}, {7: 100}, {7: 20, 8: 3, 9: 5}]))

    values = HostDevices(tmp_path, FakeClock(), gpus).sample()

    assert {name for name in values if "gpu." in name} == {
        *(f"sys/gpu.1.{name}" for name in lacking),
        *(f"sys/gpu.2.{name}" for name in FULL),
    }
    assert dict(gpus.process_values(frozenset({7, 8}))) == {
        "sys/gpu.1.process_memory_bytes": 100,
        "sys/gpu.2.process_memory_bytes": 23,
    }
    assert gpus.facts() == {
        "gpu.count": 3,
        "gpu.driver": "1.0",
        "gpu.1.name": "Fake 1",
        "gpu.1.memory_bytes": 2,
        "gpu.2.name": "Fake 2",
        "gpu.2.memory_bytes": 2,
    }


def test_what_keeps_a_gpu_slow_is_sampled(tmp_path: Path) -> None:
    """Each reason as 0 or 1; of a GPU that does not tell, nothing is made up."""
    gpus = Gpus(FakeGpus([FULL, FULL, FULL], slow=[{"thermal", "power"}, set(), None]))

    values = HostDevices(tmp_path, FakeClock(), gpus).sample()

    assert {name: value for name, value in values.items() if "slowed_by" in name} == {
        "sys/gpu.0.slowed_by_power": 1.0,
        "sys/gpu.0.slowed_by_thermal": 1.0,
        "sys/gpu.0.slowed_by_hardware": 0.0,
        **{f"sys/gpu.1.slowed_by_{reason}": 0.0 for reason in SLOWDOWNS},
    }


@pytest.mark.parametrize(
    ("bits", "reasons"),
    [
        (0x0, set()),
        (0x1 | 0x2 | 0x10 | 0x100, set()),  # idle, clocks that people set, sync boost, display
        (0x4, {"power"}),
        (0x8, {"hardware"}),
        (0x8 | 0x40, {"thermal"}),
        (0x8 | 0x80, {"power"}),
        (0x20 | 0x4, {"thermal", "power"}),
        (1 << 40, set()),  # of a driver to come
    ],
)
def test_reasons_are_read_as_nvml_means_them(bits: int, reasons: set[str]) -> None:
    """The bit of a hardware slowdown is beside those of its cause, where one is known."""
    assert slowdowns_of(bits) == reasons
