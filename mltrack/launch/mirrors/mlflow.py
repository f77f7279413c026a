"""What a program sends to MLflow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Sequence
from types import ModuleType
from typing import Any
from typing import Final

from mltrack.launch.mirrors import media
from mltrack.launch.mirrors.mirror import Mirror
from mltrack_core import Tracker
from mltrack_core.media.image import Image
from mltrack_core.media.text import Text

_mirror = Mirror("mlflow")
_HAS_STEPS: Final = -1
# Values of a metric, by their run and its name, as long as none of them has had a step.
_counts: Final[dict[tuple[str, str], int]] = {}


def tap(module: ModuleType) -> Callable[[], None]:
    """Mirror the client of *module*, mlflow.tracking.client; return what stops it.

    All of MLflow's functions go through it, whenever they were imported.
    """
    heard: dict[str, Callable[..., None]] = {
        "log_metric": _log_metric,
        "log_batch": _log_batch,
        "log_param": _log_param,
        "log_image": _log_image,
        "log_text": _log_text,
        "log_table": _log_table,
        "log_figure": _log_figure,
    }
    there = [name for name in heard if name in vars(module.MlflowClient)]
    stops = [_mirror.listen(module.MlflowClient, name, heard[name]) for name in there]

    def undo() -> None:
        for stop in stops:
            stop()

    return undo


def _run(theirs: str) -> Tracker:
    active = sys.modules["mlflow"].active_run()  # what this thread has begun; asks no server
    name = active.info.run_name if active is not None and active.info.run_id == theirs else None
    return _mirror.run(theirs, name=name)


def _log_metric(
    client: object,
    run_id: str,
    key: str,
    value: float,
    timestamp: int | None = None,
    step: int | None = None,
    *_: object,
    **__: object,
) -> None:
    # MLflow puts all values that have no step at step 0: here they follow one another.
    count = _counts.setdefault((run_id, key), 0)
    _counts[run_id, key] = _HAS_STEPS if step or count == _HAS_STEPS else count + 1
    _run(run_id).log({key: value}, step=step or max(count, 0))


def _log_batch(
    client: object,
    run_id: str,
    metrics: Sequence[Any] = (),
    params: Sequence[Any] = (),
    *_: object,
    **__: object,
) -> None:
    by_step: dict[int, dict[str, float]] = {}
    for metric in metrics:
        by_step.setdefault(metric.step or 0, {})[metric.key] = metric.value
    for step, values in by_step.items():
        _run(run_id).log(values, step=step)
    if params:
        values = {param.key: param.value for param in params}
        _run(run_id).log_params(values, namespace="mlflow")


def _log_param(
    client: object, run_id: str, key: str, value: object, *_: object, **__: object
) -> None:
    _run(run_id).log_params({key: value}, namespace="mlflow")


def _log_image(
    client: object,
    run_id: str,
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    *_: object,
    **__: object,
) -> None:
    picture = image.to_pil() if hasattr(image, "to_pil") else image
    _log_medium(run_id, key or artifact_file or "image", Image(picture), step)


def _log_text(client: object, run_id: str, text: str, artifact_file: str, *_: object) -> None:
    is_markdown = artifact_file.endswith((".md", ".markdown"))
    _log_medium(run_id, artifact_file, Text(text, is_markdown=is_markdown))


def _log_table(client: object, run_id: str, data: object, artifact_file: str, *_: object) -> None:
    _log_medium(run_id, artifact_file, media.table(data))


def _log_figure(
    client: object, run_id: str, figure: object, artifact_file: str, *_: object, **__: object
) -> None:
    if (picture := media.of(figure)) is not None:  # a figure of Plotly is a program
        _log_medium(run_id, artifact_file, picture)


def _log_medium(run_id: str, name: str, medium: object, step: int | None = None) -> None:
    """Record what has a name in MLflow's artifacts; without a step they follow one another."""
    count = _counts.get((run_id, name), 0)
    _counts[run_id, name] = count + 1
    _run(run_id).log({name: medium}, step=count if step is None else step)
