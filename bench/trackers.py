# ruff: noqa: D102 - Tracker says what each method does
"""Ways to record a run: mltrack and its peers behind one interface.

This file runs in each peer's own environment, so only the standard library is imported here; the
peer itself is imported in `load`, where the time it takes is measured. Each peer is used as its
documentation says, with its defaults, and with what would phone home switched off.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Points = dict[str, list[float]]  # metric name → its values in the order of the steps


class Tracker:
    """One way to record a run.

    Args:
        folder: Everything that is recorded goes below it.
        address: The server's, where there is one.
    """

    name = ""
    environment = ""  # the folder of its virtual environment; "" for the driver's own
    has_server = False
    done = ""  # what is true of the data when `finish` has returned

    def __init__(self, folder: Path, address: str = "") -> None:
        self.folder, self.address = folder, address

    def settings(self) -> dict[str, str]:
        """Return the environment variables that it needs."""
        return {}

    def load(self) -> None:
        """Import the client."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin a run with two parameters."""
        raise NotImplementedError

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Record *values* at *step*."""
        raise NotImplementedError

    def finish(self) -> None:
        """End the run; return when the data is where `done` says."""
        raise NotImplementedError

    def read(self) -> Points:
        """Return all points of the only run, by the tracker's own reader, in a fresh process."""
        raise NotImplementedError


CONFIG = {"lr": 0.1, "batch_size": 32}


class Mltrack(Tracker):
    """mltrack, recording to this machine: no server runs, the agent does."""

    name = "mltrack"
    done = "in the spool: survives SIGKILL at once, a power cut within 2 s"

    def settings(self) -> dict[str, str]:
        return {"MLTRACK_DIR": str(self.folder)}

    def load(self) -> None:
        import mltrack

        self.module = mltrack

    def begin(self) -> None:
        self.run: Any = self.module.init(project="bench", config=CONFIG)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(values, step=step)

    def finish(self) -> None:
        self.run.finish()

    def read(self) -> Points:
        self.load()
        (run,) = self.module.open(self.folder).runs()
        return {name: list(run.history(name).value) for name in run.metrics}


class MltrackServer(Mltrack):
    """mltrack, delivering to `mltrack server` on loopback."""

    name = "mltrack + server"
    has_server = True
    done = (
        "committed and fsynced by the server; the disk holds the spool too, nothing is folded yet"
    )

    def settings(self) -> dict[str, str]:
        return {"MLTRACK_DIR": str(self.folder / "client"), "MLTRACK_URL": self.address}

    def finish(self) -> None:
        self.run.finish()
        import urllib.request

        url = f"{self.address}/api/v1/runs/{self.run.id}"
        while True:
            try:
                with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
                    if b'"role":"trainer"' in (body := answer.read()) and _is_sealed(body):
                        return
            except urllib.request.HTTPError as error:
                if error.code != 404:
                    raise
            time.sleep(0.01)

    def read(self) -> Points:
        # What the killed trainer's agent had not delivered yet is in the spool: deliver it now.
        subprocess.run([sys.executable, "-m", "mltrack._cli", "sync"], check=True)
        self.load()
        (run,) = self.module.open(self.address).runs()
        return {name: list(run.history(name).value) for name in run.metrics}


def _is_sealed(body: bytes) -> bool:
    """Tell whether the trainer's stream has arrived up to its end."""
    import json

    streams = json.loads(body)["streams"]
    return all(stream["is_sealed"] for stream in streams if stream["role"] == "trainer")


