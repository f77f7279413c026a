"""One recorded run, read back."""

from __future__ import annotations

import difflib
import math
import time
from datetime import UTC
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import Literal
from typing import overload

from mltrack.reading.checkpoints import CheckpointView
from mltrack.reading.checkpoints import choose
from mltrack.reading.extract import ExtractView
from mltrack.reading.extract import extracted
from mltrack.reading.extract import pages
from mltrack.reading.files import HasFiles
from mltrack.reading.history import HistoryView
from mltrack.reading.media import HasMedia
from mltrack.reading.models import ModelVersionView
from mltrack.reading.models import register
from mltrack.reading.source import Source
from mltrack_core.errors import MltrackError
from mltrack_core.records import ParamValue
from mltrack_core.records import RunState
from mltrack_server.resources import Annotation
from mltrack_server.resources import ConsoleLine
from mltrack_server.resources import HistogramSeries
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import MetricSummary
from mltrack_server.resources import Run
from mltrack_server.resources import RunSummary

if TYPE_CHECKING:
    pass

_COLUMNS_MAX: Final = 1000  # of a histogram, that a server gives
_PAGE_LINES: Final = 5000
_NONFINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class NotFound(MltrackError, LookupError):
    """There is no such folder, run or series, or a short form of an id fits several."""


