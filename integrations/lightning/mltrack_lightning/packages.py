"""The packages that Lightning comes in, and classes of ours that are theirs as well.

`lightning.pytorch` and `pytorch_lightning` are the same code under two names, with base classes of
their own; so are `lightning.fabric` and `lightning_fabric`. Only what the user has imported is
looked at, and nothing is imported from here.
"""

from __future__ import annotations

import sys
import types
from typing import Any
from typing import Final
from typing import TypeVar

T = TypeVar("T")

# Each with what comes without its Trainer: that one's Logger is the base of this one's.
_PAIRS: Final = (
    ("lightning.pytorch", "lightning.fabric"),
    ("pytorch_lightning", "lightning_fabric"),
)
_joined: Final[dict[tuple[type[Any], tuple[type[Any], ...]], type[Any]]] = {}


def logger_bases() -> tuple[type[Any], ...]:
    """Return the `Logger` of each package that has been imported."""
    pairs = ((_logger_of(trainer), _logger_of(fabric)) for trainer, fabric in _PAIRS)
    return tuple(found for of_trainer, of_fabric in pairs if (found := of_trainer or of_fabric))


def package_of(trainer: object) -> str:
    """Return the name of the package that *trainer* is from.

    Raises:
        LookupError: It is from none of them.
    """
    for kind in type(trainer).__mro__:
        for package, _ in _PAIRS:
            if kind.__module__.startswith(f"{package}."):
                return package
    raise LookupError(f"{type(trainer).__qualname__} is no Trainer of Lightning")


def callback_bases() -> tuple[type[Any], ...]:
    """Return the `Callback` of each package that has been imported."""
    found = (
        getattr(sys.modules.get(f"{package}.callbacks"), "Callback", None) for package, _ in _PAIRS
    )
    return tuple(base for base in found if base is not None)


def joined(ours: type[T], bases: tuple[type[Any], ...]) -> type[T]:
    """Return *ours* as a subclass of *bases* too: what Lightning adds to them one day is there."""
    missing = tuple(base for base in bases if base not in ours.__mro__)
    if not missing:
        return ours
    if (known := _joined.get((ours, missing))) is not None:
        return known

    def fill(names: dict[str, Any]) -> None:
        names["__module__"], names["__doc__"] = ours.__module__, ours.__doc__
        names["__qualname__"] = ours.__qualname__

    made = _joined[ours, missing] = types.new_class(ours.__name__, (ours, *missing), exec_body=fill)
    return made


def origin(kind: type[T]) -> type[T]:
    """Return the class that `joined` has made *kind* from, or *kind* itself."""
    return next((ours for (ours, _), made in _joined.items() if made is kind), kind)


def _logger_of(package: str) -> type[Any] | None:
    return getattr(sys.modules.get(f"{package}.loggers.logger"), "Logger", None)