class Trackio(Tracker):
    """Trackio, recording to this machine's SQLite file."""

    name = environment = "trackio"
    done = "in SQLite"

    def settings(self) -> dict[str, str]:
        return {
            "TRACKIO_DIR": str(self.folder),
            "HF_HOME": str(self.folder / "hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def load(self) -> None:
        import trackio

        self.module = trackio

    def begin(self) -> None:
        self.module.init(project="bench", name="run", config=CONFIG)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.module.log(values, step=step)

    def finish(self) -> None:
        self.module.finish()

    def read(self) -> Points:
        from trackio.sqlite_storage import SQLiteStorage

        points: Points = {}
        for row in SQLiteStorage.get_logs("bench", "run"):
            for name, value in row.items():
                if name.startswith("train/"):
                    points.setdefault(name, []).append(value)
        return points


class Wandb(Tracker):
    """Weights & Biases in offline mode."""

    name, environment = "wandb offline", "wandb"
    done = "in the page cache; a `wandb sync` is still to come"

    def settings(self) -> dict[str, str]:
        return {
            "WANDB_MODE": "offline",
            "WANDB_DIR": str(self.folder),
            "WANDB_CACHE_DIR": str(self.folder / "cache"),
            "WANDB_CONFIG_DIR": str(self.folder / "config"),
            "WANDB_DATA_DIR": str(self.folder / "data"),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
        }

    def load(self) -> None:
        import wandb

        self.module = wandb

    def begin(self) -> None:
        self.run = self.module.init(project="bench", config=CONFIG)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(values, step=step)

    def finish(self) -> None:
        self.run.finish()

    def read(self) -> Points:
        from wandb.proto import wandb_internal_pb2

        points: Points = {}
        for path in self.folder.glob("wandb/offline-run-*/*.wandb"):
            for body in _leveldb_records(path.read_bytes()):
                record = wandb_internal_pb2.Record.FromString(body)
                if record.WhichOneof("record_type") == "history":
                    for item in record.history.item:
                        name = item.key or "/".join(item.nested_key)
                        if name.startswith("train/"):
                            points.setdefault(name, []).append(float(item.value_json))
        return points


def _leveldb_records(data: bytes) -> Iterator[bytes]:
    """Yield the whole records of a .wandb file, which is what `wandb sync` would upload."""
    block, position, body = 32768, 7, b""  # 7 bytes of file header
    while position + 7 <= len(data):
        left = block - position % block
        _crc, length, kind = struct.unpack_from("<IHB", data, position)
        if left < 7 or (kind, length) == (0, 0):
            position += left
            continue
        part = data[position + 7 : position + 7 + length]
        if len(part) < length:
            return
        position += 7 + length
        body = part if kind in (1, 2) else body + part
        if kind in (1, 4):
            yield body


class TensorBoard(Tracker):
    """TensorBoard event files by `torch.utils.tensorboard`."""

    name, environment = "tensorboard", "tensorboard"
    done = "in the page cache"

    def load(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer_class = SummaryWriter

    def begin(self) -> None:
        self.writer = self.writer_class(str(self.folder / "run"))
        for name, value in CONFIG.items():
            self.writer.add_text(name, str(value))

    def log(self, values: Mapping[str, float], step: int) -> None:
        add = self.writer.add_scalar
        for name, value in values.items():
            add(name, value, step)

    def finish(self) -> None:
        self.writer.close()

    def read(self) -> Points:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(self.folder / "run"), size_guidance={"scalars": 0})
        events.Reload()
        return {
            tag: [item.value for item in events.Scalars(tag)] for tag in events.Tags()["scalars"]
        }


class Mlflow(Tracker):
    """MLflow with its SQLite store and synchronous logging, its default."""

    name = environment = "mlflow"
    done = "in SQLite"

    def settings(self) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        }

    def load(self) -> None:
        import mlflow

        self.module = mlflow

    def begin(self) -> None:
        self.module.set_experiment("bench")
        self.module.start_run()
        self.module.log_params(CONFIG)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.module.log_metrics(values, step=step)

    def finish(self) -> None:
        self.module.end_run()

    def read(self) -> Points:
        self.load()
        client = self.module.MlflowClient()
        experiment = client.get_experiment_by_name("bench")
        (run,) = client.search_runs([experiment.experiment_id])
        return {
            name: [item.value for item in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }


class Aim(Tracker):
    """Aim with its local RocksDB repository."""

    name = environment = "aim"
    done = "in RocksDB"

    def settings(self) -> dict[str, str]:
        return {"AIM_UI_TELEMETRY_ENABLED": "0", "__AIM_CONFIG_DIR__": str(self.folder)}

    def load(self) -> None:
        import aim

        self.module = aim

    def begin(self) -> None:
        self.run = self.module.Run(repo=str(self.folder), experiment="bench")
        self.run["hparams"] = CONFIG

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.run.track(values, step=step)

    def finish(self) -> None:
        self.run.close()

    def read(self) -> Points:
        # A run is invisible to readers until the index has been rebuilt.
        aim = Path(sys.executable).parent / "aim"
        subprocess.run(
            [aim, "storage", "--repo", self.folder, "reindex"],
            input=b"y\n",
            stdout=subprocess.DEVNULL,
            check=True,
        )
        self.load()
        points: Points = {}
        for run in self.module.Repo(str(self.folder)).query_metrics("").iter_runs():
            for metric in run:
                if metric.name.startswith("train/"):
                    _steps, (values, *_) = metric.data.items_list()
                    points[metric.name] = [float(value) for value in values]
        return points


ALL = {
    tracker.name: tracker
    for tracker in (Mltrack, MltrackServer, Trackio, Wandb, TensorBoard, Mlflow, Aim)
}


def make(name: str, folder: Path, address: str = "") -> Tracker:
    """Return the tracker *name*, its environment variables set."""
    tracker = ALL[name](folder, address)
    os.environ.update(tracker.settings())  # noqa: TID251 - before the tracker is imported
    return tracker
