"""What `log` is given, sorted into what each kind of record holds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

import msgspec

from mltrack_core import _values
from mltrack_core import deferral
from mltrack_core.errors import MediaInvalid
from mltrack_core.errors import MltrackError
from mltrack_core.errors import NameInvalid
from mltrack_core.limits import MEDIA_ITEMS_MAX
from mltrack_core.limits import METRIC_NAMES_MAX
from mltrack_core.media.medium import Medium
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Record
from mltrack_core.records import Scalars

_PERHAPS_MEDIA: Final = (Medium, list, tuple)

Lost = Callable[[type[Record], Exception], None]  # books one value that could not be kept


class Sorted(msgspec.Struct, frozen=True):
    """The values of one call, by the kind of record that they go into."""

    numbers: dict[str, float | int]
    histograms: dict[str, Histogram]
    media: dict[str, list[Medium]]
    others: set[str]  # names of all but the numbers
    late: dict[str, object]  # a device is still computing them


class Metrics:
    """Knows the names of a run's metrics, and checks each of them once.

    Args:
        lost: Called with every value that cannot be recorded; the others are.
    """

    def __init__(self, lost: Lost) -> None:
        self.names: set[str] = set()  # that have been checked
        self._lost = lost

    def sort(self, values: Mapping[str, object]) -> Sorted:
        """Return those of *values* that can be recorded; nested ones are under "outer/inner"."""
        found = Sorted({}, {}, {}, set(), {})
        deferred = deferral.registered()
        for name, value in _values.numbers(values):
            try:
                self._check(name)
                if name in found.numbers or name in found.others:
                    raise NameInvalid("metric", name, "it occurs twice in one call")
                if isinstance(value, Histogram):
                    found.histograms[name] = value
                elif deferred is not None and deferred.takes(value):
                    found.late[name] = value
                elif isinstance(value, _PERHAPS_MEDIA) and (media := _media(value)):
                    found.media[name] = media
                elif not isinstance(value, int | float) and (image := _figure(value)) is not None:
                    found.media[name] = [image]
                else:
                    found.numbers[name] = _values.number(name, value)
                    continue
                found.others.add(name)
            except MltrackError as error:
                self._lost(_kind_of(value), error)
        return found

    def axes(self, axes: Mapping[str, object]) -> dict[str, float]:
        """Return those of *axes* that are numbers: one that is not costs only itself."""
        clean: dict[str, float] = {}
        for name, value in axes.items():
            try:
                clean[name] = _values.number(name, value)
            except MltrackError as error:
                self._lost(Scalars, error)
        return clean

    def _check(self, name: str) -> None:
        """Refuse a name that cannot be one, and a new one where there are too many."""
        if name in self.names:
            return
        _values.check_name("metric", name)
        if len(self.names) >= METRIC_NAMES_MAX:
            raise NameInvalid("metric", name, f"the run has {METRIC_NAMES_MAX} names already")
        self.names.add(name)


def _media(value: object) -> list[Medium]:
    """Return the media that *value* is, or is a list of; none where it is something else.

    Raises:
        MediaInvalid: There are too many, or not all of the list are.
    """
    if isinstance(value, Medium):
        return [value]
    if not isinstance(value, list | tuple) or not value or not isinstance(value[0], Medium):
        return []
    media = [each for each in value if isinstance(each, Medium)]
    if len(media) < len(value):
        raise MediaInvalid(media[0].kind, "a list of media holds nothing else")
    if len(media) > MEDIA_ITEMS_MAX:
        raise MediaInvalid(
            media[0].kind, f"{len(media)} under one name, at most {MEDIA_ITEMS_MAX} are kept"
        )
    return media


def _figure(value: object) -> Medium | None:
    """Return the image of a figure of Matplotlib, as it is drawn now; None of anything else."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.FigureBase):
        return None
    from mltrack_core.media.image import Image  # its readers of pixels are nothing for the others

    return Image(value)


def _kind_of(value: object) -> type[Record]:
    """Return the record that *value* would have gone into."""
    if isinstance(value, Histogram):
        return Histograms
    is_medium = isinstance(value[0] if isinstance(value, list | tuple) and value else value, Medium)
    return Media if is_medium else Scalars
