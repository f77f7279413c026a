"""Whether a program moves tensors down their gradients by itself: told by some of their entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Final
from weakref import ref

import torch
from torch import Tensor
from torch import nn

_NODES_MAX: Final = 100_000  # of a graph that is looked through
_LOOKED_AT: Final = 8  # tensors
_ENTRIES: Final = 64  # of each of them, spread evenly
# A plain step moves entries in proportion to their gradients; momentum, Adam and rates of their own
# move at least all of them against them, at first. New random weights move three quarters of them
# so where gradients point away from 0, and half of them elsewhere.
_OPPOSITE: Final = -0.9999  # cosine
_AGAINST: Final = 0.9  # of the entries, if they are many
_MANY: Final = 32

_Stamp = tuple[int, int] | None  # where a tensor lies, and how often it was written to in place
_Known = Sequence[tuple[Any, Tensor]]  # tensors, and which of their entries are looked at


def trained(loss: Tensor) -> list[Tensor]:
    """Return what `loss.backward()` gives gradients to: parameters, or where are none, all of it.

    Beside parameters, a tensor that has a gradient is an input that somebody looks into.
    """
    leaves = _leaves(loss)
    return [leaf for leaf in leaves if isinstance(leaf, nn.Parameter)] or leaves


class Descent:
    """Looks at tensors around each `backward`, and tells what has happened to them since the last.

    Keeps none of them alive. Nothing is waited for but by `is_downhill`.

    Args:
        tensors: Those that have just been given gradients.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = [ref(tensor) for tensor in tensors]
        plain = [tensor for tensor in tensors if _is_plain(tensor)]
        same = [tensor for tensor in plain if tensor.device == plain[0].device]
        known = same[:: -(-len(same) // _LOOKED_AT) or 1]
        self._known = [(ref(tensor), _places(tensor)) for tensor in known]
        self._has_weights = self._has_gradients = True  # entries of them are looked at
        self._expecting: list[_Stamp] | None = None
        self._before: _Look | None = None
        self.look()

    def tensors(self) -> list[Tensor]:
        """Return those that are still there."""
        return [tensor for tensor in (known() for known in self._tensors) if tensor is not None]

    def expect(self) -> None:
        """Take note that `backward` begins."""
        known = self._alive()
        self._expecting = None if known is None else [_stamp(each.grad) for each, _ in known]

    def look(self) -> bool:
        """Remember how they are now; tell whether `backward` has added to their gradients."""
        known = self._alive()
        if known is None:
            self._before = None
            return False
        now = self._before = _Look(known)
        if self._has_weights:
            now.weights = _entries(known)
        if self._has_gradients and all(_is_plain(tensor) for tensor, _ in known):
            now.gradients = _entries([(tensor.grad, places) for tensor, places in known])
        return now.gradient_stamps != self._expecting

    def has_moved(self) -> bool:
        """Tell whether the program has changed them since the last look.

        On an accelerator a change by `.data` is not to be seen from here: gradients that begin
        anew count as one.
        """
        before, known = self._before, self._alive()
        if before is None or known is None:
            return False
        if before.stamps != [_stamp(each) for each, _ in known]:
            return True
        if before.weights is None:
            return False
        if before.weights.device.type == "cpu":
            return not torch.equal(before.weights, _entries(known))
        return before.gradient_stamps != [_stamp(each.grad) for each, _ in known]

    def is_downhill(self) -> bool:
        """Tell whether they have moved against the gradients that they had at the last look."""
        before, known = self._before, self._alive()
        if before is None or known is None or before.weights is None or before.gradients is None:
            return False
        moves = (_entries(known).double() - before.weights.double()).cpu()
        gradients = before.gradients.double().cpu()
        has_both = (moves != 0) & (gradients != 0)
        moves, gradients = moves[has_both], gradients[has_both]
        cosine = float(moves @ gradients / (moves.norm() * gradients.norm()))
        against = float((moves * gradients.sign() < 0).double().mean())
        is_opposite = moves.numel() > 1 and cosine <= _OPPOSITE
        if not is_opposite and (moves.numel() < _MANY or against < _AGAINST):
            return False
        # From now on only whether they move is asked, and their stamps may be enough to tell.
        self._has_gradients = False
        self._has_weights = before.stamps == [_stamp(each) for each, _ in known]
        return True

    def _alive(self) -> _Known | None:
        known = [(known(), places) for known, places in self._known]
        found = [(tensor, places) for tensor, places in known if tensor is not None]
        return found if found and len(found) == len(known) else None


class _Look:
    """How some tensors were at some time."""

    def __init__(self, known: _Known) -> None:
        self.stamps = [_stamp(tensor) for tensor, _ in known]
        self.gradient_stamps = [_stamp(tensor.grad) for tensor, _ in known]
        self.weights: Tensor | None = None
        self.gradients: Tensor | None = None


def _leaves(loss: Tensor) -> list[Tensor]:
    todo: list[Any] = [loss.grad_fn]
    seen: set[Any] = set()
    found = []
    while todo and len(seen) < _NODES_MAX:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ == "AccumulateGrad":
            found.append(node.variable)
        todo.extend(before for before, _ in node.next_functions)
    return found


def _is_plain(tensor: Tensor) -> bool:
    """Tell whether single entries of a tensor and of its gradient can be looked at."""
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.is_floating_point()
        and type(tensor.grad) is Tensor
        and tensor.layout == tensor.grad.layout == torch.strided
        and tensor.numel() > 0
    )


def _stamp(tensor: Tensor | None) -> _Stamp:
    return None if tensor is None else (tensor.data_ptr(), tensor._version)


def _places(tensor: Tensor) -> Tensor:
    """Return which entries of a tensor are looked at; by an odd step, so not one column's."""
    step = tensor.numel() // _ENTRIES | 1
    return torch.arange(0, tensor.numel(), step, device=tensor.device)


def _entries(known: _Known) -> Tensor:
    """Return a copy of what is looked at, in a row."""
    with torch.no_grad():
        return torch.cat([tensor.take(places) for tensor, places in known])
