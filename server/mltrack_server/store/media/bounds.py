"""Bounds of Media records: what is taken of images, sounds, texts and tables that arrive."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from mltrack_core import blobs
from mltrack_core import limits
from mltrack_core.media import formats
from mltrack_core.records import Media
from mltrack_core.records import MediaFile
from mltrack_core.records import MediaItem

_TYPES: Final[dict[str, frozenset[str]]] = {
    "image": formats.IMAGES,
    "audio": formats.SOUNDS,
    "text": formats.TEXTS,
    "table": frozenset((formats.TABLE,)),
    "confusion": frozenset((formats.CONFUSION,)),
    "roc": frozenset((formats.CURVES,)),
    "pr": frozenset((formats.CURVES,)),
}
_SIZE_MAX: Final = (1 << 31) - 1


def files(item: MediaItem) -> Iterator[MediaFile]:
    """Yield the files of an item: its own, and those of its masks."""
    yield item.file
    for mask in item.masks:
        yield mask.file


def fault(record: Media) -> str:
    """Return what is wrong with *record*; "" if nothing is."""
    if len(record.items) > limits.MEDIA_ITEMS_MAX:
        return f"{len(record.items)} items, more than {limits.MEDIA_ITEMS_MAX}"
    return next((found for item in record.items if (found := _fault_of(item))), "")


def _fault_of(item: MediaItem) -> str:
    """Return what is wrong with one item."""
    if item.file.type not in _TYPES[item.kind]:
        return f"an item of the kind {item.kind} has the type {item.file.type[:80]!r}"
    if any(mask.file.type != formats.PNG for mask in item.masks):
        return "a mask is no PNG"
    if len(item.boxes) > limits.MEDIA_BOXES_MAX or len(item.masks) > limits.MEDIA_MASKS_MAX:
        return "too many boxes or masks"
    if not (0 <= item.width <= _SIZE_MAX and 0 <= item.height <= _SIZE_MAX):
        return "a width or height that cannot be"
    if not (math.isfinite(item.seconds) and item.seconds >= 0):
        return "a duration that cannot be"
    corners = (side for box in item.boxes for side in (box.left, box.top, box.right, box.bottom))
    if not all(map(math.isfinite, corners)):
        return "a box whose corners are no numbers"
    labels = [item.caption]
    for box in item.boxes:
        labels += (box.label, box.group)
    for mask in item.masks:
        labels += (mask.name, *mask.labels.values())
        if len(mask.labels) > 256:
            return "a mask with more than 256 labels"
    if max(map(len, labels)) > limits.MEDIA_CAPTION_CHARACTERS_MAX:
        return f"a caption or label of more than {limits.MEDIA_CAPTION_CHARACTERS_MAX} characters"
    return next((found for file in files(item) if (found := _fault_of_file(file))), "")


def _fault_of_file(file: MediaFile) -> str:
    """Return what is wrong with one file."""
    if not blobs.is_digest(file.sha256):
        return f"{file.sha256[:80]!r} is no SHA-256"
    if not 0 <= file.bytes <= limits.MEDIA_BYTES_MAX:
        return f"a file of {file.bytes} bytes"
    if file.data and (
        len(file.data) != file.bytes
        or file.bytes > limits.MEDIA_INLINE_BYTES_MAX
        or blobs.digest_of(file.data) != file.sha256
    ):
        return "bytes that are not what their hash says"
    return ""
