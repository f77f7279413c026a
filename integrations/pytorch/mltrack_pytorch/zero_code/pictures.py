"""Pictures as TensorBoard takes them, as ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Final

from mltrack_core.limits import MEDIA_ITEMS_MAX
from mltrack_core.media.arrays import array_of
from mltrack_core.media.image import Image
from mltrack_core.records import Box

_ORDER: Final = "NHWC"


def images(values: Any, dataformats: str, boxes: Sequence[Box] = ()) -> list[Image]:
    """Return one image for each that *values* holds.

    Args:
        values: An array or tensor; numbers that are no `uint8` are from 0 to 1, as there.
        dataformats: What its axes are: letters of "NCHW" in any order, N and C as they are needed.
        boxes: In the only image.
    """
    array = array_of(values)
    if array is None:
        return [Image(values, boxes=boxes)]
    axes = dataformats.upper()
    if len(axes) != array.ndim or not set(axes) <= set(_ORDER):
        return [Image(array, boxes=boxes)]  # which says what is wrong with it
    array = array.transpose([axes.index(axis) for axis in _ORDER if axis in axes])
    if "C" not in axes:
        array = array[..., None]
    pictures = array if "N" in axes else array[None]
    value_range = None if str(array.dtype) in ("uint8", "bool") else (0.0, 1.0)
    return [
        Image(picture, boxes=boxes, layout="HWC", value_range=value_range)
        for picture in pictures[:MEDIA_ITEMS_MAX]
    ]


def boxes_of(corners: Any, labels: Sequence[str] | None) -> list[Box]:
    """Return boxes, given as rows of left, top, right and bottom in pixels."""
    array = array_of(corners)
    rows = corners if array is None else array.tolist()
    named = [str(label) for label in labels or ()]
    named += [""] * (len(rows) - len(named))
    return [
        Box(float(left), float(top), float(right), float(bottom), label)
        for (left, top, right, bottom), label in zip(rows, named, strict=False)
    ]
