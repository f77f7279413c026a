"""Forests: regression trees on codes, small enough that a server grows them while one waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mltrack_server.analysis.features import BINS
from mltrack_server.analysis.features import Codes
from mltrack_server.analysis.features import Floats

DEPTH_MAX: Final = 8
_LEAF_MIN: Final = 3  # runs

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as arrays, one place for each node; the root is the first."""

    feature: Ints  # which decides; -1 at a leaf
    goes_left: Bools  # node, code
    left: Ints  # the node's children
    right: Ints
    value: Floats  # mean of the target in the node


@dataclass(frozen=True, slots=True)
class _Splits:
    """The best way to part each of some nodes."""

    feature: Ints
    goes_left: Bools
    is_good: Bools


def grow(
    codes: Codes, target: Floats, is_ordered: Bools, rows: Ints, chance: np.random.Generator
) -> Tree:
    """Return a tree that predicts *target*.

    Args:
        codes: Feature, run.
        target: Of each run.
        is_ordered: Of each feature; the codes of one that is not are parted in any way.
        rows: The runs to learn from; one may be there several times.
        chance: Chooses the features that a node may be parted by, a third of them.

    Source:
        Breiman, Random Forests, 2001; kinds are parted as in CART, sorted by their means, which
        is the best way for a squared error.
    """
    features, lefts, children = [[-1]], [np.zeros((1, BINS), np.bool_)], [[0]]
    values = [[float(target[rows].mean())]]
    nodes, at = 1, np.zeros(len(rows), np.int64)  # of the level; each row's place among them
    total = 1  # nodes of all levels
    for _ in range(DEPTH_MAX):
        splits = _split(codes[:, rows], target[rows], is_ordered, at, nodes, chance)
        if not splits.is_good.any():
            break
        features[-1] = np.where(splits.is_good, splits.feature, -1).tolist()
        lefts[-1] = splits.goes_left
        place = np.cumsum(splits.is_good) - 1  # of a node among those that are parted
        children[-1] = (total + 2 * place).tolist()
        is_kept = splits.is_good[at]
        rows, at = rows[is_kept], at[is_kept]
        is_left = splits.goes_left[at, codes[splits.feature[at], rows]]
        at = 2 * place[at] + ~is_left
        nodes = 2 * int(splits.is_good.sum())
        total += nodes
        counts = np.bincount(at, minlength=nodes)
        values.append((np.bincount(at, target[rows], minlength=nodes) / counts).tolist())
        features.append([-1] * nodes)
        lefts.append(np.zeros((nodes, BINS), np.bool_))
        children.append([0] * nodes)
    left = np.concatenate([np.asarray(each, np.int64) for each in children])
    return Tree(
        feature=np.concatenate([np.asarray(each, np.int64) for each in features]),
        goes_left=np.concatenate(lefts),
        left=left,
        right=left + 1,
        value=np.concatenate([np.asarray(each) for each in values]),
    )


def predict(trees: Sequence[Tree], codes: Codes, rows: Ints, shuffled: Ints) -> Floats:
    """Return what the forest says of runs, as they are and with one feature of another run's.

    Args:
        trees: The forest.
        codes: Feature, run.
        rows: The runs.
        shuffled: The same runs in another order.

    Returns:
        One line of predictions for each feature that is taken from the *shuffled* run, and a last
        one without any.
    """
    lines = np.arange(len(codes) + 1)[:, None]
    total = np.zeros((len(lines), len(rows)))
    for tree in trees:
        node = np.zeros(total.shape, np.int64)
        for _ in range(DEPTH_MAX):
            feature = tree.feature[node]
            run = np.where(feature == lines, shuffled, rows)
            goes_left = tree.goes_left[node, codes[feature, run]]
            node = np.where(
                feature < 0, node, np.where(goes_left, tree.left[node], tree.right[node])
            )
        total += tree.value[node]
    return total / len(trees)


def _split(
    codes: Codes,
    target: Floats,
    is_ordered: Bools,
    at: Ints,
    nodes: int,
    chance: np.random.Generator,
) -> _Splits:
    """Return the best way to part each node of a level, of the features that chance allows it."""
    features = len(codes)
    shape = (nodes, features, BINS)
    flat = ((at * features + np.arange(features)[:, None]) * BINS + codes).ravel()
    counts = np.bincount(flat, minlength=nodes * features * BINS).reshape(shape)
    sums = np.bincount(flat, np.tile(target, features), minlength=counts.size).reshape(shape)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    order = np.argsort(np.where(is_ordered[:, None], np.arange(BINS), means), axis=2, kind="stable")
    count = np.take_along_axis(counts, order, 2).cumsum(2)
    total = np.take_along_axis(sums, order, 2).cumsum(2)
    rest, remainder = count[:, :, -1:] - count, total[:, :, -1:] - total
    # What the squared error loses, but for what all ways to part the node have in common.
    gain = total**2 / np.maximum(count, 1) + remainder**2 / np.maximum(rest, 1)
    gain -= total[:, :, -1:] ** 2 / np.maximum(count[:, :, -1:], 1)
    gain[(count < _LEAF_MIN) | (rest < _LEAF_MIN)] = -np.inf
    allowed = chance.random((nodes, features)).argsort(1).argsort(1) < -(-features // 3)
    gain[~allowed] = -np.inf
    best = gain.reshape(nodes, -1).argmax(1)
    node, feature, cut = np.arange(nodes), best // BINS, best % BINS
    goes_left = np.zeros((nodes, BINS), np.bool_)
    np.put_along_axis(goes_left, order[node, feature], np.arange(BINS) <= cut[:, None], 1)
    return _Splits(feature, goes_left, gain[node, feature, cut] > 1e-12)
