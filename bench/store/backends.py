# ruff: noqa: D102 - Backend says what each method does
"""The stores: mltrack's and its peers'.

Runs in the driver's environment; each store's own server runs in the peer's. Everything is used
with its defaults, and with what would phone home switched off.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import made
from backend import Backend
from backend import postgres_bytes
from backend import sqlite_bytes
from backend import wait_until
from sqlalchemy import create_engine
from sqlalchemy import text

from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url
from mltrack_server.testing.cluster import cluster

sys.path.append(str(Path(__file__).parents[1]))
import processes

READ_AIM = Path(__file__).with_name("read_aim.py")
BUCKETS = 1600  # pixels of a wide chart
UPKEEP_S_MAX = 600.0


class Mltrack(Backend):
    """`mltrack server` on SQLite."""

    name = "mltrack on SQLite"
    filler = "Mltrack"
    notes = (
        f"`log()`, agent, server; a chart of {BUCKETS:,} buckets with mean, min, max and count; "
        "a search answers with the columns that are shown"
    )

    def serve(self, stack: contextlib.ExitStack) -> None:
        self.address = stack.enter_context(processes.server(self.folder)).address
        self.url = store_url(self.folder)

    def last(self) -> tuple[int, float] | None:
        run = f"/api/v1/runs/{self.run}"
        summary = self.get(f"{run}/history", name=self.metric, start=self.steps - 1)
        if not summary or not summary["step"]:
            return None
        return summary["step"][-1], summary["value"][-1]

    def rest(self) -> None:
        engine = create_engine(self.url)

        def is_folded() -> bool:
            with engine.connect() as connection:
                return not connection.execute(text("SELECT count(*) FROM seg")).scalar_one()

        try:
            wait_until(is_folded, UPKEEP_S_MAX, "all points to be folded")
        finally:
            engine.dispose()

    def bytes(self) -> int:
        return sqlite_bytes(self.folder / STORE_FOLDER / STORE_FILE)

    def chart(self) -> int:
        query = {"runs": [self.run], "names": [self.metric], "buckets": BUCKETS}
        answer = self.http.post(f"{self.address}/api/v1/series", json=query)
        assert answer.ok, answer.text
        (length,) = struct.unpack_from("<I", answer.content)  # docs/format/columns.md
        (block,) = json.loads(answer.content[4 : 4 + length])["blocks"]
        return int(block["x"]["length"])

    def search(self) -> list[str]:
        query = {
            "project": "search",
            "q": "params.optimizer = adam and metrics.val/acc >= 0.5",
            "sort": "-metrics.val/acc",
            "limit": made.PAGE,
            "fields": "params.optimizer,metrics.val/acc",  # as the dashboard asks: what it shows
        }
        return [run["name"] for run in self.post("/api/v1/query/runs", query)["runs"]]


class MltrackPostgres(Mltrack):
    """`mltrack server` on PostgreSQL."""

    name = "mltrack on PostgreSQL"

    def serve(self, stack: contextlib.ExitStack) -> None:
        self.url = stack.enter_context(stack.enter_context(cluster(fsync=True)).database())
        self.address = stack.enter_context(processes.server(self.folder, self.url)).address

    def bytes(self) -> int:
        return postgres_bytes(self.url)


class Mlflow(Backend):
    """`mlflow server` on SQLite."""

    name = "MLflow on SQLite"
    environment = "mlflow"
    filler = "Mlflow"
    notes = (
        "`log_batch` of 1,000 points over HTTP; a chart of 2,500 sampled points, the most there is"
    )

    experiment = ""  # the id of the one that is searched, once known

    def serve(self, stack: contextlib.ExitStack) -> None:
        self.url = f"sqlite:///{self.folder}/mlflow.db"
        self._serve(stack)

    def _serve(self, stack: contextlib.ExitStack) -> None:
        def command(port: int) -> list[str | Path]:
            listen = ["--host", "127.0.0.1", "--port", str(port)]
            files = ["--artifacts-destination", self.folder / "artifacts"]
            return [
                self.programs / "mlflow",
                "server",
                "--backend-store-uri",
                self.url,
                *listen,
                *files,
            ]

        self.spawn(stack, command, "/health", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

    def last(self) -> tuple[int, float] | None:
        found = self.get("/api/2.0/mlflow/runs/get", run_id=self.run)
        for metric in (found or {"run": {"data": {}}})["run"]["data"].get("metrics", []):
            if metric["key"] == self.metric:
                return int(metric["step"]), metric["value"]
        return None

    def bytes(self) -> int:
        return sqlite_bytes(self.folder / "mlflow.db")

    def chart(self) -> int:
        found = self.get(
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
            run_ids=self.run,
            metric_key=self.metric,
            max_results=2500,
        )
        return len(found["metrics"])

    def search(self) -> list[str]:
        if not self.experiment:
            by_name = "/api/2.0/mlflow/experiments/get-by-name"
            found = self.get(by_name, experiment_name="search")
            self.experiment = found["experiment"]["experiment_id"]
        query = {
            "experiment_ids": [self.experiment],
            "filter": "params.optimizer = 'adam' and metrics.`val/acc` >= 0.5",
            "order_by": ["metrics.`val/acc` DESC"],
            "max_results": made.PAGE,
        }
        found = self.post("/api/2.0/mlflow/runs/search", query)
        return [run["info"]["run_name"] for run in found.get("runs", [])]


class MlflowPostgres(Mlflow):
    """`mlflow server` on PostgreSQL."""

    name = "MLflow on PostgreSQL"

    def serve(self, stack: contextlib.ExitStack) -> None:
        self.ours = stack.enter_context(stack.enter_context(cluster(fsync=True)).database())
        self.url = self.ours.replace("+psycopg:", "+psycopg2:")
        self._serve(stack)

    def bytes(self) -> int:
        return postgres_bytes(self.ours)


class Trackio(Backend):
    """`trackio show` on its SQLite files."""

    name = "Trackio"
    environment = "trackio"
    filler = "Trackio"
    notes = (
        "`log()` into its file; a chart of at most 3,000 sampled steps, all metrics of the run; SQL"
    )

    def serve(self, stack: contextlib.ExitStack) -> None:
        def command(port: int) -> list[str | Path]:
            options = f"server_port={port}, open_browser=False, block_thread=True"
            return [self.programs / "python", "-c", f"import trackio; trackio.show({options})"]

        settings = {
            "TRACKIO_DIR": str(self.folder),
            "HF_HOME": str(self.folder / "hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        self.spawn(stack, command, "/", **settings)

    def last(self) -> tuple[int, float] | None:
        asked = {
            "project": "bench",
            "run": "run",
            "metric_name": self.metric,
            "step": self.steps - 1,
        }
        found = self._ask("get_metric_values", asked)
        return (found[-1]["step"], found[-1]["value"]) if found else None

    def chart(self) -> int:
        return len(self._ask("get_logs", {"project": "bench", "run": "run", "scalar_only": True}))

    def search(self) -> list[str]:
        accuracy = """json_extract(metrics.metrics, '$."val/acc"')"""
        query = (  # nothing in it comes from outside
            "SELECT configs.run_name FROM configs JOIN metrics USING (run_id) "  # noqa: S608
            f"WHERE json_extract(config, '$.optimizer') = 'adam' AND {accuracy} >= 0.5 "
            f"ORDER BY {accuracy} DESC LIMIT {made.PAGE}"
        )
        found = self._ask("query_project", {"project": "search", "query": query})
        return [row["run_name"] for row in found["rows"]]

    def _ask(self, name: str, asked: dict[str, Any]) -> Any:
        answer = self.post(f"/api/{name}", asked)
        return answer["data"] if isinstance(answer, dict) and "data" in answer else answer


class TensorBoard(Backend):
    """`tensorboard` on event files."""

    name = "TensorBoard"
    environment = "tensorboard"
    filler = "TensorBoard"
    notes = (
        "event files; the server looks for more every 5 s; a chart of its sample of 1,000 points; "
        "search by the hparams plugin"
    )

    def serve(self, stack: contextlib.ExitStack) -> None:
        def command(port: int) -> list[str | Path]:
            listen = ["--host", "127.0.0.1", "--port", str(port)]
            return [self.programs / "tensorboard", "--logdir", self.folder, *listen]

        self.spawn(stack, command, "/data/environment")

    def last(self) -> tuple[int, float] | None:
        found = self._scalars()
        return (found[-1][1], found[-1][2]) if found else None

    def chart(self) -> int:
        return len(self._scalars())

    def _scalars(self) -> Any:
        return self.get("/data/plugin/scalars/scalars", run="points", tag=self.metric)

    def search(self) -> list[str]:
        query = {
            "colParams": [
                {"hparam": "optimizer", "filterDiscrete": ["adam"], "excludeMissingValues": True},
                {
                    "metric": {"tag": "val/acc", "group": ""},
                    "filterInterval": {"minValue": 0.5, "maxValue": 1.0},
                    "excludeMissingValues": True,
                    "order": "ORDER_DESC",
                },
            ],
            "allowedStatuses": [
                "STATUS_UNKNOWN",
                "STATUS_SUCCESS",
                "STATUS_FAILURE",
                "STATUS_RUNNING",
            ],
            "startIndex": 0,
            "sliceSize": made.PAGE,
        }
        found = self.post("/data/plugin/hparams/session_groups", query)
        groups = found.get("sessionGroups", [])
        return [group["sessions"][0]["name"].removeprefix("search/") for group in groups]


class Aim(Backend):
    """Aim's repository, by a process that reads it."""

    name = "Aim"
    environment = "aim"
    filler = "Aim"
    notes = (
        "`track()`, then `aim storage reindex`, without which nobody sees the run; a chart of 500 "
        "sampled points by its SDK; it cannot sort: the reader does"
    )

    def serve(self, stack: contextlib.ExitStack) -> None:
        subprocess.run(
            [self.programs / "aim", "init", "--repo", self.folder],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        self.reader = subprocess.Popen(
            [self.programs / "python", READ_AIM, self.folder, self.metric],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(self.reader.communicate)

    def last(self) -> tuple[int, float] | None:
        found = self._ask("last")
        return (found[0], found[1]) if found else None

    def chart(self) -> int:
        return int(self._ask("chart"))

    def search(self) -> list[str]:
        return list(self._ask("search"))

    def _ask(self, what: str) -> Any:
        assert self.reader.stdin is not None
        assert self.reader.stdout is not None
        self.reader.stdin.write(f"{what}\n")
        self.reader.stdin.flush()
        answer = self.reader.stdout.readline()
        assert answer, "the reader has ended"
        return json.loads(answer)


ALL = {
    backend.name: backend
    for backend in (Mltrack, MltrackPostgres, Mlflow, MlflowPostgres, Trackio, TensorBoard, Aim)
}
