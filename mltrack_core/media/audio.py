"""Sounds."""

from __future__ import annotations

import io
import os
import sys
from typing import Any
from typing import Final

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_BYTES_MAX
from mltrack_core.limits import MIB
from mltrack_core.media import arrays
from mltrack_core.media import formats
from mltrack_core.media.image import read_file
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.records import MediaItem

_CHANNELS_MAX: Final = 8


class Audio(Medium):
    """A sound to be logged.

        run.log({"val/speech": mltrack.Audio(samples, sample_rate=16_000)}, step=step)

    It is taken as it is now. Making one never raises for what is in it; `log` says what is wrong.

    Args:
        data: An array or tensor of samples, or of samples x channels in either order (at most 8
            channels): floats from -1 to 1, which are cut off beyond, or 16-bit integers. They are
            kept as a WAV file of 16 bits. Or a WAV, MP3, Ogg or FLAC file: its path or bytes.
        sample_rate: Samples a second, of an array.
        caption: What to write below it.
    """

    kind = "audio"

    def __init__(self, data: object, *, sample_rate: int | None = None, caption: str = "") -> None:
        super().__init__(caption)
        self._samples = b""  # 16 bits, little-endian, the channels of a moment beside each other
        self._channels = 1
        self._rate = 0
        self._file = b""
        with self.taking():
            if isinstance(data, str | os.PathLike | bytes | bytearray | memoryview):
                self._file = read_file("audio", data)
            else:
                self._take(data, sample_rate)

    def _take(self, data: object, sample_rate: int | None) -> None:
        array = arrays.array_of(data)
        if array is None:
            raise MediaInvalid(
                "audio",
                f"{type(data).__name__} is none: pass an array of samples, or the path of a WAV, "
                "MP3, Ogg or FLAC file",
            )
        if not sample_rate or sample_rate < 0:
            raise MediaInvalid("audio", "say how many samples a second: sample_rate=16_000")
        if array.ndim == 2 and array.shape[0] < array.shape[1]:
            array = array.T
        if array.ndim not in (1, 2) or not array.size:
            raise MediaInvalid(
                "audio", f"shape {tuple(array.shape)}: samples, or samples x channels"
            )
        self._channels = 1 if array.ndim == 1 else array.shape[1]
        if self._channels > _CHANNELS_MAX:
            raise MediaInvalid("audio", f"{self._channels} channels, at most {_CHANNELS_MAX}")
        if array.size * 2 > MEDIA_BYTES_MAX:
            raise MediaInvalid(
                "audio",
                f"{array.size * 2 / MIB:.1f} MiB as a WAV file, at most {MEDIA_BYTES_MAX // MIB} "
                "are kept: log a part of it, or a compressed file",
            )
        self._rate = int(sample_rate)
        self._samples = _as_16_bits(array).tobytes()

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        if self._samples:
            import wave  # not needed by whoever logs files

            file = io.BytesIO()
            with wave.open(file, "wb") as writer:
                writer.setnchannels(self._channels)
                writer.setsampwidth(2)
                writer.setframerate(self._rate)
                writer.writeframes(self._samples)
            seconds = len(self._samples) / 2 / self._channels / self._rate
            return MediaItem("audio", files.add(formats.WAV, file.getvalue()), seconds=seconds)
        found = formats.of(self._file)
        if found is None or found.type not in formats.SOUNDS:
            raise MediaInvalid("audio", "the file is no WAV, MP3, Ogg or FLAC")
        return MediaItem("audio", files.add(found.type, self._file), seconds=found.seconds)


def _as_16_bits(array: Any) -> Any:
    """Return samples as little-endian 16-bit integers."""
    if array.dtype.kind == "f":
        numpy = sys.modules["numpy"]
        scaled = numpy.nan_to_num(array.astype("float32")).clip(-1, 1) * 32767
        return scaled.round().astype("<i2")
    if array.dtype.kind in "iu" and (array.dtype.itemsize <= 2 or abs(array).max() <= 32767):
        if array.dtype.kind == "u" and array.dtype.itemsize > 1 and array.max() > 32767:
            raise MediaInvalid("audio", "whole numbers are -32768 to 32767")
        return array.astype("<i2")
    raise MediaInvalid("audio", f"{array.dtype}: floats from -1 to 1, or 16-bit integers")
