"""Usage: which runs held which devices, for how long, and what they made of them."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_core.records import RunState
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

USAGE_DAYS_MAX: Final = 31
IDLE_PERCENT: Final = 10.0  # a device whose mean use is below this does next to nothing

Time = Annotated[int, Meta(ge=0, le=2**63 - 1, description="ns since 1970")]


class UsageQuery(Request, frozen=True, kw_only=True):
    """Of what time, and of which runs."""

    start_ns: Time | None = None  # None: a day before the end
    end_ns: Time | None = None  # None: now
    project: Annotated[str, Meta(max_length=1024)] | None = None  # None: of all


class UsageRun(Resource, frozen=True, kw_only=True):
    """A run that held devices."""

    id: RunId
    project: str
    name: str
    state: RunState
    started_ns: int


class Stretch(Resource, frozen=True, kw_only=True):
    """A time in which a run held a device, and used it or hardly did."""

    start_ns: int
    end_ns: int
    utilization: float | None  # mean, %; None where no sample is finite
    is_idle: bool


class DeviceHold(Resource, frozen=True, kw_only=True):
    """What a run had of a device."""

    run: RunId
    host: str
    device: str  # "gpu.0"; "" for the machine as a whole, where the run used none of its GPUs
    kind: str  # the GPU's name, "" where nobody told; "host" for a machine
    is_assumed: bool  # the driver did not tell whose memory it is: the GPU was busy meanwhile
    hours: float
    share_hours: float  # of these: where several runs held it at once, each counts its part
    utilization: float | None  # mean, %; of a machine: of all its cores
    idle_share: float  # of the samples: those in parts whose mean is below `idle_percent`
    memory_peak_bytes: float | None  # the run's, else the device's; in the whole of the run
    memory_bytes: float | None  # that the device has
    cost: float | None  # None: its project's rules give no price for it
    currency: str
    stretches: list[Stretch]  # by time, none over another


class Usage(Resource, frozen=True, kw_only=True):
    """Who held which devices in a window of time."""

    start_ns: int
    end_ns: int
    part_s: float  # edges of stretches inside a run are as exact as this
    idle_percent: float
    runs: list[UsageRun]  # that held any, the newest first
    holds: list[DeviceHold]  # by host, device and time
    runs_unsampled: int  # of the window, without samples of devices
    runs_left_out: int  # older ones of the window, which were not looked at: there are too many
