"""Curves: the smoothed lines of a chart, each from the whole of its series.

A series of few points is smoothed from these. One of many is first put into buckets of its own,
from its tiers, so a curve costs the same however long the series is; a bucket is an eighth of a
span, and much less than any smoothing reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection

from mltrack_server.smoothing import SPANS
from mltrack_server.smoothing import Curve
from mltrack_server.smoothing import Smoothing
from mltrack_server.smoothing import smooth
from mltrack_server.smoothing import span_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.lines import ChartRun
from mltrack_server.store.series.lines import Frame
from mltrack_server.store.series.lines import Sights
from mltrack_server.store.series.lines import parts_of
from mltrack_server.store.series.lines import views_of
from mltrack_server.store.series.lines import window_of
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.reader import open_readers

BUCKETS: Final = 8 * SPANS
POINTS_MAX: Final = 1 << 14  # that are smoothed one by one

# Metric, run and whether it is what was superseded → the line's curve.
Curves = dict[tuple[str, str, bool], Curve]


def curves_of(
    connection: Connection,
    cache: SegCache,
    frame: Frame,
    smoothing: Smoothing,
    readers: Sequence[tuple[ChartRun, Reader]],
    names: Sequence[str],
) -> Curves:
    """Return the curve of each line, from all of its series wherever the window is."""
    whole = frame.whole._replace(buckets=BUCKETS)
    if frame.start is not None or frame.end is not None:
        windows = {run.rid: window_of(whole, run.started_ns) for run, _ in readers}
        times = frame.x != "step"
        opened = open_readers(connection, cache, windows, names, buckets=BUCKETS, times=times)
        readers = [(run, opened[run.rid]) for run, _ in readers]
    found: Curves = {}
    plans, sights = Plans(), Sights()
    for name in names:
        for run, reader in readers:
            if name in reader.names:
                # Of one run at a time: where others begin and end makes no difference to its own.
                (view,) = views_of(whole, [(run, reader)], name)
                for part in parts_of(run.uid, reader, name, view, plans, sights):
                    key = name, part.run, part.is_superseded
                    found[key] = curve_of(part, smoothing)
    return found


def curve_of(part: Part, smoothing: Smoothing) -> Curve:
    """Return the curve of a line, all of whose series is in *part*."""
    first, last, count = part.first, part.last, part.count
    span = span_of(last - first, count, smoothing.kind)
    if not part.cells and count <= POINTS_MAX:
        points = np.isfinite(part.value).astype(np.int64)
        return smooth(part.x, part.value, points, span, smoothing)
    x, buckets = Drawing().buckets_of(part, first, last, BUCKETS)
    finite = buckets.points - buckets.ranges.bad
    return smooth(x, buckets.ranges.mean, finite, span, smoothing)
