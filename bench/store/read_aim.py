"""Read Aim's repository by its SDK: `python read_aim.py FOLDER METRIC`, in Aim's environment.

Aim's server answers in an encoding of its own, so a process is kept that is asked by lines of
stdin, "last", "chart" or "search", and answers each by a line of JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import made
from aim import Repo
from aim.sdk.types import QueryReportMode
from aim.storage.context import Context

SAMPLES = 500  # the most that the dashboard asks for
QUIET = QueryReportMode.DISABLED


def series(repo: Repo, metric: str) -> Any:
    """Return the series of the long run; None while there is none."""
    query = f"run.experiment == 'bench' and metric.name == '{metric}'"
    for of_run in repo.query_metrics(query, report_mode=QUIET).iter_runs():
        for found in of_run:
            return found.data
    return None


def last(repo: Repo, metric: str) -> tuple[int, float] | None:
    """Return step and value of the last point."""
    data = series(repo, metric)
    if data is None:
        return None
    steps, (values, *_) = data.items_list()
    return (int(steps[-1]), float(values[-1])) if steps else None


def chart(repo: Repo, metric: str) -> int:
    """Read a sample of the series; return how many points came."""
    steps, _columns = series(repo, metric).sample(SAMPLES).items_list()
    return len(steps)


def search(repo: Repo, metric: str) -> list[str]:
    """Return the names of the runs that `made.found` is about."""
    del metric
    query = "run.params.optimizer == 'adam' and run.metrics['val/acc'].last >= 0.5"
    found = []
    for of_run in repo.query_runs(query, report_mode=QUIET).iter_runs():
        accuracy = of_run.run.get_metric("val/acc", Context({})).values.last_value()
        found.append((-accuracy, of_run.run.name))
    return [name for _, name in sorted(found)[: made.PAGE]]  # Aim itself sorts by time only


def main() -> None:
    """Answer one line after another."""
    folder, metric = sys.argv[1:]
    repo, before = None, ""
    reads = {"last": last, "chart": chart, "search": search}
    for line in map(str.strip, sys.stdin):
        if line == "last" or line != before:
            repo = Repo(folder)  # what is open does not show what is written later
        before = line
        sys.stdout.write(json.dumps(reads[line](repo, metric)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
