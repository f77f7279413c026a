"""Media as the API gives them: what a record or a file of one holds, in words of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mltrack_core import records
from mltrack_core.media import evaluation
from mltrack_server import resources
from mltrack_server.resources import number

_EXACT_MAX: Final = 1 << 53  # larger integers are no numbers in a browser


def described(item: records.MediaItem, here: set[str]) -> resources.MediaItem:
    """Return an item as the API gives it."""

    def file(found: records.MediaFile) -> resources.MediaFile:
        return resources.MediaFile(
            type=found.type,
            bytes=found.bytes,
            sha256=found.sha256,
            is_here=found.sha256 in here,
        )

    return resources.MediaItem(
        kind=item.kind,
        file=file(item.file),
        caption=item.caption,
        width=item.width,
        height=item.height,
        seconds=item.seconds,
        boxes=[
            resources.MediaBox(
                left=box.left,
                top=box.top,
                right=box.right,
                bottom=box.bottom,
                label=box.label,
                score=None if box.score is None else number(box.score),
                group=box.group,
            )
            for box in item.boxes
        ],
        masks=[
            resources.MediaMask(name=mask.name, file=file(mask.file), labels=_as_text(mask.labels))
            for mask in item.masks
        ],
    )


def drawn(curve: evaluation.Curve) -> resources.Curve:
    """Return a curve as the API gives it."""
    return resources.Curve(
        label=curve.label,
        positives=curve.positives,
        negatives=curve.negatives,
        area=None if curve.area is None else number(curve.area),
        true=curve.true,
        false=curve.false,
        thresholds=[number(threshold) for threshold in curve.thresholds],
    )


def _as_text(labels: Mapping[int, str]) -> dict[str, str]:
    return {str(number): label for number, label in labels.items()}


def shown(cell: resources.Cell) -> resources.Cell:
    """Return a cell as JSON and a browser can hold it."""
    if isinstance(cell, float):
        return number(cell)
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) > _EXACT_MAX:
        return str(cell)
    return cell
