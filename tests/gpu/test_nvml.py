"""NVIDIA's library itself, on a machine that has a GPU."""

from __future__ import annotations

import pytest

from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.gpus import Nvml

nvml = Nvml()
pytestmark = pytest.mark.skipif(nvml.count() == 0, reason="no NVIDIA GPU here")


def test_every_gpu_tells_what_it_uses() -> None:
    """The quantities that every data-centre GPU has, within what is possible."""
    values = dict(Gpus(nvml).values())

    for index in range(nvml.count()):
        assert 0 <= values[f"sys/gpu.{index}.utilization_percent"] <= 100
        total = values[f"sys/gpu.{index}.memory_total_bytes"]
        assert 0 < values[f"sys/gpu.{index}.memory_used_bytes"] <= total
        assert 0 < values[f"sys/gpu.{index}.power_watts"] < 2000
        assert 0 < values[f"sys/gpu.{index}.temperature_celsius"] < 120
        assert 0 < values[f"sys/gpu.{index}.sm_clock_mhz"] < 10_000
        assert values[f"sys/gpu.{index}.slowed_by_thermal"] in (0.0, 1.0)


def test_facts_name_the_driver_and_every_gpu() -> None:
    """What the run page shows of the machine."""
    facts = Gpus(nvml).facts()

    assert facts["gpu.count"] == nvml.count()
    assert facts["gpu.driver"]
    assert all(facts[f"gpu.{index}.name"] for index in range(nvml.count()))


def test_memory_of_processes_is_told_without_error() -> None:
    """In a container the ids may be those of the host: only the call is checked."""
    assert all(size >= 0 for size in nvml.process_memory(0).values())
