"""The callbacks that the Trainer makes by itself."""

from __future__ import annotations

from mltrack_core import autolog
from mltrack_hf.callback import MLTrackCallback


class NamedCallback(MLTrackCallback):
    """What the Trainer makes because of a name in `report_to`."""

    is_automatic = True


class AutologCallback(NamedCallback):
    """What every Trainer gets by autolog."""

    @property
    def is_wanted(self) -> bool:  # type: ignore[override]  # others always are
        """Whether autolog is on."""
        return autolog.is_active("hf")
