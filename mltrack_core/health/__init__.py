"""Health marks: what looks wrong with a training, noticed while it runs, with the evidence."""

from mltrack_core.health._health import Health
from mltrack_core.health._health import OnNonfinite
from mltrack_core.health._mark import Mark

__all__ = ["Health", "Mark", "OnNonfinite"]
