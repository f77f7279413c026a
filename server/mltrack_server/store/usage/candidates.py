"""Candidates: the devices that a run may have held, by the names of its series.

An agent samples every GPU of its machine, whoever uses it. A run holds those on which its processes
had memory. Where a driver does not say whose memory it is, as in some containers, no run of that
machine has such a series: then a GPU counts as held where it was busy while the run went on. A run
that held no GPU of a machine held the machine.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy import Row
from sqlalchemy import or_

from mltrack_server.store import schema

_series = schema.series.c
_NAME: Final = re.compile(r"sys/(?:gpu\.(\d+)\.)?([a-z_.]+?)(?:@(.*))?", re.DOTALL)
_MACHINE: Final = ("sys/cpu.percent", "sys/memory.used_bytes", "sys/process.memory_bytes")


def are_wanted() -> ColumnElement[bool]:
    """Return the condition of the series that say what was held."""
    machine = (_series.name.startswith(f"{name}@", autoescape=True) for name in _MACHINE)
    gpus = _series.name.startswith("sys/gpu.", autoescape=True)
    return or_(_series.name.in_(_MACHINE), *machine, gpus)


class Amount(NamedTuple):
    """What a series amounts to."""

    name: str
    points: int
    most: float | None


@dataclass(slots=True)
class Machine:
    """What was sampled for a run on one machine."""

    host: str
    amounts: dict[str, Amount] = field(default_factory=dict)  # of the machine, by quantity
    gpus: dict[int, dict[str, Amount]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def tells_owners(self) -> bool:
        """Whether the driver says whose memory it is."""
        return any("process_memory_bytes" in amounts for amounts in self.gpus.values())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that a run may have held."""

    host: str
    gpu: int | None  # None: the machine
    used: Amount  # its utilization
    is_assumed: bool
    memory_peak_bytes: float | None
    memory_bytes: float | None  # None: its series do not tell


def machines_of(rows: Iterable[Row[Any]], own_host: str) -> list[Machine]:
    """Return the machines that a run's series are about, the one of rank 0 being *own_host*."""
    found: dict[str, Machine] = {}
    for row in rows:
        match = _NAME.fullmatch(row.name)
        if match is None:
            continue  # a quantity that a newer agent samples
        gpu, quantity, host = match.groups()
        machine = found.setdefault(host or own_host, Machine(host or own_host))
        amounts = machine.amounts if gpu is None else machine.gpus[int(gpu)]
        amounts[quantity] = Amount(row.name, row.points, row.max)
    return list(found.values())


def candidates_of(machine: Machine, *, tells_owners: bool) -> Iterator[Candidate]:
    """Yield what a run may have held of *machine*; the machine itself comes last.

    Args:
        machine: What was sampled there for the run.
        tells_owners: Whether the driver says whose memory it is, by any run of that machine.
    """
    has_own = False
    for gpu, amounts in sorted(machine.gpus.items()):
        own = amounts.get("process_memory_bytes")
        used = amounts.get("utilization_percent")
        if used is None or (own is None and tells_owners):
            continue
        has_own = has_own or own is not None
        yield Candidate(
            host=machine.host,
            gpu=gpu,
            used=used,
            is_assumed=own is None,
            memory_peak_bytes=_most(amounts, "process_memory_bytes", "memory_used_bytes"),
            memory_bytes=_most(amounts, "memory_total_bytes"),
        )
    if not has_own and "cpu.percent" in machine.amounts:
        yield Candidate(
            host=machine.host,
            gpu=None,
            used=machine.amounts["cpu.percent"],
            is_assumed=False,
            memory_peak_bytes=_most(machine.amounts, "process.memory_bytes", "memory.used_bytes"),
            memory_bytes=None,
        )


def _most(amounts: Mapping[str, Amount], *quantities: str) -> float | None:
    """Return the greatest value of the first of *quantities* that there is."""
    return next((amounts[name].most for name in quantities if name in amounts), None)
