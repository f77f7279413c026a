"""What of a run is exported, row by row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any
from typing import Final
from typing import Literal
from typing import NamedTuple

from mltrack.reading.extract import pages
from mltrack.reading.run import RunView
from mltrack_core.records import ParamValue
from mltrack_server.columns import Points
from mltrack_server.resources import HistogramRecord

AXES: Final = ("epoch", "batch", "samples", "tokens")  # kept beside a run's metrics
Kind = Literal["metric", "device", "axis"]


class Series(NamedTuple):
    """Consecutive points of one series; a long series comes in several of them."""

    kind: Kind
    name: str
    points: Points


def series(run: RunView) -> Iterator[Series]:
    """Yield every point of every series, exact, as much at a time as fits into memory."""
    devices = run.devices
    axes = [name for name in AXES if name not in run.metrics and name not in devices]
    names = [*run.metrics, *(name for name in devices if name not in run.metrics), *axes]
    if not names:
        return
    for page in pages(run.source, [run.id], names):
        for part, points, _ in page.series():
            kind: Kind = "axis" if part.name in axes else "device"
            yield Series("metric" if part.name in run.metrics else kind, part.name, points)


def histograms(run: RunView) -> Iterator[HistogramRecord]:
    """Yield every record of histograms, in the order in which they were logged."""
    cursor: str | None = None
    while True:
        page = run.source.histogram_records(run.id, cursor)
        if page is None:
            return
        yield from page.records
        if page.next is None:
            return
        cursor = page.next


def run_row(run: RunView) -> dict[str, Any]:
    """Return what the table of runs says of a run."""
    summary, details = run.details.summary, run.details
    return {
        "run": run.id,
        "project": run.project,
        "name": run.name,
        "state": run.state,
        "reason": run.reason,
        "started": summary.started_ns,
        "ended": summary.ended_ns,
        "user": summary.user,
        "host": summary.host,
        "framework": summary.framework,
        "group": summary.group,
        "tags": summary.tags,
        "parent": summary.parent,
        "attempts": summary.attempts,
        "command": details.command,
        "folder": details.folder,
        "python": details.python,
        "notes": [note.text for note in details.notes],
        "dropped": summary.dropped,
    }


def param_rows(run: RunView) -> Iterator[dict[str, Any]]:
    """Yield parameters, and facts of the machine and the program with their namespace."""
    named: dict[str, dict[str, ParamValue]] = {"": run.params, **run.details.facts}
    for namespace, values in named.items():
        for key, value in values.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            yield {
                "run": run.id,
                "namespace": namespace,
                "key": key,
                "value": value,
                "number": _float(value) if is_number else None,
            }


def summary_rows(run: RunView) -> Iterator[dict[str, Any]]:
    """Yield what each series amounts to."""
    for kind, found in (("metric", run.metrics), ("device", run.devices)):
        for name, metric in found.items():
            yield {
                "run": run.id,
                "kind": kind,
                "name": name,
                "last": float(metric.last),
                "last_step": metric.last_step,
                "min": None if metric.min is None else float(metric.min),
                "max": None if metric.max is None else float(metric.max),
                "points": metric.count,
                "nonfinite": metric.nonfinite,
                "first_nonfinite_step": metric.first_nonfinite_step,
            }


def histogram_rows(run: RunView) -> Iterator[dict[str, Any]]:
    """Yield each histogram of each record."""
    for record in histograms(run):
        for name, found in record.values.items():
            yield {
                "run": run.id,
                "name": name,
                "step": record.step,
                "time": record.time_ns,
                "is_superseded": record.is_superseded,
                "low": found.low,
                "high": found.high,
                "count": found.count,
                "nans": found.nans,
                "negative_infinities": found.negative_infinities,
                "positive_infinities": found.positive_infinities,
            }


def as_json(value: object) -> str:
    """Return *value* as JSON; what is not finite as text."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: object) -> object:
    """Return *value* with "NaN" and "Infinity" for numbers that JSON does not have."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _float(value: ParamValue) -> float:
    assert isinstance(value, int | float)
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits; `value` has it whole
        return math.inf if value > 0 else -math.inf
