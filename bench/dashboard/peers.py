"""Record the wall's curves with a peer, in its own environment: `peers.py NAME FOLDER SIZES`."""

from __future__ import annotations

import sys
from pathlib import Path

import data


def tensorboard(folder: Path, sizes: data.Sizes) -> None:
    """Write event files."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for number in range(sizes.runs):
        writer = EventFileWriter(str(folder / f"run-{number:02d}"))
        for step in range(sizes.steps):
            values = [
                Summary.Value(tag=name, simple_value=data.value(number, at, step))
                for at, name in enumerate(data.names(sizes.metrics))
            ]
            writer.add_event(
                Event(wall_time=1.7e9 + step, step=step, summary=Summary(value=values))
            )
        writer.close()


def mlflow(folder: Path, sizes: data.Sizes) -> None:
    """Write its SQLite store, a thousand metrics in one call, which is the most there is."""
    import mlflow as module
    from mlflow.entities import Metric

    module.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    client = module.MlflowClient()
    experiment = client.create_experiment("wall")
    for number in range(sizes.runs):
        run = client.create_run(experiment, run_name=f"run-{number:02d}")
        points = [
            Metric(name, data.value(number, at, step), 1_700_000_000_000 + step, step)
            for step in range(sizes.steps)
            for at, name in enumerate(data.names(sizes.metrics))
        ]
        for start in range(0, len(points), 1000):
            client.log_batch(run.info.run_id, metrics=points[start : start + 1000])
        client.set_terminated(run.info.run_id)


def trackio(folder: Path, sizes: data.Sizes) -> None:
    """Log into its folder (TRACKIO_DIR)."""
    import trackio as module

    for number in range(sizes.runs):
        module.init(project="wall", name=f"run-{number:02d}", embed=False)
        for step in range(sizes.steps):
            names = enumerate(data.names(sizes.metrics))
            module.log({name: data.value(number, at, step) for at, name in names}, step=step)
        module.finish()


def aim(folder: Path, sizes: data.Sizes) -> None:
    """Track into its repository."""
    import aim as module

    for number in range(sizes.runs):
        run = module.Run(repo=str(folder), experiment="wall", system_tracking_interval=None)
        for step in range(sizes.steps):
            for at, name in enumerate(data.names(sizes.metrics)):
                run.track(data.value(number, at, step), name=name, step=step)
        run.close()


if __name__ == "__main__":
    _, peer, where, *numbers = sys.argv
    Path(where).mkdir(parents=True, exist_ok=True)
    wanted = data.Sizes(*map(int, numbers))
    {"tensorboard": tensorboard, "mlflow": mlflow, "trackio": trackio, "aim": aim}[peer](
        Path(where), wanted
    )
