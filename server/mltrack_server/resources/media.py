"""Media: which there are, and what they show at a step."""

from __future__ import annotations

from mltrack_core.records import MediaKind
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Resource

Cell = None | bool | int | float | str


class MediaKey(Resource, frozen=True, kw_only=True):
    """One name, and how much there is of it."""

    name: str
    kinds: list[MediaKind]  # of its items
    records: int  # as logged, those that a later attempt went over again included
    items: int
    first_step: int
    last_step: int


class MediaOverview(Resource, frozen=True, kw_only=True):
    """All media of a run, by name."""

    keys: list[MediaKey]
    steps: list[int]  # at which there are any, ascending
    is_thinned: bool  # there are so many steps that some are left out


class MediaFile(Resource, frozen=True, kw_only=True):
    """The bytes of something to be seen, heard or read."""

    type: str  # e.g. "image/png"
    bytes: int
    sha256: str
    is_here: bool  # whether they can be fetched; else they are on their way, or lost


class MediaBox(Resource, frozen=True, kw_only=True):
    """A rectangle in an image, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    score: Number | None
    group: str


class MediaMask(Resource, frozen=True, kw_only=True):
    """A class for each pixel of an image: the grey values of a PNG."""

    name: str
    file: MediaFile
    labels: dict[str, str]  # class, in decimal → what it is called


class MediaItem(Resource, frozen=True, kw_only=True):
    """One image, sound, text or table, confusion matrix, or chart of ROC or PR curves."""

    kind: MediaKind
    file: MediaFile
    caption: str
    width: int  # pixels, columns of a table, classes, points of a curve; 0 where unknown
    height: int  # pixels, rows of a table, classes, curves; 0 where unknown
    seconds: float  # of sound; 0 where unknown
    boxes: list[MediaBox]
    masks: list[MediaMask]


class MediaRecord(Resource, frozen=True, kw_only=True):
    """What one name shows at one step."""

    name: str
    step: int
    time_ns: int  # by the writer's clock
    items: list[MediaItem]


class MediaPage(Resource, frozen=True, kw_only=True):
    """Media at one step, or those of one name step by step."""

    records: list[MediaRecord]
    next: int | None  # the `start` to go on with; null on the last page


class MediaRows(Resource, frozen=True, kw_only=True):
    """Consecutive rows of a table."""

    columns: list[str]
    rows: list[list[Cell]]  # non-finite numbers as "NaN", "Infinity", "-Infinity"
    first: int  # index of the first of them
    total: int  # rows of the whole table


class Confusion(Resource, frozen=True, kw_only=True):
    """How often what was of one class was taken for another; what never happened is left out."""

    labels: list[str]  # of the classes, in the order of rows and columns
    columns: list[list[int]]  # for each true class: which were predicted, ascending
    counts: list[list[int]]  # and how often


class Curve(Resource, frozen=True, kw_only=True):
    """How many positives and negatives pass at falling thresholds of a score."""

    label: str  # of the class
    positives: int  # samples of the class
    negatives: int  # all others
    area: Number | None  # AUC or average precision, of all thresholds; null where none is defined
    true: list[int]  # positives that pass, ascending: a part of the thresholds
    false: list[int]  # negatives that do
    thresholds: list[Number]


class Curves(Resource, frozen=True, kw_only=True):
    """The ROC or PR curves of one item; what they are called there they are counted alike."""

    curves: list[Curve]
