"""The name "mltrack", where Transformers and Accelerate look names up. Twice is once."""

from __future__ import annotations

from types import ModuleType
from typing import Final

NAME: Final = "mltrack"


def register_reporter(integrations: ModuleType) -> None:
    """Have `TrainingArguments(report_to="mltrack")` mean our callback.

    Args:
        integrations: The module `transformers.integrations.integration_utils`.
    """
    from mltrack_hf.automatic import NamedCallback

    integrations.INTEGRATION_TO_CALLBACK.setdefault(NAME, NamedCallback)


def register_tracker(tracking: ModuleType) -> None:
    """Have `Accelerator(log_with="mltrack")` mean our tracker, where Accelerate lets it.

    Args:
        tracking: The module `accelerate.tracking`.
    """
    from mltrack_hf.tracker import MLTrackTracker

    if hasattr(tracking, "register_tracker_class") and NAME not in tracking.LOGGER_TYPE_TO_CLASS:
        tracking.register_tracker_class(MLTrackTracker)
