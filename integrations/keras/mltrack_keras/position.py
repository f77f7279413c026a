"""Where a training stands: the axes of its charts, continuous through several fits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Position:
    """Updates, fits and samples of one callback's run."""

    updates: int = 0  # made so far: the step of everything that is recorded
    fits: int = 0  # begun so far
    samples: int | None = 0  # trained on so far; None once that is unknown
    _offset: int = 0  # updates made before the present optimizer counted from 0

    def begin_fit(self, iterations: int, begins_at: int = 0) -> bool:
        """Place a fit whose optimizer has made *iterations*; tell whether training went back.

        An optimizer at 0 is a new one (`compile` was called again): its updates come after those
        made so far. One at an earlier count was restored: training goes on from there.

        Args:
            iterations: What the optimizer counts.
            begins_at: Updates that the first fit goes on from where its optimizer is a new one.
        """
        self.fits += 1
        if self.fits == 1:
            self._offset = 0 if iterations else begins_at
            self.updates = self._offset + iterations
            if self.updates:
                self.samples = None  # those of the process that made these updates
            return False
        if iterations == 0:
            self._offset = self.updates
        is_back = self._offset + iterations < self.updates
        if is_back:
            self.samples = None
        self.updates = self._offset + iterations
        return is_back

    def advance(self, iterations: int) -> int:
        """Take note that the optimizer has made *iterations*; return the step that this is."""
        self.updates = max(self.updates, self._offset + iterations)
        return self.updates

    def at(self, iterations: int) -> int:
        """Return the step at which the present optimizer has made *iterations*."""
        return self._offset + iterations

    def iterations(self, step: int) -> int:
        """Return how many updates the present optimizer has made at *step*."""
        return step - self._offset

    def add_samples(self, count: int | None) -> None:
        """Take note of an epoch over *count* samples; None where nobody knows."""
        self.samples = None if self.samples is None or count is None else self.samples + count

    def axes(self) -> dict[str, float]:
        """Return what goes with every step."""
        axes: dict[str, float] = {"fit": self.fits}
        if self.samples is not None:
            axes["samples"] = self.samples
        return axes