class RunView(HasMedia, HasFiles):
    """One recorded run, as it was when it was looked up."""

    def __init__(self, source: Source, summary: RunSummary) -> None:
        self._source, self._summary = source, summary

    @property
    def source(self) -> Source:
        """What it is read from."""
        return self._source

    def __repr__(self) -> str:
        return f"<run {self.name!r} of {self.project!r}, {self.state}, {self.id}>"

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self._summary.id

    @property
    def name(self) -> str:
        """What people call the run; not unique."""
        return self._summary.name

    @property
    def project(self) -> str:
        """The project that it belongs to."""
        return self._summary.project

    @property
    def state(self) -> RunState:
        """Whether it runs, or how it ended; "silent" if nothing was heard of it for a minute."""
        return self._summary.state

    @property
    def tags(self) -> list[str]:
        """What the run was tagged with, or is by now."""
        return list(self._summary.tags)

    @property
    def notes(self) -> str:
        """What was written about it, when it was started or since."""
        return self._summary.notes

    @property
    def listed(self) -> RunSummary:
        """Everything that a list says of it."""
        return self._summary

    @property
    def reason(self) -> str:
        """How it ended, in plain words."""
        return self._summary.reason

    @property
    def params(self) -> dict[str, ParamValue]:
        """The user's parameters, nested ones flat: "optimizer.lr"; NaN and ±inf are floats."""
        params = dict(self._summary.params)
        for name in self._summary.nonfinite_params:
            params[name] = _exact(params[name])
        return params

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """Last, least and greatest value of each metric, and how many there are."""
        return self._all_metrics if self._summary.has_more_metrics else self._summary.metrics

    @property
    def summary(self) -> dict[str, float | int]:
        """The last value of each metric."""
        return {name: _plain(metric.last) for name, metric in self.metrics.items()}

    @property
    def started(self) -> datetime:
        """When it began, in UTC."""
        return datetime.fromtimestamp(self._summary.started_ns / 1e9, tz=UTC)

    @property
    def duration_s(self) -> float:
        """How long it took, in seconds; of a running one until now, of a silent one until heard."""
        summary = self._summary
        end_ns = time.time_ns() if self.state == "running" else summary.heard_ns
        if summary.ended_ns is not None:
            end_ns = summary.ended_ns
        return max(0, end_ns - summary.started_ns) / 1e9

    @cached_property
    def devices(self) -> dict[str, MetricSummary]:
        """What each device series amounts to: processors, memory, network, GPUs of each host."""
        following = self.details.next_device
        if following is None:
            return self.details.devices
        return self.details.devices | self._pages("device", following)

    @cached_property
    def _all_metrics(self) -> dict[str, MetricSummary]:
        """All metrics of a run that has more than a list holds."""
        return self._pages("metric", 0)

    def _pages(self, kind: Literal["metric", "device"], first: int) -> dict[str, MetricSummary]:
        """Return series from a number on, fetched page by page."""
        metrics: dict[str, MetricSummary] = {}
        following: int | None = first
        while following is not None:
            page = self._source.metrics(self.id, MetricQuery(kind=kind, cursor=following))
            if page is None:
                raise NotFound(f"run {self.id} is no longer there")
            metrics |= page.metrics
            following = page.next
        return metrics

    @cached_property
    def details(self) -> Run:
        """Everything else: facts of the machine, streams, losses, alerts, traceback."""
        found = self._source.run(self.id)
        if found is None:
            raise NotFound(f"run {self.id} is no longer there")
        return found

    def console(self) -> list[ConsoleLine]:
        """Return everything that the run printed, line by line."""
        lines: list[ConsoleLine] = []
        while True:
            page = self._source.console(self.id, first=len(lines), limit=_PAGE_LINES)
            if page is None or not page.lines:
                return lines
            lines += page.lines

    def annotations(self) -> list[Annotation]:
        """Return what people wrote at places of the run, as it is now, by when it was written."""
        found = self._source.run(self.id)
        if found is None:
            raise NotFound(f"run {self.id} is no longer there")
        return found.annotations

    def checkpoints(self) -> list[CheckpointView]:
        """Return all checkpoints, in the order in which they were written."""
        found = self._source.checkpoints(self.id)
        if found is None:
            raise NotFound(f"run {self.id} is no longer there")
        return [CheckpointView(self._source, self.id, each) for each in found.checkpoints]

    def checkpoint(self, which: str = "last") -> CheckpointView:
        """Return one checkpoint.

        Args:
            which: "best", "last" or "final": the newest in the role, and where no checkpoint was
                recorded as the best, the one with the best score. Or an id, or as many of its last
                characters as make it unique.

        Raises:
            NotFound: There is none such.
        """
        found = self.checkpoints()
        chosen = choose(found, which)
        if chosen is None:
            held = sorted({role for each in found for role in each.summary.holds})
            hint = f"; there are {', '.join(held)}" if held else "; it has none at all"
            raise NotFound(f"run {self.id[:8]} has no checkpoint {which[:80]!r}{hint}")
        return chosen

    def register(
        self,
        name: str,
        which: str | int = "last",
        *,
        alias: str | None = None,
        why: str = "",
        note: str = "",
        project: str = "",
        author: str | None = None,
    ) -> ModelVersionView:
        """Make a checkpoint the next version of a model, and the model if it is not there yet.

        It asks the store or the server and waits for the answer: do so after a training, not in
        its loop. A checkpoint that the model has already is not taken a second time.

        Args:
            name: The model's.
            which: As `checkpoint` takes it, or a step: of several of one step the newest.
            alias: To be pointed at the version, e.g. "champion".
            why: The alias is; kept in the model's history.
            note: Kept with the version.
            project: The model's; default: the run's.
            author: Who does it; default: who runs this process.

        Raises:
            NotFound: There is no such checkpoint.
            ModelRefused: The registry does not do it.
        """
        chosen = self.checkpoint(which) if isinstance(which, str) else self._of_step(which)
        return register(
            chosen, self._source, self.id,
            name=name, alias=alias, why=why, note=note, project=project, author=author,
        )  # fmt: skip

    def _of_step(self, step: int) -> CheckpointView:
        """Return the newest checkpoint of a step."""
        found = self.checkpoints()
        fitting = [each for each in found if each.step == step]
        if not fitting:
            steps = ", ".join(str(number) for number in sorted({each.step for each in found})[-5:])
            raise NotFound(f"run {self.id[:8]} has no checkpoint of step {step}; the last: {steps}")
        return fitting[-1]

    @overload
    def history(self, name: str, samples: None = None) -> HistoryView: ...
    @overload
    def history(self, name: str, samples: int) -> ExtractView: ...
    @overload
    def history(
        self, name: list[str] | tuple[str, ...], samples: int | None = None
    ) -> ExtractView: ...
    def history(
        self, name: str | list[str] | tuple[str, ...], samples: int | None = None
    ) -> HistoryView | ExtractView:
        """Return the points of one metric or of several, by step.

        Args:
            name: A metric, or a list of them: then the points come as one frame.
            samples: At most so many rows of each, as one frame too. A row is the last point of a
                part of the steps, and says what all points of that part amount to: min, max, mean,
                count, nonfinite. None: every point, exact.

        Raises:
            NotFound: The run has no such metric; of several: none of them.
        """
        if isinstance(name, str) and samples is None:
            return self._points(name)
        names = [name] if isinstance(name, str) else list(name)
        found = extracted(pages(self._source, [self.id], names, samples=samples))
        if not len(found):
            raise self._unknown(", ".join(names))
        return found

    def _points(self, name: str) -> HistoryView:
        points = self._source.points(self.id, name)
        if points is None or not len(points):
            raise self._unknown(name)
        return HistoryView(
            name=name,
            step=points.step,
            time=points.time_ns.view("datetime64[ns]"),
            value=points.value,
            is_superseded=points.is_superseded,
            exact_ints=points.exact_ints,
            is_thinned=points.is_thinned,
        )

    def _unknown(self, name: str) -> NotFound:
        """Return what to say of a metric that is not there."""
        known = [*self.metrics, *self.devices]
        near = difflib.get_close_matches(name, known, 3, 0.5) or known[:5]
        hint = f"; there are {', '.join(near)}" if near else "; it has none at all yet"
        return NotFound(f"run {self.name!r} has no metric {name[:80]!r}{hint}")

    def histogram(self, name: str, *, columns: int = _COLUMNS_MAX) -> HistogramSeries:
        """Return one histogram step by step: `.columns` are the steps, `.histograms` the bins.

        Args:
            name: As it was logged, e.g. "grad/histogram/head.weight".
            columns: At most, up to 1,000; where there are more steps, neighbours are added up.

        Raises:
            NotFound: The run has no such histogram.
        """
        found = self._source.histogram(self.id, name, columns=columns)
        if found is None:
            raise NotFound(f"run {self.id[:8]} has no histogram {name[:80]!r}")
        return found

    def row(self) -> dict[str, object]:
        """Return what a data frame of runs has in the run's row."""
        fixed = ("id", "name", "project", "state", "started", "duration_s")
        return {
            **{name: getattr(self, name) for name in fixed},
            **{f"params.{name}": value for name, value in self.params.items()},
            **{f"metrics.{name}": value for name, value in self.summary.items()},
        }


def _plain(value: float | int | str) -> float | int:
    """Return a number of the API: "NaN" and "Infinity" are text in JSON."""
    return float(value) if isinstance(value, str) else value


def _exact(value: ParamValue) -> ParamValue:
    """Return a parameter with the numbers in it that are text in JSON."""
    if isinstance(value, list):
        return [_NONFINITE.get(item, item) if isinstance(item, str) else item for item in value]
    return _NONFINITE.get(value, value) if isinstance(value, str) else value
