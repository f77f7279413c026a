"""What people write at places of runs, every version of it."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "annotation",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uid", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, nullable=True),
        sa.Column("time_ns", sa.BigInteger, nullable=True),
        sa.Column("text", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("saved_ns", sa.BigInteger, nullable=False),
        sa.Column("is_removed", sa.Boolean, nullable=False),
    )
