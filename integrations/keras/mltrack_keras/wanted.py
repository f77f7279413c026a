"""What the user wants to be measured within steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Final

_EVERY: Final = 10  # updates, where no points between epochs are wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user wants to be measured of gradients."""

    # None for where it is certain to leave the weights alone to the last bit: a compiled step is
    # compiled to other instructions when somebody else uses its gradients.
    gradients: bool | None
    every: int  # updates between two measurements of norms, at least
    histograms: bool  # count gradients and updates too, ten times as rarely
    share: float  # of the time that it may take; 0: however long it takes

    @classmethod
    def of(cls, how: Mapping[str, Any]) -> Wanted:
        """Return what is wanted by the arguments of the callback."""
        return cls(
            gradients=how["gradients"],
            every=how["batch_every"] or _EVERY,
            histograms=how["histograms"],
            share=how["share"],
        )
