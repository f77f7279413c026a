"""Tiers, and an index of chunks that are not full.

What tiers hold, today's code says: a later step that changes these tables has to see to it that
this one still runs.
"""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.upkeep.retiering import tier_all

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply this step."""
    op.create_index("chunk_by_size", "chunk", ["rid", "series_no", "n"])
    op.create_table(
        "tier",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("step_min", sa.BigInteger, nullable=False),
        sa.Column("step_max", sa.BigInteger, nullable=False),
        sa.Column("time_min", sa.BigInteger, nullable=False),
        sa.Column("time_max", sa.BigInteger, nullable=False),
        sa.Column("axis", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Index("tier_by_axis", "rid", "axis"),
    )
    tier_all(op.get_bind())
