"""Rows of tiers that an older mltrack cannot read: it refuses the store instead.

Nothing is rewritten. Rows of before are read as ever, those folded from now on may be narrower.
"""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply this step."""
