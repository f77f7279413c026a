"""Images, with boxes and masks."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Mapping
from collections.abc import Sequence

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_BOXES_MAX
from mltrack_core.limits import MEDIA_BYTES_MAX
from mltrack_core.limits import MEDIA_MASKS_MAX
from mltrack_core.limits import MIB
from mltrack_core.media import formats
from mltrack_core.media import pixels
from mltrack_core.media import png
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.media.medium import short
from mltrack_core.media.pixels import Layout
from mltrack_core.media.png import Pixels
from mltrack_core.records import Box
from mltrack_core.records import Mask
from mltrack_core.records import MediaItem

Masks = Mapping[str, object]
Boxes = Sequence[Box | Sequence[float]]


class Image(Medium):
    """An image to be logged.

        run.log({"val/samples": [mltrack.Image(x, caption=str(y)) for x, y in batch]}, step=step)

    It is taken as it is now: what becomes of the array later does not matter. Making one never
    raises for what is in it; `log` says what is wrong and goes on.

    Args:
        data: An array or tensor of NumPy, PyTorch, TensorFlow, JAX: height x width, with 1 to 4
            channels last or first; where both could be, a tensor of PyTorch has them first and any
            other last. uint8, bool, other whole numbers from 0 to 255, or floats from 0 to 1. An
            image of PIL, a figure of Matplotlib. A PNG, JPEG, GIF or WebP file: its path or bytes,
            kept as they are. A tensor on an accelerator is waited for.
        caption: What to write below it.
        boxes: `mltrack.Box(left, top, right, bottom, label, score, group)`, or the first four of
            these, in pixels.
        masks: Name to an array of height x width with the class of each pixel, 0 to 255, or to
            such an array and a mapping of classes to labels.
        layout: "HWC" or "CHW", where the rule above would guess wrong.
        value_range: Which numbers are black and white, e.g. (-1, 1). What lies outside is cut off.
    """

    kind = "image"

    def __init__(
        self,
        data: object,
        *,
        caption: str = "",
        boxes: Boxes = (),
        masks: Masks | None = None,
        layout: Layout | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(caption)
        self._pixels: Pixels | None = None
        self._file = b""
        self._boxes: list[Box] = []
        self._masks: list[tuple[str, Pixels, Mapping[int, str]]] = []
        with self.taking():
            self._take(data, layout, value_range)
            self._boxes = _boxes(boxes)
            self._masks = _masks(masks or {})

    def _take(
        self, data: object, layout: Layout | None, value_range: tuple[float, float] | None
    ) -> None:
        if isinstance(data, str | os.PathLike | bytes | bytearray | memoryview):
            self._file = read_file("image", data)
            return
        if (figure := pixels.from_figure(data)) is not None:
            self._file = figure
            return
        self._pixels = pixels.from_pil(data) or pixels.from_array(data, layout, value_range)
        if self._pixels is None:
            raise MediaInvalid(
                "image",
                f"{type(data).__name__} is none: pass an array, an image of PIL, a figure, or the "
                "path of a PNG, JPEG, GIF or WebP file",
            )

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        if self._pixels is not None:
            width, height = self._pixels.width, self._pixels.height
            file = files.add(formats.PNG, png.encode(self._pixels))
        else:
            found = formats.of(self._file)
            if found is None or found.type not in formats.IMAGES:
                raise MediaInvalid(
                    "image", "the file is no PNG, JPEG, GIF or WebP; SVG may hold programs"
                )
            width, height = found.width, found.height
            file = files.add(found.type, self._file)
        masks = []
        for name, mask, labels in self._masks:
            if (mask.width, mask.height) != (width, height):
                raise MediaInvalid(
                    "image",
                    f"mask {name!r} has {mask.width} x {mask.height} pixels, "
                    f"the image {width} x {height}",
                )
            named = {number: short(clean(label)) for number, label in labels.items()}
            masks.append(Mask(short(clean(name)), files.add(formats.PNG, png.encode(mask)), named))
        boxes = [_clean_box(box, clean) for box in self._boxes]
        return MediaItem("image", file, width=width, height=height, boxes=boxes, masks=masks)


def read_file(kind: str, data: object) -> bytes:
    """Return a file's bytes, given as they are or as a path.

    Raises:
        MediaInvalid: It is too long, or no file.
        OSError: It cannot be read.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    assert isinstance(data, str | os.PathLike)
    # A pipe that lies at the path must not stop the training.
    descriptor = os.open(data, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise MediaInvalid(kind, f"{os.fspath(data)} is no file")
        if found.st_size > MEDIA_BYTES_MAX:
            mib = MEDIA_BYTES_MAX // MIB
            raise MediaInvalid(
                kind, f"{os.fspath(data)} has {found.st_size / MIB:.1f} MiB, at most {mib} are kept"
            )
        return file.read()


def _boxes(boxes: Boxes) -> list[Box]:
    """Return boxes as records hold them.

    Raises:
        MediaInvalid: There are too many, or one is none.
    """
    if len(boxes) > MEDIA_BOXES_MAX:
        raise MediaInvalid("image", f"{len(boxes)} boxes, at most {MEDIA_BOXES_MAX} are kept")
    made: list[Box] = []
    for box in boxes:
        corners = (box.left, box.top, box.right, box.bottom) if isinstance(box, Box) else box
        if len(corners) != 4:
            raise MediaInvalid("image", "a box is left, top, right and bottom, in pixels")
        left, top, right, bottom = map(float, corners)
        if not all(map(math.isfinite, (left, top, right, bottom))):
            raise MediaInvalid("image", "the corners of a box are finite numbers")
        label, score, group = (
            (box.label, box.score, box.group) if isinstance(box, Box) else ("", None, "")
        )
        score = None if score is None else float(score)
        made.append(Box(left, top, right, bottom, str(label), score, str(group)))
    return made


def _clean_box(box: Box, clean: Clean) -> Box:
    label, group = short(clean(box.label)), short(clean(box.group))
    return Box(box.left, box.top, box.right, box.bottom, label, box.score, group)


def _masks(masks: Masks) -> list[tuple[str, Pixels, Mapping[int, str]]]:
    """Return masks with their labels.

    Raises:
        MediaInvalid: There are too many, or one is none.
    """
    if len(masks) > MEDIA_MASKS_MAX:
        raise MediaInvalid("image", f"{len(masks)} masks, at most {MEDIA_MASKS_MAX} are kept")
    made: list[tuple[str, Pixels, Mapping[int, str]]] = []
    for name, given in masks.items():
        array: object = given
        labels: Mapping[object, object] = {}
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
            array, labels = given
        named = {int(str(number)): str(label) for number, label in labels.items()}
        made.append((str(name), pixels.classes(array, str(name)), named))
    return made
