"""Dashboards of a project's own, and reports, each with its versions."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "dashboard",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("project", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("panels", sa.Integer, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("deleted_ns", sa.BigInteger, nullable=True),
        sa.Index("dashboard_by_project", "project"),
    )
    op.create_table(
        "dashboard_version",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("saved_ns", sa.BigInteger, nullable=False),
        sa.Column("body", Text, nullable=False),
    )
