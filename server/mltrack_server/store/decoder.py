"""From records to points: what a batch's Scalars and Devices say, as columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from typing import NamedTuple

import numpy as np

from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.records import Devices
from mltrack_core.records import Scalars
from mltrack_core.spool.frame import Frame
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.bounds import OutOfBounds
from mltrack_server.store.bounds import check_names
from mltrack_server.store.points import BatchPoints
from mltrack_server.store.points import Block
from mltrack_server.store.points import SeriesKey
from mltrack_server.store.points import SeriesKind
from mltrack_server.store.points import merge
from mltrack_server.store.template import Template
from mltrack_server.store.template import template_of

TYPES: Final = frozenset({wire.NUMBERS[Scalars], wire.NUMBERS[Devices]})

_EXACT_MAX: Final = 1 << 53  # every whole number up to here is a float64
_ALIKE_MIN: Final = 8  # fewer records are decoded faster one by one
_TEMPLATES_MAX: Final = 8  # tried on records of one length


class PointsBuilder:
    """Takes records one by one and gives their points series by series.

    Args:
        host_suffix: Goes behind the names of device series.
    """

    def __init__(self, host_suffix: str = "") -> None:
        self._suffix = host_suffix
        # By length: payloads that differ in their numbers only are mostly equally long.
        self._frames: dict[tuple[int, int], list[Frame]] = {}
        self._parts: dict[_Names, list[Block]] = {}
        self._loose: dict[_Names, _Loose] = {}

    def add(self, found: Frame) -> None:
        """Take one Scalars or Devices record."""
        self._frames.setdefault((found.number, len(found.payload)), []).append(found)

    def build(self) -> tuple[BatchPoints, list[tuple[Frame, WireInvalid]]]:
        """Return all points, and the records that do not decode or are out of bounds."""
        refused: list[tuple[Frame, WireInvalid]] = []
        for (number, _), frames in self._frames.items():
            if number == wire.SCALARS:
                frames = self._take_alike(frames)
            for found in frames:
                try:
                    self._take(found)
                except WireInvalid as error:
                    refused.append((found, error))
        for names, loose in self._loose.items():
            self._parts.setdefault(names, []).append(loose.block(self._keys(names)))
        blocks = [merge(parts) for names, parts in self._parts.items() if names.names or names.axes]
        return BatchPoints(sorted(blocks, key=lambda block: int(block.seq[0]))), refused

    def _take_alike(self, frames: list[Frame]) -> list[Frame]:
        """Take records that differ in their numbers only; return the others."""
        for _ in range(_TEMPLATES_MAX):
            if len(frames) < _ALIKE_MIN:
                break
            template = template_of(frames[0].payload)
            if template is None or _is_too_long(template):
                break
            data = b"".join([found.payload for found in frames])
            payloads = np.frombuffer(data, np.uint8).reshape(len(frames), -1)
            is_alike = template.is_alike(payloads)
            if not is_alike.any():
                break
            if not is_alike.all():
                payloads = payloads[is_alike]
            time_ns, step, value, exact_ints = template.read(payloads)
            seq = np.array([found.seq for found in frames], np.int64)[is_alike]
            names = _Names("metric", template.names, template.axes)
            part = Block(self._keys(names), seq, step, time_ns, value, exact_ints)
            self._parts.setdefault(names, []).append(part)
            frames = [frames[at] for at in np.flatnonzero(~is_alike).tolist()]
        return frames

    def _take(self, found: Frame) -> None:
        """Take one record.

        Raises:
            WireInvalid: It does not decode.
            OutOfBounds: Its step or time are beyond 64 bits, or a name is too long.
        """
        record = wire.decode(found.number, found.payload)
        if isinstance(record, Scalars):
            names = _Names("metric", tuple(record.values), tuple(record.axes))
            step, values = record.step, [*record.values.values(), *record.axes.values()]
        else:
            assert isinstance(record, Devices)
            names = _Names("device", tuple(record.values), ())
            step, values = found.seq, list(record.values.values())
        if not (INT64_MIN <= step <= INT64_MAX and INT64_MIN <= record.time_ns <= INT64_MAX):
            raise OutOfBounds("a step or time does not fit into 64 bits")
        loose = self._loose.get(names)
        if loose is None:
            check_names((*names.names, *names.axes))
            loose = self._loose[names] = _Loose()
        loose.seqs.append(found.seq)
        loose.steps.append(step)
        loose.times.append(record.time_ns)
        loose.values += values

    def _keys(self, names: _Names) -> tuple[SeriesKey, ...]:
        """Return the series that a record of these names has points of."""
        suffix = self._suffix if names.kind == "device" else ""
        found: list[SeriesKey] = [(names.kind, name + suffix) for name in names.names]
        return (*found, *(("axis", name) for name in names.axes))


class _Names(NamedTuple):
    """What a record names."""

    kind: SeriesKind
    names: tuple[str, ...]
    axes: tuple[str, ...]


class _Loose:
    """Records of equal names, decoded one by one."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.steps: list[int] = []
        self.times: list[int] = []
        self.values: list[float | int] = []  # record after record

    def block(self, keys: tuple[SeriesKey, ...]) -> Block:
        """Return them as a block."""
        value = np.array(self.values, np.float64)
        exact_ints: dict[int, dict[int, int]] = {}
        for at in np.flatnonzero(np.abs(value) >= _EXACT_MAX).tolist():
            logged = self.values[at]
            if isinstance(logged, int) and int(value[at]) != logged:
                record, row = divmod(at, len(keys))
                exact_ints.setdefault(row, {})[record] = logged
        by_series = np.ascontiguousarray(value.reshape(len(self.seqs), len(keys)).T)
        seq, step, time_ns = (
            np.array(column, np.int64) for column in (self.seqs, self.steps, self.times)
        )
        return Block(keys, seq, step, time_ns, by_series, exact_ints)


def decode(frames: Iterable[Frame], host_suffix: str) -> BatchPoints:
    """Return the points of all *frames*; records that do not decode were counted on arrival."""
    builder = PointsBuilder(host_suffix)
    for found in frames:
        if found.number in TYPES:
            builder.add(found)
    return builder.build()[0]


def _is_too_long(template: Template) -> bool:
    """Tell whether one of the names is."""
    try:
        check_names((*template.names, *template.axes))
    except OutOfBounds:
        return True
    return False
