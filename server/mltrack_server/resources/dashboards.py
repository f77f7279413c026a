"""Dashboards of a project's own, and the reports that are frozen from them.

A document is what a browser draws, saves and exports; docs/format/dashboard.md describes it. Fields
of the first mltrack that had dashboards are required; those that came later have a default, which
is what a document without them means. No other field is taken, so that nothing is lost between two
versions of mltrack without a word.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta
from msgspec import field

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

DOCUMENT_VERSION: Final = 1
DOCUMENT_BYTES_MAX: Final = 512 * 1024  # of a request that carries one
GRID_COLUMNS: Final = 12
TABS_MAX: Final = 20
PANELS_MAX: Final = 100  # of a tab
RUNS_DRAWN_MAX: Final = 200  # as many as one chart draws
FROZEN_RUNS_MAX: Final = RUNS_DRAWN_MAX
METRICS_MAX: Final = 8  # of one chart: beyond that nobody tells the lines apart

DashboardKind = Literal["dashboard", "report"]
DashboardId = RunId
PartId = Annotated[str, Meta(pattern="^[0-9a-z]{1,16}$", max_length=16)]
Key = Annotated[str, Meta(max_length=1024)]  # as the filter language writes it
Title = Annotated[str, Meta(max_length=200)]
Filter = Annotated[str, Meta(max_length=10_000)]
OneRun = Annotated[
    str,
    Meta(pattern="^([0-9a-f]{32})?$", max_length=32, description="A run's id; empty: the newest"),
]


_SMOOTHING_MAX: Final = {"twema": 0.99, "gauss": 50, "mean": 150}


class Panel(Request, frozen=True, kw_only=True, tag_field="type"):
    """What all panels have: a place on a grid of 12 columns, and which runs they show."""

    id: PartId
    title: Title  # empty: what it shows
    filter: Filter  # of its own, besides the dashboard's
    x: Annotated[int, Meta(ge=0, lt=GRID_COLUMNS)]
    y: Annotated[int, Meta(ge=0, lt=10_000)]
    width: Annotated[int, Meta(ge=1, le=GRID_COLUMNS)]
    height: Annotated[int, Meta(ge=1, le=100)]

    def __post_init__(self) -> None:
        """Refuse what does not lie on the grid.

        Raises:
            ValueError: It reaches beyond the last column.
        """
        if self.x + self.width > GRID_COLUMNS:
            raise ValueError(
                f"Panel {self.id!r} reaches beyond column {GRID_COLUMNS}: "
                f"x {self.x} and width {self.width}"
            )


class LinesPanel(Panel, frozen=True, kw_only=True, tag="lines"):
    """Metrics of the runs, as lines."""

    metric: Key
    more: Annotated[list[Key], Meta(max_length=METRICS_MAX - 1)] = field(default_factory=list)
    axis: Key  # "step", "relative", "time", "epoch", or "m:" and the name of a metric
    smoothing: Annotated[float, Meta(ge=0, le=150)]  # as a series query has it; twema: to 0.99
    smoothing_kind: Literal["twema", "gauss", "mean"] = "twema"
    # Means of groups of runs by these keys, instead of the runs; without a key all are one group.
    by: Annotated[list[Key], Meta(max_length=8)] | None = None
    spread: Literal["range", "sd", "sem"] = "range"  # what the bands around these are
    is_log: bool
    is_full: bool  # extremes are on the scale, however far they flatten the rest
    window: Annotated[list[float], Meta(min_length=2, max_length=2)] | None = None  # of the axis

    def __post_init__(self) -> None:
        """Refuse, besides what no panel may be, more smoothing than there is of its kind.

        Raises:
            ValueError: It is too much, or reaches beyond the last column.
        """
        super().__post_init__()
        most = _SMOOTHING_MAX[self.smoothing_kind]
        if self.smoothing > most:
            raise ValueError(
                f"Panel {self.id!r}: smoothing {self.smoothing_kind} takes 0 to {most}"
            )


class TablePanel(Panel, frozen=True, kw_only=True, tag="table"):
    """Runs as rows."""

    columns: Annotated[list[Key], Meta(max_length=40)]
    sort: Annotated[str, Meta(max_length=2048)]  # as a list of runs takes it


class TextPanel(Panel, frozen=True, kw_only=True, tag="text"):
    """Markdown."""

    text: Annotated[str, Meta(max_length=50_000)]


class HistogramsPanel(Panel, frozen=True, kw_only=True, tag="histograms"):
    """Distributions of one run: all layers, or one of them over the steps."""

    run: OneRun
    name: Key
    view: Literal["layers", "ridges", "bands", "step"]


class ScatterPanel(Panel, frozen=True, kw_only=True, tag="scatter"):
    """Runs as points over two of their values, coloured by a third."""

    across: Key
    up: Key
    colour: Key


class ParallelPanel(Panel, frozen=True, kw_only=True, tag="parallel"):
    """Runs as lines over many of their values."""

    axes: Annotated[list[Key], Meta(max_length=40)]
    colour: Key


class MediaPanel(Panel, frozen=True, kw_only=True, tag="media"):
    """Images, sounds, texts or tables of one run, step by step."""

    run: OneRun
    name: Key


class ImportancePanel(Panel, frozen=True, kw_only=True, tag="importance"):
    """Which parameters matter for a result."""

    of: Key


class FlowPanel(Panel, frozen=True, kw_only=True, tag="flow"):
    """How gradients flow through one run: its layers over the steps, by colour."""

    run: OneRun
    flow: Literal["gradient", "weight", "ratio"]  # norms, or how much of a weight an update is


class DevicesPanel(Panel, frozen=True, kw_only=True, tag="devices"):
    """What the machines and processes of one run did, as lanes over its time."""

    run: OneRun


class ConsolePanel(Panel, frozen=True, kw_only=True, tag="console"):
    """What one run printed: its end, and where a text is found in it."""

    run: OneRun
    search: Key  # empty: nothing is searched for
    is_regex: bool
    is_case: bool


class CheckpointsPanel(Panel, frozen=True, kw_only=True, tag="checkpoints"):
    """The checkpoints of one run, on the metric that chose them."""

    run: OneRun


class ComparePanel(Panel, frozen=True, kw_only=True, tag="compare"):
    """What distinguishes the runs, as columns beside each other."""

    summary: Literal["last", "best", "min", "max"]  # which value stands for a metric
    baseline: OneRun  # what the others are compared with; empty: the first column
    is_all: bool  # equal rows too


AnyPanel = (
    LinesPanel
    | TablePanel
    | TextPanel
    | HistogramsPanel
    | ScatterPanel
    | ParallelPanel
    | MediaPanel
    | ImportancePanel
    | FlowPanel
    | DevicesPanel
    | ConsolePanel
    | CheckpointsPanel
    | ComparePanel
)


class DashboardTab(Request, frozen=True, kw_only=True):
    """Panels that are seen together."""

    id: PartId
    title: Title
    panels: Annotated[list[AnyPanel], Meta(max_length=PANELS_MAX)]


class Frozen(Request, frozen=True, kw_only=True):
    """What a report was made of, and the runs that it shows whatever is recorded later."""

    dashboard: DashboardId
    version: Annotated[int, Meta(ge=1)]
    at_ns: Annotated[int, Meta(ge=0)]
    runs: Annotated[list[RunId], Meta(max_length=FROZEN_RUNS_MAX)]


class DashboardDocument(Request, frozen=True, kw_only=True):
    """Everything that a dashboard shows, and where."""

    version: Literal[1]  # of the format
    filter: Filter  # of the runs that its panels show
    frozen: Frozen | None  # of a report
    drawn_max: Annotated[int, Meta(ge=1, le=RUNS_DRAWN_MAX)] = 30  # runs as lines: the newest
    tabs: Annotated[list[DashboardTab], Meta(min_length=1, max_length=TABS_MAX)]

    def __post_init__(self) -> None:
        """Refuse two parts of one name.

        Raises:
            ValueError: Two tabs, or two panels, have one id.
        """
        for kind, ids in (
            ("tabs", [tab.id for tab in self.tabs]),
            ("panels", [panel.id for tab in self.tabs for panel in tab.panels]),
        ):
            twice = [one for one, count in Counter(ids).items() if count > 1]
            if twice:
                raise ValueError(f"Two {kind} have the id {twice[0]!r}")

    @property
    def kind(self) -> DashboardKind:
        """What people call it."""
        return "dashboard" if self.frozen is None else "report"


class DashboardSave(Request, frozen=True, kw_only=True):
    """A dashboard as it is to be from now on."""

    version: Annotated[int, Meta(ge=1)]  # that was changed: another one since then is a conflict
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    owner: Title  # whose it is, by their own word; empty: the project's
    author: Title  # who saves it
    document: DashboardDocument


class NewDashboard(Request, frozen=True, kw_only=True):
    """A dashboard that is to be, in a project that is there."""

    project: Annotated[str, Meta(min_length=1, max_length=1024)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    owner: Title
    author: Title
    document: DashboardDocument


class DashboardQuery(Request, frozen=True, kw_only=True):
    """Which dashboards a list has."""

    project: str
    deleted: bool = False  # those that were deleted, instead of those that were not


class DashboardSummary(Resource, frozen=True, kw_only=True):
    """One row of a list of dashboards."""

    id: DashboardId
    project: str
    kind: DashboardKind
    name: str
    owner: str
    author: str  # of the newest version
    version: int  # the newest
    created_ns: int
    saved_ns: int  # the newest version
    deleted_ns: int | None
    panels: int


class DashboardList(Resource, frozen=True, kw_only=True):
    """Dashboards and reports of a project, the one saved last first."""

    dashboards: list[DashboardSummary]


class Dashboard(Resource, frozen=True, kw_only=True):
    """One version of a dashboard or report."""

    summary: DashboardSummary  # of the newest version
    version: int  # of the document here
    document: DashboardDocument


class DashboardVersion(Resource, frozen=True, kw_only=True):
    """That a dashboard was saved."""

    version: int
    name: str
    author: str
    saved_ns: int


class DashboardVersions(Resource, frozen=True, kw_only=True):
    """The versions of a dashboard that are kept, the newest first."""

    versions: list[DashboardVersion]
