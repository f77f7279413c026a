"""Cells of `mltrack runs`: what a run has in a key of the filter language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from typing import Final

from mltrack.reading.run import RunView
from mltrack_core.records import ParamValue
from mltrack_server.query import keys
from mltrack_server.query.tree import Key

_TIMES: Final = {"created": "started_ns", "ended": "ended_ns", "heard": "heard_ns"}
_STORED: Final = {"last": "last", "min": "min", "max": "max", "count": "count",
                  "nonfinite": "nonfinite", "step": "last_step"}  # fmt: skip


def fields(columns: Sequence[Key]) -> str:
    """Return what to ask a list for, so that it has *columns* and not much more."""
    wanted = [
        keys.write(Key(key.place, key.name))
        for key in columns
        if key.place in ("params", "metrics")
    ]
    return ",".join(dict.fromkeys(wanted))


def value(run: RunView, key: Key) -> ParamValue:
    """Return what *run* has in *key*; None where it has nothing. Times are ISO 8601, in UTC."""
    if key.place == "params":
        return run.params.get(key.name)
    if key.place == "facts":
        namespace, _, name = key.name.partition(".")
        return run.details.facts.get(namespace, {}).get(name)
    if key.place == "metrics":
        return _amount(run, key)
    if key.name == "duration":
        return run.duration_s
    if key.name == "step":
        return run.details.step
    summary = run.listed
    if key.name in _TIMES:
        time_ns = getattr(summary, _TIMES[key.name])
        if time_ns is None:
            return None
        return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="seconds")
    found: ParamValue = getattr(summary, key.name)
    return found


def text(found: ParamValue) -> str:
    """Return a value for people: numbers with as many digits as matter, nothing for None."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float):
        return f"{found:.6g}"
    if isinstance(found, list):
        return ", ".join(map(text, found))
    return str(found)


def _amount(run: RunView, key: Key) -> float | int | None:
    """Return one number of a metric."""
    metric = run.metrics.get(key.name)
    if metric is None:
        return None
    if key.statistic == "best":
        return metric.max if keys.more_is_better(key.name) else metric.min  # type: ignore[return-value]
    found = getattr(metric, _STORED[key.statistic])
    return float(found) if isinstance(found, str) else found
