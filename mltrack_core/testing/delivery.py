"""What the agent does in the background, done at once."""

from __future__ import annotations

from pathlib import Path

from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.shipping import Shipper
from mltrack_core.spool import layout


def deliver(root: Path) -> None:
    """Keep and ship what waits in *root*, an MLTRACK_DIR, until all is done."""
    keeper, shipper = Keeper(root, SystemClock()), Shipper(root, SystemClock())
    while keeper.has_pending:
        keeper.keep()
    keeper.close()
    while shipper.ship(list(layout.runs(root))):
        pass
    shipper.close()
