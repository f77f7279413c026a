"""What gradients and updates say of a training."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping
from typing import Final

from mltrack_core.health._mark import Mark
from mltrack_core.health._mark import listed

_HISTORY: Final = 100  # norms that a new one is compared with
_HISTORY_MIN: Final = 20  # before that, nobody knows what is usual here
_EXPLODES: Final = 100.0  # times the usual norm
_IN_A_ROW: Final = 50  # observations, before a lasting state is one
_VANISHES: Final = 1e-7  # of the strongest layer's norm; float32 resolves no more of a sum
_NORM_MIN: Final = 1e-9  # of all gradients together
_DEAD_SHARE: Final = 0.99  # of a layer's gradient that is exactly zero
_UPDATE_MAX: Final = 0.1  # of the weights, in one update; sound ones are about 0.001


class Exploding:
    """The gradient is a hundred times larger than it was just now."""

    def __init__(self) -> None:
        self._norms: deque[float] = deque(maxlen=_HISTORY)

    def observe(self, norm: float, step: int, layers: Mapping[str, float]) -> Mark | None:
        usual = statistics.median(self._norms) if len(self._norms) >= _HISTORY_MIN else 0.0
        self._norms.append(norm)
        if usual == 0.0 or norm < _EXPLODES * usual:
            return None
        worst = max(layers, key=layers.__getitem__) if layers else ""
        where = f" Most of it is in {worst} ({layers[worst]:.3g})." if worst else ""
        return Mark(
            kind="health.exploding",
            level="warning",
            title=f"The gradient explodes: norm {norm:.3g}, usually {usual:.3g}",
            evidence=f"At step {step}, against the median of the {len(self._norms) - 1} before."
            f"{where} Clipping its norm, or a lower learning rate, may help.",
        )


class _Streaks:
    """Counts for how many observations in a row each layer has been in a state."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def lasting(self, names: set[str]) -> list[str]:
        """Take note of the layers that are in it; return those that have been for long."""
        self._counts = {name: self._counts.get(name, 0) + 1 for name in names}
        return sorted(name for name, count in self._counts.items() if count >= _IN_A_ROW)


class Vanishing:
    """Hardly any gradient arrives: nowhere, or not in some layers."""

    def __init__(self) -> None:
        self._all, self._layers = _Streaks(), _Streaks()

    def observe(self, norm: float, step: int, layers: Mapping[str, float]) -> Mark | None:
        floor = _VANISHES * max(layers.values(), default=0.0)
        weak = {name for name, value in layers.items() if value < floor}
        if self._all.lasting({"all"} if norm < _NORM_MIN else set()):
            title = f"The gradient has vanished: norm {norm:.3g}"
            text = f"Below {_NORM_MIN:g} for {_IN_A_ROW} observations in a row."
        elif found := self._layers.lasting(weak):
            title = f"Hardly any gradient arrives in {listed(found)}"
            text = f"Their norms have been below {floor:.3g}, {_VANISHES:g} of the strongest "
            text += f"layer's, for {_IN_A_ROW} observations in a row."
        else:
            return None
        return Mark(
            kind="health.vanishing",
            level="warning",
            title=title,
            evidence=f"{text} Seen at step {step}. Saturated activations, a missing residual path "
            "or a detached tensor are usual causes.",
        )


class Dead:
    """Almost all of a layer's gradient is exactly zero, all the time."""

    def __init__(self) -> None:
        self._layers = _Streaks()

    def observe(self, shares: Mapping[str, float], step: int) -> Mark | None:
        dead = {name for name, share in shares.items() if share >= _DEAD_SHARE}
        found = self._layers.lasting(dead)
        if not found:
            return None
        return Mark(
            kind="health.dead",
            level="warning",
            title=f"Dead units in {listed(found)}",
            evidence=f"At least {_DEAD_SHARE:.0%} of the gradient has been exactly zero for "
            f"{_IN_A_ROW} observations in a row, seen at step {step}. Units that never activate "
            "learn nothing: a lower learning rate, or another activation or initialisation.",
        )


class LargeUpdates:
    """A layer is rewritten rather than trained: its updates are a tenth of its weights."""

    def __init__(self) -> None:
        self._layers = _Streaks()

    def observe(self, ratios: Mapping[str, float], step: int) -> Mark | None:
        large = {name for name, ratio in ratios.items() if ratio > _UPDATE_MAX}
        found = self._layers.lasting(large)
        if not found:
            return None
        largest = max(found, key=ratios.__getitem__)
        return Mark(
            kind="health.large_updates",
            level="warning",
            title=f"Large updates in {listed(found)}",
            evidence=f"One update changes {largest} by {ratios[largest]:.0%} of its norm, at step "
            f"{step}; more than {_UPDATE_MAX:.0%} for {_IN_A_ROW} observations in a row. About "
            "0.1 % is usual: the learning rate may be too high.",
        )
