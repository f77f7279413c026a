# ruff: noqa: D102 - Filler says what each method does
"""Give a store its data by the tracker's own client: `python fill.py '<JSON of a task>'`.

Runs in the tracker's environment. For the long run it prints "ready" once the client is imported
and the run has begun, waits for a line, records, and prints JSON when the client has finished. The
short runs are written in the way that takes the least time, for only their search is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import made

sys.path.append(str(Path(__file__).parents[1]))
import trackers


class Mltrack(trackers.MltrackServer):
    """`log()` with the defaults; the agent delivers."""

    def finish(self) -> None:
        self.run.finish()  # the reader waits for the data, not the trainer

    def fill(self, count: int) -> None:
        """Deliver the runs as agents would."""
        import requests

        from mltrack_core.records import Params
        from mltrack_core.records import RunEnded
        from mltrack_core.records import Scalars
        from mltrack_core.records import Seal
        from mltrack_server.testing import Agent
        from mltrack_server.testing import started

        http = requests.Session()

        def deliver(run: made.Run) -> None:
            now_ns = time.time_ns()
            agent = Agent()
            records = [
                started(project="search", name=run.name, time_ns=now_ns),
                Params(now_ns, "", dict(run.params)),
                Scalars(now_ns, 0, run.metrics),
                RunEnded(now_ns, "finished"),
                Seal(now_ns),
            ]
            answer = http.post(
                self.address + agent.path,
                data=agent.batch(0, *records).pack(),
                headers={"Content-Type": "application/vnd.mltrack.segment"},
            )
            answer.raise_for_status()

        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(deliver, made.runs(count)):
                pass


class Mlflow(trackers.Mlflow):
    """`MlflowClient.log_batch` of as many points as a request may hold."""

    BATCH = 1000

    def settings(self) -> dict[str, str]:
        return {**super().settings(), "MLFLOW_TRACKING_URI": self.address}

    def begin(self) -> None:
        from mlflow.entities import Metric

        self.metric, self.waiting = Metric, list[Any]()
        self.client = self.module.MlflowClient()
        self.experiment = self.client.create_experiment("bench")
        self.run = self.client.create_run(self.experiment)

    def log(self, values: Mapping[str, float], step: int) -> None:
        now_ms = time.time_ns() // 1_000_000
        self.waiting += [self.metric(name, value, now_ms, step) for name, value in values.items()]
        if len(self.waiting) + len(values) > self.BATCH:
            self._send()

    def finish(self) -> None:
        self._send()
        self.client.set_terminated(self.run.info.run_id)

    def _send(self) -> None:
        self.client.log_batch(self.run.info.run_id, metrics=self.waiting, synchronous=True)
        self.waiting = []

    def fill(self, count: int) -> None:
        """Create each run and log it by one batch."""
        from mlflow.entities import Metric
        from mlflow.entities import Param

        client = self.module.MlflowClient()
        experiment = client.create_experiment("search")

        def create(run: made.Run) -> None:
            created = client.create_run(experiment, run_name=run.name)
            client.log_batch(
                created.info.run_id,
                metrics=[Metric(name, value, 1, 0) for name, value in run.metrics.items()],
                params=[Param(name, str(value)) for name, value in run.params.items()],
            )

        for run in made.runs(count):
            create(run)


class Trackio(trackers.Trackio):
    """`trackio.log()`."""

    def fill(self, count: int) -> None:
        """Write the runs by the function that its own import uses."""
        from trackio.sqlite_storage import SQLiteStorage

        for run in made.runs(count):
            SQLiteStorage.bulk_log("search", run.name, [run.metrics], [0], config=run.params)


class TensorBoard(trackers.Tracker):
    """TensorBoard's own event writer, which torch's SummaryWriter is a shell around."""

    def load(self) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.event, self.summary, self.writer_class = Event, Summary, EventFileWriter

    def begin(self) -> None:
        self.writer = self.writer_class(str(self.folder / "points"))

    def log(self, values: Mapping[str, float], step: int) -> None:
        now_s, event, summary = time.time(), self.event, self.summary
        for name, value in values.items():  # an event for each, as add_scalar() writes them
            summed = summary(value=[summary.Value(tag=name, simple_value=value)])
            self.writer.add_event(event(wall_time=now_s, step=step, summary=summed))

    def finish(self) -> None:
        self.writer.close()

    def fill(self, count: int) -> None:
        """Write the parameters as the hparams plugin wants them."""
        from tensorboard.plugins.hparams import summary_v2

        for run in made.runs(count):
            self.writer = self.writer_class(str(self.folder / "search" / run.name))
            params = summary_v2.hparams_pb(run.params, trial_id=run.name)
            self.writer.add_event(self.event(wall_time=time.time(), step=0, summary=params))
            self.log(run.metrics, 0)
            self.finish()


class Aim(trackers.Aim):
    """`aim.Run.track()`."""

    def finish(self) -> None:
        self.run.close()
        self._reindex()

    def fill(self, count: int) -> None:
        """Write the runs, without what Aim finds out about the machine."""
        for run in made.runs(count):
            one = self.module.Run(
                repo=str(self.folder),
                experiment="search",
                system_tracking_interval=None,
                capture_terminal_logs=False,
            )
            one.name = run.name
            one["params"] = run.params
            one.track(run.metrics, step=0)
            one.close()
        self._reindex()

    def _reindex(self) -> None:
        """Let readers see what was written."""
        subprocess.run(
            [Path(sys.executable).parent / "aim", "storage", "--repo", self.folder, "reindex"],
            input=b"y\n",
            stdout=subprocess.DEVNULL,
            check=True,
        )


FILLERS: dict[str, Any] = {
    filler.__name__: filler for filler in (Mltrack, Mlflow, Trackio, TensorBoard, Aim)
}


def main() -> None:
    """Do what the task says."""
    task = json.loads(sys.argv[1])
    filler = FILLERS[task["filler"]](Path(task["folder"]), task["address"])
    os.environ.update(filler.settings())  # noqa: TID251 - before the client is imported
    os.chdir(task["folder"])
    filler.load()
    if task["runs"]:
        filler.fill(task["runs"])
        return
    filler.begin()
    say("ready")
    sys.stdin.readline()
    began_s = time.perf_counter()
    for step, values in made.steps(task["steps"], task["scalars"]):
        filler.log(values, step)
    logged_s = time.perf_counter() - began_s
    filler.finish()
    say(json.dumps({"logged_s": logged_s, "run": run_of(filler)}))


def run_of(filler: Any) -> str:
    """Return the id of the long run, where the client knows one."""
    if isinstance(filler, Mlflow):
        return str(filler.run.info.run_id)
    return str(filler.run.id) if isinstance(filler, Mltrack) else ""


def say(line: str) -> None:
    """Print *line* where the driver finds it, whatever else the client has printed."""
    sys.stdout.write(f"\n>{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
