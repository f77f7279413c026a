"""From records to points: what a batch's Scalars and Devices say, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from typing import NamedTuple

import numpy as np

from mltrack_core import wire
from mltrack_core.errors import WireInvalid
from mltrack_core.records import Devices
from mltrack_core.records import Scalars
from mltrack_core.spool.frame import Frame
from mltrack_server.batches import FrameTable
from mltrack_server.columns import Ints
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.bounds import OutOfBounds
from mltrack_server.store.bounds import check_names
from mltrack_server.store.points import BatchPoints
from mltrack_server.store.points import Block
from mltrack_server.store.points import SeriesKey
from mltrack_server.store.points import SeriesKind
from mltrack_server.store.points import merge
from mltrack_server.store.template import Payloads
from mltrack_server.store.template import Template
from mltrack_server.store.template import template_of

TYPES: Final = frozenset({wire.NUMBERS[Scalars], wire.NUMBERS[Devices]})

_EXACT_MAX: Final = 1 << 53  # every whole number up to here is a float64
_ALIKE_MIN: Final = 8  # fewer records are decoded faster one by one
_TEMPLATES_MAX: Final = 8  # tried on records of one length


class PointsBuilder:
    """Takes Scalars and Devices records and gives their points series by series.

    Args:
        host_suffix: Goes behind the names of device series.
    """

    def __init__(self, host_suffix: str = "") -> None:
        self._suffix = host_suffix
        # By length: payloads that differ in their numbers only are mostly equally long.
        self._frames: dict[tuple[int, int], list[Frame]] = {}
        self._tables: list[tuple[int, Ints, Payloads]] = []
        self._parts: dict[_Names, list[Block]] = {}
        self._loose: dict[_Names, _Loose] = {}

    def add(self, found: Frame) -> None:
        """Take one record."""
        self._frames.setdefault((found.number, len(found.payload)), []).append(found)

    def add_all(self, frames: Sequence[Frame]) -> None:
        """Take many."""
        if isinstance(frames, FrameTable):
            self._tables += frames.alike()
            return
        for found in frames:
            self.add(found)

    def build(self) -> tuple[BatchPoints, list[tuple[Frame, WireInvalid]]]:
        """Return all points, and the records that do not decode or are out of bounds."""
        refused: list[tuple[Frame, WireInvalid]] = []
        for (number, _), frames in self._frames.items():
            seq = np.array([found.seq for found in frames], np.int64)
            data = b"".join([found.payload for found in frames])
            payloads = np.frombuffer(data, np.uint8).reshape(len(frames), -1)
            self._tables.append((number, seq, payloads))
        for number, seq, payloads in self._tables:
            if number == wire.SCALARS:
                seq, payloads = self._take_alike(seq, payloads)
            for at, each in enumerate(seq.tolist()):
                found = Frame(number, each, payloads[at].tobytes(), 0, 0)
                try:
                    self._take(found)
                except WireInvalid as error:
                    refused.append((found, error))
        for names, loose in self._loose.items():
            self._parts.setdefault(names, []).append(loose.block(self._keys(names)))
        blocks = [merge(parts) for names, parts in self._parts.items() if names.names or names.axes]
        return BatchPoints(sorted(blocks, key=lambda block: int(block.seq[0]))), refused

    def _take_alike(self, seq: Ints, payloads: Payloads) -> tuple[Ints, Payloads]:
        """Take records that differ in their numbers only; return the others."""
        for _ in range(_TEMPLATES_MAX):
            if len(seq) < _ALIKE_MIN:
                break
            template = template_of(payloads[0].tobytes())
            if template is None or _is_too_long(template):
                break
            is_alike = template.is_alike(payloads)
            if not is_alike.any():
                break
            others = ~is_alike
            alike = payloads if is_alike.all() else payloads[is_alike]
            time_ns, step, value, exact_ints = template.read(alike)
            names = _Names("metric", template.names, template.axes)
            part = Block(self._keys(names), seq[is_alike], step, time_ns, value, exact_ints)
            self._parts.setdefault(names, []).append(part)
            seq, payloads = seq[others], payloads[others]
        return seq, payloads

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


def decode(frames: Sequence[Frame], host_suffix: str) -> BatchPoints:
    """Return the points of all *frames*; records that do not decode were counted on arrival."""
    builder = PointsBuilder(host_suffix)
    builder.add_all(split(frames)[0])
    return builder.build()[0]


def split(frames: Sequence[Frame]) -> tuple[Sequence[Frame], Sequence[Frame]]:
    """Return those of *frames* that hold points, and the others."""
    if isinstance(frames, FrameTable):
        has_points = frames.is_of(TYPES)
        return frames.where(has_points), frames.where(~has_points)
    return (
        [found for found in frames if found.number in TYPES],
        [found for found in frames if found.number not in TYPES],
    )


def _is_too_long(template: Template) -> bool:
    """Tell whether one of the names is."""
    try:
        check_names((*template.names, *template.axes))
    except OutOfBounds:
        return True
    return False
