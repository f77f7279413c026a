"""One update: what has been measured of it, on the devices and then on the host."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from torch import Tensor

from mltrack_core.records import ByExponent
from mltrack_pytorch.measures.arrivals import Numbers
from mltrack_pytorch.measures.histograms import Counts
from mltrack_pytorch.measures.histograms import shift_of
from mltrack_pytorch.measures.norms import Norms
from mltrack_pytorch.measures.samples import Samples


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured of an update, on the host. Parameters are told by their index."""

    numbers: dict[str, float]
    norms: dict[str, dict[int, float]]  # of what → parameter → L2 norm
    counts: dict[str, dict[int, ByExponent]]  # of what → parameter → histogram


@dataclass(slots=True)
class Update:
    """What has been measured of an update, perhaps still being computed."""

    prefix: str  # of the optimizer's metrics
    step: int
    axes: dict[str, float]
    is_heavy: bool  # whether histograms and the like are measured too
    numbers: dict[str, Tensor | float] = field(default_factory=dict)
    norms: dict[str, Norms] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    samples: Samples | None = None  # of the weights before the update
    scale: Tensor | float | None = None  # that the gradients are multiplied by
    void: Tensor | float | None = None  # not zero: the optimizer leaves the update out
    clip: tuple[float, Tensor | float | None] | None = None  # the limit; the norm before
    light_s: float = 0.0  # spent on measuring: norms …
    heavy_s: float = 0.0  # … and the rest

    def parcel(self) -> tuple[list[Tensor], Callable[[list[Numbers]], Seen]]:
        """Return the tensors to be brought to the host, and what makes sense of their values."""
        own = (("scale", self.scale), ("void", self.void))
        single = self.numbers | {name: value for name, value in own if value is not None}
        if self.clip is not None:
            single["clip_limit"], norm = self.clip
            if norm is not None:
                single["clip_norm"] = norm
        late = {name: value for name, value in single.items() if isinstance(value, Tensor)}
        parts = [part for norms in self.norms.values() for part in norms.parts]
        parts += [part for counts in self.counts.values() for part in counts.parts]

        def seen(values: list[Numbers]) -> Seen:
            numbers = {name: value for name, value in single.items() if name not in late}
            numbers |= zip(late, (value[0] for value in values[len(parts) :]), strict=True)
            return self._seen(values[: len(parts)], numbers)

        return [*parts, *late.values()], seen

    def _seen(self, values: list[Numbers], numbers: Mapping[str, float]) -> Seen:
        """Take *values* apart in the order in which `parcel` has put them together."""
        remaining = iter(values)
        norms = {
            what: measured.by_index([next(remaining) for _ in measured.parts])
            for what, measured in self.norms.items()
        }
        shift = shift_of(numbers.get("scale", 1.0))
        counts = {
            what: measured.by_index(
                [next(remaining) for _ in measured.parts], shift if what == "gradients" else 0
            )
            for what, measured in self.counts.items()
        }
        return Seen(dict(numbers), norms, counts)
