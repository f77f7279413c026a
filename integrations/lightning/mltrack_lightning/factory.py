"""What Lightning calls for each new Trainer and Fabric, by the entry points in pyproject.toml.

A factory that raises would break every Trainer of the environment, also of those who only have
mltrack installed: so this module imports next to nothing, and nothing of it raises.
"""

from __future__ import annotations

import sys
from typing import Any


class _Unannounced(list[Any]):
    """A list that Lightning extends its own by, but finds not worth a line on the console.

    What a script prints under `mltrack run` is what it prints without.
    """

    def __bool__(self) -> bool:
        return False


def lightning_pytorch() -> list[Any]:
    """Return the callback that records a Trainer of `lightning`; none unless that is asked for."""
    return _callbacks()


def pytorch_lightning() -> list[Any]:
    """Return the callback that records a Trainer of `pytorch_lightning`; as above."""
    return _callbacks()


def lightning_fabric() -> list[Any]:
    """See what the Fabrics of `lightning` log, if that is asked for; return no callback."""
    return _tapped("lightning.fabric")


def standalone_fabric() -> list[Any]:
    """See what the Fabrics of `lightning_fabric` log; as above."""
    return _tapped("lightning_fabric")


def _callbacks() -> list[Any]:
    try:
        if not _is_active():
            return []
        from mltrack_lightning.automatic import automatic_callback

        return _Unannounced([automatic_callback()])
    except Exception as error:  # noqa: BLE001 - a guard: Trainers are made without us, too
        _caught(error)
        return []


def _tapped(package: str) -> list[Any]:
    try:
        if _is_active():
            from mltrack_lightning.autolog import tap_fabric

            tap_fabric(sys.modules[f"{package}.fabric"])
    except Exception as error:  # noqa: BLE001 - a guard, as above
        _caught(error)
    return []


def _is_active() -> bool:
    from mltrack_core import autolog

    return autolog.is_active("lightning")


def _caught(error: Exception) -> None:
    """Tell the user, unless what tells is broken as well."""
    try:
        from mltrack_core import Guard
    except Exception:  # noqa: BLE001 - an installation that is damaged is no news for a training
        return
    Guard().caught("autolog(lightning)", error)
