"""Sources: the lines of many runs as means need them, over steps, time or another metric."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from mltrack_server.smoothing import Curve
from mltrack_server.smoothing import Smoothing
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series import curves
from mltrack_server.store.series.curves import Curves
from mltrack_server.store.series.curves import curve_of
from mltrack_server.store.series.curves import curves_of
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.lines import ChartRun
from mltrack_server.store.series.lines import Frame
from mltrack_server.store.series.lines import Sights
from mltrack_server.store.series.lines import parts_of
from mltrack_server.store.series.lines import view_of
from mltrack_server.store.series.lines import views_of
from mltrack_server.store.series.lines import window_of
from mltrack_server.store.series.means.grid import Grid
from mltrack_server.store.series.means.mapping import Knots
from mltrack_server.store.series.means.mapping import mapped
from mltrack_server.store.series.means.mapping import mapped_curve
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import Window

Drawn = tuple[str, Part, Curve | None]  # metric, line, the same smoothed


@dataclass(frozen=True, slots=True)
class Source:
    """Reads lines; what a later attempt went over again is left out."""

    connection: Connection
    cache: SegCache
    frame: Frame  # over steps where *over* is not None, and then its window is not of these
    over: str | None
    grids: Mapping[str, Grid]  # of each metric
    smoothing: Smoothing | None

    def parts(self, runs: Sequence[ChartRun], names: Sequence[str]) -> Iterator[Drawn]:
        """Yield what each of *runs* has of each of *names* in its grid and on either side."""
        if self.over is None:
            yield from self._plain(runs, names)
        else:
            yield from self._mapped(runs, names, self.over)

    def _plain(self, runs: Sequence[ChartRun], names: Sequence[str]) -> Iterator[Drawn]:
        frame = self.frame
        if frame.start is not None or frame.end is not None:
            # Where the window is open on one side, the metrics may end at different places.
            low = min(self.grids[name].low for name in names)
            high = max(self.grids[name].high for name in names)
            frame = frame._replace(start=low, end=high)
        windows = {run.rid: window_of(frame, run.started_ns) for run in runs}
        readers = self._open(windows, runs, names)
        smoothed = self._curves(frame, readers, names)
        plans, sights = Plans(), Sights()
        for name in names:
            grid = self.grids[name]
            mine = frame._replace(buckets=grid.buckets)
            for run, reader in readers:
                if name not in reader.names:
                    continue
                view = view_of(mine, run, grid.low, grid.high)
                for part in parts_of(run.uid, reader, name, view, plans, sights):
                    if not part.is_superseded:
                        yield name, part, self._curve(smoothed, name, part)

    def _mapped(self, runs: Sequence[ChartRun], names: Sequence[str], over: str) -> Iterator[Drawn]:
        whole = self.frame.whole
        windows = {run.rid: window_of(whole, run.started_ns) for run in runs}
        is_open = self.frame.start is None and self.frame.end is None
        opened = self._open(windows, runs, [*names, over] if is_open else [over])
        knots = {}
        for run, reader in opened:
            part = self._whole(run, reader, over)
            if part is not None:
                knots[run.rid] = Knots.of(part)
        for run, reader in opened:
            if run.rid not in knots:
                continue
            mine, frame = reader, whole
            if not is_open:
                grid = self.grids[names[0]]  # one for all: it is of the other metric's values
                steps = knots[run.rid].steps_within(grid.low, grid.high)
                if steps is None:
                    continue
                frame = self.frame._replace(start=steps[0], end=steps[1])
                window = {run.rid: window_of(frame, run.started_ns)}
                ((_, mine),) = self._open(window, [run], names)
            yield from self._laid(run, mine, frame, names, knots[run.rid])

    def _laid(
        self, run: ChartRun, reader: Reader, frame: Frame, names: Sequence[str], knots: Knots
    ) -> Iterator[Drawn]:
        """Yield a run's lines over the values of the other metric."""
        smoothed = self._curves(frame, [(run, reader)], names)
        for name in names:
            if name not in reader.names:
                continue
            part = self._whole(run, reader, name, frame)
            made = None if part is None else mapped(part, knots, self.grids[name])
            if part is not None and made is not None:
                curve = self._curve(smoothed, name, part)
                yield name, made, None if curve is None else mapped_curve(curve, knots)

    def _curves(
        self, frame: Frame, readers: Sequence[tuple[ChartRun, Reader]], names: Sequence[str]
    ) -> Curves:
        if self.smoothing is None:
            return {}
        return curves_of(self.connection, self.cache, frame, self.smoothing, readers, names)

    def _curve(self, smoothed: Curves, name: str, part: Part) -> Curve | None:
        if self.smoothing is None:
            return None
        found = smoothed.get((name, part.run, False))
        # Points that were gone over again may be seen from near, and not in the whole.
        return curve_of(part, self.smoothing) if found is None else found

    def _whole(
        self, run: ChartRun, reader: Reader, name: str, frame: Frame | None = None
    ) -> Part | None:
        """Return what a run's series is in all of *frame*, finely; None if there is nothing."""
        if name not in reader.names:
            return None
        fine = (frame or self.frame.whole)._replace(buckets=curves.BUCKETS)
        (view,) = views_of(fine, [(run, reader)], name)
        parts = parts_of(run.uid, reader, name, view, Plans(), Sights())
        return next((part for part in parts if not part.is_superseded), None)

    def _open(
        self, windows: Mapping[int, Window], runs: Sequence[ChartRun], names: Sequence[str]
    ) -> list[tuple[ChartRun, Reader]]:
        times = self.frame.x != "step"
        opened = open_readers(
            self.connection, self.cache, windows, names, buckets=self.frame.buckets, times=times
        )
        return [(run, opened[run.rid]) for run in runs]
