"""Five levels of tiers instead of three: the upper ones are made anew of the first.

As of step 0004, today's code says what they hold.
"""

from alembic import op

from mltrack_server.store.upkeep.retiering import tier_anew

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply this step."""
    op.create_index("tier_by_level", "tier", ["rid", "series_no", "level"])
    tier_anew(op.get_bind())
