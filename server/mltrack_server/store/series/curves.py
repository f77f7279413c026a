"""Curves: the smoothed lines of a chart, each from the whole of its series.

A series of few points is smoothed from these. One of many is first put into buckets of its own,
from its tiers, so a curve costs the same however long the series is; a bucket is an eighth of a
span, and much less than any smoothing reaches.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mltrack_server.smoothing import SPANS
from mltrack_server.smoothing import Curve
from mltrack_server.smoothing import Smoothing
from mltrack_server.smoothing import smooth
from mltrack_server.smoothing import span_of
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Part

BUCKETS: Final = 8 * SPANS
POINTS_MAX: Final = 1 << 14  # that are smoothed one by one


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
