"""How people have arranged the charts of a project."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "wall",
        sa.Column("project", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("saved_ns", sa.BigInteger, nullable=False),
        sa.Column("body", Text, nullable=False),
    )
