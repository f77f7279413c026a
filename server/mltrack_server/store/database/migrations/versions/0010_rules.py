"""What people want of a project's runs, every version of it."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "rule",
        sa.Column("project", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("set_ns", sa.BigInteger, nullable=False),
        sa.Column("body", Text, nullable=False),
    )
