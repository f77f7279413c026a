"""What was logged before a device had computed it, recorded when it has."""

from __future__ import annotations

from collections.abc import Mapping

from mltrack_core import deferral
from mltrack_core._recorder import Recorder
from mltrack_core.records import Scalars


def record(recorder: Recorder, scalars: Scalars, values: Mapping[str, object]) -> None:
    """Record *values* with the time, step and axes of *scalars*, as soon as there are numbers."""

    def write(numbers: Mapping[str, float]) -> None:
        with recorder.keeping(Scalars):
            recorder.write(Scalars(scalars.time_ns, scalars.step, dict(numbers), scalars.axes))

    deferred = deferral.registered()
    assert deferred is not None, "it has told these values from others"
    with recorder.keeping(Scalars):
        deferred.put(values, write)


def settle(recorder: Recorder) -> None:
    """Wait for what is still being computed."""
    if (deferred := deferral.registered()) is not None:
        with recorder.keeping(Scalars):
            deferred.settle()
