"""Runs as TensorBoard event files, one folder a run.

Scalars and histograms are tensors of float64, as `torch.utils.tensorboard` writes them with
`new_style` and `double_precision`: a value keeps every bit, but for integers beyond 2^53.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mltrack.export import content
from mltrack.export.event_file import EventFile
from mltrack.export.event_file import Plugin
from mltrack.export.event_file import summary_value
from mltrack.export.event_file import tensor_of_text
from mltrack.reading.run import RunView

_UNFIT: Final = re.compile(r"[^\w.=+@-]+")
_NAME_CHARACTERS_MAX: Final = 100
SUPERSEDED: Final = "superseded"  # folder, below a run's, of points that were gone over again


def write(runs: Sequence[RunView], folder: Path) -> list[str]:
    """Write one folder for each of *runs*; what was gone over again in one below it.

    Returns:
        What a person should know of it.
    """
    for run in runs:
        place = folder / folder_name(run)
        current = EventFile(place, run.details.summary.started_ns)
        earlier: EventFile | None = None
        _write_params(run, current)
        for kind, name, points in content.series(run):
            plugin = Plugin("scalars")
            tag = name if kind != "axis" else f"axis/{name}"
            for step, time_ns, value, is_superseded in zip(
                points.step.tolist(),
                points.time_ns.tolist(),
                points.value.tolist(),
                points.is_superseded.tolist(),
                strict=True,
            ):
                if is_superseded:
                    earlier = earlier or EventFile(place / SUPERSEDED, current.time_ns)
                file = earlier if is_superseded and earlier else current
                file.add(time_ns, step, summary_value(file.first(tag, plugin), tag, [value]))
        for record in content.histograms(run):
            if record.is_superseded:
                earlier = earlier or EventFile(place / SUPERSEDED, current.time_ns)
            file = earlier if record.is_superseded and earlier else current
            for name, found in record.values.items():
                rows = [
                    number
                    for low, high, count in zip(found.low, found.high, found.count, strict=True)
                    for number in (low, high, float(count))
                ]
                value = summary_value(
                    file.first(name, Plugin("histograms")), name, rows, shape=(len(rows) // 3, 3)
                )
                file.add(record.time_ns, record.step, value)
        for opened in (current, earlier):
            if opened is not None:
                opened.close()
    left_out = sum(run.details.media for run in runs)
    if not left_out:
        return []
    return [f"{left_out} records of media are not in event files: csv, jsonl and parquet have them"]


def folder_name(run: RunView) -> str:
    """Return PROJECT/NAME-END, which TensorBoard shows as the run's name."""
    project, name = (
        _UNFIT.sub("_", text)[:_NAME_CHARACTERS_MAX].lstrip(".") for text in (run.project, run.name)
    )
    return f"{project or '_'}/{name or 'run'}-{run.id[-8:]}"


def _write_params(run: RunView, file: EventFile) -> None:
    """Write the parameters as text: a table that the text tab shows."""
    if not run.params:
        return
    lines = ["| parameter | value |", "|---|---|"]
    lines += [
        f"| {key} | {content.as_json(value)} |".replace("\n", " ")
        for key, value in run.params.items()
    ]
    text = tensor_of_text("\n".join(lines))
    plugin = file.first("params", Plugin("text"))
    file.add(file.time_ns, 0, summary_value(plugin, "params", tensor=text))
