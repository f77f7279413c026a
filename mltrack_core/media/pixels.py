"""Pixels from what users hold: arrays of any library, images of PIL, figures of Matplotlib."""

from __future__ import annotations

import io
import sys
from typing import Any
from typing import Final
from typing import Literal

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_PIXEL_BYTES_MAX
from mltrack_core.limits import MIB
from mltrack_core.media import arrays
from mltrack_core.media.png import Pixels

Layout = Literal["HWC", "CHW"]

_CHANNELS: Final = (1, 2, 3, 4)
_PIL_CHANNELS: Final = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
# A model's output may overshoot its range a little; what is further out has another range.
_OVERSHOOT: Final = 0.5


def from_array(
    value: object, layout: Layout | None, value_range: tuple[float, float] | None
) -> Pixels | None:
    """Return the pixels of an array; None if *value* is none.

    Raises:
        MediaInvalid: It is not like an image.
    """
    array = arrays.array_of(value)
    if array is None:
        return None
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise _wrong(array, "an image has two or three dimensions; log a batch as a list of images")
    if not array.size:
        raise _wrong(array, "it is empty")
    if _channels_first(array.shape, layout, is_torch=arrays.is_torch(value)):
        array = array.transpose(1, 2, 0)
    if array.shape[2] not in _CHANNELS:
        raise _wrong(array, "1 to 4 channels come first or last")
    if array.size > MEDIA_PIXEL_BYTES_MAX:
        raise _wrong(
            array, f"more than {MEDIA_PIXEL_BYTES_MAX // MIB} MiB of pixels; scale it down"
        )
    height, width, channels = array.shape
    return Pixels(width, height, channels, _bytes_of(array, value_range).tobytes())


def from_pil(value: object) -> Pixels | None:
    """Return the pixels of an image of PIL; None if *value* is none.

    Raises:
        MediaInvalid: It is too large.
    """
    pil = sys.modules.get("PIL.Image")
    if pil is None or not isinstance(value, pil.Image):
        return None
    image: Any = value
    if image.width * image.height * 4 > MEDIA_PIXEL_BYTES_MAX:
        raise MediaInvalid(
            "image", f"{image.width} x {image.height} pixels are too many; scale it down"
        )
    if image.mode not in _PIL_CHANNELS:
        has_alpha = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
        is_grey = image.mode in ("1", "I", "F", "I;16")
        image = image.convert("L" if is_grey else "RGBA" if has_alpha else "RGB")
    return Pixels(image.width, image.height, _PIL_CHANNELS[image.mode], image.tobytes())


def from_figure(value: object) -> bytes | None:
    """Return a figure of Matplotlib as a PNG file; None if *value* is none."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.FigureBase):
        return None
    figure: Any = value
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def classes(value: object, name: str) -> Pixels:
    """Return a mask: one class for each pixel.

    Raises:
        MediaInvalid: *value* is not of whole numbers from 0 to 255 in two dimensions.
    """
    array = arrays.array_of(value)
    if array is None:
        raise MediaInvalid("image", f"mask {name!r}: pass an array, not {type(value).__name__}")
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or array.dtype.kind not in "biu" or not array.size:
        raise _wrong(array, f"mask {name!r} has one whole number for each pixel")
    if array.min() < 0 or array.max() > 255:
        raise _wrong(array, f"mask {name!r}: classes are 0 to 255")
    height, width = array.shape
    return Pixels(width, height, 1, array.astype("uint8").tobytes())


def _channels_first(shape: tuple[int, ...], layout: Layout | None, *, is_torch: bool) -> bool:
    """Tell where the channels of an array are. Where both ends fit, PyTorch has them first."""
    if layout is not None:
        return layout == "CHW"
    is_first, is_last = shape[0] in _CHANNELS, shape[2] in _CHANNELS
    return is_first and (is_torch or not is_last)


def _bytes_of(array: Any, value_range: tuple[float, float] | None) -> Any:
    """Return *array* as 8 bits a value."""
    kind = array.dtype.kind
    if kind == "b":
        return array.astype("uint8") * 255
    if kind not in "iuf":
        raise _wrong(array, "an image is of numbers")
    if kind in "iu" and value_range is None:
        if array.dtype.itemsize > 1 or kind == "i":
            if array.min() < 0 or array.max() > 255:
                raise _wrong(array, "whole numbers are 0 to 255; name another value_range=")
            array = array.astype("uint8")
        return array
    low, high = (0.0, 1.0) if value_range is None else value_range
    if not low < high:
        raise MediaInvalid("image", f"value_range={value_range!r}: the lower bound comes first")
    numpy = sys.modules["numpy"]
    shares = numpy.nan_to_num((array.astype("float32") - low) / (high - low), posinf=1, neginf=0)
    if value_range is None and (shares.min() < -_OVERSHOOT or shares.max() > 1 + _OVERSHOOT):
        raise _wrong(
            array,
            f"floats are 0 to 1, these are {array.min():g} to {array.max():g}: "
            "scale them, or say value_range=(-1, 1)",
        )
    return (shares.clip(0, 1) * 255).round().astype("uint8")


def _wrong(array: Any, reason: str) -> MediaInvalid:
    return MediaInvalid("image", f"shape {tuple(array.shape)} of {array.dtype}: {reason}")
