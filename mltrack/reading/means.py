"""Means of groups of runs, read back."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from mltrack.reading.history import require
from mltrack_core.records import ParamValue
from mltrack_server.container import read_column
from mltrack_server.container import unpack
from mltrack_server.query.keys import write
from mltrack_server.query.parser import parse_keys
from mltrack_server.resources import MEAN_GROUPS_MAX
from mltrack_server.resources import MeanBlock
from mltrack_server.resources import MeanColumns
from mltrack_server.resources import MeanGroup
from mltrack_server.resources import MeanHeader
from mltrack_server.resources import MeanQuery
from mltrack_server.resources import RunQuery

if TYPE_CHECKING:
    import pandas as pd

_KEYS_MAX: Final = 8
_AXES: Final = ("step", "time", "relative")

Floats = NDArray[np.float64]


class MeanView:
    """One metric of one group of runs, bucket by bucket: arrays of one length.

    A run counts with the mean of its points in a bucket, and where it has none there, between its
    first and its last, with what lies on the straight line between the buckets beside it.
    """

    def __init__(
        self,
        keys: Sequence[str],
        group: MeanGroup,
        block: MeanBlock,
        part: MeanColumns,
        data: memoryview,
    ) -> None:
        self._keys, self._group, self._part, self._data = keys, group, part, data
        self.name = block.name
        self.x: Floats = read_column(block.x, data)

    def __repr__(self) -> str:
        where = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"<mean of {self.having} of {self.runs} runs: {self.name} {where}".rstrip() + ">"

    def __len__(self) -> int:
        return len(self.x)

    @property
    def values(self) -> dict[str, ParamValue]:
        """What the runs of the group have in common, by the keys that they are grouped by."""
        return dict(zip(self._keys, self._group.values, strict=True))

    @property
    def q(self) -> str:
        """A query that holds for the runs of the group, to be joined to the others' by `and`."""
        return self._group.q

    @property
    def runs(self) -> int:
        """How many runs the group has."""
        return self._group.runs

    @property
    def having(self) -> int:
        """How many of them have the metric."""
        return self._part.having

    @property
    def mean(self) -> Floats:
        """The mean over the runs; NaN where none of them has a finite value."""
        return read_column(self._part.columns["mean"], self._data)

    @property
    def sd(self) -> Floats:
        """The standard deviation over the runs, of a sample; NaN below two of them."""
        return read_column(self._part.columns["sd"], self._data)

    @property
    def sem(self) -> Floats:
        """The standard error of the mean; NaN below two runs."""
        with np.errstate(all="ignore"):
            return self.sd / np.sqrt(self.n)

    @property
    def min(self) -> Floats:
        """The least point of any run."""
        return read_column(self._part.columns["min"], self._data)

    @property
    def max(self) -> Floats:
        """The greatest point of any run."""
        return read_column(self._part.columns["max"], self._data)

    @property
    def n(self) -> NDArray[np.uint32]:
        """How many runs count."""
        return read_column(self._part.columns["runs"], self._data)

    @property
    def count(self) -> NDArray[np.uint32]:
        """How many points of all runs are in the bucket, those that are not finite included."""
        return read_column(self._part.columns["count"], self._data)

    @property
    def smooth(self) -> Floats | None:
        """The mean of the smoothed runs; None where nothing was to be smoothed."""
        reference = self._part.columns.get("smooth")
        return None if reference is None else read_column(reference, self._data)


def mean_query(runs: RunQuery, names: Sequence[str], **asked: Any) -> MeanQuery:
    """Return the question for means of what *runs* are, checked as a server checks it.

    Raises:
        ValueError: There is no such question.
    """
    state = None if runs.state is None else f"state = {runs.state}"
    q = " and ".join(f"({part})" for part in (runs.q, state) if part)
    x = asked.pop("x")
    over = "" if x in _AXES else x
    try:
        return msgspec.convert(
            {"project": runs.project, "q": q, "names": list(names), "limit": MEAN_GROUPS_MAX}
            | asked
            | {"x": "metric" if over else x, "over": over},
            MeanQuery,
        )
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


class MeansView(Sequence[MeanView]):
    """Means of groups of runs: metric by metric, the largest group first."""

    def __init__(self, query: MeanQuery, body: bytes) -> None:
        header, data = unpack(body, MeanHeader)
        keys = [write(key) for key in parse_keys(query.by, _KEYS_MAX)]
        self._x = query.over or query.x
        self._found = [
            MeanView(keys, header.groups[part.group], block, part, data)
            for block in header.blocks
            for part in block.series
        ]

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> MeanView: ...
    @overload
    def __getitem__(self, index: slice) -> list[MeanView]: ...
    def __getitem__(self, index: int | slice) -> MeanView | list[MeanView]:
        return self._found[index]

    def __iter__(self) -> Iterator[MeanView]:
        return iter(self._found)

    def __repr__(self) -> str:
        return f"<means of {len(self)} groups>"

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each bucket: metric, the keys, x, mean, sd, sem, min, max, n, count.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = require("pandas")
        frames = []
        for each in self._found:
            columns: dict[str, object] = {"metric": each.name, **each.values, self._x: each.x}
            for name in ("mean", "sd", "sem", "min", "max", "n", "count"):
                columns[name] = getattr(each, name)
            if each.smooth is not None:
                columns["smooth"] = each.smooth
            frames.append(pandas.DataFrame(columns))
        frame: pd.DataFrame = (
            pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()
        )
        return frame
