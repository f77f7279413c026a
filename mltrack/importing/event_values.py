"""One event file, value by value, into a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from mltrack.foreign import tfrecord
from mltrack.foreign.protobuf import MessageInvalid
from mltrack.foreign.protobuf import bytes_of
from mltrack.foreign.protobuf import float_of
from mltrack.importing import events
from mltrack.importing import nested
from mltrack.importing.events import Event
from mltrack.importing.events import Value
from mltrack.importing.imported import Imported
from mltrack_core.media.audio import Audio
from mltrack_core.media.image import Image
from mltrack_core.media.medium import Medium
from mltrack_core.media.text import Text
from mltrack_core.records import EndState
from mltrack_core.records import Histogram
from mltrack_core.records import Rewind

_SCALAR, _IMAGE, _HISTOGRAM, _AUDIO, _TENSOR = 2, 4, 5, 6, 8  # fields of a Summary.Value
_OLD: Final = {_SCALAR: "scalars", _IMAGE: "images", _HISTOGRAM: "histograms", _AUDIO: "audio"}
_ENDINGS: Final[dict[int | None, EndState]] = {1: "finished", 2: "failed"}  # of a session
_IMAGE_TEXTS: Final = 2  # of an image: its width and height stand before it


def read_file(path: Path, prefix: str, run: Imported) -> int | None:
    """Record what the event file at *path* holds; return its lowest step.

    Args:
        path: The file.
        prefix: Of its tags; behind a zero byte it stands behind them.
        run: Where to.
    """
    reader = _Reader(prefix, run, is_own=path.name.endswith(".mltrack"))
    try:
        with path.open("rb") as file:
            for message in tfrecord.messages(file, lambda why: run.lost(f"an event: {why}")):
                try:
                    reader.take(events.event_of(message))
                except MessageInvalid:
                    run.lost("an event: not understood")
    except OSError as error:
        run.lost(f"a file: {error.strerror or error}")
    return reader.lowest


class _Reader:
    """What is remembered from event to event."""

    def __init__(self, prefix: str, run: Imported, *, is_own: bool) -> None:
        is_behind = prefix.startswith("\0")
        self._before = "" if is_behind else prefix
        self._behind = f"/{prefix[1:]}" if is_behind else ""
        self._run = run
        self._is_own = is_own
        self._plugins: dict[str, str] = {}  # tag → who shows it
        self.lowest: int | None = None

    def take(self, event: Event) -> None:
        """Record one event."""
        if event.session_status == events.SESSION_START and event.step > 0:
            # TensorBoard forgets what was recorded from this step on.
            self._run.write(Rewind(event.time_ns, event.step - 1))
        if event.has_graph:
            self._run.leave_out("a graph")
        numbers: dict[str, float | int] = {}
        histograms: dict[str, Histogram] = {}
        for value in event.values:
            plugin = value.plugin or self._plugins.get(value.tag) or _OLD.get(value.kind, "")
            self._plugins[value.tag] = plugin
            name = f"{self._before}{value.tag}{self._behind}"
            try:
                self._take_value(event, value, plugin, name, numbers, histograms)
            except MessageInvalid:
                self._run.lost("a value: not understood")
        if numbers:
            self._run.scalars(event.time_ns, event.step, numbers)
        if histograms:
            self._run.histograms(event.time_ns, event.step, histograms)
        if (numbers or histograms) and (self.lowest is None or event.step < self.lowest):
            self.lowest = event.step

    def _take_value(
        self,
        event: Event,
        value: Value,
        plugin: str,
        name: str,
        numbers: dict[str, float | int],
        histograms: dict[str, Histogram],
    ) -> None:
        """Sort one value of *event* in, or record it.

        Raises:
            MessageInvalid: It is not what it says it is.
        """
        if value.kind == _SCALAR:
            numbers[name] = float_of(value.value)
        elif plugin == "histograms":
            if (found := _histogram(value)) is not None:
                histograms[name] = found
        elif plugin == "hparams":
            self._take_hparams(event, value)
        elif plugin == "text" and self._is_own and value.tag == "params":
            self._take_params(_texts(value))
        elif plugin in ("images", "audio", "text"):
            media = [_MAKERS[plugin](data) for data in _files(plugin, value)]
            self._run.media(event.time_ns, event.step, name, media)
        elif value.kind == _TENSOR and plugin in ("scalars", ""):
            number = events.number_of(bytes_of(value.value))
            if number is None:
                self._run.leave_out("a tensor that is no number")
            else:
                numbers[name] = number
        elif value.kind:
            self._run.leave_out(f"what the plugin {plugin or 'of nobody'} shows")

    def _take_hparams(self, event: Event, value: Value) -> None:
        params = events.hparams_of(value.content)
        if params is not None:
            self._run.params(params)
        elif state := _ENDINGS.get(events.session_end_of(value.content)):
            self._run.end(event.time_ns, state)

    def _take_params(self, texts: list[bytes]) -> None:
        """Take back the parameters that we exported as a table."""
        params: dict[str, object] = {}
        for line in b"\n".join(texts).decode("utf-8", "replace").splitlines()[2:]:
            key, _, text = line.removeprefix("| ").removesuffix(" |").partition(" | ")
            try:
                params[key] = nested.parsed(text)
            except ValueError:
                params[key] = text
        self._run.params(params)


def _histogram(value: Value) -> Histogram | None:
    if value.kind == _HISTOGRAM:
        return events.histogram_of(bytes_of(value.value))
    array = events.array_of(bytes_of(value.value))
    if array is None or array.ndim != 2 or array.shape[1] != 3:
        raise MessageInvalid("no rows of three")
    return events.bins([(low, high, count) for low, high, count in array.tolist() if count])


def _files(plugin: str, value: Value) -> list[bytes]:
    """Return the images, sounds or texts of a value."""
    if value.kind in (_IMAGE, _AUDIO):
        return [events.image_of(bytes_of(value.value))]
    texts = _texts(value)
    if plugin == "images":
        return texts[_IMAGE_TEXTS:]
    return texts[::2] if plugin == "audio" else texts  # each sound is followed by its label


def _texts(value: Value) -> list[bytes]:
    return events.strings_of(bytes_of(value.value))


_MAKERS: Final[dict[str, Callable[[bytes], Medium]]] = {
    "images": Image,
    "audio": Audio,
    "text": lambda data: Text(data.decode("utf-8", "replace"), is_markdown=True),
}
