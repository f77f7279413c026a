"""Histograms, and which kind of mark an alert is."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply this step."""
    op.add_column("alert", sa.Column("kind", Text, nullable=False, server_default=""))
    op.create_table(
        "histogram",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Index("histogram_by_step", "rid", "step"),
    )
