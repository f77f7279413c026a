"""The door to `mltrack_hf`; with it, `report_to` and `log_with` know the name "mltrack"."""

from importlib import import_module

from mltrack_hf import MLTrackCallback
from mltrack_hf import MLTrackTracker
from mltrack_hf import names

__all__ = ["MLTrackCallback", "MLTrackTracker"]

names.register_reporter(import_module("transformers.integrations.integration_utils"))
names.register_tracker(import_module("accelerate.tracking"))
