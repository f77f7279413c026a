"""What lists say of runs beside the runs' own rows, kept while the runs do not change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from mltrack_core.records import ParamValue
from mltrack_server.query.fields import Fields
from mltrack_server.resources import MetricSummary

CELLS_MAX: Final = 100_000  # parameters and metrics of all runs together: about 25 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A run's parameters and metrics as a list has them. Lists share it: it is never changed."""

    framework: str
    params: dict[str, ParamValue]
    nonfinite_params: list[str]
    metrics: dict[str, MetricSummary]
    has_more_metrics: bool

    @property
    def cells(self) -> int:
        """How much it is; what holds them takes as much as a few."""
        return 8 + len(self.params) + len(self.metrics)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list asks of a run."""

    rid: int
    fields: Fields
    metrics_max: int


class Contents:
    """The contents of the runs listed lately, bounded in memory. Thread-safe."""

    def __init__(self, cells_max: int = CELLS_MAX) -> None:
        self._cells_max = cells_max
        self._cells = 0
        self._kept: OrderedDict[Asked, tuple[int, Content]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, asked: Asked, rev: int) -> Content | None:
        """Return the content of a run whose revision is *rev*, if it is known."""
        with self._lock:
            kept_rev, content = self._kept.get(asked, (None, None))
            if kept_rev != rev:
                return None
            self._kept.move_to_end(asked)
            return content

    def put(self, asked: Asked, rev: int, content: Content) -> None:
        """Keep the content of a run whose revision is *rev*, or was when it was read."""
        with self._lock:
            self._let_go(asked)
            self._kept[asked] = rev, content
            self._cells += content.cells
            while self._cells > self._cells_max:
                self._let_go(next(iter(self._kept)))

    def _let_go(self, asked: Asked) -> None:
        _, content = self._kept.pop(asked, (0, None))
        if content is not None:
            self._cells -= content.cells
