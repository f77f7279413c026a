"""Which layer a variable belongs to, by its path."""

from __future__ import annotations

from collections.abc import Sequence


def layer_of(path: str, model: str) -> str:
    """Return the layer's name of the variable at *path*: "dense" for "sequential/dense/kernel"."""
    layer = path.rpartition("/")[0]
    return layer.removeprefix(f"{model}/") or path


def by_layer(paths: Sequence[str], model: str) -> dict[str, list[int]]:
    """Return which of *paths* belong to each layer, by their positions, in their order."""
    found: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        found.setdefault(layer_of(path, model), []).append(index)
    return found
