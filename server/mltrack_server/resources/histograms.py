"""Histograms: grids of many, and the bins of one."""

from __future__ import annotations

from typing import Literal

from mltrack_server.resources.base import Resource


class HistogramColumn(Resource, frozen=True, kw_only=True):
    """Steps that lie so close together that their histograms are added up."""

    first_step: int
    last_step: int
    time_ns: int  # of the last one, by the writer's clock
    records: int  # added up


class HistogramRow(Resource, frozen=True, kw_only=True):
    """What one name's histograms amount to in each column of a grid."""

    name: str
    magnitude: list[float | None]  # median of |value| over the values that are not zero
    zeros: list[float | None]  # share of the values that are exactly zero
    nonfinite: list[int]  # values that are NaN or infinite


class HistogramGrid(Resource, frozen=True, kw_only=True):
    """All histograms of a run, names by steps."""

    columns: list[HistogramColumn]
    rows: list[HistogramRow]  # in the order in which they were logged
    names: int  # that there are; more than rows where these would be too many
    is_thinned: bool  # there are so many records that some were passed over


class Histogram(Resource, frozen=True, kw_only=True):
    """Counts of values between bounds: low <= value < high, for negative ones low < value <= high.

    The bin of zeros has no width. With edges that somebody chose, the infinities include what lies
    beyond them.
    """

    low: list[float]
    high: list[float]
    count: list[int]
    nans: int
    negative_infinities: int
    positive_infinities: int


class HistogramRecord(Resource, frozen=True, kw_only=True):
    """All histograms that were logged together."""

    step: int
    time_ns: int
    is_superseded: bool  # a later attempt of the run went over this step again
    values: dict[str, Histogram]


class HistogramPage(Resource, frozen=True, kw_only=True):
    """Records of histograms, stream by stream in the order of logging, none added up."""

    records: list[HistogramRecord]
    next: str | None  # pass as `cursor` for the following page


class HistogramSeries(Resource, frozen=True, kw_only=True):
    """One histogram, column by column."""

    name: str
    scale: Literal["exponent", "edges"]  # bins are powers of two, or somebody chose them
    columns: list[HistogramColumn]
    histograms: list[Histogram]  # one for each column
    is_thinned: bool  # there are so many records that some were passed over
