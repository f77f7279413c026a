"""Values that a device is still computing when they are logged."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

import pytest

import mltrack_core
from mltrack_core import deferral
from mltrack_core import updates
from mltrack_core.records import Gap
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool


class OnDevice:
    """A value that is not here yet."""

    def __init__(self, number: float) -> None:
        self.number = number

    def item(self) -> float:
        raise AssertionError("the device was waited for")


class Device:
    """Computes nothing until it is waited for."""

    def __init__(self) -> None:
        self.waiting: list[
            tuple[Mapping[str, OnDevice], Callable[[Mapping[str, float]], None]]
        ] = []

    def takes(self, value: object) -> bool:
        return isinstance(value, OnDevice)

    def put(
        self, values: Mapping[str, OnDevice], then: Callable[[Mapping[str, float]], None]
    ) -> None:
        self.waiting.append((values, then))

    def settle(self) -> None:
        for values, then in self.waiting:
            then({name: value.number for name, value in values.items()})
        self.waiting.clear()


@pytest.fixture
def device() -> Iterator[Device]:
    """What `log` asks about values, for this test only."""
    before = deferral.registered()
    made = Device()
    deferral.register(made)  # type: ignore[arg-type]  # it is given only what it has taken
    yield made
    deferral._registered[:] = [] if before is None else [before]


def test_a_value_that_is_not_here_yet_is_recorded_when_it_is(
    spool: RecordedSpool, device: Device
) -> None:
    """At the step and position of the call; what was here is recorded at once."""
    run = mltrack_core.init(console="off")

    run.log({"loss": OnDevice(0.5), "rate": 0.1}, step=3, epoch=1)
    at_once = [record.values for record in spool.of(Scalars)]
    run.log({"rate": 0.2}, step=4)
    device.settle()

    assert at_once == [{"rate": 0.1}]
    late = spool.of(Scalars)[-1]
    assert (late.values, late.step, late.axes) == ({"loss": 0.5}, 3, {"epoch": 1.0})
    assert late.time_ns < spool.of(Scalars)[1].time_ns


def test_a_run_ends_after_the_last_value_has_arrived(spool: RecordedSpool, device: Device) -> None:
    """Whether it is finished or the process just ends."""
    with mltrack_core.init(console="off") as run:
        run.log({"loss": OnDevice(0.5)}, step=1)

    kinds = [type(record) for record in spool.records()]
    assert kinds.index(Scalars) < kinds.index(RunEnded)


def test_a_device_that_fails_loses_its_own_values_only(
    spool: RecordedSpool, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And they are counted."""

    def put(values: object, then: object) -> None:
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setenv("MLTRACK_STRICT", "0")
    monkeypatch.setattr(device, "put", put)

    with mltrack_core.init(console="off") as run:
        run.log({"loss": OnDevice(0.5), "rate": 0.1}, step=1)

    assert [record.values for record in spool.of(Scalars)] == [{"rate": 0.1}]
    assert [gap.count for gap in spool.of(Gap)] == [1]


def test_what_is_logged_without_a_step_is_at_the_last_update(spool: RecordedSpool) -> None:
    """Where somebody counts the training's updates; else at one step after another."""
    run = mltrack_core.init(console="off")
    count = iter([7, 7, 9]).__next__

    updates.follow(run.id, count)
    for _ in range(3):
        run.log({"loss": 0.5})
    updates.unfollow(run.id, count)
    run.log({"loss": 0.5})

    assert [record.step for record in spool.of(Scalars)] == [7, 7, 9, 10]
