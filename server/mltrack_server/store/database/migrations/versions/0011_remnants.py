"""What thinning leaves of long series."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "remnant",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.Column("step_min", sa.BigInteger, nullable=False),
        sa.Column("step_max", sa.BigInteger, nullable=False),
        sa.Column("time_min", sa.BigInteger, nullable=False),
        sa.Column("time_max", sa.BigInteger, nullable=False),
        sa.Column("axis", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("remnant_by_axis", "remnant", ["rid", "axis"])
