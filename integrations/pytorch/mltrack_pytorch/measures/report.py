"""What was seen of an update, under the names that all integrations use."""

from __future__ import annotations

import math
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from mltrack_core.exponents import merged
from mltrack_core.health import Health
from mltrack_core.records import ByExponent
from mltrack_pytorch.measures.update import Seen

_CLIP_EPSILON: Final = 1e-6  # that torch.nn.utils.clip_grad_norm_ adds to the norm
_HISTOGRAMS: Final = {"gradients": "grad", "weights": "param", "changes": "update"}


class Report:
    """The metrics of one update.

    Args:
        seen: What was measured.
        layers: Name of each parameter, or of what it is shown with.
        optimizer: "opt/<i>/" where there are several, else "".
        shares: Of each parameter's entries, how many the changes were measured on.
    """

    def __init__(
        self,
        seen: Seen,
        layers: Sequence[str],
        *,
        optimizer: str,
        shares: Mapping[int, float],
    ) -> None:
        self._seen, self._layers, self._optimizer = seen, layers, optimizer
        scale = seen.numbers.get("scale", 1.0)
        unscaled = {
            index: norm / scale if scale else math.nan
            for index, norm in seen.norms.get("gradients", {}).items()
        }
        self.gradients = self._by_layer(unscaled)
        self.weights = self._by_layer(seen.norms.get("weights", {}))
        changes = seen.norms.get("changes", {})
        self.changes = self._by_layer(
            {index: norm / math.sqrt(shares[index]) for index, norm in changes.items()}
        )
        self.ratios = {
            layer: change / self.weights[layer]
            for layer, change in self.changes.items()
            if self.weights.get(layer)
        }
        self.histograms = {
            f"{prefix}/histogram/{layer}": histogram
            for what, prefix in _HISTOGRAMS.items()
            for layer, histogram in self._histograms(what).items()
        }

    @property
    def gradient(self) -> float:
        """The L2 norm of all gradients."""
        return math.hypot(*self.gradients.values())

    def values(self) -> dict[str, object]:
        """Return what `Tracker.log` takes."""
        found: dict[str, object] = {}
        own = self._optimizer
        for name, number in self._seen.numbers.items():
            if name.startswith("opt/"):
                found[f"{own or 'opt/'}{name.removeprefix('opt/')}"] = number
            elif "/" in name:
                found[name] = number
        if self.gradients:
            found[f"{own}grad/norm"] = self.gradient
            if (coefficient := self._clip_coefficient()) is not None:
                found[f"{own}grad/clip_coefficient"] = coefficient
            found |= _named("grad/norm", self.gradients)
        if self.weights:
            weights = math.hypot(*self.weights.values())
            found[f"{own}param/norm"] = weights
            found |= _named("param/norm", self.weights)
            if weights and self.changes:
                found[f"{own}param/update_ratio"] = math.hypot(*self.changes.values()) / weights
            found |= _named("param/update_ratio", self.ratios)
        for what, norms in self._seen.norms.items():
            if what.startswith("state/") and norms:
                name = what.removeprefix("state/")
                found[f"{own or 'opt/'}state/{name}"] = math.hypot(*norms.values())
        return found | self.histograms

    def tell(self, health: Health, step: int, dense: Container[str]) -> None:
        """Let *health* know; of zeros in the gradients of *dense* layers only."""
        if self.gradients:
            health.gradients(self.gradient, step, self.gradients)
        if self.ratios:
            health.updates(self.ratios, step)
        if shares := self._zeros(dense):
            health.zeros(shares, step)

    def _by_layer(self, norms: Mapping[int, float]) -> dict[str, float]:
        found: dict[str, float] = {}
        for index, norm in norms.items():
            layer = self._layers[index]
            found[layer] = math.hypot(found[layer], norm) if layer in found else norm
        return found

    def _histograms(self, what: str) -> dict[str, ByExponent]:
        found: dict[str, ByExponent] = {}
        for index, histogram in self._seen.counts.get(what, {}).items():
            layer = self._layers[index]
            found[layer] = merged(found[layer], histogram) if layer in found else histogram
        return found

    def _zeros(self, dense: Container[str]) -> dict[str, float]:
        """Return the share of zeros in the gradient of each of *dense*, where it was counted."""
        found: dict[str, float] = {}
        for layer, histogram in self._histograms("gradients").items():
            total = (
                sum(histogram.negative)
                + sum(histogram.positive)
                + histogram.zeros
                + histogram.nans
                + histogram.negative_infinities
                + histogram.positive_infinities
            )
            if total and layer in dense:
                found[layer] = histogram.zeros / total
        return found

    def _clip_coefficient(self) -> float | None:
        numbers = self._seen.numbers
        if "clip_limit" not in numbers:
            return None
        before = numbers.get("clip_norm", self.gradient)
        return min(1.0, numbers["clip_limit"] / (before + _CLIP_EPSILON))


def _named(prefix: str, layers: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}/{layer}": number for layer, number in layers.items()}
